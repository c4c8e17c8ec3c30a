import assert from 'node:assert';
import type { SqlValue } from '../../../sql/evaluate/sql-value.ts';
import { tags } from './state-writer.ts';

/** Reads what StateWriter wrote, in the same order. */
export class StateReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  count(): number {
    let [value, unit] = [0, 1];
    for (;;) {
      const byte = this.#bytes[this.#at++]!;
      if (byte < 0x80) return value + byte * unit;
      value += (byte - 0x80) * unit;
      unit *= 0x80;
    }
  }

  value(): SqlValue {
    switch (this.#bytes[this.#at++]) {
      case tags.null:
        return null;
      case tags.false:
        return false;
      case tags.true:
        return true;
      case tags.int: {
        const zigzag = this.count();
        return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
      }
      case tags.ordered:
        this.#at += 4;
        return this.#bytes.readInt32BE(this.#at - 4) ^ -0x8000_0000;
      case tags.double:
        this.#at += 8;
        return this.#bytes.readDoubleLE(this.#at - 8);
      case tags.bigint:
        return BigInt(this.#text('latin1'));
      case tags.text:
        return this.#text('utf8');
      case tags.wideText:
        return this.#text('utf16le');
      case tags.bytes: {
        const length = this.count();
        this.#at += length;
        return new Uint8Array(this.#bytes.subarray(this.#at - length, this.#at));
      }
      case tags.array:
        return this.#array();
      case tags.map: {
        const values = new Map<SqlValue, SqlValue>();
        for (let left = this.count(); left > 0; left -= 1) values.set(this.value(), this.value());
        return values;
      }
    }
    return assert.fail('state that was written otherwise than it is read');
  }

  /** A value that is known to be an array: a row. */
  row(): SqlValue[] {
    return this.value() as SqlValue[];
  }

  #array(): SqlValue[] {
    const length = this.count();
    const values = new Array<SqlValue>(length);
    for (let i = 0; i < length; i += 1) values[i] = this.value();
    return values;
  }

  #text(encoding: 'latin1' | 'utf8' | 'utf16le'): string {
    const length = this.count();
    this.#at += length;
    return this.#bytes.toString(encoding, this.#at - length, this.#at);
  }
}
