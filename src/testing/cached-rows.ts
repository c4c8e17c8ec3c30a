import { plainColumn } from '../core/plain-column.ts';
import { type Column, type ColumnType, defineTable } from '../core/table.ts';

const column = (name: string, type: ColumnType, nullable: boolean): Column => plainColumn(name, type, { nullable });

/** `shop.items`: a number as its key, a text that may be NULL, and a count. */
export const smallTable = defineTable({
  database: 'shop',
  name: 'items',
  columns: [
    column('id', { kind: 'integer', bits: 64, unsigned: false }, false),
    column('note', { kind: 'text', fixed: false, maxBytes: 400, charset: 'utf8mb4', collation: null }, true),
    column('count', { kind: 'integer', bits: 32, unsigned: false }, false),
  ],
  primaryKey: [0],
  uniqueKeys: [],
  charset: null,
  comment: null,
});
