import type { DiscoveredTable } from '../../connectors/mysql/discover-tables.ts';
import { nearestName } from '../../core/nearest-name.ts';
import { splitPatterns, tablePatterns } from '../../core/table-pattern.ts';
import { shortCount } from '../figures.ts';
import { textTable } from '../text-table.ts';
import { RefusedAnswer } from './interview.ts';

/** More than these are offered by database. */
const MOST_LISTED = 30;

/** One numbered line: a table, or a database with all that is in it. */
export interface OfferedTables {
  readonly label: string;
  /** What a pipeline file says for it. */
  readonly pattern: string;
  readonly tables: readonly DiscoveredTable[];
}

/** What a server has, in lines that a person can choose from. */
export const offerTables = (tables: readonly DiscoveredTable[]): readonly OfferedTables[] => {
  if (tables.length <= MOST_LISTED) {
    return tables.map((table) => ({
      label: `${table.database}.${table.name}`,
      pattern: `${asPattern(table.database)}.${asPattern(table.name)}`,
      tables: [table],
    }));
  }
  const databases = Map.groupBy(tables, ({ database }) => database);
  return [...databases].map(([database, inside]) => ({
    label: `${database}.\\.*`,
    pattern: `${asPattern(database)}.\\.*`,
    tables: inside,
  }));
};

/** The lines, with how many rows there are by the server's estimate, and what lacks a key. */
export const offerText = (offers: readonly OfferedTables[]): string =>
  textTable(
    ['', 'TABLES', 'ROWS', ''],
    offers.map(({ label, tables }, index) => [
      `${String(index + 1).padStart(4)}`,
      label,
      `~${shortCount(tables.reduce((sum, { rows }) => sum + (rows ?? 0), 0))}`,
      notesOn(tables),
    ]),
  );

const notesOn = (tables: readonly DiscoveredTable[]): string => {
  const keyless = tables.filter(({ key }) => key.length === 0).length;
  const count = tables.length === 1 ? '' : `${tables.length} tables`;
  if (keyless === 0) return count;
  return tables.length === 1 ? 'no primary key' : `${count}, ${keyless} without a primary key`;
};

export interface ChosenTables {
  readonly patterns: readonly string[];
  readonly tables: readonly DiscoveredTable[];
}

/**
 * What an answer means: numbers and ranges of `offers`, names of tables and databases, and patterns of tables, with commas between
 * them. Throws RefusedAnswer for a number that is not offered or a name that no table has, and CONFIG_TABLE_PATTERN.
 */
export const chooseTables = (
  answer: string,
  offers: readonly OfferedTables[],
  tables: readonly DiscoveredTable[],
): ChosenTables => {
  const words = splitPatterns(answer).flatMap((part) => (/^[\d\s-]+$/.test(part) ? part.split(/\s+(?!-)/) : [part]));
  const patterns = [...new Set(words.flatMap((word) => patternsOf(word, offers, tables)))];
  if (patterns.length === 0) throw new RefusedAnswer('no table was named');
  const selection = tablePatterns(patterns, []);
  return { patterns, tables: tables.filter(({ database, name }) => selection.matches(database, name)) };
};

const patternsOf = (
  word: string,
  offers: readonly OfferedTables[],
  tables: readonly DiscoveredTable[],
): readonly string[] => {
  const range = /^(\d+)(?:\s*-\s*(\d+))?$/.exec(word);
  if (range) {
    const first = Number(range[1]);
    const last = Number(range[2] ?? first);
    if (first >= 1 && first <= last && last <= offers.length)
      return offers.slice(first - 1, last).map(({ pattern }) => pattern);
    throw new RefusedAnswer(`${word} is not among the numbers 1 to ${offers.length}`);
  }
  const table = tables.find(({ database, name }) => `${database}.${name}` === word);
  if (table) return [`${asPattern(table.database)}.${asPattern(table.name)}`];
  if (tables.some(({ database }) => database === word)) return [`${asPattern(word)}.\\.*`];
  const byName = tables.filter(({ name }) => name === word);
  if (byName.length === 1) return [`${asPattern(byName[0]!.database)}.${asPattern(word)}`];
  const near = (): string => {
    const names = [...new Set(tables.flatMap(({ database, name }) => [database, `${database}.${name}`, name]))];
    const nearest = nearestName(word, names);
    return nearest === null ? '' : `; did you mean ${nearest}?`;
  };
  // Without a dot it is no pattern, but a name that is not there.
  if (/^[\w$-]+$/.test(word)) throw new RefusedAnswer(`there is no table or database ${word}${near()}`);
  const selection = tablePatterns([word], []);
  if (!tables.some(({ database, name }) => selection.matches(database, name)))
    throw new RefusedAnswer(`${word} matches no table${near()}`);
  return [word];
};

/** A name as the pattern that matches it alone, but for the case of its letters. */
const asPattern = (name: string): string => name.replace(/[\\^$*+?()[\]{}|,]/g, '\\$&').replaceAll('.', '\\.');
