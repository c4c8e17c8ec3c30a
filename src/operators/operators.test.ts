import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { ArrayRowImages } from '../core/array-row-images.ts';
import type { Batch } from '../core/batch.ts';
import type { Change, RowsChange, SchemaChange } from '../core/change.ts';
import { isMillraceError } from '../core/errors.ts';
import { position } from '../core/position.ts';
import type { Image } from '../core/row-images.ts';
import type { Table } from '../core/table.ts';
import { columnPatterns, tablePatterns } from '../core/table-pattern.ts';
import type { Row, Value } from '../core/value.ts';
import { ValueCollector } from '../core/value-collector.ts';
import { origin } from '../testing/sample-origin.ts';
import { bigintUnsigned, column, int, ordersTable, table, varchar } from '../testing/sample-tables.ts';
import { filterTables } from './filter-tables.ts';
import { type ProjectionRules, projectColumns } from './project-columns.ts';
import { refuseSchemaChanges } from './refuse-schema-changes.ts';

const batchOf = (...changes: readonly Change[]): Batch => ({
  changes,
  positions: new Map([['log', position('9')]]),
  version: '9',
});
const update = (target: Table, before: Row, after: Row): RowsChange => ({
  kind: 'rows',
  op: 'update',
  table: target,
  rows: new ArrayRowImages(target, { before: [before], after: [after] }),
  origin,
});

const customers = table(
  'customers',
  [
    column('id', int, { nullable: false }),
    column('email', varchar),
    column('phone', varchar),
    column('points', bigintUnsigned),
    column('photo', { kind: 'binary', fixed: false, maxBytes: 255 }),
  ],
  [0],
  { uniqueKeys: [[1], [2]] },
);
const before: Row = [1, 'a@x', '123', 2n ** 64n - 1n, new Uint8Array([1, 2])];
const after: Row = [1, 'ä@x', null, undefined, new Uint8Array([255])];

/** Both ways of reading a projected row, which have to agree. */
const read = (change: Change, image: Image): readonly (Value | undefined)[] => {
  assert.equal(change.kind, 'rows');
  const collector = new ValueCollector(change.table);
  change.rows.write(0, image, collector);
  assert.deepEqual(change.rows[image](0), collector.row);
  return collector.row;
};

const projected = (rules: ProjectionRules): RowsChange => {
  const { changes } = projectColumns(rules)(batchOf(update(customers, before, after)));
  return changes[0] as RowsChange;
};

test('keeps the tables that the patterns mean, and the batch itself when nothing is left out', () => {
  const filter = filterTables(tablePatterns(['shop.orders', 'shop.cust\\w+'], []));
  const orders = update(ordersTable, [1, 'a', 1], [1, 'b', 1]);
  const all = batchOf(orders, update(customers, before, after));
  assert.equal(filter(all), all);
  const some = filter(batchOf(orders, { kind: 'truncate', table: table('other', customers.columns, [0]), origin }));
  assert.deepEqual(some.changes, [orders]);
  assert.deepEqual([...some.positions], [['log', '9']]);
});

test('keeps a rename when either name is wanted', () => {
  const filter = filterTables(tablePatterns(['shop.orders'], []));
  const rename = (from: string, to: string): SchemaChange => ({
    kind: 'schema',
    before: table(from, ordersTable.columns, [0]),
    after: table(to, ordersTable.columns, [0]),
    statement: '',
    origin,
  });
  assert.equal(filter(batchOf(rename('orders', 'old'))).changes.length, 1);
  assert.equal(filter(batchOf(rename('new', 'orders'))).changes.length, 1);
  assert.equal(filter(batchOf(rename('new', 'old'))).changes.length, 0);
});

test('drops columns, with the keys that named them', () => {
  const change = projected({ drop: columnPatterns(['shop.customers.(email|photo)']) });
  assert.deepEqual(
    change.table.columns.map(({ name }) => name),
    ['id', 'phone', 'points'],
  );
  assert.deepEqual(change.table.primaryKey, [0]);
  assert.deepEqual(change.table.uniqueKeys, [[1]]);
  assert.deepEqual(read(change, 'before'), [1, '123', 2n ** 64n - 1n]);
  assert.deepEqual(read(change, 'after'), [1, null, undefined]);
  assert.equal(change.rows.has(0, 'after', 2), false);
  assert.equal(change.rows.has(0, 'after', 1), true);
});

test('hashes with the salt, so that equal values stay equal and NULL stays NULL', () => {
  const change = projected({ hash: columnPatterns(['shop.customers.(id|email|phone|points|photo)']), salt: 'pepper' });
  const hash = (bytes: string | Uint8Array): string =>
    createHash('sha256').update('pepper').update(bytes).digest('hex');
  assert.deepEqual(read(change, 'before'), [
    hash('1'),
    hash('a@x'),
    hash('123'),
    hash('18446744073709551615'),
    hash(new Uint8Array([1, 2])),
  ]);
  assert.deepEqual(read(change, 'after'), [hash('1'), hash('ä@x'), null, undefined, hash(new Uint8Array([255]))]);
  assert.equal(change.table.columns[0]!.type.kind, 'text');
});

test('masks with a fixed text, or character by character', () => {
  const mask = columnPatterns(['shop.customers.email']);
  assert.equal(read(projected({ mask, maskText: 'hidden' }), 'before')[1], 'hidden');
  assert.equal(read(projected({ mask }), 'after')[1], '***');
});

test('renames columns, and hashes rather than masks what both name', () => {
  const all = columnPatterns(['shop.customers.email']);
  const change = projected({ rename: new Map([['shop.customers.email', 'mail']]), hash: all, mask: all, salt: '' });
  assert.equal(change.table.columns[1]!.name, 'mail');
  assert.match(String(read(change, 'before')[1]), /^[0-9a-f]{64}$/);
});

test('leaves alone what the rules do not touch, as the same object', () => {
  const batch = batchOf(update(ordersTable, [1, 'a', 1], [1, 'b', 1]));
  assert.equal(projectColumns({ drop: columnPatterns(['shop.customers.email']) })(batch), batch);
});

test('gives every projected version of a table its own id', () => {
  const drop = (pattern: string): string => projected({ drop: columnPatterns([pattern]) }).table.id;
  assert.equal(drop('shop.customers.email'), drop('shop.customers.email'));
  assert.notEqual(drop('shop.customers.email'), drop('shop.customers.phone'));
});

test('projects the definitions of a schema change, and the names it renames', () => {
  const renamed = table('customers', customers.columns.with(1, column('mail', varchar)), [0]);
  const rename = new Map([
    ['shop.customers.email', 'E-mail'],
    ['shop.customers.mail', 'E-mail address'],
  ]);
  const change: SchemaChange = {
    kind: 'schema',
    before: customers,
    after: renamed,
    renamedColumns: new Map([['email', 'mail']]),
    statement: '',
    origin,
  };
  const [result] = projectColumns({ rename, drop: columnPatterns(['shop.customers.photo']) })(batchOf(change)).changes;
  assert.ok(result?.kind === 'schema');
  assert.deepEqual([...result.renamedColumns!], [['E-mail', 'E-mail address']]);
  assert.equal(result.after!.columns.length, 4);
});

test('refuses to lose a primary key', () => {
  const id = columnPatterns(['shop.customers.id']);
  for (const rules of [{ drop: id }, { mask: id }]) {
    assert.throws(
      () => projected(rules),
      (error) => isMillraceError(error, 'PROJECTION_KEY_LOST'),
    );
  }
});

test('refuses two columns of one name', () => {
  assert.throws(
    () => projected({ rename: new Map([['shop.customers.email', 'Phone']]) }),
    (error) => isMillraceError(error, 'PROJECTION_COLUMN_CLASH'),
  );
});

test('stops before a schema change where the pipeline is set to', () => {
  const rows = batchOf(update(ordersTable, [1, 'a', 1], [1, 'b', 1]));
  assert.equal(refuseSchemaChanges(rows), rows);
  assert.throws(
    () => refuseSchemaChanges(batchOf({ kind: 'schema', before: customers, after: null, statement: '', origin })),
    (error) => isMillraceError(error, 'PIPELINE_SCHEMA_CHANGE_REFUSED'),
  );
});

test('reads any row the same way through a projection as without it, but for its columns', () => {
  const value = fc.option(fc.oneof(fc.string(), fc.constantFrom(undefined)), { nil: null });
  const drop = columnPatterns(['shop.wide.b']);
  const wide = table(
    'wide',
    [column('id', int), column('a', varchar), column('b', varchar), column('c', varchar)],
    [0],
  );
  fc.assert(
    fc.property(fc.integer(), value, value, value, (id, a, b, c) => {
      const { changes } = projectColumns({ drop })(batchOf(update(wide, [id, a, b, c], [id, c, b, a])));
      assert.deepEqual(read(changes[0]!, 'before'), [id, a, c]);
      assert.deepEqual(read(changes[0]!, 'after'), [id, c, a]);
    }),
  );
});
