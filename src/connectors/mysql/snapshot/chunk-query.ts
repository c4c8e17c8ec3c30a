import type { Table } from '../../../core/table.ts';
import { quoteName } from '../statements.ts';
import type { ChunkKey, KeyPart } from './chunk-key.ts';
import { type KeyValue, sqlLiteral } from './sql-literal.ts';

/** A place in a chunk key's order: a value per key part. */
export type KeyPoint = readonly KeyValue[];

export interface ChunkRange {
  /** Rows after this one; null: from the first row. */
  readonly after: KeyPoint | null;
  /** Rows up to and with this one; null: to the last row. */
  readonly upTo: KeyPoint | null;
  /** Only rows that satisfy this condition of the user's. */
  readonly where: string | null;
}

/**
 * The statement that reads at most `limit` rows of `range` in key order. Bounds are spelled out as
 * `a > 1 OR (a = 1 AND b > 2)`, from which both servers make ranges of the index; for `(a, b) > (1, 2)` they read the index from
 * its start. All comparing is the server's, in the column's collation.
 */
export const chunkQuery = (
  table: Table,
  key: ChunkKey,
  range: ChunkRange,
  limit: number,
  expressions: readonly string[],
): string => {
  return `SELECT ${expressions.join(', ')} FROM ${from(table, key)}${where(table, key, range)} ORDER BY ${order(table, key, 'ascending')} LIMIT ${limit}`;
};

/** The statement that answers with the `limit`-th row of `range`; no row: it has fewer. */
export const boundaryQuery = (
  table: Table,
  key: ChunkKey,
  range: ChunkRange,
  limit: number,
  expressions: readonly string[],
): string => `${chunkQuery(table, key, range, 1, expressions)} OFFSET ${limit - 1}`;

/** The statement that computes `expressions` over all rows of `range`. */
export const rangeQuery = (table: Table, key: ChunkKey, range: ChunkRange, expressions: readonly string[]): string =>
  `SELECT ${expressions.join(', ')} FROM ${from(table, key)}${where(table, key, range)}`;

/** The statement that reads the rows at these points, in no order; a collation may let it find others that it takes for equal. */
export const pointsQuery = (
  table: Table,
  key: ChunkKey,
  points: readonly KeyPoint[],
  expressions: readonly string[],
): string => {
  const alternatives = points.map(
    (point) => `(${key.parts.map((part, i) => compare(table, part, '=', point[i]!)).join(' AND ')})`,
  );
  return `SELECT ${expressions.join(', ')} FROM ${from(table, key)} WHERE ${alternatives.join(' OR ')}`;
};

/** The statement that answers with the last row's key values; no row: the table is empty. */
export const lastKeyQuery = (table: Table, key: ChunkKey, expressions: readonly string[]): string =>
  `SELECT ${expressions.join(', ')} FROM ${from(table, key)} ORDER BY ${order(table, key, 'descending')} LIMIT 1`;

/** The statement that reads a table without a usable key, in no order. */
export const wholeTableQuery = (table: Table, where: string | null, expressions: readonly string[]): string =>
  `SELECT ${expressions.join(', ')} FROM ${quoteName(table.database)}.${quoteName(table.name)}${where === null ? '' : ` WHERE (${where})`}`;

/** Has the server understand a condition, and reads nothing. A comment in it ends with its line, before the LIMIT. */
export const conditionQuery = (table: Table, where: string): string =>
  `SELECT 1 FROM ${quoteName(table.database)}.${quoteName(table.name)} WHERE (${where})\nLIMIT 0`;

const where = (table: Table, key: ChunkKey, range: ChunkRange): string => {
  const conditions = [
    ...(range.after === null ? [] : [bound(table, key.parts, range.after, 'beyond')]),
    ...(range.upTo === null ? [] : [bound(table, key.parts, range.upTo, 'up to')]),
    ...(range.where === null ? [] : [`(${range.where})`]),
  ];
  return conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
};

// Without FORCE INDEX the optimizer may sort, or walk another index, when the table's statistics are off.
const from = (table: Table, key: ChunkKey): string =>
  `${quoteName(table.database)}.${quoteName(table.name)} FORCE INDEX (${quoteName(key.index)})`;

const order = (table: Table, key: ChunkKey, way: 'ascending' | 'descending'): string =>
  key.parts
    .map((part) => `${columnName(table, part)}${part.descending === (way === 'ascending') ? ' DESC' : ''}`)
    .join(', ');

const bound = (table: Table, parts: readonly KeyPart[], point: KeyPoint, side: 'beyond' | 'up to'): string => {
  const alternatives = parts.map((part, depth) => {
    const equalities = parts.slice(0, depth).map((earlier, i) => compare(table, earlier, '=', point[i]!));
    const last = depth === parts.length - 1;
    return [...equalities, compare(table, part, side === 'beyond' ? '>' : last ? '<=' : '<', point[depth]!)].join(
      ' AND ',
    );
  });
  return alternatives.length === 1
    ? `(${alternatives[0]})`
    : `(${alternatives.map((text) => `(${text})`).join(' OR ')})`;
};

type Comparison = '=' | '>' | '<' | '<=';

/** `comparison` in the index's direction: in a descending part, a row beyond another one has the smaller value. */
const compare = (table: Table, part: KeyPart, comparison: Comparison, value: KeyValue): string => {
  const { type } = table.columns[part.column]!;
  const name = columnName(table, part);
  const operator = part.descending ? mirrored[comparison] : comparison;
  if (type.kind === 'enum') return compareEnum(name, type.values, operator, String(value));
  return `${name} ${operator} ${sqlLiteral(value, type)}`;
};

const mirrored = { '=': '=', '>': '<', '<': '>', '<=': '>=' } as const;

/**
 * An ENUM sorts by ordinal but compares with text by collation, and for `e > 2` the servers read the index from its start. Equality
 * with members they do find in it, so an inequality is the list of the members that satisfy it; 0 is the error value.
 */
const compareEnum = (name: string, members: readonly string[], operator: Comparison | '>=', member: string): string => {
  const text = { kind: 'text', fixed: false, maxBytes: 0, charset: 'utf8mb4', collation: null } as const;
  const ordinal = members.indexOf(member) + 1;
  const from = operator === '=' || operator === '>=' ? ordinal : operator === '>' ? ordinal + 1 : 0;
  const to = operator === '=' || operator === '<=' ? ordinal : operator === '<' ? ordinal - 1 : members.length;
  const listed = members.slice(Math.max(from - 1, 0), Math.max(to, 0)).map((each) => sqlLiteral(each, text));
  const choices = [
    ...(from === 0 && to >= 0 ? [`${name} = 0`] : []),
    ...(listed.length === 0 ? [] : [`${name} IN (${listed.join(', ')})`]),
  ];
  return choices.length === 0 ? 'FALSE' : choices.length === 1 ? choices[0]! : `(${choices.join(' OR ')})`;
};

const columnName = (table: Table, part: KeyPart): string => quoteName(table.columns[part.column]!.name);
