import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SqlValue } from '../../../sql/evaluate/sql-value.ts';
import type { Shape } from '../../../testing/like-sqlite.ts';
import { MapSpace } from '../../../testing/map-space.ts';
import { multisetShapes, queryShapes } from '../../../testing/query-shapes.ts';
import { SeededRandom } from '../../../testing/seeded-random.ts';
import { LiveQuery, planOf, rowText, sqlCatalog, sqlTable } from '../../../testing/sql-rig.ts';
import { oracleCatalog, SqliteOracle } from '../../../testing/sqlite-oracle.ts';
import type { SqlRow } from '../delta.ts';
import type { RowKey } from '../row-key.ts';
import { KeyedState } from './keyed-state.ts';
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

  /** `most`: how many entries of each state are read at once. */
  restore(most?: number): void {
    for (const memory of this.#memory()) memory.write();
    const { rows } = this.live;
    this.live = new LiveQuery(this.#query, oracleCatalog);
    for (const [text, count] of rows) this.live.rows.set(text, count);
    for (const [at, memory] of this.#memory().entries()) memory.restoreFrom(this.#spaces[at]!, most);
    this.live.flow.restored();
  }

  /** Puts away what it does not need at once, as if there were no memory for it. */
  forget(random: SeededRandom): void {
    const mayWrite = random.chance(0.7);
    for (const memory of this.#memory()) memory.putAway(mayWrite);
  }

  #memory() {
    const { memory } = this.live.flow;
    assert.ok(memory !== null, 'a step cannot be restored');
    return memory;
  }
}

const shapes = [...queryShapes, ...multisetShapes];

const assertRestored = (shape: Shape): void => {
  const [query, sqlite] = typeof shape === 'string' ? [shape, shape] : shape;
  for (let seed = 1; seed <= 1; seed += 1) {
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
  for (const shape of shapes) test(typeof shape === 'string' ? shape : shape[0], () => assertRestored(shape));
});

describe('a query whose steps put everything away between ticks gives the same', () => {
  for (const shape of shapes) {
    const [query, sqlite] = typeof shape === 'string' ? [shape, shape] : shape;
    test(query, () => {
      const random = new SeededRandom(4);
      using oracle = new SqliteOracle(random);
      const restored = new RestoredQuery(query);
      for (let tick = 0; tick < 40; tick += 1) {
        restored.live.tick(oracle.change(random.integer(0, 6)));
        for (let times = random.integer(0, 2); times > 0; times -= 1) restored.forget(random);
        if (random.chance(0.2)) restored.restore(random.integer(0, 3));
        assert.deepEqual(restored.live.resultRows(), oracle.rows(sqlite), `tick ${tick}`);
      }
      restored.live.tick(oracle.empty());
      assert.deepEqual(restored.live.resultRows(), oracle.rows(sqlite), 'emptied');
    });
  }
});

test('all entries are found wherever they are, and none of those that were deleted', () => {
  const state = new KeyedState<string>({
    write: (entry, to) => to.value(entry),
    read: (from) => from.value() as string,
  });
  state.keepIn(new MapSpace());
  const [keys, random] = [new Map<RowKey, string>(), new SeededRandom(3)];
  for (let turn = 0; turn < 4_000; turn += 1) {
    const key: RowKey = random.pick([0, -0, 0.5, 2 ** 40, null, true, 7n, '7', `k${random.integer(0, 30)}`]);
    assert.equal(state.get(key), keys.get(key));
    if (random.chance(0.3)) {
      state.delete(key);
      keys.delete(key);
    } else {
      state.set(key, `v${turn}`);
      keys.set(key, `v${turn}`);
    }
    if (random.chance(0.1)) state.putAway(random.chance(0.5));
    if (random.chance(0.05)) state.write();
    if (random.chance(0.01)) {
      state.clear();
      keys.clear();
    }
    if (turn % 50 === 0) assert.deepEqual(new Map(state.all()), keys);
  }
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

test('how long an entry still lives is restored with it', () => {
  const space = new MapSpace();
  const open = () =>
    new KeyedState<string>({ write: (entry, to) => to.value(entry), read: (from) => from.value() as string });
  const first = open();
  first.keepIn(space);
  first.expire(1_000, 500);
  first.set('old', 'a');
  first.expire(1_400, 500);
  first.set('young', 'b');
  first.write();
  const second = open();
  second.restoreFrom(space, 1);
  second.expire(1_600, 500);
  assert.deepEqual([second.get('old'), second.get('young')], [undefined, 'b']);
});
