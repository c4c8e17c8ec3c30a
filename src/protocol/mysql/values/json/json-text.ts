/**
 * Binary JSON to the text that MySQL prints: members in stored order, ', ' and ': ' between, strings escaped as
 * \" \\ \b \f \n \r \t and \u00xx below 0x20, temporal values with six decimals, DECIMAL with its scale, other opaque values as
 * "base64:typeN:...". MySQL sql-common/json_dom.cc (wrapper_to_string).
 */

import { columnType } from '../../column-type.ts';
import { putDigits } from '../columns/ascii-digits.ts';
import { ByteScratch } from '../columns/byte-scratch.ts';
import { DamagedValue } from '../columns/column-reader.ts';
import { writeDecimalText } from '../columns/decimal-column.ts';
import { dateText, datetimeText, timeText } from '../columns/temporal-text.ts';
import {
  isContainer,
  type JsonDocument,
  jsonType,
  keyAt,
  keyLength,
  maxJsonDepth,
  openContainer,
  valueAt,
  valueType,
} from './json-binary.ts';
import { jsonDoubleText } from './json-double.ts';

/** Collects the text of one document as UTF-8. `begin`, then the `put` methods, then `bytes` up to `length` until the next `begin`. */
export class JsonTextWriter {
  length = 0;
  readonly #scratch = new ByteScratch();
  #out = this.#scratch.bytes;

  get bytes(): Buffer {
    return this.#out;
  }

  begin(): void {
    this.#scratch.trim();
    this.#out = this.#scratch.bytes;
    this.length = 0;
  }

  /** Punctuation, and texts that need no escape. */
  putAscii(text: string): void {
    this.#need(text.length);
    for (let i = 0; i < text.length; i += 1) this.#out[this.length + i] = text.charCodeAt(i);
    this.length += text.length;
  }

  /** A string's UTF-8 bytes, quoted and escaped. */
  putString(b: Buffer, start: number, end: number): void {
    // The longest escape is six bytes; a long string is worth a look at how many there are.
    const length = end - start;
    this.#need(2 + (length <= 1024 ? length * 6 : length + 5 * countEscapes(b, start, end)));
    const out = this.#out;
    let o = this.length;
    out[o++] = quote;
    for (let at = start; at < end; at += 1) {
      const c = b[at]!;
      if (c >= 0x20 && c !== quote && c !== backslash) {
        out[o++] = c;
        continue;
      }
      out[o++] = backslash;
      const short = shortEscapes[c];
      if (short !== undefined) {
        out[o++] = short;
        continue;
      }
      out[o++] = 0x75;
      out[o++] = 0x30;
      out[o++] = 0x30;
      out[o++] = 0x30 + (c >> 4);
      out[o++] = hexDigits.charCodeAt(c & 15);
    }
    out[o++] = quote;
    this.length = o;
  }

  /** The value of `type` at `at`, inlined or pointed to. `depth` counts the containers around it. */
  putValue(document: JsonDocument, type: number, at: number, limit: number, depth: number): void {
    const b = document.bytes;
    switch (type) {
      case jsonType.SMALL_OBJECT:
      case jsonType.LARGE_OBJECT:
      case jsonType.SMALL_ARRAY:
      case jsonType.LARGE_ARRAY:
        this.#putContainer(document, type, at, limit, depth);
        return;
      case jsonType.LITERAL:
        fits(at, 1, limit);
        this.putAscii(literals[b[at]!] ?? unknownLiteral());
        return;
      case jsonType.INT16:
        fits(at, 2, limit);
        this.#putInteger(b.readInt16LE(at));
        return;
      case jsonType.UINT16:
        fits(at, 2, limit);
        this.#putInteger(b.readUInt16LE(at));
        return;
      case jsonType.INT32:
        fits(at, 4, limit);
        this.#putInteger(b.readInt32LE(at));
        return;
      case jsonType.UINT32:
        fits(at, 4, limit);
        this.#putInteger(b.readUInt32LE(at));
        return;
      case jsonType.INT64:
        fits(at, 8, limit);
        this.putAscii(String(b.readBigInt64LE(at)));
        return;
      case jsonType.UINT64:
        fits(at, 8, limit);
        this.putAscii(String(b.readBigUInt64LE(at)));
        return;
      case jsonType.DOUBLE:
        fits(at, 8, limit);
        this.putAscii(finiteText(b.readDoubleLE(at)));
        return;
      case jsonType.STRING: {
        const length = readVarlen(b, at, limit);
        const start = varlenEnd(b, at);
        fits(start, length, limit);
        document.charge(length);
        this.putString(b, start, start + length);
        return;
      }
      case jsonType.OPAQUE: {
        fits(at, 1, limit);
        const length = readVarlen(b, at + 1, limit);
        const start = varlenEnd(b, at + 1);
        fits(start, length, limit);
        document.charge(length);
        this.#putOpaque(b, b[at]!, start, start + length);
        return;
      }
      default:
        throw new DamagedValue(`unknown JSON type ${type}`);
    }
  }

  #putContainer(document: JsonDocument, type: number, base: number, limit: number, depth: number): void {
    if (depth >= maxJsonDepth) throw new DamagedValue(`JSON nests deeper than ${maxJsonDepth} levels`);
    const b = document.bytes;
    const container = openContainer(document, type, base, limit);
    this.#putByte(container.object ? 0x7b : 0x5b);
    for (let i = 0; i < container.count; i += 1) {
      if (i > 0) this.#putSeparator(0x2c);
      if (container.object) {
        const start = keyAt(b, container, i);
        const length = keyLength(b, container, i);
        fits(start, length, container.end);
        document.charge(length);
        this.putString(b, start, start + length);
        this.#putSeparator(0x3a);
      }
      const child = valueType(b, container, i);
      const at = valueAt(b, container, i);
      if (isContainer(child)) this.#putContainer(document, child, at, container.end, depth + 1);
      else this.putValue(document, child, at, container.end, depth + 1);
    }
    this.#putByte(container.object ? 0x7d : 0x5d);
  }

  #putOpaque(b: Buffer, fieldType: number, start: number, end: number): void {
    switch (fieldType) {
      case columnType.NEWDECIMAL: {
        if (end - start < 2) throw new DamagedValue('a DECIMAL in JSON is cut off');
        this.#need(80);
        this.length = writeDecimalText(b[start]!, b[start + 1]!, b, start + 2, end, this.#out, this.length);
        return;
      }
      case columnType.DATE:
      case columnType.TIME:
      case columnType.DATETIME:
      case columnType.TIMESTAMP: {
        if (end - start !== 8) throw new DamagedValue('a temporal value in JSON is not 8 bytes long');
        this.putAscii(`"${packedTemporalText(b.readBigInt64LE(start), fieldType)}"`);
        return;
      }
      default:
        this.putAscii(`"base64:type${fieldType}:${b.toString('base64', start, end)}"`);
    }
  }

  #putInteger(value: number): void {
    this.#need(12);
    if (value < 0) this.#out[this.length++] = 0x2d;
    this.length = putDigits(this.#out, this.length, Math.abs(value), 1);
  }

  #putByte(byte: number): void {
    this.#need(1);
    this.#out[this.length++] = byte;
  }

  #putSeparator(byte: number): void {
    this.#need(2);
    this.#out[this.length++] = byte;
    this.#out[this.length++] = 0x20;
  }

  #need(length: number): void {
    if (this.length + length > this.#out.length) this.#out = this.#scratch.reserve(this.length + length);
  }
}

const countEscapes = (b: Buffer, start: number, end: number): number => {
  let count = 0;
  for (let at = start; at < end; at += 1) if (b[at]! < 0x20 || b[at] === quote || b[at] === backslash) count += 1;
  return count;
};

/** MySQL's time in 64 bits: the value of DATETIME2 or TIME2 without its offset in the upper 40, microseconds in the lower 24. */
const packedTemporalText = (packed: bigint, fieldType: number): string => {
  const negative = packed < 0n;
  const magnitude = negative ? -packed : packed;
  const micros = Number(magnitude & 0xffffffn);
  const whole = Number(magnitude >> 24n);
  if (fieldType === columnType.TIME) {
    return timeText(negative, (whole >> 12) & 0x3ff, (whole >> 6) & 63, whole & 63, micros, 6);
  }
  const months = Math.floor(whole / 0x400000);
  const rest = whole % 0x400000;
  const [year, month, day] = [Math.floor(months / 13), months % 13, rest >> 17];
  if (fieldType === columnType.DATE) return dateText(year, month, day);
  return datetimeText(year, month, day, (rest >> 12) & 31, (rest >> 6) & 63, rest & 63, micros, 6);
};

const quote = 0x22;
const backslash = 0x5c;
const hexDigits = '0123456789abcdef';
const literals = ['null', 'true', 'false'] as const;
const shortEscapes: Readonly<Record<number, number>> = {
  [quote]: quote,
  [backslash]: backslash,
  8: 0x62,
  9: 0x74,
  10: 0x6e,
  12: 0x66,
  13: 0x72,
};

const fits = (at: number, length: number, limit: number): void => {
  if (at + length > limit) throw new DamagedValue('a JSON value is cut off');
};

const unknownLiteral = (): never => {
  throw new DamagedValue('unknown JSON literal');
};

const finiteText = (value: number): string => {
  if (!Number.isFinite(value)) throw new DamagedValue('a JSON number is not finite');
  return jsonDoubleText(value);
};

const readVarlen = (b: Buffer, at: number, limit: number): number => {
  let length = 0;
  for (let i = 0; i < 5; i += 1) {
    fits(at + i, 1, limit);
    const byte = b[at + i]!;
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return length;
  }
  throw new DamagedValue('a JSON length is longer than five bytes');
};

const varlenEnd = (b: Buffer, start: number): number => {
  let at = start;
  while (b[at]! >= 0x80) at += 1;
  return at + 1;
};
