import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrayRowImages } from '../core/array-row-images.ts';
import type { Op, Origin } from '../core/change.ts';
import { isMillraceError } from '../core/errors.ts';
import { plainColumn as column } from '../core/plain-column.ts';
import { defineTable, type Table } from '../core/table.ts';
import type { Row } from '../core/value.ts';
import type { DataflowInput } from '../operators/incremental/dataflow.ts';
import { SeededRandom } from '../testing/seeded-random.ts';
import { serverColumns } from './scanned-columns.ts';
import { ScannedTable } from './scanned-table.ts';

const origin: Origin = {
  kind: 'mysql',
  flavor: 'mysql',
  serverId: 1,
  gtid: null,
  file: 'test',
  offset: 4,
  commitMicros: 0,
  thread: null,
  query: null,
};

const defined = (primaryKey: readonly number[], last = 'skipped'): Table =>
  defineTable({
    database: 'shop',
    name: 'orders',
    columns: ['id', 'total', last].map((name) => column(name, { kind: 'integer', bits: 64, unsigned: false })),
    primaryKey,
    uniqueKeys: [],
    charset: null,
    comment: null,
  });

/** A table of which a query reads the first two columns, and the rows that it would hold. */
const scan = (table: Table, kind: { readonly upserts?: boolean } = {}) => {
  const held = new Map<string, number>();
  const told: string[] = [];
  const input: DataflowInput = {
    columns: new Set([0, 1]),
    push: (row, weight) => {
      const key = JSON.stringify(row);
      told.push(`${weight > 0 ? '+' : '-'}${key}`);
      held.set(key, (held.get(key) ?? 0) + weight);
    },
  };
  const scanned = new ScannedTable(table, serverColumns(table), input, kind);
  return {
    scanned,
    told,
    change: (op: Op, before: Row | null, after: Row | null, of = table): void =>
      scanned.rows({
        kind: 'rows',
        op,
        table: of,
        rows: new ArrayRowImages(of, { before: before && [before], after: after && [after] }),
        origin,
      }),
    mark: (at: 'begin' | 'end'): void => scanned.mark({ kind: 'snapshot', at, table, reason: 'initial' }),
    rows: (): readonly string[] =>
      [...held].filter(([, count]) => count !== 0).map(([row, count]) => (count === 1 ? row : `${row} x${count}`)),
  };
};

test('a row that a snapshot reads twice counts once, and one that it no longer finds goes', () => {
  const { change, mark, rows } = scan(defined([0]));
  mark('begin');
  change('read', null, [1, 10, 0]);
  change('read', null, [2, 20, 0]);
  mark('end');
  mark('begin');
  change('read', null, [1, 11, 0]);
  change('create', null, [3, 30, 0]);
  mark('end');
  assert.deepEqual(rows(), ['[1,11,null]', '[3,30,null]']);
});

test('an update needs to log the key and what changed only, and may change the key', () => {
  const { change, rows } = scan(defined([0]));
  change('create', null, [1, 10, 0]);
  change('update', [1, undefined, undefined] as unknown as Row, [undefined, 12, undefined] as unknown as Row);
  assert.deepEqual(rows(), ['[1,12,null]']);
  change('update', [1, undefined, undefined] as unknown as Row, [7, undefined, undefined] as unknown as Row);
  assert.deepEqual(rows(), ['[7,12,null]']);
  change('delete', [7, undefined, undefined] as unknown as Row, null);
  assert.deepEqual(rows(), []);
});

test('a value that nobody knows is an error, not NULL', () => {
  const { change } = scan(defined([0]));
  assert.throws(
    () => change('update', [1, undefined, undefined] as unknown as Row, [1, undefined, 5] as unknown as Row),
    (error) => isMillraceError(error, 'TRANSFORM_COLUMN_ABSENT'),
  );
});

test('rows without a key are counted, and begin anew with each snapshot', () => {
  const { change, mark, rows } = scan(defined([]));
  mark('begin');
  change('read', null, [1, 10, 0]);
  change('read', null, [1, 10, 1]);
  assert.deepEqual(rows(), ['[1,10,null] x2']);
  mark('begin');
  change('read', null, [1, 10, 0]);
  change('read', null, [1, 10, 1]);
  change('read', null, [2, 20, 0]);
  mark('end');
  change('delete', [1, 10, 1], null);
  change('update', [2, 20, 0], [2, 21, 0]);
  assert.deepEqual(rows(), ['[1,10,null]', '[2,21,null]']);
});

test('TRUNCATE takes every row', () => {
  const { change, scanned, rows } = scan(defined([0]));
  change('create', null, [1, 10, 0]);
  change('create', null, [2, 20, 0]);
  scanned.truncate();
  assert.deepEqual(rows(), []);
});

test('another definition of the table is refused, and one that changes no column is not', () => {
  const { change, scanned } = scan(defined([0]));
  change('create', null, [1, 10, 0], { ...defined([0]), comment: 'new' });
  const refused = (error: unknown): boolean => isMillraceError(error, 'PIPELINE_SCHEMA_CHANGE_REFUSED');
  assert.throws(() => change('create', null, [2, 20, 0], defined([0], 'renamed')), refused);
  assert.throws(
    () => scanned.schema({ kind: 'schema', before: defined([0]), after: null, statement: 'DROP', origin }),
    refused,
  );
});

test('what a source says of rows by their key becomes changes: nothing for what was so, or was not there', () => {
  const { change, told } = scan(defined([0]), { upserts: true });
  change('create', null, [1, 10, 0]);
  change('create', null, [1, 10, 7]);
  change('delete', [2], null);
  change('create', null, [1, 11, 0]);
  change('delete', [1], null);
  change('delete', [1], null);
  assert.deepEqual(told, ['+[1,10,null]', '-[1,10,null]', '+[1,11,null]', '-[1,11,null]']);
});

test('changes that are made of upserts lead to the last of each key, and no row goes that has not come', () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const random = new SeededRandom(seed);
    const { change, rows, told } = scan(defined([0]), { upserts: true });
    const last = new Map<number, number>();
    for (let count = 0; count < 60; count += 1) {
      const id = random.integer(0, 5);
      if (random.chance(0.3)) {
        change('delete', [id], null);
        last.delete(id);
      } else {
        const total = random.integer(0, 2);
        change('create', null, [id, total, count]);
        last.set(id, total);
      }
    }
    assert.deepEqual([...rows()].sort(), [...last].map(([id, total]) => `[${id},${total},null]`).sort());
    const standing = new Set<string>();
    for (const text of told) {
      const row = text.slice(1);
      if (text.startsWith('+')) {
        assert.ok(!standing.has(row), `${row} comes twice`);
        standing.add(row);
      } else assert.ok(standing.delete(row), `${row} goes and is not there`);
    }
  }
});
