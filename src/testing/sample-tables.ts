import { plainColumn } from '../core/plain-column.ts';
import { type Column, type ColumnType, defineTable, type Table } from '../core/table.ts';

/** A nullable column with nothing special about it. */
export const column = plainColumn;

export const int: ColumnType = { kind: 'integer', bits: 32, unsigned: false };
export const bigint: ColumnType = { kind: 'integer', bits: 64, unsigned: false };
export const bigintUnsigned: ColumnType = { kind: 'integer', bits: 64, unsigned: true };
export const varchar: ColumnType = {
  kind: 'text',
  fixed: false,
  maxBytes: 1020,
  charset: 'utf8mb4',
  collation: 'utf8mb4_0900_ai_ci',
};

export const table = (
  name: string,
  columns: readonly Column[],
  primaryKey: readonly number[],
  more: Partial<Omit<Table, 'id'>> = {},
): Table =>
  defineTable({
    database: 'shop',
    name,
    columns,
    primaryKey,
    uniqueKeys: [],
    charset: 'utf8mb4',
    comment: null,
    ...more,
  });

/** `id` is the primary key. */
export const ordersTable = table(
  'orders',
  [column('id', int, { nullable: false }), column('status', varchar), column('total', bigint)],
  [0],
);

/** A table whose rows have no name: equal ones are told apart by nothing. */
export const eventsTable = table('events', [column('kind', varchar), column('amount', int)], []);
