import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainColumn } from '../core/plain-column.ts';
import { type Column, type ColumnType, defineTable, type Table } from '../core/table.ts';
import { tableTypes } from './table-types.ts';

const column = (name: string, type: ColumnType, more: Partial<Column> = {}): Column =>
  plainColumn(name, type, { nullable: false, ...more });

const table = (database: string, name: string, columns: readonly Column[], comment: string | null = null): Table =>
  defineTable({
    database,
    name,
    columns,
    primaryKey: columns.length > 1 ? [1, 0] : [],
    uniqueKeys: [],
    charset: null,
    comment,
  });

test('each column has the type of its values, and names are what TypeScript takes', () => {
  const text = { kind: 'text', fixed: false, maxBytes: 40, charset: 'utf8mb4', collation: null } as const;
  const printed = tableTypes(
    [
      table(
        'shop',
        'order_items',
        [
          column('id', { kind: 'integer', bits: 64, unsigned: true }, { declaration: 'bigint unsigned' }),
          column('größe cm', text, { nullable: true, comment: 'ends */ here\nor not' }),
          column('count', { kind: 'integer', bits: 24, unsigned: false }),
          column('state', { kind: 'enum', values: ['new', "it's", 'a\\b"'], charset: 'utf8mb4' }),
          column('price', { kind: 'decimal', precision: 10, scale: 2, unsigned: false }),
          column('raw', { kind: 'binary', fixed: false, maxBytes: 10 }, { nullable: true }),
          column('flags', { kind: 'bit', length: 64 }),
          column('few', { kind: 'bit', length: 3 }),
          column('ratio', { kind: 'double', unsigned: false }),
          column('doc', { kind: 'json' }),
        ],
        'what was bought',
      ),
      table('shop', 'order-items', [column('$a', text)]),
      table('7', '1', [column('a', text), column("b'c", text)]),
    ],
    'db1:3306',
  );
  assert.equal(
    printed.slice(printed.indexOf('*/') + 3),
    `
/** shop.order_items: what was bought */
export interface ShopOrderItems {
  /** bigint unsigned */
  readonly id: number | bigint;
  /** ends * / here or not */
  readonly 'größe cm': string | null;
  readonly count: number;
  readonly state: 'new' | 'it\\'s' | 'a\\\\b"';
  readonly price: string;
  readonly raw: Uint8Array | null;
  readonly flags: number | bigint;
  readonly few: number;
  readonly ratio: number;
  readonly doc: string;
}

/** shop.order-items */
export interface ShopOrderItems2 {
  readonly $a: string;
}

/** 7.1 */
export interface Table71 {
  readonly a: string;
  readonly 'b\\'c': string;
}

/** By \`database.table\`: what a row is, and which columns name it. */
export interface Tables {
  readonly 'shop.order_items': { readonly row: ShopOrderItems; readonly key: 'größe cm' | 'id' };
  readonly 'shop.order-items': { readonly row: ShopOrderItems2; readonly key: never };
  readonly '7.1': { readonly row: Table71; readonly key: 'b\\'c' | 'a' };
}
`,
  );
});
