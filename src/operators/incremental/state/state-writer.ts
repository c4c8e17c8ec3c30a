import type { SqlValue } from '../../../sql/evaluate/sql-value.ts';

/**
 * What stands before a value, so that it can be read without knowing its type:
 *
 * | byte | what follows                                                       |
 * |------|--------------------------------------------------------------------|
 * | 0-2  | nothing: NULL, FALSE, TRUE                                         |
 * | 3    | a whole number of 32 bits, zigzag, as a varint                     |
 * | 4    | any other number, 8 bytes                                          |
 * | 5    | a bigint, as its digits                                            |
 * | 6, 7 | a text's length in bytes, and its UTF-8; UTF-16 where that is lossy |
 * | 8    | bytes, with their length before them                               |
 * | 9    | an array: how many values, and they                                |
 * | 10   | a map: how many, and each key and its value                        |
 * | 11   | a whole number of 32 bits, big-endian and its sign turned, so that bytes come in the order of numbers |
 */
export const tags = {
  null: 0,
  false: 1,
  true: 2,
  int: 3,
  double: 4,
  bigint: 5,
  text: 6,
  wideText: 7,
  bytes: 8,
  array: 9,
  map: 10,
  ordered: 11,
} as const;

/** Writes what a step remembers as bytes, which StateReader reads again in the same order. */
export class StateWriter {
  #bytes = Buffer.allocUnsafe(1_024);
  #at = 0;

  /** What was written since the last call, in memory of its own. */
  take(): Uint8Array {
    const taken = new Uint8Array(this.#bytes.subarray(0, this.#at));
    this.#at = 0;
    return taken;
  }

  /** A count, from 0 to 2^53 - 1. */
  count(value: number): void {
    this.#room(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#at++] = rest;
  }

  value(value: SqlValue): void {
    switch (typeof value) {
      case 'number':
        this.#number(value);
        return;
      case 'string':
        this.#text(value);
        return;
      case 'boolean':
        this.#tag(value ? tags.true : tags.false);
        return;
      case 'bigint':
        this.#tag(tags.bigint);
        this.#latin1(String(value));
        return;
      default:
        if (value === null) this.#tag(tags.null);
        else if (value instanceof Uint8Array) this.#binary(value);
        else if (value instanceof Map) this.#map(value);
        else this.#array(value as readonly SqlValue[]);
    }
  }

  /** A value that others are found by: numbers that follow each other stand beside each other. */
  key(value: SqlValue): void {
    if (typeof value !== 'number' || !isInt(value)) {
      this.value(value);
      return;
    }
    this.#room(5);
    this.#bytes[this.#at++] = tags.ordered;
    this.#at = this.#bytes.writeInt32BE(value ^ -0x8000_0000, this.#at);
  }

  #number(value: number): void {
    this.#room(9);
    if (isInt(value)) {
      this.#bytes[this.#at++] = tags.int;
      // Zigzag: the sign becomes the last bit.
      this.count(((value << 1) ^ (value >> 31)) >>> 0);
      return;
    }
    this.#bytes[this.#at++] = tags.double;
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  #text(value: string): void {
    const isUtf8 = value.isWellFormed();
    const encoding = isUtf8 ? 'utf8' : 'utf16le';
    const length = Buffer.byteLength(value, encoding);
    this.#tag(isUtf8 ? tags.text : tags.wideText);
    this.count(length);
    this.#room(length);
    this.#bytes.write(value, this.#at, length, encoding);
    this.#at += length;
  }

  #latin1(value: string): void {
    this.count(value.length);
    this.#room(value.length);
    this.#bytes.write(value, this.#at, value.length, 'latin1');
    this.#at += value.length;
  }

  #binary(value: Uint8Array): void {
    this.#tag(tags.bytes);
    this.count(value.length);
    this.#room(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  #array(values: readonly SqlValue[]): void {
    this.#tag(tags.array);
    this.count(values.length);
    for (let i = 0; i < values.length; i += 1) this.value(values[i]!);
  }

  #map(values: ReadonlyMap<SqlValue, SqlValue>): void {
    this.#tag(tags.map);
    this.count(values.size);
    for (const [key, value] of values) {
      this.value(key);
      this.value(value);
    }
  }

  #tag(tag: number): void {
    this.#room(1);
    this.#bytes[this.#at++] = tag;
  }

  #room(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.#at + count));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

const isInt = (value: number): boolean => (value | 0) === value && !Object.is(value, -0);
