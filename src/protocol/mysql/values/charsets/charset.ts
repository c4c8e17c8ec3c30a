import { MillraceError } from '../../../../core/errors.ts';
import { ByteScratch } from '../columns/byte-scratch.ts';
import { type DecodeText, multiByteDecoder } from './multi-byte-charsets.ts';
import { lowerHalves, upperHalves } from './one-byte-charsets.ts';

/** How text of one charset becomes a string, and UTF-8. */
export interface Charset {
  /** MySQL's name. */
  readonly name: string;
  /** Bytes below 0x80 are ASCII wherever they stand at a character's start, so that text of only such bytes is UTF-8 as it is. */
  readonly asciiCompatible: boolean;
  /** The bytes are UTF-8 already. */
  readonly utf8: boolean;
  readonly decode: DecodeText;
  /** Writes UTF-8 to `out`, which has three bytes for each one of the text, and returns how many; null: only `decode` can. */
  readonly toUtf8: ((bytes: Buffer, start: number, end: number, out: Buffer) => number) | null;
}

/** The charset that MySQL calls `name`. Throws VALUES_CHARSET_UNKNOWN, naming `column`. */
export const charsetOf = (name: string, column: string): Charset => {
  const known = cache.get(name) ?? build(name);
  if (known === null) throw new MillraceError('VALUES_CHARSET_UNKNOWN', { column, charset: name });
  cache.set(name, known);
  return known;
};

const cache = new Map<string, Charset>();

const build = (name: string): Charset | null => {
  const of = (decode: DecodeText, asciiCompatible: boolean): Charset => ({
    name,
    asciiCompatible,
    utf8: false,
    decode,
    toUtf8: null,
  });
  switch (name) {
    case 'utf8mb4':
    case 'utf8mb3':
    case 'utf8':
      return { ...of((b, start, end) => b.utf8Slice(start, end), true), utf8: true };
    case 'ucs2':
    case 'utf16':
      return of(utf16BigEndian, false);
    case 'utf16le':
      return of((b, start, end) => b.toString('utf16le', start, end), false);
    case 'utf32':
      return of(utf32BigEndian, false);
    default: {
      const decode = multiByteDecoder(name);
      return decode === null ? oneByteCharset(name) : of(decode, true);
    }
  }
};

const oneByteCharset = (name: string): Charset | null => {
  const upper = upperHalves[name];
  const lower = lowerHalves[name];
  if (upper === undefined && lower === undefined) return null;
  // Every character of these charsets is one UTF-16 unit, and at most three bytes of UTF-8.
  const characters = Uint16Array.from({ length: 256 }, (_, code) =>
    code < 0x80 ? (lower?.[code]?.charCodeAt(0) ?? code) : (upper?.charCodeAt(code - 0x80) ?? 0x3f),
  );
  const toUtf8 = (bytes: Buffer, start: number, end: number, out: Buffer): number => {
    let o = 0;
    for (let at = start; at < end; at += 1) {
      const c = characters[bytes[at]!]!;
      if (c < 0x80) {
        out[o++] = c;
      } else if (c < 0x800) {
        out[o++] = 0xc0 | (c >> 6);
        out[o++] = 0x80 | (c & 0x3f);
      } else {
        out[o++] = 0xe0 | (c >> 12);
        out[o++] = 0x80 | ((c >> 6) & 0x3f);
        out[o++] = 0x80 | (c & 0x3f);
      }
    }
    return o;
  };
  return {
    name,
    asciiCompatible: lower === undefined,
    utf8: false,
    decode: (bytes, start, end) => {
      const out = scratch.reserve((end - start) * 3);
      const text = out.utf8Slice(0, toUtf8(bytes, start, end, out));
      scratch.trim();
      return text;
    },
    toUtf8,
  };
};

const scratch = new ByteScratch();

const utf16BigEndian: DecodeText = (bytes, start, end) => {
  let text = '';
  for (let at = start; at + 1 < end; at += 2) text += String.fromCharCode((bytes[at]! << 8) | bytes[at + 1]!);
  return text;
};

const utf32BigEndian: DecodeText = (bytes, start, end) => {
  let text = '';
  for (let at = start; at + 3 < end; at += 4) {
    const code = bytes.readUInt32BE(at);
    text += code > 0x10ffff ? '?' : String.fromCodePoint(code);
  }
  return text;
};
