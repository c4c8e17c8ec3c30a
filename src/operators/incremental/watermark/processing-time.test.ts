import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainText } from '../../../sql/plan/explain.ts';
import { MapSpace } from '../../../testing/map-space.ts';
import { SeededRandom } from '../../../testing/seeded-random.ts';
import { planOf, rowText, sqlCatalog, sqlTable } from '../../../testing/sql-rig.ts';
import { type Dataflow, dataflow } from '../dataflow.ts';
import type { SqlRow } from '../delta.ts';

const catalog = sqlCatalog([
  sqlTable('bid', { item: 'STRING', price: 'INT' }, { appendOnly: true }),
  sqlTable('lot', { item: 'STRING', price: 'INT' }),
]);

/** A query over windows of PROCTIME(), ticked at times of its own. */
class Clocked {
  flow: Dataflow;
  readonly told: string[] = [];
  readonly #query: string;
  readonly #timeZone: string;

  constructor(query: string, timeZone = 'UTC') {
    this.#query = query;
    this.#timeZone = timeZone;
    this.flow = this.#open();
  }

  tick(now: number, changes: readonly (readonly [table: 'bid' | 'lot', row: SqlRow, weight?: 1 | -1])[] = []) {
    for (const [table, row, weight = 1] of changes) this.flow.inputs.get(table)?.push(row, weight);
    const { rows, weights } = this.flow.tick({ now }).get('out')!;
    const told = rows.flatMap((row, at) =>
      new Array<string>(Math.abs(weights[at]!)).fill(`${weights[at]! > 0 ? '+' : '-'}${rowText(row)}`),
    );
    this.told.push(...told);
    return told.toSorted();
  }

  restart(): void {
    const spaces = this.flow.memory!.map((memory) => {
      const space = new MapSpace();
      memory.keepIn(space);
      memory.write();
      return space;
    });
    this.flow = this.#open();
    for (const [at, memory] of this.flow.memory!.entries()) memory.restoreFrom(spaces[at]!);
    this.flow.restored();
  }

  #open(): Dataflow {
    const settings = { timeZone: this.#timeZone, random: () => 0.5 };
    return dataflow(new Map([['out', planOf(this.#query, catalog)]]), settings);
  }
}

const source = (table: string): string => `(SELECT *, PROCTIME() AS p FROM ${table})`;

const totals = (table: string, window: string): string =>
  `SELECT item, SUM(price), window_end FROM TABLE(${window.replace('(', `(${source(table)}, DESCRIPTOR(p), `)})
    GROUP BY item, window_start, window_end`;

const tumble = "TUMBLE(INTERVAL '10' SECOND)";

test('a total over PROCTIME() comes once, when its window has ended by the clock, and needs no row for that', () => {
  const query = new Clocked(totals('bid', tumble));
  assert.deepEqual(query.tick(1_000, [['bid', ['x', 1]]]), []);
  assert.equal(query.flow.dueAt, 10_000);
  assert.deepEqual(query.tick(9_999, [['bid', ['x', 2]]]), []);
  assert.deepEqual(query.tick(9_999, [['bid', ['y', 5]]]), []);
  assert.deepEqual(query.tick(10_000, [['bid', ['x', 4]]]), ['+["x",3,10000000]', '+["y",5,10000000]']);
  assert.equal(query.flow.dueAt, 20_000);
  assert.deepEqual(query.tick(25_000), ['+["x",4,20000000]']);
  assert.equal(query.flow.dueAt, null);
});

test('rows of windows, with and without an aggregate, are those of their definitions, also over a restart', () => {
  const size = 10_000;
  const windows: Readonly<Record<string, (at: number) => readonly number[]>> = {
    [tumble]: (at) => [Math.floor(at / size) * size + size],
    "HOP(INTERVAL '5' SECOND, INTERVAL '10' SECOND)": (at) => {
      const first = Math.floor(at / 5_000) * 5_000;
      return [first + 5_000, first + size];
    },
    "CUMULATE(INTERVAL '5' SECOND, INTERVAL '10' SECOND)": (at) => {
      const start = Math.floor(at / size) * size;
      return at < start + 5_000 ? [start + 5_000, start + size] : [start + size];
    },
  };
  for (const [window, endsOf] of Object.entries(windows)) {
    for (let seed = 1; seed <= 6; seed += 1) {
      const random = new SeededRandom(seed);
      const query = new Clocked(totals('bid', window));
      const rows = new Clocked(
        totals('bid', window)
          .replace(/SUM\(price\)/, 'price')
          .replace(/GROUP BY.*/, ''),
      );
      const [expected, single] = [new Map<string, number>(), [] as string[]];
      let now = random.integer(0, 5_000);
      for (let tick = 0; tick < 40; tick += 1) {
        const changes = Array.from({ length: random.integer(0, 3) }, () => {
          return ['bid', [random.pick(['x', 'y']), random.integer(0, 9)]] as const;
        });
        for (const [, [item, price]] of changes) {
          for (const end of endsOf(now)) {
            const key = `${item} ${end}`;
            expected.set(key, (expected.get(key) ?? 0) + (price as number));
            single.push(`+["${item}",${price},${end * 1_000}]`);
          }
        }
        query.tick(now, changes);
        rows.tick(now, changes);
        if (random.chance(0.3)) {
          query.restart();
          rows.restart();
        }
        now += random.integer(0, 4_000);
      }
      query.tick(now + 60_000);
      rows.tick(now + 60_000);
      const texts = [...expected].map(([key, sum]) => {
        const [item, end] = key.split(' ');
        return `+["${item}",${sum},${Number(end) * 1_000}]`;
      });
      assert.deepEqual(query.told.toSorted(), texts.toSorted(), `${window}, seed ${seed}`);
      assert.deepEqual(rows.told.toSorted(), single.toSorted(), `${window} without an aggregate, seed ${seed}`);
      assert.equal(query.flow.dueAt, null);
    }
  }
});

test('a session ends when nothing has come for its gap', () => {
  const query = new Clocked(`WITH s AS ${source('bid')} SELECT item, COUNT(*), window_start, window_end
    FROM TABLE(SESSION(TABLE s PARTITION BY item, DESCRIPTOR(p), INTERVAL '5' SECOND)) GROUP BY item, window_start, window_end`);
  assert.deepEqual(query.tick(1_000, [['bid', ['x', 1]]]), []);
  assert.deepEqual(query.tick(4_000, [['bid', ['x', 1]]]), []);
  assert.deepEqual(query.tick(6_500, [['bid', ['y', 1]]]), []);
  query.restart();
  assert.deepEqual(query.tick(query.flow.dueAt!), ['+["x",2,1000000,9000000]']);
  assert.deepEqual(query.tick(query.flow.dueAt!), ['+["y",1,6500000,11500000]']);
  assert.equal(query.flow.dueAt, null);
});

test('the older form of windows closes by the clock too', () => {
  const query = new Clocked(
    `SELECT item, COUNT(*), TUMBLE_END(p, INTERVAL '10' SECOND) FROM ${source('bid')} GROUP BY item, TUMBLE(p, INTERVAL '10' SECOND)`,
  );
  query.tick(1_000, [['bid', ['x', 1]]]);
  query.tick(2_000, [['bid', ['x', 2]]]);
  assert.deepEqual(query.tick(query.flow.dueAt!), ['+["x",2,10000000]']);
});

test('a clock that goes back loses no row, before a restart and behind it', () => {
  const query = new Clocked(totals('bid', tumble));
  query.tick(12_000, [['bid', ['x', 1]]]);
  query.tick(3_000, [['bid', ['x', 2]]]);
  query.restart();
  query.tick(4_000, [['bid', ['x', 4]]]);
  assert.deepEqual(query.tick(20_000), ['+["x",7,20000000]']);
});

test('a row that goes before its window has ended is in no total, and one that goes later changes nothing', () => {
  const query = new Clocked(totals('lot', tumble));
  query.tick(1_000, [
    ['lot', ['x', 1]],
    ['lot', ['x', 2]],
    ['lot', ['y', 9]],
  ]);
  query.tick(2_000, [
    ['lot', ['x', 2], -1],
    ['lot', ['y', 9], -1],
  ]);
  assert.deepEqual(query.tick(10_000), ['+["x",1,10000000]']);
  assert.deepEqual(query.tick(11_000, [['lot', ['x', 1], -1]]), []);
  assert.deepEqual(query.tick(30_000), []);
  assert.equal(query.flow.lateRows, 0);
});

test('windows end by the clock of the session, also where it shows an hour twice', () => {
  const query = new Clocked(totals('bid', "TUMBLE(INTERVAL '1' HOUR)"), 'Europe/Berlin');
  // 02:30 in summer time, half an hour before the clocks go back to 02:00.
  const before = Date.UTC(2024, 9, 27, 0, 30);
  query.tick(before, [['bid', ['x', 1]]]);
  let ticks = 0;
  for (let due = query.flow.dueAt; due !== null; due = query.flow.dueAt) {
    ticks += 1;
    assert.ok(ticks < 10_000, 'it never ends');
    query.tick(due);
  }
  assert.equal(query.told.length, 1);
});

test('EXPLAIN shows what closes by the clock, and what does not: rows that may come later than their time says', () => {
  const text = explainText(planOf(totals('bid', tumble), catalog));
  assert.match(text, /TUMBLE of local_time: 10 s, closing by the clock {3}\[I\]/);
  assert.match(text, /aggregate by .*\[I\] key/);
  const joined = totals('bid', tumble).replace(
    source('bid'),
    '(SELECT a.*, b.price AS other FROM (SELECT *, PROCTIME() AS p FROM bid) AS a JOIN lot AS b ON a.item = b.item)',
  );
  assert.doesNotMatch(explainText(planOf(joined, catalog)), /closing/);
});
