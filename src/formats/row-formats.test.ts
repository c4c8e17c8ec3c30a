import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrayRowImages } from '../core/array-row-images.ts';
import type { MysqlOrigin, Op, RowsChange } from '../core/change.ts';
import { plainColumn } from '../core/plain-column.ts';
import { type ColumnType, defineTable } from '../core/table.ts';
import type { Row } from '../core/value.ts';
import { canalJson, canalTruncate } from './canal-json.ts';
import { maxwellJson } from './maxwell-json.ts';
import { changes, rowChange } from './row-change.ts';
import { rowJson } from './row-json.ts';

const origin: MysqlOrigin = {
  kind: 'mysql',
  flavor: 'mysql',
  serverId: 1,
  gtid: 'uuid:7',
  file: 'binlog.000001',
  offset: 4,
  commitMicros: 1_700_000_000_123_456,
  thread: null,
  query: null,
};

const columns: readonly (readonly [name: string, type: ColumnType, declaration: string])[] = [
  ['id', { kind: 'integer', bits: 64, unsigned: true }, 'bigint unsigned'],
  ['price', { kind: 'decimal', precision: 12, scale: 2, unsigned: false }, 'decimal(12,2)'],
  ['ratio', { kind: 'float', unsigned: false }, 'float'],
  ['note', { kind: 'text', fixed: false, maxBytes: 400, charset: 'utf8mb4', collation: null }, 'varchar(100)'],
  ['data', { kind: 'binary', fixed: false, maxBytes: 65_535 }, 'blob'],
  ['state', { kind: 'enum', values: ['new', 'paid'], charset: 'utf8mb4' }, "enum('new','paid')"],
  ['tags', { kind: 'set', values: ['a', 'b', 'c'], charset: 'utf8mb4' }, "set('a','b','c')"],
  ['doc', { kind: 'json' }, 'json'],
  ['at', { kind: 'datetime', fsp: 3 }, 'datetime(3)'],
];

const table = defineTable({
  database: 'shop',
  name: 'odd "name"',
  columns: columns.map(([name, type, declaration]) => plainColumn(name, type, { declaration })),
  primaryKey: [0],
  uniqueKeys: [],
  charset: 'utf8mb4',
  comment: null,
});

const first: Row = [
  2n ** 64n - 1n,
  '-0.50',
  Math.fround(0.1),
  'ü"\n',
  new Uint8Array([0, 233]),
  'paid',
  'a,c',
  '{"x": 1}',
  '2024-02-29 01:02:03.004',
];
const second: Row = [1, null, null, null, null, null, '', null, null];

const change = (op: Op, images: { readonly before?: Row; readonly after?: Row }): RowsChange => ({
  kind: 'rows',
  op,
  table,
  rows: new ArrayRowImages(table, {
    before: images.before === undefined ? null : [images.before],
    after: images.after === undefined ? null : [images.after],
  }),
  origin,
});

test('writes a row as flat JSON that loses nothing', () => {
  const all = table.columns.map((_, i) => i);
  assert.equal(
    rowJson(table, first, all),
    '{"id":18446744073709551615,"price":"-0.50","ratio":0.1,"note":"ü\\"\\n","data":"AOk=","state":"paid","tags":"a,c","doc":{"x": 1},"at":"2024-02-29 01:02:03.004"}',
  );
  assert.equal(rowJson(table, [1, undefined, ...second.slice(2)], [0, 1, 3]), '{"id":1,"note":null}');
});

test("writes a change as Maxwell's message, with what an update changed", () => {
  const created = maxwellJson(rowChange(change('create', { after: first }), 0));
  assert.equal(
    created,
    '{"database":"shop","table":"odd \\"name\\"","type":"insert","ts":1700000000,"data":{"id":18446744073709551615,"price":-0.50,"ratio":0.1,"note":"ü\\"\\n","data":"AOk=","state":"paid","tags":["a","c"],"doc":{"x": 1},"at":"2024-02-29 01:02:03.004"}}',
  );
  const after = first.with(3, null);
  const updated = JSON.parse(maxwellJson(rowChange(change('update', { before: first, after }), 0)));
  assert.deepEqual([updated.type, updated.old, updated.data.note], ['update', { note: 'ü"\n' }, null]);
  const removed = JSON.parse(maxwellJson(rowChange(change('delete', { before: second }), 0)));
  assert.deepEqual([removed.type, removed.data.id, 'old' in removed], ['delete', 1, false]);
  assert.equal(JSON.parse(maxwellJson(rowChange(change('read', { after: second }), 0))).type, 'bootstrap-insert');
});

test("writes a change as Canal's flat message, all values as texts", () => {
  const created = canalJson(rowChange(change('create', { after: first }), 0), 7, 1_700_000_001_000.5);
  assert.deepEqual(Object.keys(JSON.parse(created)), [
    ...[
      'data',
      'database',
      'es',
      'gtid',
      'id',
      'isDdl',
      'mysqlType',
      'old',
      'pkNames',
      'sql',
      'sqlType',
      'table',
      'ts',
      'type',
    ],
  ]);
  assert.deepEqual(JSON.parse(created), {
    data: [
      {
        id: '18446744073709551615',
        price: '-0.50',
        ratio: '0.1',
        note: 'ü"\n',
        data: '\u0000é',
        state: '2',
        tags: '5',
        doc: '{"x": 1}',
        at: '2024-02-29 01:02:03.004',
      },
    ],
    database: 'shop',
    es: 1_700_000_000_123,
    gtid: 'uuid:7',
    id: 7,
    isDdl: false,
    mysqlType: Object.fromEntries(columns.map(([name, , declaration]) => [name, declaration])),
    old: null,
    pkNames: ['id'],
    sql: '',
    sqlType: { id: 3, price: 3, ratio: 7, note: 12, data: 2_004, state: 4, tags: -7, doc: 12, at: 93 },
    table: 'odd "name"',
    ts: 1_700_000_001_000,
    type: 'INSERT',
  });
  const after = first.with(4, new Uint8Array([1]));
  const updated = JSON.parse(canalJson(rowChange(change('update', { before: first, after }), 0), 8, 0));
  assert.deepEqual([updated.type, updated.old], ['UPDATE', [{ data: '\u0000é' }]]);
  assert.equal(JSON.parse(canalJson(rowChange(change('delete', { before: first }), 0), 9, 0)).type, 'DELETE');
  const emptied = JSON.parse(canalTruncate(table, origin, 10, 0));
  assert.deepEqual([emptied.type, emptied.isDdl, emptied.data], ['TRUNCATE', true, null]);
});

test('tells an update of a key from one that leaves it, and a value that was not logged from a change', () => {
  const updated = (after: Row) => rowChange(change('update', { before: first, after }), 0);
  assert.equal(changes(updated(first.with(3, 'x')), [0, 4]), false);
  assert.equal(changes(updated(first.with(0, 5)), [0]), true);
  assert.equal(changes(updated(first.with(4, new Uint8Array([0, 233]))), [4]), false);
  assert.equal(changes(updated([undefined, ...first.slice(1)]), [0]), false);
});
