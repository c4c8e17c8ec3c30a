import { MillraceError } from '../../core/errors.ts';

/**
 * Reads a Java properties file: `key = value`, `key: value` or `key value`; `#` and `!` begin comments; a backslash at a line's
 * end goes on with the next; `\t`, `\n`, `\uXXXX` are characters, and any other escaped character is itself. The last of two
 * equal keys counts, as in Java. Throws CONVERT_INPUT where an escape is broken.
 */
export const javaProperties = (file: string, text: string): ReadonlyMap<string, string> => {
  const properties = new Map<string, string>();
  let logical = '';
  for (const [index, line] of `${text}\n`.split(/\r\n|\n|\r/).entries()) {
    const part = line.trimStart();
    if (logical === '' && (part === '' || part.startsWith('#') || part.startsWith('!'))) continue;
    const goesOn = /(?<!\\)(?:\\\\)*\\$/.test(part);
    logical += goesOn ? part.slice(0, -1) : part;
    if (goesOn) continue;
    const [key, value] = splitPair(logical);
    properties.set(withoutEscapes(key, file, index + 1), withoutEscapes(value, file, index + 1).trimEnd());
    logical = '';
  }
  return properties;
};

const splitPair = (line: string): readonly [key: string, value: string] => {
  const match = /^((?:\\.|[^\\=:\s])*)\s*[=:]?\s*/s.exec(line)!;
  return [match[1]!, line.slice(match[0].length)];
};

const characters: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

const withoutEscapes = (text: string, file: string, line: number): string =>
  text.replace(/\\(u.{0,4}|.)/gs, (found, escaped: string) => {
    if (!escaped.startsWith('u')) return characters[escaped] ?? escaped;
    if (!/^u[0-9a-fA-F]{4}$/.test(escaped))
      throw new MillraceError('CONVERT_INPUT', { file, reason: `line ${line}: ${found} is no character` });
    return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
  });
