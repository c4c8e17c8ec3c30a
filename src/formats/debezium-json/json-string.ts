import { Buffer } from 'node:buffer';

/**
 * What Jackson does with a character of a JSON string, by its first byte in UTF-8: 0 writes it as it is. Beside quotes, backslashes
 * and controls, characters beyond U+FFFF are escaped, as the two halves that Java holds them as.
 */
export const needsEscape: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === 0x22 || byte === 0x5c || byte >= 0xf0 ? 1 : 0,
);

/** The most bytes one byte of text can become. */
export const maxEscape = 6;

/**
 * Writes the escape of the character that starts at `from`, whose first byte `needsEscape`. Gives the place behind the escape;
 * `characterLength` tells how many bytes of the text it stands for.
 */
export const putEscape = (out: Uint8Array, start: number, bytes: Uint8Array, from: number): number => {
  let at = start;
  const byte = bytes[from]!;
  out[at] = BACKSLASH;
  at += 1;
  if (byte >= 0xf0) {
    const code =
      ((byte & 7) << 18) | ((bytes[from + 1]! & 63) << 12) | ((bytes[from + 2]! & 63) << 6) | (bytes[from + 3]! & 63);
    at = putUnicode(out, at, 0xd7c0 + (code >> 10));
    out[at] = BACKSLASH;
    return putUnicode(out, at + 1, 0xdc00 | (code & 0x3ff));
  }
  const letter = letters[byte]!;
  if (byte < 0x20 && letter === 0) return putUnicode(out, at, byte);
  out[at] = letter === 0 ? byte : letter;
  return at + 1;
};

/** How many bytes of text an escape stands for. */
export const characterLength = (byte: number): number => (byte >= 0xf0 ? 4 : 1);

const putUnicode = (out: Uint8Array, at: number, code: number): number => {
  out[at] = 0x75;
  out[at + 1] = hex[(code >> 12) & 15]!;
  out[at + 2] = hex[(code >> 8) & 15]!;
  out[at + 3] = hex[(code >> 4) & 15]!;
  out[at + 4] = hex[code & 15]!;
  return at + 5;
};

const BACKSLASH = 0x5c;
const hex = Buffer.from('0123456789ABCDEF', 'latin1');

/** The controls that have a letter of their own. */
const letters: Uint8Array = (() => {
  const table = new Uint8Array(256);
  for (const [byte, letter] of [
    [8, 'b'],
    [9, 't'],
    [10, 'n'],
    [12, 'f'],
    [13, 'r'],
  ] as const) {
    table[byte] = letter.charCodeAt(0);
  }
  return table;
})();

/** A JavaScript string as Jackson would write it, quotes and all. */
export const jsonString = (text: string): Buffer => {
  const bytes = Buffer.from(text, 'utf8');
  const out = Buffer.allocUnsafe(bytes.length * maxEscape + 2);
  out[0] = 0x22;
  let at = 1;
  for (let from = 0; from < bytes.length; ) {
    const byte = bytes[from]!;
    if (needsEscape[byte] === 0) {
      out[at] = byte;
      at += 1;
      from += 1;
    } else {
      at = putEscape(out, at, bytes, from);
      from += characterLength(byte);
    }
  }
  out[at] = 0x22;
  return Buffer.from(out.subarray(0, at + 1));
};
