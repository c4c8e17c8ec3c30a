import { MillraceError } from '../../../core/errors.ts';
import { Crc64 } from './crc64.ts';
import { unpackLzf } from './lzf.ts';

/** Thrown when what is read is not all there yet: reading it begins again when `wanted` bytes have come. */
export const incomplete = Symbol('incomplete');

/** The file's elementary forms, over the bytes that have come. Lengths are believed only once so many bytes are there. */
export class RdbCursor {
  bytes: Buffer = Buffer.alloc(0);
  /** The next byte to read, in `bytes`. */
  at = 0;
  /** How many of `bytes` there have to be for reading to get on. */
  wanted = 0;
  /** Where `bytes` begins in the file. */
  #base = 0;
  /** Up to where `bytes` has been summed. */
  #summed = 0;
  readonly #sum = new Crc64();

  /** Of `at`, in the file. */
  get offset(): number {
    return this.#base + this.at;
  }

  get received(): number {
    return this.#base + this.bytes.length;
  }

  /** Lets go of what was read and takes `piece` behind what was not. */
  append(piece: Buffer): void {
    this.#sumUp();
    this.bytes = this.at === this.bytes.length ? piece : Buffer.concat([this.bytes.subarray(this.at), piece]);
    this.#base += this.at;
    this.wanted -= this.at;
    this.at = 0;
    this.#summed = 0;
  }

  /** Whether the next 8 bytes are the sum of all before them; 0: the file was saved without one. */
  checksumHolds(): boolean {
    this.#need(8);
    this.#sumUp();
    const holds = this.#sum.equals(this.bytes, this.at) || this.bytes.readBigUInt64LE(this.at) === 0n;
    this.at += 8;
    return holds;
  }

  u8(): number {
    this.#need(1);
    const value = this.bytes[this.at]!;
    this.at += 1;
    return value;
  }

  /** Shares the memory of what was written. */
  view(length: number): Buffer {
    this.#need(length);
    const start = this.at;
    this.at += length;
    return this.bytes.subarray(start, this.at);
  }

  /** A length, of 6, 14, 32 or 64 bits as the first two bits say. */
  length(): number {
    const value = this.bigLength();
    if (typeof value === 'bigint') throw this.damaged(`${value} is no plausible length`);
    return value;
  }

  /** A number in the form of a length: a bigint beyond 2^53 - 1. */
  bigLength(): number | bigint {
    const first = this.u8();
    if (first < 0x40) return first;
    if (first < 0x80) return ((first & 0x3f) << 8) | this.u8();
    if (first === 0x80) return this.view(4).readUInt32BE(0);
    if (first !== 0x81) throw this.damaged(`0x${first.toString(16)} starts no length`);
    const value = this.view(8).readBigUInt64BE(0);
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  }

  /** A string: bytes, a whole number of 1, 2 or 4 bytes, or packed with LZF. */
  string(): Buffer {
    this.#need(1);
    const first = this.bytes[this.at]!;
    if (first < 0xc0) return this.view(this.length());
    this.at += 1;
    switch (first) {
      case 0xc0:
        return decimal(this.view(1).readInt8(0));
      case 0xc1:
        return decimal(this.view(2).readInt16LE(0));
      case 0xc2:
        return decimal(this.view(4).readInt32LE(0));
      case 0xc3: {
        const packed = this.length();
        const length = this.length();
        const text = unpackLzf(this.view(packed), length);
        if (text === null) throw this.damaged(`${packed} packed bytes do not become ${length}`);
        return text;
      }
      default:
        throw this.damaged(`0x${first.toString(16)} starts no string`);
    }
  }

  damaged(reason: string): MillraceError {
    return new MillraceError('REDIS_RDB_DAMAGED', { offset: this.offset, reason });
  }

  #need(length: number): void {
    if (this.at + length <= this.bytes.length) return;
    this.wanted = this.at + length;
    throw incomplete;
  }

  #sumUp(): void {
    this.#sum.update(this.bytes, this.#summed, this.at);
    this.#summed = this.at;
  }
}

const decimal = (value: number): Buffer => Buffer.from(String(value), 'latin1');
