import { Buffer } from 'node:buffer';
import { putInteger } from '../ascii-digits.ts';

/** One DECIMAL in canonical text (all digits of its scale), found or made from what a format wrote. `bytes`, `start` and `end` say where it is. */
export class DecimalValue {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  readonly #digits = Buffer.alloc(24);
  readonly #scratch = Buffer.alloc(160);

  /** From digits with or without point, sign and exponent. False: it is no number, or has more fraction digits than `scale`. */
  fromDigits(bytes: Uint8Array, start: number, end: number, scale: number): boolean {
    let at = bytes[start] === MINUS ? start + 1 : start;
    const first = at;
    let point = -1;
    for (; at < end; at += 1) {
      const byte = bytes[at]!;
      if (byte >= ZERO && byte <= NINE) continue;
      if (byte !== POINT || point >= 0 || at === first) return this.#fromText(bytes, start, end, scale);
      point = at;
    }
    const fraction = point < 0 ? 0 : end - point - 1;
    const isOdd = bytes[first] === ZERO && (first > start || (first + 1 < end && point !== first + 1));
    if (first === end || isOdd || fraction > scale || point === end - 1) {
      return this.#fromText(bytes, start, end, scale);
    }
    if (fraction === scale) {
      this.bytes = bytes;
      this.start = start;
      this.end = end;
      return true;
    }
    if (end - start + scale > this.#scratch.length) return false;
    const out = this.#scratch;
    out.set(bytes.subarray(start, end), 0);
    let to = end - start;
    if (point < 0) {
      out[to] = POINT;
      to += 1;
    }
    for (let i = fraction; i < scale; i += 1) {
      out[to] = ZERO;
      to += 1;
    }
    this.#made(to);
    return true;
  }

  /** From the base64 of the unscaled number in two's complement, big-endian. False: it is none. */
  fromUnscaled(bytes: Uint8Array, start: number, end: number, scale: number): boolean {
    let last = end;
    while (last > start && bytes[last - 1] === PADDING) last -= 1;
    const size = ((last - start) * 3) >> 2;
    if (size === 0) return false;
    // Most amounts of money take at most six bytes, which a number holds.
    if (size > 6) return this.#fromWideUnscaled(bytes, start, last, scale);
    let value = 0;
    for (let at = start; at < last; at += 1) {
      const six = sixBits[bytes[at]!]!;
      if (six > 63) return false;
      value = value * 64 + six;
    }
    value = Math.floor(value / 2 ** ((last - start) * 6 - size * 8));
    if (value >= 2 ** (size * 8 - 1)) value -= 2 ** (size * 8);
    const negative = value < 0;
    const length = putInteger(this.#digits, 0, Math.abs(value));
    this.#place(this.#digits, length, negative, scale);
    return true;
  }

  #fromWideUnscaled(bytes: Uint8Array, start: number, end: number, scale: number): boolean {
    for (let at = start; at < end; at += 1) if (sixBits[bytes[at]!]! > 63) return false;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
    const raw = Buffer.from(text, 'base64');
    const value = BigInt.asIntN(raw.length * 8, BigInt(`0x${raw.toString('hex')}`));
    const digits = Buffer.from(String(value < 0n ? -value : value), 'latin1');
    if (digits.length > 100) return false;
    this.#place(digits, digits.length, value < 0n, scale);
    return true;
  }

  /** Writes sign and digits with the point `scale` places from the right. */
  #place(digits: Uint8Array, length: number, negative: boolean, scale: number): void {
    const out = this.#scratch;
    let to = 0;
    if (negative) {
      out[to] = MINUS;
      to += 1;
    }
    const whole = length - scale;
    if (whole <= 0) {
      out[to] = ZERO;
      to += 1;
    }
    for (let i = Math.min(whole, 0); i < length; i += 1) {
      if (i === whole) {
        out[to] = POINT;
        to += 1;
      }
      out[to] = i < 0 ? ZERO : digits[i]!;
      to += 1;
    }
    this.#made(to);
  }

  /** Everything unusual: exponents, leading zeros, negative numbers near 0 (there is no -0), a point at an end, more fraction digits than there is room for. */
  #fromText(bytes: Uint8Array, start: number, end: number, scale: number): boolean {
    if (end - start > 400) return false;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
    const match = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?\s*$/.exec(text);
    if (match === null) return false;
    const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
    if (whole === '' && fraction === '') return false;
    const power = Number(exponent) - fraction.length + scale;
    if (power > 200 || power < -500) return false;
    let digits = whole + fraction;
    if (power >= 0) digits += '0'.repeat(power);
    else {
      // Only zeros may fall away: anything else would be rounded in silence.
      const cut = digits.padStart(-power + 1, '0');
      if (!/^0*$/.test(cut.slice(power))) return false;
      digits = cut.slice(0, power);
    }
    digits = digits.replace(/^0+(?=\d)/, '');
    if (digits.length > 100) return false;
    this.#place(Buffer.from(digits, 'latin1'), digits.length, sign === '-' && digits !== '0', scale);
    return true;
  }

  #made(end: number): void {
    this.bytes = this.#scratch;
    this.start = 0;
    this.end = end;
  }
}

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const PADDING = 0x3d;

/** The six bits a character of base64 stands for, of both alphabets; 255: none. */
const sixBits: Uint8Array = (() => {
  const table = new Uint8Array(256).fill(255);
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  for (const [value, letter] of [...letters].entries()) table[letter.charCodeAt(0)] = value;
  table['-'.charCodeAt(0)] = 62;
  table['_'.charCodeAt(0)] = 63;
  return table;
})();
