import { MillraceError } from '../../../../core/errors.ts';
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
  switch (name) {
    case 'utf8mb4':
    case 'utf8mb3':
    case 'utf8':
      return { name, asciiCompatible: true, utf8: true, decode: (b, start, end) => b.utf8Slice(start, end) };
    case 'ucs2':
    case 'utf16':
      return { name, asciiCompatible: false, utf8: false, decode: utf16BigEndian };
    case 'utf16le':
      return {
        name,
        asciiCompatible: false,
        utf8: false,
        decode: (b, start, end) => b.toString('utf16le', start, end),
      };
    case 'utf32':
      return { name, asciiCompatible: false, utf8: false, decode: utf32BigEndian };
    default: {
      const oneByte = oneByteDecoder(name);
      const decode = oneByte ?? multiByteDecoder(name);
      return decode === null ? null : { name, asciiCompatible: lowerHalves[name] === undefined, utf8: false, decode };
    }
  }
};

const oneByteDecoder = (name: string): DecodeText | null => {
  const upper = upperHalves[name];
  const lower = lowerHalves[name];
  if (upper === undefined && lower === undefined) return null;
  const characters = Array.from({ length: 256 }, (_, code) =>
    code < 0x80 ? (lower?.[code] ?? String.fromCharCode(code)) : (upper?.[code - 0x80] ?? '?'),
  );
  return (bytes, start, end) => {
    let text = '';
    for (let at = start; at < end; at += 1) text += characters[bytes[at]!]!;
    return text;
  };
};

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
