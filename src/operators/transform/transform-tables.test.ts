import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ArrayRowImages } from '../../core/array-row-images.ts';
import type { Batch } from '../../core/batch.ts';
import type { Change, RowsChange } from '../../core/change.ts';
import { isMillraceError } from '../../core/errors.ts';
import { position } from '../../core/position.ts';
import type { Table } from '../../core/table.ts';
import { tablePatterns } from '../../core/table-pattern.ts';
import type { Row, Value } from '../../core/value.ts';
import { ValueCollector } from '../../core/value-collector.ts';
import { origin } from '../../testing/sample-origin.ts';
import { bigintUnsigned, column, int, table, varchar } from '../../testing/sample-tables.ts';
import { parseFilter, parseProjection, type TransformRule } from './transform-rule.ts';
import { transformTables } from './transform-tables.ts';

const orders = table(
  'orders',
  [
    column('id', int, { nullable: false }),
    column('status', varchar),
    column('total', { kind: 'decimal', precision: 10, scale: 2, unsigned: false }),
    column('placed', { kind: 'datetime', fsp: 3 }),
    column('points', bigintUnsigned),
  ],
  [0],
);
const row = (id: number, status: string | null = 'new', total: string | null = '9.50'): Row => [
  id,
  status,
  total,
  '2024-02-29 12:34:56.789',
  2n ** 64n - 1n,
];

interface RuleTexts {
  readonly projection?: string;
  readonly filter?: string;
  readonly primaryKeys?: readonly string[];
  readonly softDelete?: boolean;
  readonly tables?: string;
}
const rule = ({
  projection,
  filter,
  primaryKeys,
  softDelete = false,
  tables = 'shop.\\.*',
}: RuleTexts): TransformRule => ({
  matches: (database, name) => tablePatterns([tables], []).matches(database, name),
  projection: projection === undefined ? null : parseProjection(projection),
  filter: filter === undefined ? null : parseFilter(filter),
  primaryKeys: primaryKeys ?? null,
  softDelete,
});
const context = { now: () => 1_709_210_096_789, timeZone: 'UTC', random: () => 0.5 };
const operatorOf = (...rules: readonly RuleTexts[]) => transformTables(rules.map(rule), context);

const batchOf = (...changes: readonly Change[]): Batch => ({
  changes,
  positions: new Map([['log', position('9')]]),
  version: '9',
});
const rowsOf = (
  op: RowsChange['op'],
  before: readonly Row[] | null,
  after: readonly Row[] | null,
  of: Table = orders,
): RowsChange => ({
  kind: 'rows',
  op,
  table: of,
  rows: new ArrayRowImages(of, { before, after }),
  origin,
});

/** Each row of a change as `op before -> after`, read both ways. */
const shown = (changes: readonly Change[]): readonly string[] =>
  changes.flatMap((change) => {
    if (change.kind !== 'rows') return [change.kind];
    return Array.from({ length: change.rows.length }, (_, i) => {
      const images = (['before', 'after'] as const).map((image) => {
        const read = change.rows[image](i);
        if (read === null) return '-';
        const collector = new ValueCollector(change.table);
        change.rows.write(i, image, collector);
        assert.deepEqual(collector.row, read);
        return `(${read.map((value: Value | undefined) => String(value)).join(', ')})`;
      });
      return `${change.op} ${images.join(' -> ')}`;
    });
  });

const created = (texts: RuleTexts, ...rows: readonly Row[]): readonly string[] =>
  shown(operatorOf(texts)(batchOf(rowsOf('create', null, rows))).changes);

test('computes columns beside those that * brings, with types derived from the table', () => {
  const { changes } = operatorOf({
    projection:
      '\\*, UPPER(status) AS loud, total * 2 AS double_total, YEAR(placed) AS y, points + 1 AS more, total > 5 AS big',
  })(batchOf(rowsOf('create', null, [row(1)])));
  const [change] = changes as [RowsChange];
  assert.deepEqual(change.table.columns.map(({ name, declaration }) => `${name} ${declaration}`).slice(5), [
    'loud longtext',
    'double_total decimal(21,2)',
    'y bigint',
    'more decimal(21,0)',
    'big tinyint(1)',
  ]);
  assert.deepEqual(shown(changes), [
    'create - -> (1, new, 9.50, 2024-02-29 12:34:56.789, 18446744073709551615, NEW, 19.00, 2024, 18446744073709551616, 1)',
  ]);
});

test('hands bytes through when columns are only left out and renamed in their order', () => {
  const source = rowsOf('update', [row(1)], [row(1, 'paid')]);
  const { changes } = operatorOf({ projection: 'id, status AS state' })(batchOf(source));
  assert.deepEqual(shown(changes), ['update (1, new) -> (1, paid)']);
  assert.ok(!((changes[0] as RowsChange).rows instanceof ArrayRowImages));
});

test('takes columns in any order, and a computed one in the place of one that * brings', () => {
  assert.deepEqual(created({ projection: 'total, id, id AS again' }, row(1)), ['create - -> (9.50, 1, 1)']);
  assert.deepEqual(created({ projection: "*, COALESCE(status, '?') AS status" }, row(1, null)), [
    'create - -> (1, ?, 9.50, 2024-02-29 12:34:56.789, 18446744073709551615)',
  ]);
});

test('knows the table, and what happened to the row', () => {
  const projection = "id, __schema_name__ || '.' || __table_name__ AS t, __data_event_type__ AS kind";
  const operator = operatorOf({ projection });
  const { changes } = operator(
    batchOf(rowsOf('create', null, [row(1)]), rowsOf('update', [row(1)], [row(1)]), rowsOf('delete', [row(1)], null)),
  );
  assert.deepEqual(shown(changes), [
    'create - -> (1, shop.orders, +I)',
    'update (1, shop.orders, -U) -> (1, shop.orders, +U)',
    'delete (1, shop.orders, -D) -> -',
  ]);
});

describe('a filter', () => {
  const filtered = (op: RowsChange['op'], before: Row | null, after: Row | null): readonly string[] =>
    shown(
      operatorOf({ projection: 'id, status', filter: "status = 'new'" })(
        batchOf(rowsOf(op, before && [before], after && [after])),
      ).changes,
    );
  const cases: readonly (readonly [
    what: string,
    op: RowsChange['op'],
    before: Row | null,
    after: Row | null,
    expected: readonly string[],
  ])[] = [
    ['keeps an update between two rows it takes', 'update', row(1), row(1), ['update (1, new) -> (1, new)']],
    ['makes a delete of an update out of it', 'update', row(1), row(1, 'paid'), ['delete (1, new) -> -']],
    ['makes a create of an update into it', 'update', row(1, 'paid'), row(1), ['create - -> (1, new)']],
    ['drops an update outside it', 'update', row(1, 'a'), row(1, 'b'), []],
    ['drops a create outside it', 'create', null, row(1, 'a'), []],
    ['drops a delete outside it', 'delete', row(1, 'a'), null, []],
    ['drops a row for which the condition is unknown', 'create', null, row(1, null), []],
    ['keeps a snapshot row', 'read', null, row(1), ['read - -> (1, new)']],
  ];
  for (const [what, op, before, after, expected] of cases) {
    test(what, () => assert.deepEqual(filtered(op, before, after), expected));
  }

  test('keeps the order of rows whose fates differ within one change', () => {
    const change = rowsOf('update', [row(1), row(2, 'x'), row(3), row(4)], [row(1), row(2), row(3, 'x'), row(4)]);
    assert.deepEqual(shown(operatorOf({ projection: 'id', filter: "status = 'new'" })(batchOf(change)).changes), [
      'update (1) -> (1)',
      'create - -> (2)',
      'delete (3) -> -',
      'update (4) -> (4)',
    ]);
  });

  test('may name a column that the projection computes', () => {
    assert.deepEqual(
      created({ projection: 'id, total * 2 AS twice', filter: 'twice > 10' }, row(1), row(2, 'new', '1.00')),
      ['create - -> (1, 19.00)'],
    );
  });

  test('stops where the log left out what it needs, and leaves absent what a projection needs', () => {
    const absent: Row = [1, undefined, '1.00', null, null];
    assert.throws(
      () => created({ filter: "status = 'new'" }, absent),
      (error) => isMillraceError(error, 'TRANSFORM_COLUMN_ABSENT'),
    );
    assert.deepEqual(created({ projection: 'id, UPPER(status) AS s' }, absent), ['create - -> (1, undefined)']);
  });
});

test('sends each row by the first of several rules that takes it', () => {
  const operator = operatorOf(
    { projection: "id, 'small' AS size", filter: 'total < 5' },
    { projection: "id, 'great' AS size", filter: 'total >= 5' },
  );
  const { changes } = operator(batchOf(rowsOf('create', null, [row(1), row(2, 'new', '1.00'), row(3, 'new', null)])));
  assert.deepEqual(shown(changes), ['create - -> (1, great)', 'create - -> (2, small)']);
  assert.throws(
    () => operatorOf({ projection: 'id' }, { projection: 'id, status' })(batchOf(rowsOf('create', null, [row(1)]))),
    (error) => isMillraceError(error, 'TRANSFORM_DEFINITIONS_DIFFER'),
  );
});

test('SOFT_DELETE keeps a deleted row as an update that says so', () => {
  const operator = operatorOf({ projection: 'id, __data_event_type__ AS kind', softDelete: true });
  assert.deepEqual(shown(operator(batchOf(rowsOf('delete', [row(1)], null))).changes), ['update (1, -U) -> (1, -D)']);
});

test('gives the table other keys, and refuses rows without them', () => {
  const texts: RuleTexts = { projection: "id, status || '-' || CAST(id AS STRING) AS code", primaryKeys: ['code'] };
  const { changes } = operatorOf(texts)(batchOf(rowsOf('create', null, [row(7)])));
  const [change] = changes as [RowsChange];
  assert.deepEqual(change.table.primaryKey, [1]);
  assert.equal(change.table.columns[1]!.nullable, false);
  assert.throws(
    () => created(texts, row(1, null)),
    (error) => isMillraceError(error, 'TRANSFORM_KEY_NULL'),
  );
  assert.throws(
    () => created({ projection: 'id', primaryKeys: ['x'] }, row(1)),
    (error) => isMillraceError(error, 'TRANSFORM_KEY_UNKNOWN'),
  );
  assert.throws(
    () => created({ projection: 'status' }, row(1)),
    (error) => isMillraceError(error, 'PROJECTION_KEY_LOST'),
  );
});

test('follows a definition that changes where it shows, and is silent where it does not', () => {
  const wider = table('orders', [...orders.columns, column('note', varchar)], [0]);
  const change: Change = { kind: 'schema', before: orders, after: wider, statement: '', origin };
  const [all] = operatorOf({ projection: '*, UPPER(status) AS loud' })(batchOf(change)).changes;
  assert.ok(all?.kind === 'schema');
  assert.deepEqual(all.after!.columns.map(({ name }) => name).slice(5), ['note', 'loud']);
  assert.deepEqual(operatorOf({ projection: 'id, UPPER(status) AS loud' })(batchOf(change)).changes, []);
  const renamed = table('orders', orders.columns.with(1, column('state', varchar)), [0]);
  assert.throws(
    () => operatorOf({ projection: 'id, status' })(batchOf({ ...change, after: renamed })),
    (error) => isMillraceError(error, 'TRANSFORM_DOES_NOT_FIT') && /status.*did you mean state/.test(error.message),
  );
});

test('leaves other tables, and batches without one of its own, as they are', () => {
  const batch = batchOf(rowsOf('create', null, [row(1)]));
  assert.equal(operatorOf({ tables: 'shop.customers', filter: 'FALSE' })(batch), batch);
});

test('names the row error by its code, and leaves the batch to be tried again', () => {
  assert.throws(
    () => created({ projection: 'id, CAST(status AS INT) AS n' }, row(1)),
    (error) => isMillraceError(error, 'SQL_CAST_FAILED'),
  );
  assert.throws(
    () => created({ projection: 'id, 1 / (id - 1) AS n' }, row(1)),
    (error) => isMillraceError(error, 'SQL_DIVISION_BY_ZERO'),
  );
  assert.deepEqual(created({ projection: 'id, TRY_CAST(status AS INT) AS n' }, row(1)), ['create - -> (1, null)']);
});

test('a zero date is NULL where it is computed with, and itself where it is handed on', () => {
  const zero: Row = [1, 'a', '1.00', '0000-00-00 00:00:00.000', 1];
  assert.deepEqual(created({ projection: 'id, placed, YEAR(placed) AS y' }, zero), [
    'create - -> (1, 0000-00-00 00:00:00.000, null)',
  ]);
});
