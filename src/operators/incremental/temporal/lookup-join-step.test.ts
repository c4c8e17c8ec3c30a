import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainText } from '../../../sql/plan/explain.ts';
import { MapSpace } from '../../../testing/map-space.ts';
import { SeededRandom } from '../../../testing/seeded-random.ts';
import { planOf, rowText, sqlCatalog, sqlTable, type TableChange } from '../../../testing/sql-rig.ts';
import { type Dataflow, dataflow } from '../dataflow.ts';
import type { SqlRow } from '../delta.ts';

const catalog = sqlCatalog([
  sqlTable('orders', { id: 'INT', currency: 'STRING', region: 'INT' }, { appendOnly: true }),
  sqlTable('lines', { id: 'INT', currency: 'STRING', region: 'INT' }, { primaryKey: [0] }),
  sqlTable('rates', { region: 'INT', currency: 'STRING', rate: 'INT' }, { lookedUp: true }),
]);

const query = (left: string, type = '', on = 'o.currency = r.currency'): string =>
  `SELECT o.id, r.rate FROM (SELECT *, PROCTIME() AS now_ FROM ${left}) o
    ${type} JOIN rates FOR SYSTEM_TIME AS OF o.now_ AS r ON ${on}`;

/** A query with a table that it asks, which others may change between ticks. */
class Asking {
  flow: Dataflow;
  rates: SqlRow[] = [];
  readonly asked: SqlRow[] = [];
  readonly result = new Map<string, number>();
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    this.flow = this.#open();
  }

  tick(changes: readonly TableChange[]): readonly string[] {
    for (const [table, row, weight] of changes) this.flow.inputs.get(table)!.push(row, weight);
    const ticking = this.flow.ticking({ now: 0 });
    let step = ticking.next();
    while (step.done !== true) {
      const { of, keys } = step.value;
      this.asked.push(...keys);
      const { by } = this.flow.lookups[of]!;
      const found = keys.map((key) => this.rates.filter((row) => by.every((column, at) => row[column] === key[at])));
      step = ticking.next(found);
    }
    const { rows, weights } = step.value.get('out')!;
    const told = rows.flatMap((row, at) => {
      const text = rowText(row);
      const count = (this.result.get(text) ?? 0) + weights[at]!;
      if (count === 0) this.result.delete(text);
      else this.result.set(text, count);
      return new Array<string>(Math.abs(weights[at]!)).fill(`${weights[at]! > 0 ? '+' : '-'}${text}`);
    });
    return told.toSorted();
  }

  /** Goes on in a dataflow made anew, from what the steps wrote. */
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
    return dataflow(new Map([['out', planOf(this.#text, catalog)]]), { timeZone: 'UTC', random: () => 0.5 });
  }
}

test('each value is asked for once in a tick, and NULL never', () => {
  const live = new Asking(query('orders'));
  live.rates = [
    [1, 'EUR', 10],
    [2, 'EUR', 11],
    [1, null, 12],
  ];
  const told = live.tick([
    ['orders', [1, 'EUR', 1], 1],
    ['orders', [2, 'EUR', 1], 1],
    ['orders', [3, 'USD', 1], 1],
    ['orders', [4, null, 1], 1],
  ]);
  assert.deepEqual(told, ['+[1,10]', '+[1,11]', '+[2,10]', '+[2,11]']);
  assert.deepEqual(live.asked, [['EUR'], ['USD']]);
});

test('LEFT keeps rows for which there is nothing, and the rest of ON is asked of each pair', () => {
  const on = 'o.currency = r.currency AND r.rate > o.id AND r.region = 1';
  const live = new Asking(query('orders', 'LEFT', on));
  live.rates = [
    [1, 'EUR', 10],
    [2, 'EUR', 99],
  ];
  const told = live.tick([
    ['orders', [1, 'EUR', 1], 1],
    ['orders', [20, 'EUR', 1], 1],
    ['orders', [3, null, 1], 1],
  ]);
  assert.deepEqual(told, ['+[1,10]', '+[20,null]', '+[3,null]']);
});

test('a row goes with what it was joined with, also after a restart, and nothing is asked for it', () => {
  const live = new Asking(query('lines', 'LEFT'));
  live.rates = [[1, 'EUR', 10]];
  live.tick([
    ['lines', [1, 'EUR', 1], 1],
    ['lines', [2, 'USD', 1], 1],
  ]);
  live.restart();
  live.rates = [
    [1, 'EUR', 11],
    [1, 'USD', 7],
  ];
  live.asked.length = 0;
  const told = live.tick([
    ['lines', [1, 'EUR', 1], -1],
    ['lines', [2, 'USD', 1], -1],
  ]);
  assert.deepEqual(told, ['-[1,10]', '-[2,null]']);
  assert.deepEqual([live.asked, [...live.result]], [[], []]);
});

test('a row that goes and comes in one tick stays joined as it was, whichever is told first', () => {
  for (const first of [1, -1] as const) {
    const live = new Asking(query('lines'));
    live.rates = [[1, 'EUR', 10]];
    live.tick([['lines', [1, 'EUR', 1], 1]]);
    live.rates = [[1, 'EUR', 11]];
    const same: SqlRow = [1, 'EUR', 1];
    assert.deepEqual(
      live.tick([
        ['lines', [...same], first],
        ['lines', [...same], -first as 1 | -1],
      ]),
      [],
    );
  }
});

test('gives what joining each row as it comes gives, in any ticks, and leaves nothing when all rows are gone', () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const random = new SeededRandom(seed);
    const on = 'o.currency = r.currency AND o.region = r.region';
    const [wide, narrow] = [new Asking(query('lines', 'LEFT', on)), new Asking(query('lines', 'LEFT', on))];
    const rates: SqlRow[] = [];
    const here = new Map<number, { readonly row: SqlRow; readonly pairs: readonly string[] }>();
    for (let tick = 0; tick < 30; tick += 1) {
      const isLast = tick === 29;
      for (let count = random.integer(0, 3); count > 0; count -= 1) {
        if (random.chance(0.4)) rates.splice(random.integer(0, rates.length), 1);
        else rates.push([random.integer(0, 2), random.pick(['a', 'b', null]), random.integer(0, 9)]);
      }
      wide.rates = narrow.rates = [...rates];
      const changes: TableChange[] = [];
      for (const [id, { row }] of here) {
        if (!isLast && random.chance(0.7)) continue;
        here.delete(id);
        changes.push(['lines', row, -1]);
      }
      for (let count = isLast ? 0 : random.integer(0, 4); count > 0; count -= 1) {
        const row: SqlRow = [random.integer(0, 1e6), random.pick(['a', 'b', 'c', null]), random.integer(0, 2)];
        const found = rates.filter(([region, currency]) => region === row[2] && currency === row[1] && row[1] !== null);
        const pairs = (found.length === 0 ? [null] : found.map(([, , rate]) => rate!)).map((rate) =>
          rowText([row[0]!, rate]),
        );
        here.set(row[0] as number, { row, pairs });
        changes.push(['lines', row, 1]);
      }
      // What comes and goes within the tick leaves nothing.
      const noise: SqlRow = [-1, 'a', random.integer(0, 2)];
      wide.tick([['lines', noise, 1], ...changes, ['lines', noise, -1]]);
      for (const change of changes) narrow.tick([change]);
      if (random.chance(0.2)) wide.restart();
      const expected = new Map<string, number>();
      for (const text of [...here.values()].flatMap(({ pairs }) => pairs)) {
        expected.set(text, (expected.get(text) ?? 0) + 1);
      }
      const sorted = (of: ReadonlyMap<string, number>) => [...of].toSorted(([a], [b]) => (a < b ? -1 : 1));
      assert.deepEqual(sorted(wide.result), sorted(expected), `seed ${seed}, tick ${tick}`);
      assert.deepEqual(sorted(narrow.result), sorted(expected), `seed ${seed}, tick ${tick}, one by one`);
    }
    assert.equal(wide.result.size, 0);
  }
});

test('EXPLAIN shows what is asked for, filters of the table are asked of its rows, and what cannot be asked is refused', () => {
  const text = explainText(planOf(query('lines', 'LEFT'), catalog));
  assert.match(
    text,
    /left lookup join with rates by \(currency\) on \(currency = currency\) {3}\[I,UA,D\]\n.*\n.*project.*\n.*\n.*scan lines/,
  );
  assert.doesNotMatch(text, /scan rates/);
  const wrong = [query('orders', '', 'o.id > r.rate'), query('orders', '', 'o.currency = CAST(r.rate AS STRING)')];
  for (const each of wrong) assert.throws(() => planOf(each, catalog), { code: 'SQL_INVALID' }, each);
});
