import { canonicalCharset } from './charset-facts.ts';
import type { DdlEffect, KeyElement, TableElement, TableName, TableOptions } from './effect.ts';
import { readColumn, skipEnforced, skipReferences } from './read-column.ts';
import type { TokenCursor } from './token-cursor.ts';

/** What the readers of one statement share. */
export interface Reading {
  readonly cursor: TokenCursor;
  /** The default database; '' when there is none. */
  readonly database: string;
  readonly realAsFloat: boolean;
  /** Every table named as a target so far: what an unreadable statement still tells. */
  readonly named: TableName[];
}

/** `name` or `database.name`, remembered as a table this statement is about. */
export const readTableName = (reading: Reading): TableName => {
  const table = readOtherTableName(reading);
  reading.named.push(table);
  return table;
};

/** A table that the statement only looks at. */
const readOtherTableName = ({ cursor, database }: Reading): TableName => {
  // `.name` means the default database.
  if (cursor.skipSymbol('.')) return { database, name: cursor.name() };
  const first = cursor.name();
  return cursor.skipSymbol('.') ? { database: first, name: cursor.name() } : { database, name: first };
};

/** After CREATE [OR REPLACE] TABLE. */
export const readCreateTable = (reading: Reading, replace: boolean): DdlEffect => {
  const { cursor } = reading;
  const ifNotExists = cursor.skip('IF', 'NOT', 'EXISTS');
  const table = readTableName(reading);
  if (cursor.skip('LIKE')) {
    return { kind: 'create-like', table, like: readOtherTableName(reading), ifNotExists, replace };
  }
  let elements: readonly TableElement[] = [];
  if (cursor.atSymbol('(') && !startsQuery(cursor, 1)) {
    cursor.expectSymbol('(');
    if (cursor.skip('LIKE')) {
      const like = readOtherTableName(reading);
      cursor.expectSymbol(')');
      return { kind: 'create-like', table, like, ifNotExists, replace };
    }
    elements = readTableElements(reading);
  }
  const { options, select } = readTableOptions(cursor);
  return { kind: 'create-table', table, ifNotExists, replace, elements, options, select };
};

/** Whether a query starts `distance` tokens ahead, behind any number of parentheses. */
const startsQuery = (cursor: TokenCursor, distance: number): boolean => {
  let at = distance;
  while (cursor.atSymbol('(', at)) at += 1;
  return queryWords.has(cursor.peek(at).keyword);
};

const queryWords: ReadonlySet<string> = new Set(['SELECT', 'WITH', 'VALUES', 'TABLE']);

/** Elements up to and with the closing parenthesis. */
const readTableElements = (reading: Reading): readonly TableElement[] => {
  const { cursor } = reading;
  const elements: TableElement[] = [];
  do {
    const element = readTableElement(reading);
    if (element !== null) elements.push(element);
  } while (cursor.skipSymbol(','));
  cursor.expectSymbol(')');
  return elements;
};

/** One element; null for a key or check that does not change the shape of rows. */
const readTableElement = (reading: Reading): TableElement | null => {
  const { cursor } = reading;
  const key = readKey(cursor);
  if (key === undefined) return { kind: 'column', column: readColumn(cursor, reading.realAsFloat) };
  return key;
};

/** A key, constraint or period; null when it does not change the shape of rows; undefined when a column comes instead. */
export const readKey = (cursor: TokenCursor): KeyElement | null | undefined => {
  let name: string | null = null;
  if (
    cursor.skip('CONSTRAINT') &&
    !cursor.at('PRIMARY') &&
    !cursor.at('UNIQUE') &&
    !cursor.at('FOREIGN') &&
    !cursor.at('CHECK')
  ) {
    cursor.skip('IF', 'NOT', 'EXISTS');
    name = cursor.name();
  }
  if (cursor.skip('PRIMARY', 'KEY')) {
    const ifNotExists = cursor.skip('IF', 'NOT', 'EXISTS');
    readKeyHead(cursor);
    const columns = readKeyColumns(cursor);
    skipKeyOptions(cursor);
    return { kind: 'primary-key', columns, ifNotExists };
  }
  if (cursor.at('UNIQUE')) {
    cursor.take();
    cursor.skipAny('KEY', 'INDEX');
    const ifNotExists = cursor.skip('IF', 'NOT', 'EXISTS');
    const own = readKeyHead(cursor);
    const columns = readKeyColumns(cursor);
    skipKeyOptions(cursor);
    return { kind: 'unique-key', name: own ?? name, columns, ifNotExists };
  }
  if (cursor.at('FOREIGN', 'KEY')) {
    cursor.skip('FOREIGN', 'KEY');
    cursor.skip('IF', 'NOT', 'EXISTS');
    if (!cursor.atSymbol('(')) cursor.name();
    cursor.parentheses();
    skipReferences(cursor);
    return null;
  }
  if (cursor.at('CHECK') && cursor.atSymbol('(', 1)) {
    cursor.take();
    cursor.parentheses();
    skipEnforced(cursor);
    return null;
  }
  if (cursor.at('PERIOD') && cursor.peek(1).keyword === 'FOR') {
    cursor.skip('PERIOD', 'FOR');
    cursor.name();
    return { kind: 'period', columns: readKeyColumns(cursor) };
  }
  if (startsPlainKey(cursor)) {
    cursor.skipAny('FULLTEXT', 'SPATIAL', 'VECTOR');
    cursor.skipAny('KEY', 'INDEX');
    cursor.skip('IF', 'NOT', 'EXISTS');
    readKeyHead(cursor);
    cursor.parentheses();
    skipKeyOptions(cursor);
    return null;
  }
  return undefined;
};

/** KEY and INDEX are reserved; FULLTEXT and SPATIAL too, but VECTOR may name a column. */
const startsPlainKey = (cursor: TokenCursor): boolean => {
  if (cursor.at('KEY') || cursor.at('INDEX') || cursor.at('FULLTEXT') || cursor.at('SPATIAL')) return true;
  return cursor.at('VECTOR', 'KEY') || cursor.at('VECTOR', 'INDEX');
};

/** [name] [USING BTREE] before the columns; the name, or null. */
const readKeyHead = (cursor: TokenCursor): string | null => {
  let name: string | null = null;
  if (!cursor.atSymbol('(') && !cursor.at('USING') && !cursor.at('TYPE')) name = cursor.name();
  if (cursor.skipAny('USING', 'TYPE') !== null) cursor.take();
  return name;
};

/** `(a, b(10), c DESC, (lower(d)))`: an expression stands as '', which is no column. */
export const readKeyColumns = (cursor: TokenCursor): readonly string[] => {
  const columns: string[] = [];
  cursor.expectSymbol('(');
  do {
    if (cursor.atSymbol('(')) {
      cursor.parentheses();
      columns.push('');
    } else {
      columns.push(cursor.name());
      if (cursor.atSymbol('(')) cursor.parentheses();
    }
    cursor.skipAny('ASC', 'DESC');
    // MariaDB's application-time keys name a period, whose columns may have been declared long before.
    if (cursor.at('WITHOUT', 'OVERLAPS')) cursor.fail('a column');
  } while (cursor.skipSymbol(','));
  cursor.expectSymbol(')');
  return columns;
};

/** USING, COMMENT, VISIBLE, KEY_BLOCK_SIZE, WITH PARSER and what engines add, up to the end of the element. */
const skipKeyOptions = (cursor: TokenCursor): void => {
  while (!cursor.ended && !cursor.atSymbol(',') && !cursor.atSymbol(')')) {
    if (cursor.atSymbol('(')) cursor.parentheses();
    else cursor.take();
  }
};

/** Everything after the elements: options, partitions, and whether a query follows. */
const readTableOptions = (cursor: TokenCursor): { readonly options: TableOptions; readonly select: boolean } => {
  let options: TableOptions = { charset: null, collation: null, comment: null };
  while (!cursor.ended) {
    if (startsQuery(cursor, 0) && !cursor.at('WITH', 'SYSTEM')) return { options, select: true };
    const option = readTableOption(cursor);
    if (option !== null) options = { ...options, ...option };
    else if (cursor.atSymbol('(')) cursor.parentheses();
    else cursor.take();
  }
  return { options, select: false };
};

/** CHARSET, COLLATE or COMMENT when it is next; null otherwise. */
export const readTableOption = (cursor: TokenCursor): Partial<TableOptions> | null => {
  const withDefault = cursor.at('DEFAULT') ? 1 : 0;
  const word = cursor.peek(withDefault).keyword;
  const characterSet = (word === 'CHARACTER' || word === 'CHAR') && cursor.peek(withDefault + 1).keyword === 'SET';
  if (!characterSet && word !== 'CHARSET' && word !== 'COLLATE' && (word !== 'COMMENT' || withDefault === 1))
    return null;
  for (let i = withDefault + (characterSet ? 2 : 1); i > 0; i -= 1) cursor.take();
  cursor.skipSymbol('=');
  if (word === 'COMMENT') return { comment: cursor.string() };
  const name = cursor.nameOrString();
  return word === 'COLLATE' ? { collation: name } : { charset: canonicalCharset(name) };
};
