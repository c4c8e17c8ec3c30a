import type { MatchedColumn } from '../../../core/reader.ts';
import type { Table } from '../../../core/table.ts';
import type { Row } from '../../../core/value.ts';
import { type KeyValue, sqlLiteral } from '../snapshot/sql-literal.ts';
import { quoteName } from '../statements.ts';

/**
 * The condition that holds for rows in which the columns have the values of one of `keys`. Several columns are spelled out as
 * `(a = 1 AND b = 2) OR (a = 3 AND b = 4)`, from which both servers make ranges of an index; MariaDB makes none of `(a, b) IN (...)`.
 */
export const matchCondition = (table: Table, columns: readonly MatchedColumn[], keys: readonly Row[]): string => {
  const names = columns.map(({ place }) => quoteName(table.columns[place]!.name));
  const literal = (key: Row, at: number): string => sqlLiteral(key[at] as KeyValue, columns[at]!.type);
  if (names.length === 1) return `${names[0]} IN (${keys.map((key) => literal(key, 0)).join(', ')})`;
  return keys.map((key) => `(${names.map((name, at) => `${name} = ${literal(key, at)}`).join(' AND ')})`).join(' OR ');
};
