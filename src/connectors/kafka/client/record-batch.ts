/**
 * A record batch as brokers store it, written in place:
 *
 *      0  base offset i64           8  length i32 of what follows     12  partition leader epoch i32
 *     16  magic i8 = 2             17  crc32c u32 of what follows     21  attributes i16: 0-2 compression, 4 transactional, 5 control
 *     23  last offset delta i32    27  first timestamp i64            35  max timestamp i64
 *     43  producer id i64          51  producer epoch i16             53  base sequence i32
 *     57  number of records i32    61  the records, compressed together
 *
 * and each record, with all lengths as zigzag varints:
 *
 *     length | attributes i8 = 0 | timestamp delta | offset delta | key length, key | value length, value | headers: count, (name length,
 *     name, value length, value)…                                                   length -1: there is none
 *
 * https://kafka.apache.org/documentation/#recordbatch
 */

import { type Compression, compress, compressionCode } from './compression.ts';
import { crc32c } from './protocol-library.ts';

/** Where the records begin. */
export const batchHeaderBytes = 61;

/** The most that a record takes beside its key, value and headers. */
const recordOverhead = 41;
const headerOverhead = 10;

export interface RecordHeader {
  readonly name: Buffer;
  readonly bytes: Buffer;
  /** -1: it has no value. */
  readonly start: number;
  readonly end: number;
}

/** A finished batch: only who sends it, and in which place, is left to say. */
export interface RecordBatch {
  readonly bytes: Buffer;
  readonly records: number;
  /** Bytes of the records before they were compressed. */
  readonly plainBytes: number;
}

/** Gathers records for one partition, straight into the bytes that are sent. */
export class RecordBatchWriter {
  #bytes: Buffer;
  readonly #nowMillis: number;
  #maxMillis: number;
  #at = batchHeaderBytes;
  #count = 0;

  /** `bytes` belongs to the writer, and to the batch it ends with. */
  constructor(bytes: Buffer, nowMillis: number) {
    this.#bytes = bytes;
    this.#nowMillis = nowMillis;
    this.#maxMillis = nowMillis;
  }

  get records(): number {
    return this.#count;
  }

  /** Bytes that the batch has by now, before compression. */
  get length(): number {
    return this.#at;
  }

  /** How much room a record needs at most. */
  static sizeOf(keyBytes: number, valueBytes: number, headers: readonly RecordHeader[]): number {
    let size = recordOverhead + keyBytes + valueBytes;
    for (const { name, start, end } of headers) size += headerOverhead + name.length + end - start;
    return size;
  }

  hasRoomFor(size: number): boolean {
    return this.#at + size <= this.#bytes.length;
  }

  /** Goes on in a larger block, with what there is by now. */
  moveTo(bytes: Buffer): this {
    this.#bytes.copy(bytes, batchHeaderBytes, batchHeaderBytes, this.#at);
    this.#bytes = bytes;
    return this;
  }

  /** Adds a record for which there is room. A key or value of null bytes is none. `millis`: its time; left out, the batch's. */
  add(
    key: Buffer | null,
    keyStart: number,
    keyEnd: number,
    value: Buffer | null,
    valueStart: number,
    valueEnd: number,
    headers: readonly RecordHeader[] = noHeaders,
    millis = this.#nowMillis,
  ): void {
    const bytes = this.#bytes;
    const delta = millis - this.#nowMillis;
    const keyLength = keyEnd - keyStart;
    const valueLength = valueEnd - valueStart;
    let length = 1 + varlongLength(delta) + varintLength(this.#count);
    length += key === null ? 1 : varintLength(keyLength) + keyLength;
    length += value === null ? 1 : varintLength(valueLength) + valueLength;
    length += varintLength(headers.length);
    for (const { name, start, end } of headers) {
      length += varintLength(name.length) + name.length;
      length += start < 0 ? 1 : varintLength(end - start) + end - start;
    }
    let at = putVarint(bytes, this.#at, length);
    bytes[at] = 0;
    at = delta === 0 ? putVarint(bytes, at + 1, 0) : this.#putDelta(at + 1, delta);
    at = putVarint(bytes, at, this.#count);
    at = key === null ? putVarint(bytes, at, -1) : putPiece(bytes, at, key, keyStart, keyEnd);
    at = value === null ? putVarint(bytes, at, -1) : putPiece(bytes, at, value, valueStart, valueEnd);
    at = putVarint(bytes, at, headers.length);
    for (const header of headers) {
      at = putPiece(bytes, at, header.name, 0, header.name.length);
      if (header.start < 0) at = putVarint(bytes, at, -1);
      else at = putPiece(bytes, at, header.bytes, header.start, header.end);
    }
    this.#at = at;
    this.#count += 1;
  }

  #putDelta(place: number, delta: number): number {
    this.#maxMillis = Math.max(this.#maxMillis, this.#nowMillis + delta);
    let rest = zigzag(delta);
    let at = place;
    while (rest > 0x7fn) {
      this.#bytes[at] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
      at += 1;
    }
    this.#bytes[at] = Number(rest);
    return at + 1;
  }

  /**
   * The batch, with nothing more to be added: in the writer's own bytes where they are not compressed, or not smaller for it; else in a
   * block that `take` gives.
   */
  async finish(
    compression: Compression,
    transactional: boolean,
    take: (size: number) => Buffer = Buffer.allocUnsafe,
  ): Promise<RecordBatch> {
    const plainBytes = this.#at - batchHeaderBytes;
    let bytes = this.#bytes.subarray(0, this.#at);
    let code = 0;
    if (compression !== 'none') {
      const packing = compress(compression, bytes.subarray(batchHeaderBytes));
      // What there is at once is gone with the next batch.
      const packed = packing instanceof Promise ? await packing : packing;
      if (packed.length < plainBytes) {
        code = compressionCode(compression);
        const length = batchHeaderBytes + packed.length;
        bytes = take(length).subarray(0, length);
        bytes.set(packed, batchHeaderBytes);
      }
    }
    const millis = BigInt(this.#nowMillis);
    bytes.writeBigInt64BE(0n, 0);
    bytes.writeInt32BE(bytes.length - 12, 8);
    bytes.writeInt32BE(-1, 12);
    bytes[16] = 2;
    bytes.writeInt16BE(code | (transactional ? 0x10 : 0), 21);
    bytes.writeInt32BE(this.#count - 1, 23);
    bytes.writeBigInt64BE(millis, 27);
    bytes.writeBigInt64BE(BigInt(this.#maxMillis), 35);
    bytes.writeInt32BE(this.#count, 57);
    return { bytes, records: this.#count, plainBytes };
  }
}

/** Says who sends a batch, and that it is their `sequence`th record on: brokers leave out what they have from them already. */
export const stampBatch = ({ bytes }: RecordBatch, producerId: bigint, epoch: number, sequence: number): void => {
  bytes.writeBigInt64BE(producerId, 43);
  bytes.writeInt16BE(epoch, 51);
  bytes.writeInt32BE(sequence, 53);
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17);
};

const noHeaders: readonly RecordHeader[] = [];

/** Times apart may take more than 32 bits. */
const zigzag = (value: number): bigint => BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));

const varlongLength = (value: number): number => (value === 0 ? 1 : Math.ceil(zigzag(value).toString(2).length / 7));

/** Bytes that a zigzag varint of a length or count takes. */
const varintLength = (value: number): number =>
  value < 0x40 ? 1 : value < 0x2000 ? 2 : value < 0x100000 ? 3 : value < 0x8000000 ? 4 : 5;

/** A number from -1 to 2^31 - 1. */
const putVarint = (bytes: Uint8Array, place: number, value: number): number => {
  let rest = (value << 1) ^ (value >> 31);
  let at = place;
  while ((rest & ~0x7f) !== 0) {
    bytes[at] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
    at += 1;
  }
  bytes[at] = rest;
  return at + 1;
};

/** A call into the runtime costs more than copying this many bytes by hand. */
const shortCopy = 48;

const putPiece = (bytes: Buffer, place: number, source: Buffer, start: number, end: number): number => {
  const length = end - start;
  const at = putVarint(bytes, place, length);
  if (length <= shortCopy) for (let i = 0; i < length; i += 1) bytes[at + i] = source[start + i]!;
  else source.copy(bytes, at, start, end);
  return at + length;
};
