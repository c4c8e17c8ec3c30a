/**
 * East Asian charsets, one character at a time: single-character decoders from iconv-lite or ICU, corrected where MySQL differs
 * (corrections.ts). Characters are remembered, so that a decoder runs once per distinct character.
 *
 *   big5, gbk, gb2312, euckr: lead u1 >= 0x81, trail u1     cp932, sjis: the same, and 0xa1-0xdf stand alone (half-width katakana)
 *   ujis, eucjpms: 8e, u1 | 8f, u1, u1 | lead u1, trail u1  gb18030: lead, trail, and when trail is 0x30-0x39 two more bytes
 */

import { decode } from 'iconv-lite';
import { corrections } from './corrections.ts';

/** Decodes text of one charset from `bytes`, which may hold ASCII too. */
export type DecodeText = (bytes: Buffer, start: number, end: number) => string;

/** The decoder of a multi-byte charset that is a superset of ASCII; null: none of this name. */
export const multiByteDecoder = (charset: string): DecodeText | null => {
  const known = decoders[charset];
  return known === undefined ? null : characterwise(charset, known.length, known.character);
};

interface MultiByte {
  /** Bytes of the character at `at`, whose first byte is at least 0x80. */
  readonly length: (bytes: Buffer, at: number) => number;
  readonly character: (bytes: Buffer) => string;
}

const twoBytes = (): number => 2;
const shiftJis = (b: Buffer, at: number): number => (b[at]! >= 0xa1 && b[at]! <= 0xdf ? 1 : 2);
const extendedUnix = (b: Buffer, at: number): number => (b[at] === 0x8f ? 3 : 2);
const gb18030 = (b: Buffer, at: number): number => (b[at + 1]! >= 0x30 && b[at + 1]! <= 0x39 ? 4 : 2);

const byIconv =
  (encoding: string) =>
  (bytes: Buffer): string =>
    decode(bytes, encoding);

// iconv-lite's cp932 lacks 187 of the IBM extensions that MySQL has; ICU's Shift_JIS has all.
const windowsJapanese = new TextDecoder('shift_jis');

const decoders: Readonly<Record<string, MultiByte>> = {
  big5: { length: twoBytes, character: byIconv('cp950') },
  cp932: { length: shiftJis, character: (bytes) => windowsJapanese.decode(bytes) },
  eucjpms: { length: extendedUnix, character: byIconv('euc-jp') },
  euckr: { length: twoBytes, character: byIconv('cp949') },
  gb18030: { length: gb18030, character: byIconv('gb18030') },
  gb2312: { length: twoBytes, character: byIconv('gb2312') },
  gbk: { length: twoBytes, character: byIconv('cp936') },
  sjis: { length: shiftJis, character: byIconv('shift_jis') },
  ujis: { length: extendedUnix, character: byIconv('euc-jp') },
};

const characterwise = (charset: string, length: MultiByte['length'], character: MultiByte['character']): DecodeText => {
  // Filled as characters come up. At most 24 000 of two and three bytes; four-byte codes of GB 18030 are rare enough.
  const seen = new Map<number, string>(parseCorrections(corrections[charset] ?? ''));
  return (bytes, start, end) => {
    let text = '';
    let at = start;
    while (at < end) {
      const first = bytes[at]!;
      if (first < 0x80) {
        text += String.fromCharCode(first);
        at += 1;
        continue;
      }
      const next = Math.min(at + length(bytes, at), end);
      const code = bytes.readUIntBE(at, next - at);
      let decoded = seen.get(code);
      if (decoded === undefined) {
        decoded = character(bytes.subarray(at, next));
        if (decoded.includes('\ufffd') || decoded === '') decoded = '?';
        seen.set(code, decoded);
      }
      text += decoded;
      at = next;
    }
    return text;
  };
};

const parseCorrections = function* (text: string): Iterable<[number, string]> {
  for (const [, code, count, to] of text.matchAll(/([0-9A-F]+)(?:\+(\d+))?=([0-9A-F]+|\?)/g)) {
    for (let i = 0; i < Number(count ?? 1); i += 1) {
      const character = to === '?' ? '?' : String.fromCodePoint(Number.parseInt(to!, 16) + i);
      yield [Number.parseInt(code!, 16) + i, character];
    }
  }
};
