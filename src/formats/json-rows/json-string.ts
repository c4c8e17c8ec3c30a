import { Buffer } from 'node:buffer';
import { BACKSLASH, unreadable } from './json-scanner.ts';

/**
 * A JSON string's characters as UTF-8. A string without escapes is the bytes it stands in; another is written to a buffer that the
 * next call overwrites. `bytes`, `start` and `end` say where the characters are.
 */
export class StringBytes {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  #scratch = Buffer.alloc(256);

  /** Takes the string from its opening quote at `start` to behind its closing one at `end`. */
  take(bytes: Uint8Array, start: number, end: number): void {
    const last = end - 1;
    for (let at = start + 1; at < last; at += 1) {
      if (bytes[at] === BACKSLASH) {
        this.#unescape(bytes, start + 1, at, last);
        return;
      }
    }
    this.bytes = bytes;
    this.start = start + 1;
    this.end = last;
  }

  toString(): string {
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + this.start, this.end - this.start).toString('utf8');
  }

  /** Copies what comes before the first escape, and then character by character. No escape grows. */
  #unescape(bytes: Uint8Array, from: number, firstEscape: number, end: number): void {
    if (this.#scratch.length < end - from) this.#scratch = Buffer.alloc((end - from) * 2);
    const out = this.#scratch;
    out.set(bytes.subarray(from, firstEscape), 0);
    let to = firstEscape - from;
    let at = firstEscape;
    while (at < end) {
      const byte = bytes[at]!;
      if (byte !== BACKSLASH) {
        out[to] = byte;
        to += 1;
        at += 1;
        continue;
      }
      const letter = at + 1 < end ? bytes[at + 1]! : 0;
      if (letter === LETTER_U) {
        const unit = hexUnit(bytes, at + 2, end);
        at += 6;
        let code = unit;
        if (unit >= 0xd800 && unit < 0xdc00 && bytes[at] === BACKSLASH && bytes[at + 1] === LETTER_U) {
          const low = hexUnit(bytes, at + 2, end);
          if (low >= 0xdc00 && low < 0xe000) {
            code = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
            at += 6;
          }
        }
        if (code >= 0xd800 && code < 0xe000) unreadable(`a string holds half a surrogate pair at byte ${at - 6}`);
        to = putUtf8(out, to, code);
        continue;
      }
      const plain = escapes[letter]!;
      if (plain === 0) unreadable(`a string holds an escape at byte ${at} that JSON does not know`);
      out[to] = plain;
      to += 1;
      at += 2;
    }
    this.bytes = out;
    this.start = 0;
    this.end = to;
  }
}

const hexUnit = (bytes: Uint8Array, at: number, end: number): number => {
  let unit = 0;
  for (let i = at; i < at + 4; i += 1) {
    const digit = i < end ? hexValues[bytes[i]!]! : 255;
    if (digit === 255) unreadable(`a string holds \\u without four hexadecimal digits at byte ${at - 2}`);
    unit = unit * 16 + digit;
  }
  return unit;
};

const putUtf8 = (out: Uint8Array, at: number, code: number): number => {
  if (code < 0x80) {
    out[at] = code;
    return at + 1;
  }
  if (code < 0x800) {
    out[at] = 0xc0 | (code >> 6);
    out[at + 1] = 0x80 | (code & 63);
    return at + 2;
  }
  if (code < 0x10000) {
    out[at] = 0xe0 | (code >> 12);
    out[at + 1] = 0x80 | ((code >> 6) & 63);
    out[at + 2] = 0x80 | (code & 63);
    return at + 3;
  }
  out[at] = 0xf0 | (code >> 18);
  out[at + 1] = 0x80 | ((code >> 12) & 63);
  out[at + 2] = 0x80 | ((code >> 6) & 63);
  out[at + 3] = 0x80 | (code & 63);
  return at + 4;
};

const LETTER_U = 0x75;

/** What a letter behind a backslash stands for; 0: nothing. */
const escapes: Uint8Array = (() => {
  const table = new Uint8Array(256);
  const pairs: readonly (readonly [string, number])[] = [
    ['"', 0x22],
    ['\\', 0x5c],
    ['/', 0x2f],
    ['b', 8],
    ['f', 12],
    ['n', 10],
    ['r', 13],
    ['t', 9],
  ];
  for (const [letter, byte] of pairs) table[letter.charCodeAt(0)] = byte;
  return table;
})();

const hexValues: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? 255 : digit;
});
