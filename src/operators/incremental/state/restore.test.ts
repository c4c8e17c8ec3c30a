import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SqlValue } from '../../../sql/evaluate/sql-value.ts';
import type { Shape } from '../../../testing/like-sqlite.ts';
import { MapSpace } from '../../../testing/map-space.ts';
import { queryShapes } from '../../../testing/query-shapes.ts';
import { SeededRandom } from '../../../testing/seeded-random.ts';
import { LiveQuery, planOf, rowText, sqlCatalog, sqlTable } from '../../../testing/sql-rig.ts';
import { oracleCatalog, SqliteOracle } from '../../../testing/sqlite-oracle.ts';
import type { SqlRow } from '../delta.ts';
import { StateReader } from './state-reader.ts';
import type { StateSpace } from './state-space.ts';
import { StateWriter } from './state-writer.ts';

/** A query whose dataflow is thrown away now and then, and made anew from what was written. */
class RestoredQuery {
  live: LiveQuery;
  readonly #query: string;
  readonly #spaces: StateSpace[];

  constructor(query: string) {
    this.#query = query;
    this.live = new LiveQuery(query, oracleCatalog);
    this.#spaces = this.#memory().map((memory) => {
      const space = new MapSpace();
      memory.keepIn(space);
      return space;
    });
  }

  restore(): void {
    for (const memory of this.#memory()) memory.write();
    const { rows } = this.live;
    this.live = new LiveQuery(this.#query, oracleCatalog);
    for (const [text, count] of rows) this.live.rows.set(text, count);
    for (const [at, memory] of this.#memory().entries()) memory.restoreFrom(this.#spaces[at]!);
    this.live.flow.restored();
  }

  #memory() {
    const { memory } = this.live.flow;
    assert.ok(memory !== null, 'a step cannot be restored');
    return memory;
  }
}

const assertRestored = (shape: Shape): void => {
  const [query, sqlite] = typeof shape === 'string' ? [shape, shape] : shape;
  for (let seed = 1; seed <= 3; seed += 1) {
    const random = new SeededRandom(seed);
    using oracle = new SqliteOracle(random);
    const restored = new RestoredQuery(query);
    for (let tick = 0; tick < 20; tick += 1) {
      restored.live.tick([...oracle.change(random.integer(0, 8)), ...oracle.noise(random.integer(0, 2))]);
      if (random.chance(0.4)) restored.restore();
      assert.deepEqual(restored.live.resultRows(), oracle.rows(sqlite), `seed ${seed}, tick ${tick}`);
    }
    restored.live.tick(oracle.empty());
    assert.deepEqual(restored.live.resultRows(), oracle.rows(sqlite), `seed ${seed}, emptied`);
  }
};

describe('a query that is restored from what its steps wrote goes on as if nothing had happened', () => {
  for (const shape of queryShapes) test(typeof shape === 'string' ? shape : shape[0], () => assertRestored(shape));
});

test('aggregates of every kind are restored with what they keep', () => {
  const catalog = sqlCatalog([sqlTable('x', { k: 'INT', d: 'DOUBLE', n: 'DECIMAL(30, 2)', s: 'STRING', b: 'BYTES' })]);
  const query = `SELECT k, SUM(d), AVG(d), STDDEV_POP(d), VAR_SAMP(n), SUM(n), AVG(n), COUNT(DISTINCT s), MIN(b), MAX(d),
    FIRST_VALUE(s), LAST_VALUE(s), LISTAGG(s, '/') FROM x GROUP BY k`;
  const rows: SqlRow[] = [
    [1, 0.1, 10n ** 20n, 'a', new Uint8Array([255])],
    [1, 0.2, 3, '\ud800', new Uint8Array([])],
    [1, Number.NaN, null, 'a', null],
    [1, -0, -7, null, new Uint8Array([0, 1])],
    [null, 1e300, 5, 'é', null],
  ];
  const kept = new LiveQuery(query, catalog);
  let restored = new LiveQuery(query, catalog);
  const tick = (row: SqlRow, weight: 1 | -1): void => {
    const expected = kept.tick([['x', row, weight]]);
    assert.deepEqual(restored.tick([['x', row, weight]]), expected);
    const next = new LiveQuery(query, catalog);
    for (const [at, memory] of next.flow.memory!.entries()) {
      const space = new MapSpace();
      restored.flow.memory![at]!.keepIn(space);
      restored.flow.memory![at]!.write();
      memory.restoreFrom(space);
    }
    next.flow.restored();
    restored = next;
  };
  for (const row of rows) tick(row, 1);
  for (const row of rows.slice(1)) tick([...row], -1);
});

test('a query over nothing gives its rows once, and not again when it is restored', () => {
  const restored = new LiveQuery(planOf('SELECT COUNT(*) FROM t UNION ALL VALUES (7)', oracleCatalog), oracleCatalog);
  restored.flow.restored();
  assert.deepEqual(restored.tick([]), []);
});

test('what changes between two writings is written, and nothing else', () => {
  const query = new LiveQuery('SELECT a, COUNT(*) FROM t GROUP BY a', oracleCatalog);
  const [groups] = query.flow.memory!;
  groups!.keepIn(new MapSpace());
  query.tick(Array.from({ length: 100 }, (_, id) => ['t', [id, id, 0, ''], 1] as const));
  assert.equal(groups!.unwritten, 100);
  groups!.write();
  assert.equal(groups!.unwritten, 0);
  query.tick([['t', [1, 5, 0, ''], 1]]);
  query.tick([['t', [2, 5, 0, ''], 1]]);
  query.tick([['t', [9, 9, 0, ''], -1]]);
  assert.equal(groups!.unwritten, 2);
});

test('values are read as they were written', () => {
  const values: SqlValue[] = [
    null,
    true,
    false,
    0,
    -0,
    1,
    -1,
    63,
    -64,
    2 ** 31 - 1,
    -(2 ** 31),
    2 ** 31,
    2 ** 53 - 1,
    0.1,
    Number.NaN,
    Number.NEGATIVE_INFINITY,
    2n ** 64n,
    -(10n ** 40n),
    '',
    'text',
    'é😀',
    'half \ud83d',
    'x'.repeat(5_000),
    new Uint8Array([0, 255]),
    [],
    [1, [null, 'a']],
    new Map<SqlValue, SqlValue>([['k', [1n]]]),
  ];
  const writer = new StateWriter();
  for (const value of values) writer.value(value);
  writer.count(2 ** 53 - 1);
  const reader = new StateReader(writer.take());
  for (const value of values) assert.deepEqual(reader.value(), value, rowText([value]));
  assert.equal(reader.count(), 2 ** 53 - 1);
});
