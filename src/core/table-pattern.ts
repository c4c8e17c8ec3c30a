/**
 * Which tables and columns a setting means, by Flink CDC's rules:
 *
 * - a comma separates patterns (`shop.orders, shop.customers`); `\,` is a comma inside one, and so is the one in `{2,4}`;
 * - a dot separates database and table (and column): `shop.orders`; `\.` is the regular expression's "any character";
 * - each part is a regular expression over the whole name, without regard to case: `shop.\.*`, `app_[0-9]+.orders_\d+`.
 *
 * Debezium's form, one regular expression over `database.table` with `\.` for the dot between them (`shop\.(orders|customers)`,
 * `shop\..*`), is taken too wherever Flink's rules give the text no meaning.
 *
 * Flink CDC: https://nightlies.apache.org/flink/flink-cdc-docs-stable/docs/connectors/pipeline-connectors/mysql/
 * Debezium: https://debezium.io/documentation/reference/stable/connectors/mysql.html#mysql-property-table-include-list
 */
import { MillraceError } from './errors.ts';

export interface TablePatterns {
  matches(database: string, table: string): boolean;
}

export interface ColumnPatterns {
  matches(database: string, table: string, column: string): boolean;
}

/**
 * Tables that one of `include` means and none of `exclude` does; without any `include` no table matches. Each entry may itself
 * be a comma list. Throws CONFIG_TABLE_PATTERN for a pattern that is no regular expression or names no database.
 */
export const tablePatterns = (include: readonly string[], exclude: readonly string[]): TablePatterns => {
  const wanted = include.flatMap(splitPatterns).map((pattern) => compile(pattern, 'database.table'));
  const unwanted = exclude.flatMap(splitPatterns).map((pattern) => compile(pattern, 'database.table'));
  const known = new Map<string, boolean>();
  return {
    matches: (database, table) => {
      const key = `${database}\0${table}`;
      let answer = known.get(key);
      if (answer === undefined) {
        const names = [database, table];
        answer = wanted.some((match) => match(names)) && !unwanted.some((match) => match(names));
        known.set(key, answer);
      }
      return answer;
    },
  };
};

/**
 * The databases that table patterns name in so many words. null among them: a pattern means databases by a regular expression, so
 * that no list of names is complete.
 */
export const patternDatabases = (patterns: readonly string[]): ReadonlySet<string | null> =>
  new Set(
    patterns.flatMap(splitPatterns).map((pattern) => {
      const parts = cutAt(pattern, (at) => pattern[at] === '.').map((part) => part.trim());
      const database = parts.length === 2 ? parts[0]! : (/^([\w$-]+)\\\./.exec(pattern)?.[1] ?? '');
      return /^[\w$-]+$/.test(database) ? database : null;
    }),
  );

/** Columns that one of `patterns` (`database.table.column`) means. Throws CONFIG_TABLE_PATTERN as `tablePatterns` does. */
export const columnPatterns = (patterns: readonly string[]): ColumnPatterns => {
  const wanted = patterns.flatMap(splitPatterns).map((pattern) => compile(pattern, 'database.table.column'));
  return { matches: (...names) => wanted.some((match) => match(names)) };
};

/**
 * What the groups of one pattern (`db_(\.*).(\.*)_tbl`) take of a table's names, from the first group of the database's part on;
 * null where it does not match. Throws CONFIG_TABLE_PATTERN as `tablePatterns` does.
 */
export const tableGroups = (pattern: string): ((database: string, table: string) => readonly string[] | null) => {
  const wanted = splitPatterns(pattern).map((each) => compile(each, 'database.table'));
  return (...names) => {
    for (const match of wanted) {
      const groups = match(names);
      if (groups !== null) return groups;
    }
    return null;
  };
};

/** Cuts a comma list into its patterns, trimmed, without empty ones. Cutting a piece again gives the piece. */
export const splitPatterns = (text: string): readonly string[] => {
  const cut = cutAt(text, (at) => text[at] === ',' && !insideQuantifier(text, at));
  return cut.map((piece) => piece.trim()).filter((piece) => piece !== '');
};

type Shape = 'database.table' | 'database.table.column';
/** The texts of a pattern's groups; null: the names do not match. */
type NameMatch = (names: readonly string[]) => readonly string[] | null;

const compile = (pattern: string, shape: Shape): NameMatch => {
  const size = shape.split('.').length;
  const parts = cutAt(pattern, (at) => pattern[at] === '.').map((part) => part.trim());
  if (parts.length === size && parts.every((part) => part !== '')) {
    const tests = parts.map((part) => expression(part.replaceAll('\\.', '.')));
    if (tests.every((test) => test instanceof RegExp)) {
      return (names) => {
        const found = tests.map((test, index) => test.exec(names[index]!));
        return found.every((each) => each !== null) ? found.flatMap(groupsOf) : null;
      };
    }
  }
  if (pattern.split('\\.').length >= size && !endsInDots.test(pattern)) {
    const whole = expression(pattern);
    if (whole instanceof RegExp) {
      return (names) => {
        const found = whole.exec(names.join('.'));
        return found === null ? null : groupsOf(found);
      };
    }
  }
  throw new MillraceError('CONFIG_TABLE_PATTERN', { pattern, reason: whyNot(parts, shape) });
};

const groupsOf = (match: RegExpExecArray): readonly string[] => match.slice(1).map((group) => group ?? '');

/** `mydb\.*`: in Debezium's form that is a name followed by dots, which no table has; in Flink CDC's, a table without a database. */
const endsInDots = /^[^.\\]+\\\.[*+]$/;

const whyNot = (parts: readonly string[], shape: Shape): string => {
  if (parts.includes('*')) {
    return `a lone * is no regular expression; write ${parts.map((part) => (part === '*' ? '\\.*' : part)).join('.')}`;
  }
  const size = shape.split('.').length;
  if (endsInDots.test(parts[0]!) && parts.length === 1) {
    return `it names no database or no table; every table of ${parts[0]!.slice(0, -3)} is ${parts[0]!.slice(0, -3)}.\\.*`;
  }
  if (parts.length < size && shape === 'database.table') return `it names no database; write DATABASE.${parts[0]}`;
  if (parts.length !== size || parts.includes('')) {
    return `${shape} has ${size} parts between dots, and this has ${parts.filter((part) => part !== '').length}; inside a name, \\. is any character`;
  }
  return parts
    .map((part) => expression(part.replaceAll('\\.', '.')))
    .filter((test) => typeof test === 'string')
    .join('; ');
};

/** The whole-name expression for `source`, or what is wrong with it. */
const expression = (source: string): RegExp | string => {
  // JavaScript's strict mode (`u`) refuses the escapes that Java's dialect allows before punctuation, such as `\_`.
  const portable = source.replace(/\\([^A-Za-z0-9\s])/gu, (escaped: string, character: string) =>
    '^$\\.*+?()[]{}|/'.includes(character) ? escaped : `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
  try {
    return new RegExp(`^(?:${portable})$`, 'iu');
  } catch (error) {
    return (error as SyntaxError).message.replace(/^.*: /s, '').toLowerCase();
  }
};

/** Whether the comma at `at` stands in a quantifier such as `{2,4}`. */
const insideQuantifier = (text: string, at: number): boolean =>
  /\{\d+$/.test(text.slice(0, at)) && /^,\d*\}/.test(text.slice(at));

/** Cuts at every position that `isSeparator` names and no backslash escapes. */
const cutAt = (text: string, isSeparator: (at: number) => boolean): readonly string[] => {
  const pieces: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (isSeparator(at)) {
      pieces.push(text.slice(start, at));
      start = at + 1;
    }
  }
  pieces.push(text.slice(start));
  return pieces;
};
