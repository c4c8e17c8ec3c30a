import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { MillraceError } from '../../core/errors.ts';
import type { Bound } from '../evaluate/bound.ts';
import type { Whole } from '../evaluate/sql-value.ts';
import { bytes, isText, plain, type SqlType, string } from '../types/sql-type.ts';
import { define, type SqlFunction } from './define.ts';

/** The first argument's type: CHAR stays CHAR. */
const likeFirst = (args: readonly Bound[]): SqlType => args[0]!.type;
/** As long as the first argument at most. */
const varyingFirst =
  (nullable: boolean) =>
  ([first]: readonly Bound[]): SqlType => ({
    kind: 'VARCHAR',
    length: first !== undefined && isText(first.type) ? first.type.length : 1,
    nullable: nullable || first!.type.nullable,
  });

/** The characters, by code point; ASCII needs no splitting. */
const characters = (text: string): readonly string[] => Array.from(text);
const isSimple = (text: string): boolean => !/[\ud800-\udfff]/.test(text);

const lengthOf = (text: string): number => (isSimple(text) ? text.length : characters(text).length);

/** Characters from a place counted from 1; negative counts from the end, 0 is 1. NULL for a negative length. */
const substring = (text: string, from: number, length?: number): string | null => {
  if (length !== undefined && length < 0) return null;
  const parts = isSimple(text) ? text : characters(text);
  const start = from > 0 ? from - 1 : from === 0 ? 0 : parts.length + from;
  const end = length === undefined ? parts.length : start + length;
  const piece = parts.slice(Math.max(start, 0), Math.max(end, 0));
  return typeof piece === 'string' ? piece : piece.join('');
};

const trim = (text: string, set: string, left: boolean, right: boolean): string => {
  const parts = characters(text);
  const cut = new Set(characters(set));
  let start = 0;
  let end = parts.length;
  if (left) while (start < end && cut.has(parts[start]!)) start += 1;
  if (right) while (end > start && cut.has(parts[end - 1]!)) end -= 1;
  return parts.slice(start, end).join('');
};

const padded = (text: string, length: number, pad: string, left: boolean): string | null => {
  if (length < 0 || pad === '') return null;
  const parts = characters(text);
  if (parts.length >= length) return parts.slice(0, length).join('');
  const filling = characters(pad);
  let filled = '';
  for (let i = 0; i < length - parts.length; i += 1) filled += filling[i % filling.length];
  return left ? filled + text : text + filled;
};

const locate = (needle: string, text: string, from = 1): number => {
  if (from < 1) return 0;
  if (isSimple(text)) return text.indexOf(needle, from - 1) + 1;
  const before = characters(text)
    .slice(0, from - 1)
    .join('').length;
  const at = text.indexOf(needle, before);
  return at < 0 ? 0 : lengthOf(text.slice(0, at)) + 1;
};

const expressions = new Map<string, RegExp | null>();
/** A Java expression as one of ours; null: it is none. */
const expressionOf = (source: string): RegExp | null => {
  let expression = expressions.get(source);
  if (expression === undefined) {
    try {
      expression = new RegExp(source, 'gsu');
    } catch {
      expression = null;
    }
    if (expressions.size > 1000) expressions.clear();
    expressions.set(source, expression);
  }
  if (expression !== null) expression.lastIndex = 0;
  return expression;
};

const initCap = (text: string): string =>
  text.toLowerCase().replace(/[\p{L}\p{N}]+/gu, (word) => word.charAt(0).toUpperCase() + word.slice(1));

const digest = (name: string, algorithm: string, length: number): SqlFunction =>
  define('hash', name, {
    usage: `${name}(text)`,
    description: `The ${algorithm.toUpperCase()} of the text's UTF-8 bytes, as ${length} hexadecimal digits.`,
    parameters: ['text'],
    returns: { kind: 'CHAR', length, nullable: false },
    run: (text: string) => createHash(algorithm).update(text).digest('hex'),
  });

const urlPart = (text: string, part: string, key?: string): string | null => {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return null;
  }
  const query = url.search.slice(1);
  switch (part) {
    case 'HOST':
      return url.hostname;
    case 'PATH':
      return url.pathname;
    case 'QUERY':
      if (key === undefined) return query === '' ? null : query;
      return new RegExp(`(?:^|&)${key.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}=([^&]*)`).exec(query)?.[1] ?? null;
    case 'REF':
      return url.hash === '' ? null : url.hash.slice(1);
    case 'PROTOCOL':
      return url.protocol.slice(0, -1);
    case 'FILE':
      return url.pathname + url.search;
    case 'AUTHORITY':
      return url.host;
    case 'USERINFO':
      return url.username === '' ? null : `${url.username}${url.password === '' ? '' : `:${url.password}`}`;
    default:
      return null;
  }
};

const decoded = (value: Uint8Array, charset: string): string | null => {
  try {
    return new TextDecoder(charset).decode(value);
  } catch {
    return null;
  }
};

export const textFunctions: readonly SqlFunction[] = [
  define('text', 'UPPER', {
    usage: 'UPPER(text)',
    description: 'In upper case.',
    parameters: ['text'],
    returns: likeFirst,
    run: (text: string) => text.toUpperCase(),
  }),
  define('text', 'LOWER', {
    usage: 'LOWER(text)',
    description: 'In lower case.',
    parameters: ['text'],
    returns: likeFirst,
    run: (text: string) => text.toLowerCase(),
  }),
  define('text', 'INITCAP', {
    usage: 'INITCAP(text)',
    description: 'Each word with a capital first letter and the rest in lower case.',
    parameters: ['text'],
    returns: likeFirst,
    run: initCap,
  }),
  ...['CHAR_LENGTH', 'CHARACTER_LENGTH'].map((name) =>
    define('text', name, {
      usage: `${name}(text)`,
      description: 'How many characters (code points) it has.',
      parameters: ['text'],
      returns: plain('INT', false),
      run: lengthOf,
    }),
  ),
  ...['SUBSTRING', 'SUBSTR'].map((name) =>
    define('text', name, {
      usage: name === 'SUBSTRING' ? 'SUBSTRING(text FROM start [FOR length])' : 'SUBSTR(text, start[, length])',
      description: 'Characters from `start`, counted from 1; negative counts from the end.',
      parameters: ['text', 'int', 'int?'],
      returns: varyingFirst(true),
      run: substring,
    }),
  ),
  define('text', 'LEFT', {
    usage: 'LEFT(text, length)',
    description: 'The first characters.',
    parameters: ['text', 'int'],
    returns: varyingFirst(true),
    run: (text: string, length: number) => (length <= 0 ? '' : substring(text, 1, length)),
  }),
  define('text', 'RIGHT', {
    usage: 'RIGHT(text, length)',
    description: 'The last characters.',
    parameters: ['text', 'int'],
    returns: varyingFirst(true),
    run: (text: string, length: number) =>
      length <= 0 ? '' : length >= lengthOf(text) ? text : substring(text, -length),
  }),
  define('text', 'TRIM', {
    usage: 'TRIM([BOTH | LEADING | TRAILING] [characters FROM] text)',
    description: 'Without blanks, or the characters given, at its ends.',
    parameters: ['text', 'text?'],
    returns: varyingFirst(false),
    run: (text: string, set = ' ') => trim(text, set, true, true),
  }),
  define('text', 'LTRIM', {
    usage: 'LTRIM(text[, characters])',
    description: 'Without blanks, or the characters given, at its start.',
    parameters: ['text', 'text?'],
    returns: varyingFirst(false),
    run: (text: string, set = ' ') => trim(text, set, true, false),
  }),
  define('text', 'RTRIM', {
    usage: 'RTRIM(text[, characters])',
    description: 'Without blanks, or the characters given, at its end.',
    parameters: ['text', 'text?'],
    returns: varyingFirst(false),
    run: (text: string, set = ' ') => trim(text, set, false, true),
  }),
  define('text', 'CONCAT', {
    usage: 'CONCAT(text, ...)',
    description: 'All texts, one after the other; NULL when one is NULL.',
    parameters: ['text', 'text...'],
    returns: string(false),
    run: (...texts: string[]) => texts.join(''),
  }),
  define('text', 'CONCAT_WS', {
    usage: 'CONCAT_WS(separator, text, ...)',
    description: 'All texts that are not NULL, with the separator between.',
    parameters: ['text', 'text...'],
    returns: (args) => string(args.some((arg) => arg.type.nullable)),
    lenient: true,
    run: (separator: string | null, ...texts: (string | null)[]) =>
      separator === null ? null : texts.filter((text) => text !== null).join(separator),
  }),
  define('text', 'LOCATE', {
    usage: 'LOCATE(part, text[, start])',
    description: 'Where the part begins first, counted from 1; 0 when it is not in it.',
    parameters: ['text', 'text', 'int?'],
    returns: plain('INT', false),
    run: locate,
  }),
  define('text', 'POSITION', {
    usage: 'POSITION(part IN text)',
    description: 'Where the part begins first, counted from 1; 0 when it is not in it.',
    parameters: ['text', 'text', 'int?'],
    returns: plain('INT', false),
    run: locate,
  }),
  define('text', 'INSTR', {
    usage: 'INSTR(text, part)',
    description: 'Where the part begins first, counted from 1; 0 when it is not in it.',
    parameters: ['text', 'text'],
    returns: plain('INT', false),
    run: (text: string, part: string) => locate(part, text),
  }),
  define('text', 'REPLACE', {
    usage: 'REPLACE(text, old, new)',
    description: 'With every `old` replaced by `new`.',
    parameters: ['text', 'text', 'text'],
    returns: string(false),
    run: (text: string, from: string, to: string) => text.replaceAll(from, () => to),
  }),
  define('text', 'REPEAT', {
    usage: 'REPEAT(text, times)',
    description: 'The text so many times.',
    parameters: ['text', 'int'],
    returns: string(false),
    run: (text: string, times: number) => {
      if (times > 0 && text.length * times > 100_000_000)
        throw new MillraceError('SQL_FUNCTION_FAILED', {
          name: 'REPEAT',
          reason: 'the result has more than 100 000 000 characters',
        });
      return times <= 0 ? '' : text.repeat(times);
    },
  }),
  define('text', 'REVERSE', {
    usage: 'REVERSE(text)',
    description: 'Its characters in the opposite order.',
    parameters: ['text'],
    returns: string(),
    run: (text: string) => characters(text).toReversed().join(''),
  }),
  define('text', 'LPAD', {
    usage: 'LPAD(text, length, pad)',
    description: 'Filled up with `pad` at its start, or cut, to the length.',
    parameters: ['text', 'int', 'text'],
    returns: string(),
    run: (text: string, length: number, pad: string) => padded(text, length, pad, true),
  }),
  define('text', 'RPAD', {
    usage: 'RPAD(text, length, pad)',
    description: 'Filled up with `pad` at its end, or cut, to the length.',
    parameters: ['text', 'int', 'text'],
    returns: string(),
    run: (text: string, length: number, pad: string) => padded(text, length, pad, false),
  }),
  define('text', 'OVERLAY', {
    usage: 'OVERLAY(text PLACING new FROM start [FOR length])',
    description: 'With the characters from `start` replaced.',
    parameters: ['text', 'text', 'int', 'int?'],
    returns: (args) => ({
      kind: 'VARCHAR',
      length: Math.min(
        2_147_483_647,
        args.slice(0, 2).reduce((sum, { type }) => sum + (isText(type) ? type.length : 0), 0),
      ),
      nullable: false,
    }),
    run: (text: string, placing: string, from: number, length = lengthOf(placing)) => {
      const parts = characters(text);
      if (from <= 0 || from > parts.length) return text;
      return parts.slice(0, from - 1).join('') + placing + parts.slice(from - 1 + length).join('');
    },
  }),
  define('text', 'REGEXP', {
    usage: 'REGEXP(text, expression)',
    description: 'Whether a part of the text matches.',
    parameters: ['text', 'text'],
    returns: plain('BOOLEAN', false),
    run: (text: string, source: string) => (source === '' ? false : (expressionOf(source)?.test(text) ?? false)),
  }),
  define('text', 'REGEXP_REPLACE', {
    usage: 'REGEXP_REPLACE(text, expression, new)',
    description: 'With every match replaced by the text `new` as it stands.',
    parameters: ['text', 'text', 'text'],
    returns: string(false),
    run: (text: string, source: string, to: string) => {
      const expression = expressionOf(source);
      return expression === null ? null : text.replace(expression, () => to);
    },
  }),
  define('text', 'REGEXP_EXTRACT', {
    usage: 'REGEXP_EXTRACT(text, expression[, group])',
    description: 'What the group matched first, 0 for the whole match; NULL when nothing did.',
    parameters: ['text', 'text', 'int?'],
    returns: string(),
    run: (text: string, source: string, group = 0) => expressionOf(source)?.exec(text)?.[group] ?? null,
  }),
  define('text', 'SPLIT_INDEX', {
    usage: 'SPLIT_INDEX(text, separator, index)',
    description: 'The piece at the index, counted from 0; NULL when there is none.',
    parameters: ['text', 'text', 'int'],
    returns: string(),
    run: (text: string, separator: string, index: number) =>
      index < 0 ? null : (text.split(separator)[index] ?? null),
  }),
  define('text', 'SPLIT', {
    usage: 'SPLIT(text, separator)',
    description: "Its pieces as an array; '' separates every character, and '' has no pieces.",
    parameters: ['text', 'text'],
    returns: { kind: 'ARRAY', element: string(), nullable: false },
    run: (text: string, separator: string) => {
      if (text === '') return [];
      return separator === '' ? characters(text) : text.split(separator);
    },
  }),
  define('text', 'STR_TO_MAP', {
    usage: "STR_TO_MAP(text[, ',', '='])",
    description: 'A MAP of the entries that the text lists.',
    parameters: ['text', 'text?', 'text?'],
    returns: { kind: 'MAP', key: string(), value: string(), nullable: true },
    run: (text: string, entries = ',', parts = '=') =>
      new Map(
        text.split(entries).map((entry) => {
          const [key = '', ...rest] = entry.split(parts);
          return [key, rest.length === 0 ? null : rest.join(parts)];
        }),
      ),
  }),
  define('text', 'ASCII', {
    usage: 'ASCII(text)',
    description: "The number of its first byte; 0 for ''.",
    parameters: ['text'],
    returns: plain('INT', false),
    run: (text: string) => Buffer.from(text.slice(0, 2))[0] ?? 0,
  }),
  define('text', 'CHR', {
    usage: 'CHR(number)',
    description: 'The character of that number, modulo 256.',
    parameters: ['bigint'],
    returns: string(),
    run: (value: Whole) => (value < 0 ? '' : String.fromCharCode(Number(BigInt(value) & 255n))),
  }),
  define('text', 'PARSE_URL', {
    usage: 'PARSE_URL(url, part[, key])',
    description: 'A part of an address: HOST, PATH, QUERY, REF, PROTOCOL, FILE, AUTHORITY or USERINFO.',
    parameters: ['text', 'text', 'text?'],
    returns: string(),
    run: urlPart,
  }),
  define('text', 'IS_ALPHA', {
    usage: 'IS_ALPHA(text)',
    description: 'Whether it has letters only.',
    parameters: ['text'],
    returns: plain('BOOLEAN', false),
    run: (text: string) => /^\p{L}+$/u.test(text),
  }),
  define('text', 'IS_DIGIT', {
    usage: 'IS_DIGIT(text)',
    description: 'Whether it has digits only.',
    parameters: ['text'],
    returns: plain('BOOLEAN', false),
    run: (text: string) => /^\p{Nd}+$/u.test(text),
  }),
  define('text', 'IS_DECIMAL', {
    usage: 'IS_DECIMAL(text)',
    description: 'Whether it is a number.',
    parameters: ['text'],
    returns: plain('BOOLEAN', false),
    run: (text: string) => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text),
  }),
  define('text', 'TO_BASE64', {
    usage: 'TO_BASE64(text)',
    description: "Base64 of the text's UTF-8 bytes.",
    parameters: ['text'],
    returns: string(false),
    run: (text: string) => Buffer.from(text).toString('base64'),
  }),
  define('text', 'FROM_BASE64', {
    usage: 'FROM_BASE64(text)',
    description: 'The text whose bytes are meant.',
    parameters: ['text'],
    returns: string(false),
    run: (text: string) => Buffer.from(text, 'base64').toString('utf8'),
  }),
  define('text', 'ENCODE', {
    usage: "ENCODE(text, 'UTF-8')",
    description: "The text's bytes in UTF-8, UTF-16LE, ISO-8859-1 or US-ASCII.",
    parameters: ['text', 'text'],
    returns: bytes(),
    run: (text: string, charset: string) => {
      const name = ({ 'UTF-8': 'utf8', 'UTF-16LE': 'utf16le', 'ISO-8859-1': 'latin1', 'US-ASCII': 'ascii' } as const)[
        charset.toUpperCase() as 'UTF-8'
      ];
      return name === undefined ? null : new Uint8Array(Buffer.from(text, name));
    },
  }),
  define('text', 'DECODE', {
    usage: "DECODE(bytes, 'UTF-8')",
    description: 'The text that the bytes are in a charset.',
    parameters: ['binary', 'text'],
    returns: string(),
    run: decoded,
  }),
  digest('MD5', 'md5', 32),
  digest('SHA1', 'sha1', 40),
  digest('SHA224', 'sha224', 56),
  digest('SHA256', 'sha256', 64),
  digest('SHA384', 'sha384', 96),
  digest('SHA512', 'sha512', 128),
  define('hash', 'SHA2', {
    usage: 'SHA2(text, bits)',
    description: 'SHA-224, -256, -384 or -512, as hexadecimal digits.',
    parameters: ['text', 'int'],
    returns: { kind: 'VARCHAR', length: 128, nullable: false },
    run: (text: string, bits: number) => {
      if (![224, 256, 384, 512].includes(bits))
        throw new MillraceError('SQL_FUNCTION_FAILED', { name: 'SHA2', reason: `there is no SHA-${bits}` });
      return createHash(`sha${bits}`).update(text).digest('hex');
    },
  }),
];
