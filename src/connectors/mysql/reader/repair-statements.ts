import type { RowRepair } from '../../../core/reader.ts';
import type { ColumnType, Table } from '../../../core/table.ts';
import type { Row, Value } from '../../../core/value.ts';
import type { ChunkKey } from '../snapshot/chunk-key.ts';
import { type KeyPoint, pointsQuery } from '../snapshot/chunk-query.ts';
import { sqlLiteral } from '../snapshot/sql-literal.ts';
import { quoteName } from '../statements.ts';

/** Rows of one statement: few enough for any max_allowed_packet, unless the rows themselves are huge. */
const rowsPerStatement = 100;

/**
 * Statements that make rows so: first those that go, because one of them may hold a unique value that another row gets. Statements
 * mean the same under any sql_mode but ANSI_QUOTES.
 */
export const repairStatements = (table: Table, key: ChunkKey, repairs: readonly RowRepair[]): readonly string[] => {
  const gone = repairs.filter(({ row }) => row === null).map((repair) => repair.key as KeyPoint);
  const there = repairs.flatMap(({ row }) => (row === null ? [] : [row]));
  return [
    ...slices(gone).map((points) => deletion(table, key, points)),
    ...slices(there).map((rows) => upsert(table, rows)),
  ];
};

/** What the same comparison finds for a SELECT, a DELETE without FORCE INDEX removes. */
const deletion = (table: Table, key: ChunkKey, points: readonly KeyPoint[]): string =>
  pointsQuery(table, key, points, [])
    .replace(/^SELECT {2}FROM /, 'DELETE FROM ')
    .replace(/ FORCE INDEX \(`(?:[^`]|``)*`\)/, '');

const upsert = (table: Table, rows: readonly Row[]): string => {
  const columns = table.columns.flatMap((column, at) => (column.generated ? [] : [{ ...column, at }]));
  const names = columns.map(({ name }) => quoteName(name));
  const values = rows.map(
    (row) => `(${columns.map(({ at, type }) => columnLiteral(row[at] ?? null, type)).join(', ')})`,
  );
  const sets = names.map((name) => `${name} = VALUES(${name})`);
  return `INSERT INTO ${quoteName(table.database)}.${quoteName(table.name)} (${names.join(', ')}) VALUES ${values.join(', ')} ON DUPLICATE KEY UPDATE ${sets.join(', ')}`;
};

/** A value as a statement gives it to a column of `type`. */
export const columnLiteral = (value: Value, type: ColumnType): string => {
  if (value === null) return 'NULL';
  switch (type.kind) {
    case 'json':
      return `CONVERT(x'${Buffer.from(value as string, 'utf8').toString('hex')}' USING utf8mb4)`;
    case 'geometry':
    case 'vector':
      return `x'${Buffer.from(value as Uint8Array).toString('hex')}'`;
    default:
      return sqlLiteral(value, type);
  }
};

const slices = <Item>(items: readonly Item[]): readonly (readonly Item[])[] =>
  Array.from({ length: Math.ceil(items.length / rowsPerStatement) }, (_, i) =>
    items.slice(i * rowsPerStatement, (i + 1) * rowsPerStatement),
  );
