import { reservedWords } from '../../sql/parse/reserved-words.ts';

/** Names that a word can become. */
export interface KnownNames {
  readonly tables: readonly string[];
  readonly columns: readonly string[];
  readonly functions: readonly string[];
}

const beginnings = [
  'BEGIN STATEMENT SET;',
  'CREATE',
  'DESCRIBE',
  'DROP',
  'EXECUTE STATEMENT SET BEGIN',
  'EXPLAIN',
  'INSERT INTO',
  'RESET',
  'SELECT',
  'SET',
  'SHOW',
  'USE',
  'WITH',
  'exit',
  'help',
];
const shown = [
  'CATALOGS',
  'COLUMNS',
  'CREATE TABLE',
  'CREATE VIEW',
  'CURRENT',
  'DATABASES',
  'FUNCTIONS',
  'TABLES',
  'VIEWS',
];
const created = ['CATALOG', 'DATABASE', 'FUNCTION', 'TABLE', 'TEMPORARY', 'VIEW'];

/**
 * What the last word of a text may become, with the word itself. After FROM, JOIN, INTO and the like that is a table, at the beginning of a
 * statement a statement, elsewhere a column, a function or a keyword. Keywords and functions come in the case in which the word is written.
 */
export const completions = (text: string, names: KnownNames): readonly [found: readonly string[], word: string] => {
  const word = /[\w$.`\u0080-\uffff]*$/.exec(text)![0];
  const before = text.slice(0, text.length - word.length);
  const statement = before.slice(before.lastIndexOf(';') + 1);
  const previous = /(\w+)\s*$/.exec(statement)?.[1]?.toUpperCase() ?? '';
  const prefix = word.toLowerCase();
  const starting = (candidates: Iterable<string>): string[] =>
    [...new Set(candidates)].filter((name) => name.toLowerCase().startsWith(prefix)).toSorted();
  const cased = (candidates: readonly string[]): string[] =>
    /[a-z]/.test(word) ? candidates.map((name) => name.toLowerCase()) : [...candidates];
  if (statement.trim() === '') return [cased(starting(beginnings)), word];
  if (
    /^(FROM|JOIN|INTO|TABLE|DESCRIBE|DESC|COLUMNS|VIEW)$/.test(previous) ||
    (previous === '' && /,\s*$/.test(statement) && /\bFROM\b[^()]*$/i.test(statement))
  )
    return [starting(names.tables), word];
  if (previous === 'SHOW') return [cased(starting(shown)), word];
  if (previous === 'CREATE' || previous === 'DROP') return [cased(starting(created)), word];
  if (word === '') return [[], word];
  return [[...starting(names.columns), ...cased(starting([...names.functions, ...reservedWords]))], word];
};
