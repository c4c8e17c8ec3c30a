import { ByteReader } from '../../../bytes/byte-reader.ts';

/** The elements of a small collection that Redis keeps in one string, one after the other; null: there are no more. */
export interface PackedElements {
  next(): Buffer | null;
}

const decimal = (value: number | bigint): Buffer => Buffer.from(String(value), 'latin1');

/** `| total u32 | count u16 | entry ... | ff |`, an entry being `| encoding and value | its length, backwards |`. Since Redis 7.0. */
export class Listpack implements PackedElements {
  readonly #reader: ByteReader;

  constructor(blob: Buffer) {
    this.#reader = new ByteReader(blob, 0, blob.length, 'listpack');
    this.#reader.skip(6);
  }

  next(): Buffer | null {
    const reader = this.#reader;
    const start = reader.offset;
    const first = reader.u8();
    if (first === 0xff) return null;
    const value = this.#value(first);
    const size = reader.offset - start;
    reader.skip(size <= 127 ? 1 : size < 16_383 ? 2 : size < 2_097_151 ? 3 : size < 268_435_455 ? 4 : 5);
    return value;
  }

  /** An element that is a number in the form of a stream's bookkeeping. */
  nextNumber(): number {
    const value = this.next();
    const number = value === null ? Number.NaN : Number(value.toString('latin1'));
    if (!Number.isSafeInteger(number)) throw this.#reader.malformed('a count is expected');
    return number;
  }

  /** As `nextNumber`, of any size. */
  nextBigint(): bigint {
    const text = this.next()?.toString('latin1') ?? '';
    if (!/^-?\d+$/.test(text)) throw this.#reader.malformed('a number is expected');
    return BigInt(text);
  }

  nextBytes(): Buffer {
    const value = this.next();
    if (value === null) throw this.#reader.malformed('it ends within an entry');
    return value;
  }

  #value(first: number): Buffer {
    const reader = this.#reader;
    if (first < 0x80) return decimal(first);
    if (first < 0xc0) return reader.view(first & 0x3f);
    if (first < 0xe0) return decimal((((first & 0x1f) << 27) >> 19) | reader.u8());
    if (first < 0xf0) return reader.view(((first & 0x0f) << 8) | reader.u8());
    switch (first) {
      case 0xf0:
        return reader.view(reader.u32());
      case 0xf1:
        return decimal((reader.u16() << 16) >> 16);
      case 0xf2:
        return decimal((reader.u24() << 8) >> 8);
      case 0xf3:
        return decimal(reader.i32());
      case 0xf4:
        return decimal(reader.bytes.readBigInt64LE(reader.advance(8)));
      default:
        throw reader.malformed(`0x${first.toString(16)} starts no entry`);
    }
  }
}

/** `| bytes u32 | tail u32 | count u16 | entry ... | ff |`, an entry being `| length of the one before | encoding | value |`. Until Redis 6.2. */
export class Ziplist implements PackedElements {
  readonly #reader: ByteReader;

  constructor(blob: Buffer) {
    this.#reader = new ByteReader(blob, 0, blob.length, 'ziplist');
    this.#reader.skip(10);
  }

  next(): Buffer | null {
    const reader = this.#reader;
    const before = reader.u8();
    if (before === 0xff) return null;
    if (before === 0xfe) reader.skip(4);
    const first = reader.u8();
    switch (first >>> 6) {
      case 0:
        return reader.view(first & 0x3f);
      case 1:
        return reader.view(((first & 0x3f) << 8) | reader.u8());
      case 2:
        return reader.view(reader.bytes.readUInt32BE(reader.advance(4)));
    }
    switch (first) {
      case 0xc0:
        return decimal((reader.u16() << 16) >> 16);
      case 0xd0:
        return decimal(reader.i32());
      case 0xe0:
        return decimal(reader.bytes.readBigInt64LE(reader.advance(8)));
      case 0xf0:
        return decimal((reader.u24() << 8) >> 8);
      case 0xfe:
        return decimal((reader.u8() << 24) >> 24);
    }
    if (first > 0xf0 && first < 0xfe) return decimal((first & 0x0f) - 1);
    throw reader.malformed(`0x${first.toString(16)} starts no entry`);
  }
}

/** `| count u8 | length, field, length, unused u8, value, unused bytes ... | ff |`. Until Redis 2.4. */
export class Zipmap implements PackedElements {
  readonly #reader: ByteReader;
  #atValue = false;

  constructor(blob: Buffer) {
    this.#reader = new ByteReader(blob, 0, blob.length, 'zipmap');
    this.#reader.skip(1);
  }

  next(): Buffer | null {
    const reader = this.#reader;
    const first = reader.u8();
    if (first === 0xff && !this.#atValue) return null;
    if (first === 0xff) throw reader.malformed('a field has no value');
    const length = first === 0xfe ? reader.u32() : first;
    const unused = this.#atValue ? reader.u8() : 0;
    const value = reader.view(length);
    reader.skip(unused);
    this.#atValue = !this.#atValue;
    return value;
  }
}

/** `| bytes of a number u32 | count u32 | numbers, ascending |`. */
export class Intset implements PackedElements {
  readonly #reader: ByteReader;
  readonly #width: number;
  #left: number;

  constructor(blob: Buffer) {
    const reader = new ByteReader(blob, 0, blob.length, 'intset');
    this.#width = reader.u32();
    if (![2, 4, 8].includes(this.#width)) throw reader.malformed(`numbers of ${this.#width} bytes`);
    this.#left = reader.count(reader.u32(), this.#width);
    this.#reader = reader;
  }

  next(): Buffer | null {
    if (this.#left === 0) return null;
    this.#left -= 1;
    const reader = this.#reader;
    if (this.#width === 2) return decimal((reader.u16() << 16) >> 16);
    if (this.#width === 4) return decimal(reader.i32());
    return decimal(reader.bytes.readBigInt64LE(reader.advance(8)));
  }
}
