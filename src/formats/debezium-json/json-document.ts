import { Buffer } from 'node:buffer';
import { characterLength, needsEscape, putEscape } from './json-string.ts';

/**
 * Writes a JSON column's document as the JSON string Debezium makes of it: without the blanks MySQL prints after `,` and `:`, and with
 * numbers that Java would print with an exponent in full (1e20 is 100000000000000000000, 1e-5 all the digits of the double nearest to it).
 *
 * `bytes` must have room for 6 bytes for each byte of the document; `grow` makes room for long numbers beyond that, and gives the
 * buffer to go on with.
 */
export const putDocument = (
  output: Buffer,
  place: number,
  source: Uint8Array,
  start: number,
  end: number,
  grow: (at: number, extra: number) => Buffer,
): number => {
  let bytes = output;
  let at = place;
  bytes[at] = QUOTE;
  at += 1;
  let inString = false;
  let from = start;
  while (from < end) {
    const byte = source[from]!;
    if (inString) {
      if (needsEscape[byte] === 0) {
        bytes[at] = byte;
        at += 1;
        from += 1;
        continue;
      }
      at = putEscape(bytes, at, source, from);
      from += characterLength(byte);
      if (byte === QUOTE) inString = false;
      else if (byte === BACKSLASH && from < end) {
        // What follows belongs to the escape: a quote there ends nothing.
        if (needsEscape[source[from]!] === 0) {
          bytes[at] = source[from]!;
          at += 1;
        } else at = putEscape(bytes, at, source, from);
        from += 1;
      }
    } else if (byte === QUOTE) {
      at = putEscape(bytes, at, source, from);
      from += 1;
      inString = true;
    } else if (byte === MINUS || (byte >= ZERO && byte <= NINE)) {
      const behind = numberEnd(source, from, end);
      const rewritten = inFull(source, from, behind);
      if (rewritten === null) {
        for (let i = from; i < behind; i += 1) {
          bytes[at] = source[i]!;
          at += 1;
        }
      } else {
        bytes = grow(at, rewritten.length + (end - behind) * 6);
        at += bytes.write(rewritten, at, 'latin1');
      }
      from = behind;
    } else {
      if (byte > SPACE) {
        bytes[at] = byte;
        at += 1;
      }
      from += 1;
    }
  }
  bytes[at] = QUOTE;
  return at + 1;
};

const numberEnd = (source: Uint8Array, from: number, end: number): number => {
  let behind = from + 1;
  while (behind < end) {
    const byte = source[behind]!;
    const digit = byte >= ZERO && byte <= NINE;
    if (!digit && byte !== POINT && byte !== MINUS && byte !== PLUS && (byte | 0x20) !== LETTER_E) break;
    behind += 1;
  }
  return behind;
};

/**
 * A double's value in full, when Java would print it with an exponent; null when the number is written as it stands. A DECIMAL in a
 * document looks like a double unless it ends in a zero; such a one stays as it is.
 */
const inFull = (source: Uint8Array, start: number, end: number): string | null => {
  let fraction = false;
  let exponent = false;
  for (let i = start; i < end; i += 1) {
    if (source[i] === POINT) fraction = true;
    else if ((source[i]! | 0x20) === LETTER_E) exponent = true;
  }
  if (!fraction && !exponent) return null;
  const text = Buffer.from(source.subarray(start, end)).toString('latin1');
  if (!exponent && /\.\d+0$/.test(text)) return null;
  const value = Number(text);
  const magnitude = Math.abs(value);
  if (value === 0 || magnitude === Number.POSITIVE_INFINITY || (magnitude >= 0.001 && magnitude < 10_000_000))
    return null;
  return exactDecimal(value);
};

/** Every digit of a double: an integer over a power of two has finitely many. */
const exactDecimal = (value: number): string => {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(value));
  const bits = view.getBigUint64(0);
  const biased = Number(bits >> 52n);
  const mantissa = (bits & 0xfffffffffffffn) | (biased === 0 ? 0n : 0x10000000000000n);
  const power = Math.max(biased, 1) - 1_075;
  const sign = value < 0 ? '-' : '';
  if (power >= 0) return sign + String(mantissa << BigInt(power));
  // mantissa / 2^n = mantissa * 5^n / 10^n
  const digits = String(mantissa * 5n ** BigInt(-power)).padStart(-power + 1, '0');
  const fraction = digits.slice(power).replace(/0+$/, '');
  const whole = digits.slice(0, power);
  return fraction === '' ? sign + whole : `${sign}${whole}.${fraction}`;
};

const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const BACKSLASH = 0x5c;
const LETTER_E = 0x65;
