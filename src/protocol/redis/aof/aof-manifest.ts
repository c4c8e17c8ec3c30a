import { MillraceError } from '../../../core/errors.ts';

export interface AofFile {
  readonly name: string;
  readonly sequence: number;
  /** `history` is what a rewrite has replaced and the server will delete. */
  readonly kind: 'base' | 'increment' | 'history';
}

const kinds = { b: 'base', i: 'increment', h: 'history' } as const;

/**
 * The files of an append-only log since Redis 7.0, in the order in which they are read: the base, then the increments by sequence. One
 * file a line: `file appendonly.aof.1.base.rdb seq 1 type b`; names with spaces or quotes are quoted. Throws REDIS_AOF_MANIFEST_INVALID.
 */
export const parseAofManifest = (text: string): readonly AofFile[] => {
  const files: AofFile[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const invalid = (reason: string) => new MillraceError('REDIS_AOF_MANIFEST_INVALID', { line: index + 1, reason });
    const words = splitWords(line);
    if (words === null || words.length % 2 !== 0) throw invalid('it is not made of names and values');
    const values = new Map<string, string>();
    for (let i = 0; i < words.length; i += 2) values.set(words[i]!, words[i + 1]!);
    const name = values.get('file');
    const sequence = Number(values.get('seq'));
    const kind = kinds[values.get('type') as keyof typeof kinds];
    if (name === undefined || name === '') throw invalid('it names no file');
    if (name.includes('/') || name.includes('\\')) throw invalid('a file in another folder');
    if (!Number.isSafeInteger(sequence) || sequence < 1) throw invalid('seq is not a number from 1');
    if (kind === undefined) throw invalid('type is none of b, i, h');
    files.push({ name, sequence, kind });
  }
  if (files.filter(({ kind }) => kind === 'base').length > 1)
    throw new MillraceError('REDIS_AOF_MANIFEST_INVALID', { line: 1, reason: 'it has more than one base' });
  const order = { history: 0, base: 1, increment: 2 } as const;
  return files.toSorted((a, b) => order[a.kind] - order[b.kind] || a.sequence - b.sequence);
};

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' };

/** Words as Redis splits the lines of its configuration; null: a quote is left open. */
const splitWords = (line: string): readonly string[] | null => {
  const words: string[] = [];
  for (let at = 0; ; ) {
    while (at < line.length && /\s/.test(line[at]!)) at += 1;
    if (at >= line.length) return words;
    const quote = line[at] === '"' || line[at] === "'" ? line[at]! : null;
    let word = '';
    if (quote === null) {
      while (at < line.length && !/\s/.test(line[at]!)) word += line[at++]!;
      words.push(word);
      continue;
    }
    at += 1;
    for (;;) {
      if (at >= line.length) return null;
      const letter = line[at++]!;
      if (letter === quote) break;
      if (letter !== '\\') {
        word += letter;
        continue;
      }
      const code = quote === '"' ? /^x([0-9a-fA-F]{2})/.exec(line.slice(at)) : null;
      if (code !== null) {
        word += String.fromCharCode(Number.parseInt(code[1]!, 16));
        at += 3;
      } else {
        const next = line[at++] ?? '';
        word += quote === '"' ? (escapes[next] ?? next) : next === "'" ? next : `\\${next}`;
      }
    }
    words.push(word);
  }
};
