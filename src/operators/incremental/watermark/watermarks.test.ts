import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SessionCatalog } from '../../../sql/catalog/session-catalog.ts';
import { parseScript } from '../../../sql/parse/script.ts';
import { changelogOf } from '../../../sql/plan/changelog.ts';
import { explainText } from '../../../sql/plan/explain.ts';
import { MapSpace } from '../../../testing/map-space.ts';
import { SeededRandom } from '../../../testing/seeded-random.ts';
import { planOf, rowText } from '../../../testing/sql-rig.ts';
import { type Dataflow, dataflow } from '../dataflow.ts';
import type { SqlRow } from '../delta.ts';

const SECOND = 1_000_000;

const catalogOf = (tables: string): SessionCatalog => {
  const catalog = new SessionCatalog(
    ({ options }) => ({
      connector: 'rows',
      reads: options[0]!.value === 'changes' ? 'changes' : 'appends',
      writes: null,
      bounded: false,
      metadata: new Map(),
      store: null,
    }),
    null,
  );
  for (const statement of parseScript(tables)) catalog.take(statement);
  return catalog;
};

const catalog = catalogOf(`
  CREATE TABLE bid (item STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
    WITH ('connector' = 'appends');
  CREATE TABLE ask (item STRING, price INT, asked TIMESTAMP(3), WATERMARK FOR asked AS asked)
    WITH ('connector' = 'appends');
  CREATE TABLE lot (id INT, price INT, ts TIMESTAMP(3), PRIMARY KEY (id) NOT ENFORCED, WATERMARK FOR ts AS ts)
    WITH ('connector' = 'changes');
  CREATE TABLE zoned (price INT, millis BIGINT, ts AS TO_TIMESTAMP_LTZ(millis, 3), WATERMARK FOR ts AS ts)
    WITH ('connector' = 'appends')`);

/** A query over tables that declare watermarks, told of rows by their times in seconds. */
class Watched {
  readonly flow: Dataflow;

  constructor(query: string, settings: { readonly idleTimeoutMs?: number; readonly timeZone?: string } = {}) {
    const plan = planOf(query, catalog);
    this.flow = dataflow(new Map([['out', plan]]), { timeZone: 'UTC', random: () => 0.5, ...settings });
  }

  tell(table: string, row: SqlRow, weight: 1 | -1 = 1): this {
    this.flow.inputs.get(`default_catalog.default_database.${table}`)!.push(row, weight);
    return this;
  }

  bid(item: string, price: number, seconds: number): this {
    return this.tell('bid', [item, price, seconds * SECOND]);
  }

  tick({ now = 0, ended = false } = {}): readonly string[] {
    const { rows, weights } = this.flow.tick({ now, ended }).get('out')!;
    return rows.flatMap((row, at) =>
      new Array(Math.abs(weights[at]!)).fill(`${weights[at]! > 0 ? '+' : '-'}${rowText(row)}`),
    );
  }
}

const totals = `SELECT item, SUM(price), window_end FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND))
  GROUP BY item, window_start, window_end`;

test('a total comes once, when the watermark has passed the end of its window', () => {
  const query = new Watched(totals);
  assert.deepEqual(changelogOf(planOf(totals, catalog)).kinds, ['I']);
  assert.deepEqual(query.bid('x', 1, 3).bid('x', 2, 9).bid('y', 5, 1).tick(), []);
  assert.deepEqual(query.bid('x', 4, 14).tick(), []);
  // Flink's windows are over when the watermark is at their last millisecond.
  assert.deepEqual(query.bid('x', 8, 14.998).tick(), []);
  assert.deepEqual(query.bid('x', 16, 14.999).tick(), ['+["x",3,10000000]', '+["y",5,10000000]']);
  assert.deepEqual(query.tick({ ended: true }), ['+["x",28,20000000]']);
});

test('a row that comes for a window that is over is left out, and counted', () => {
  const query = new Watched(totals);
  query.bid('x', 1, 3).bid('x', 2, 30);
  assert.deepEqual(query.tick(), ['+["x",1,10000000]']);
  assert.deepEqual(query.bid('x', 100, 9).bid('x', 4, 25).tick(), []);
  assert.equal(query.flow.lateRows, 1);
  assert.deepEqual(query.tick({ ended: true }).toSorted(), ['+["x",2,40000000]', '+["x",4,30000000]']);
});

test('a row that goes is taken back from a window that is open, and a window that it leaves empty tells nothing', () => {
  const query = new Watched(
    "SELECT COUNT(*), SUM(price), window_start FROM TABLE(TUMBLE(TABLE lot, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end",
  );
  query
    .tell('lot', [1, 10, SECOND])
    .tell('lot', [2, 20, 2 * SECOND])
    .tell('lot', [3, 5, 12 * SECOND])
    .tick();
  const open = new Watched(
    "SELECT COUNT(*), SUM(price), window_start FROM TABLE(TUMBLE(TABLE lot, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end",
  );
  open
    .tell('lot', [1, 10, SECOND])
    .tell('lot', [2, 20, 2 * SECOND])
    .tick();
  open
    .tell('lot', [1, 10, SECOND], -1)
    .tell('lot', [1, 7, 3 * SECOND])
    .tick();
  assert.deepEqual(open.tick({ ended: true }), ['+[2,27,0]']);
  const empty = new Watched(
    "SELECT COUNT(*), window_start FROM TABLE(TUMBLE(TABLE lot, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end",
  );
  empty.tell('lot', [1, 10, SECOND]).tick();
  empty.tell('lot', [1, 10, SECOND], -1).tick();
  assert.deepEqual(empty.tick({ ended: true }), []);
  // The window that was told of stays as it was.
  assert.deepEqual(query.tell('lot', [1, 10, SECOND], -1).tick(), []);
  assert.equal(query.flow.lateRows, 1);
});

const windowed: readonly string[] = [
  totals,
  `SELECT item, COUNT(*), window_start, window_end FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '3' SECOND, INTERVAL '9' SECOND))
    WHERE price > 1 GROUP BY item, window_start, window_end`,
  `SELECT MAX(price), window_end FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '8' SECOND))
    GROUP BY window_end, window_start`,
  `SELECT window_start, COUNT(*) FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '8' SECOND))
    GROUP BY window_start`,
  `SELECT item, COUNT(*), MIN(price), window_start, window_end
    FROM TABLE(SESSION(TABLE bid PARTITION BY item, DESCRIPTOR(ts), INTERVAL '2' SECOND)) GROUP BY item, window_start, window_end`,
  `SELECT window_start, COUNT(*) FROM TABLE(SESSION(TABLE bid PARTITION BY item, DESCRIPTOR(ts), INTERVAL '2' SECOND))
    GROUP BY window_start`,
  `SELECT item, price, window_start FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY price DESC) AS n
    FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND))) WHERE n <= 2`,
  `SELECT item, window_start, window_end, total FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY total DESC, item) AS n
    FROM (SELECT item, window_start, window_end, SUM(price) AS total FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND))
    GROUP BY item, window_start, window_end)) WHERE n = 1`,
  `SELECT a.item, a.n, b.most, a.window_start FROM
    (SELECT item, COUNT(*) AS n, window_start, window_end FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND))
      GROUP BY item, window_start, window_end) a FULL JOIN
    (SELECT MAX(price) AS most, window_start, window_end FROM TABLE(TUMBLE(TABLE ask, DESCRIPTOR(asked), INTERVAL '10' SECOND))
      GROUP BY window_start, window_end) b ON a.window_start = b.window_start AND a.window_end = b.window_end`,
  `SELECT a.price, b.price, a.window_end FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) a
    JOIN TABLE(TUMBLE(TABLE ask, DESCRIPTOR(asked), INTERVAL '10' SECOND)) b ON a.item = b.item AND a.window_end = b.window_end`,
  `SELECT item, price, window_end FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) a WHERE item IN
    (SELECT item FROM TABLE(TUMBLE(TABLE ask, DESCRIPTOR(asked), INTERVAL '10' SECOND)) b WHERE a.window_end = b.window_end)`,
  "SELECT item, COUNT(*), TUMBLE_START(ts, INTERVAL '10' SECOND), TUMBLE_ROWTIME(ts, INTERVAL '10' SECOND) FROM bid GROUP BY TUMBLE(ts, INTERVAL '10' SECOND), item",
  `SELECT HOP_END(ts, INTERVAL '2' SECOND, INTERVAL '6' SECOND), SUM(price) AS total FROM bid WHERE price > 0
    GROUP BY HOP(ts, INTERVAL '2' SECOND, INTERVAL '6' SECOND) HAVING SUM(price) > 3`,
  "SELECT item, SESSION_START(ts, INTERVAL '2' SECOND) AS b, SESSION_END(ts, INTERVAL '2' SECOND) AS e, COUNT(*) FROM bid GROUP BY item, SESSION(ts, INTERVAL '2' SECOND)",
];

/** The same query over tables without watermarks: its result follows the rows, and is that of all of them in the end. */
const following = catalogOf(`
  CREATE TABLE bid (item STRING, price INT, ts TIMESTAMP(3)) WITH ('connector' = 'appends');
  CREATE TABLE ask (item STRING, price INT, asked TIMESTAMP(3)) WITH ('connector' = 'appends')`);

for (const query of windowed) {
  test(`rows no later than the watermark allows give what windows that follow their rows give, wherever ticks end: ${query.replace(/\s+/g, ' ').slice(0, 110)}`, () => {
    const property = (seed: number, sizes: readonly number[]): void => {
      const random = new SeededRandom(seed);
      const rows = Array.from({ length: 60 }, (_, at): readonly [string, SqlRow] => {
        const item = random.pick(['x', 'y', null]);
        // Bids are up to five seconds late; asks are not.
        return random.chance(0.7)
          ? ['bid', [item, random.integer(0, 5), (at / 2 + 5 - random.integer(0, 4)) * SECOND]]
          : ['ask', [item, random.integer(0, 5), Math.floor(at / 2) * SECOND]];
      });
      const result = (of: SessionCatalog, ends: readonly number[]): readonly string[] => {
        const plan = planOf(query, of);
        const flow = dataflow(new Map([['out', plan]]), { timeZone: 'UTC', random: () => 0.5 });
        const held = new Map<string, number>();
        const tick = (ended: boolean): void => {
          const { rows: told, weights } = flow.tick({ now: 0, ended }).get('out')!;
          const isAppended = changelogOf(plan).kinds.length === 1;
          for (const [at, row] of told.entries()) {
            assert.ok(!isAppended || weights[at]! > 0, 'a plan that says it only adds rows takes none back');
            held.set(rowText(row), (held.get(rowText(row)) ?? 0) + weights[at]!);
          }
        };
        let left = 0;
        for (const [at, [table, row]] of rows.entries()) {
          flow.inputs.get(`default_catalog.default_database.${table}`)?.push(row, 1);
          left += 1;
          if (left < ends[at % ends.length]!) continue;
          left = 0;
          tick(false);
        }
        tick(true);
        assert.equal(flow.lateRows, 0);
        return [...held].flatMap(([text, count]) => new Array<string>(count).fill(text)).sort();
      };
      const expected = result(following, [60]);
      assert.deepEqual(result(catalog, sizes), expected);
      assert.deepEqual(result(following, sizes), expected);
    };
    fc.assert(fc.property(fc.integer(), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), property), {
      numRuns: 15,
    });
  });
}

test('a table that says nothing holds all windows open, until it has said nothing for the idle timeout', () => {
  const both = `SELECT w.window_start, COUNT(*) FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) w
    LEFT JOIN TABLE(TUMBLE(TABLE ask, DESCRIPTOR(asked), INTERVAL '10' SECOND)) a ON w.window_start = a.window_start GROUP BY w.window_start`;
  const patient = new Watched(both);
  const timed = new Watched(both, { idleTimeoutMs: 1_000 });
  for (const one of [patient, timed]) assert.deepEqual(one.bid('x', 1, 1).bid('x', 1, 30).tick({ now: 100 }), []);
  for (const one of [patient, timed]) assert.deepEqual(one.bid('x', 1, 31).tick({ now: 900 }), []);
  assert.deepEqual(patient.bid('x', 1, 32).tick({ now: 5_000 }), []);
  assert.deepEqual(timed.bid('x', 1, 32).tick({ now: 5_000 }), ['+[0,1]']);
  // When it speaks again, what has been closed stays closed.
  assert.deepEqual(timed.tell('ask', ['x', 1, 3 * SECOND]).tick({ now: 5_001 }), []);
  assert.equal(timed.flow.lateRows, 1);
});

test('windows of a time with a zone close by the session clock', () => {
  const query = new Watched(
    "SELECT SUM(price), window_end FROM TABLE(TUMBLE(TABLE zoned, DESCRIPTOR(ts), INTERVAL '1' DAY)) GROUP BY window_start, window_end",
    { timeZone: 'Asia/Tokyo' },
  );
  const hour = 3_600_000;
  assert.deepEqual(query.tell('zoned', [1, 14 * hour]).tick(), []);
  // Fifteen hours past midnight in UTC the next day begins in Tokyo.
  assert.deepEqual(query.tell('zoned', [2, 15 * hour]).tick(), [`+[1,${24 * 3600 * SECOND}]`]);
});

test('CURRENT_WATERMARK says how far event time had come before the row, and NULL before there was any', () => {
  const query = new Watched('SELECT price, ts > CURRENT_WATERMARK(ts), CURRENT_WATERMARK(ts) FROM bid');
  assert.deepEqual(query.bid('x', 1, 10).tick(), ['+[1,null,null]']);
  assert.deepEqual(query.bid('x', 2, 4).bid('x', 3, 20).tick(), ['+[2,false,5000000]', '+[3,true,5000000]']);
});

test('EXPLAIN says that a window closes', () => {
  const text = explainText(planOf(totals, catalog));
  assert.match(text, /TUMBLE of ts: 10 s, closing {3}\[I\]/);
  assert.match(text, /aggregate by \(item, window_start, window_end\): SUM\(arg0\) {3}\[I\] key/);
});

const intervalJoin = (type: string, condition: string): string =>
  `SELECT b.price, a.price FROM bid b ${type} JOIN ask a ON b.item = a.item AND ${condition}`;

test('a join whose times lie within bounds keeps rows as long as they can be joined, and no longer', () => {
  const query = intervalJoin('LEFT', "b.ts BETWEEN a.asked - INTERVAL '2' SECOND AND a.asked + INTERVAL '10' SECOND");
  assert.match(explainText(planOf(query, catalog)), /left join on .*, within -2 to 10 s {3}\[I,UA,D\]/);
  const joined = new Watched(query);
  joined
    .tell('ask', ['x', 1, 0])
    .tell('ask', ['x', 2, 4 * SECOND])
    .bid('x', 10, 3);
  assert.deepEqual(joined.tick().toSorted(), ['+[10,1]', '+[10,2]']);
  const held = (): number => joined.flow.memory!.reduce((sum, memory) => sum + [...memory.all()].length, 0);
  const before = held();
  // Both have come to twenty seconds: nothing that is to come meets what there was.
  joined.tell('ask', ['y', 3, 20 * SECOND]).bid('z', 11, 25);
  joined.tick();
  joined
    .tell('ask', ['y', 3, 40 * SECOND])
    .bid('z', 11, 45)
    .tick();
  assert.ok(held() <= before, 'rows of the beginning are kept');
  // The pair that was told of stays.
  assert.deepEqual(joined.tick({ ended: true }), []);
});

for (const [type, condition] of [
  ['INNER', "b.ts BETWEEN a.asked - INTERVAL '2' SECOND AND a.asked + INTERVAL '3' SECOND"],
  ['LEFT', "a.asked >= b.ts - INTERVAL '1' SECOND AND a.asked < b.ts + INTERVAL '4' SECOND"],
  ['FULL', "b.ts - INTERVAL '1' SECOND <= a.asked + INTERVAL '1' SECOND AND b.ts > a.asked"],
  ['RIGHT', 'b.ts = a.asked'],
] as const) {
  test(`${type} join ${condition}: rows that the watermark allows find the same as if all rows were kept`, () => {
    const query = intervalJoin(type, condition);
    for (let seed = 1; seed <= 10; seed += 1) {
      const random = new SeededRandom(seed);
      const [bounded, unbounded] = [
        dataflow(new Map([['out', planOf(query, catalog)]]), { timeZone: 'UTC', random: () => 0.5 }),
        dataflow(new Map([['out', planOf(query, following)]]), { timeZone: 'UTC', random: () => 0.5 }),
      ];
      for (let at = 0; at < 80; at += 1) {
        const isBid = random.chance(0.5);
        const time = isBid ? at / 2 + 5 - random.integer(0, 4) : Math.floor(at / 2);
        const row = [random.pick(['x', 'y', null]), at, time * SECOND];
        for (const flow of [bounded, unbounded])
          flow.inputs.get(`default_catalog.default_database.${isBid ? 'bid' : 'ask'}`)!.push(row, 1);
        if (random.chance(0.6)) continue;
        const told = [bounded, unbounded].map((flow) => {
          const { rows, weights } = flow.tick({ now: 0 }).get('out')!;
          return rows.map((of, place) => `${weights[place]!} ${rowText(of)}`).sort();
        });
        assert.deepEqual(told[0], told[1], `seed ${seed}, row ${at}`);
      }
    }
  });
}

const remembered: readonly string[] = [
  ...windowed,
  intervalJoin('FULL', "b.ts BETWEEN a.asked - INTERVAL '2' SECOND AND a.asked + INTERVAL '3' SECOND"),
  'SELECT b.price, r.price FROM bid b LEFT JOIN lot FOR SYSTEM_TIME AS OF b.ts AS r ON b.price = r.id',
  'SELECT b.price, r.price FROM (SELECT *, PROCTIME() AS now_ FROM bid) b LEFT JOIN lot FOR SYSTEM_TIME AS OF b.now_ AS r ON b.price = r.id',
];

test('a query that is restored between ticks closes the same windows and gives the same joins as one that is not', () => {
  for (const query of remembered) {
    const random = new SeededRandom(11);
    const make = (): Dataflow =>
      dataflow(new Map([['out', planOf(query, catalog)]]), { timeZone: 'UTC', random: () => 0.5 });
    const kept = make();
    let restored = make();
    const spaces = restored.memory!.map((memory) => {
      const space = new MapSpace();
      memory.keepIn(space);
      return space;
    });
    for (let at = 0; at < 120; at += 1) {
      const item = random.pick(['x', 'y', null]);
      const changes: readonly (readonly [table: string, row: SqlRow, weight: 1 | -1])[] = random.chance(0.6)
        ? [['bid', [item, random.integer(0, 5), (Math.floor(at / 3) + 5 - random.integer(0, 4)) * SECOND], 1]]
        : random.chance(0.5)
          ? [['ask', [item, random.integer(0, 5), Math.floor(at / 3) * SECOND], 1]]
          : [['lot', [at % 6, at, Math.floor(at / 3) * SECOND], 1]];
      for (const flow of [kept, restored])
        for (const [table, row, weight] of changes)
          flow.inputs.get(`default_catalog.default_database.${table}`)?.push(row, weight);
      if (random.chance(0.5) && at < 119) continue;
      const told = [kept, restored].map((flow) => {
        const { rows, weights } = flow.tick({ now: at, ended: at === 119 }).get('out')!;
        return rows.map((of, place) => `${weights[place]!} ${rowText(of)}`).sort();
      });
      assert.deepEqual(told[1], told[0], `${query}, row ${at}`);
      if (random.chance(0.6)) continue;
      for (const memory of restored.memory!) memory.write();
      restored = make();
      for (const [place, memory] of restored.memory!.entries()) memory.restoreFrom(spaces[place]!);
      restored.restored();
    }
  }
});

test('what a group window cannot be is refused at its place', () => {
  const cases: readonly (readonly [query: string, code: string])[] = [
    [
      "SELECT COUNT(*) FROM bid GROUP BY TUMBLE(ts, INTERVAL '1' SECOND), HOP(ts, INTERVAL '1' SECOND, INTERVAL '2' SECOND)",
      'SQL_INVALID',
    ],
    ["SELECT TUMBLE_START(ts, INTERVAL '2' SECOND) FROM bid GROUP BY TUMBLE(ts, INTERVAL '1' SECOND)", 'SQL_INVALID'],
    ["SELECT HOP_START(ts, INTERVAL '1' SECOND) FROM bid GROUP BY TUMBLE(ts, INTERVAL '1' SECOND)", 'SQL_INVALID'],
    ["SELECT COUNT(*) FROM bid GROUP BY TUMBLE(price, INTERVAL '1' SECOND)", 'SQL_TYPE_MISMATCH'],
    ["SELECT COUNT(*) FROM bid GROUP BY TUMBLE(ts, INTERVAL '1' MONTH)", 'SQL_TYPE_MISMATCH'],
    ['SELECT COUNT(*) FROM bid GROUP BY TUMBLE(ts)', 'SQL_INVALID'],
    ["SELECT COUNT(*) FROM bid GROUP BY SESSION(ts, INTERVAL '1' SECOND), ROLLUP (item)", 'SQL_NOT_SUPPORTED'],
    ["SELECT ts, COUNT(*) FROM bid GROUP BY TUMBLE(ts, INTERVAL '1' SECOND)", 'SQL_INVALID'],
  ];
  for (const [query, code] of cases) assert.throws(() => planOf(query, catalog), { code }, query);
});

test('windows that begin together and end apart are joined all the same', () => {
  const windows = (table: string, time: string, seconds: number): string =>
    `SELECT item, SUM(price) AS total, window_start FROM TABLE(TUMBLE(TABLE ${table}, DESCRIPTOR(${time}), INTERVAL '${seconds}' SECOND))
      GROUP BY item, window_start, window_end`;
  const query = new Watched(`SELECT a.item, a.total, b.total FROM (${windows('bid', 'ts', 5)}) AS a
    JOIN (${windows('ask', 'asked', 10)}) AS b ON a.window_start = b.window_start AND a.item = b.item`);
  query.bid('x', 1, 2).tell('ask', ['x', 10, 2 * SECOND]);
  assert.deepEqual(query.tick(), []);
  query.bid('x', 2, 12).tell('ask', ['x', 20, 9 * SECOND]);
  assert.deepEqual(query.tick(), []);
  query.bid('y', 1, 30).tell('ask', ['y', 1, 30 * SECOND]);
  assert.deepEqual(query.tick(), ['+["x",1,30]']);
});

test('what the watermark waits for is said: the table that others are ahead of, and since when it has not moved', () => {
  const join = `SELECT a.price FROM bid AS a JOIN ask AS b ON a.item = b.item
    AND b.asked BETWEEN a.ts AND a.ts + INTERVAL '1' SECOND`;
  const query = new Watched(join, { idleTimeoutMs: 60_000 });
  const name = 'default_catalog.default_database.ask';
  query.tick({ now: 1_000 });
  assert.deepEqual(query.flow.watermark(2_000), { reached: null, movedAt: 1_000, heldBy: null });
  query.bid('x', 1, 10).tick({ now: 3_000 });
  assert.deepEqual(query.flow.watermark(9_000), { reached: null, movedAt: 1_000, heldBy: name });
  query.tell('ask', ['x', 1, 4 * SECOND]).tick({ now: 10_000 });
  assert.deepEqual(query.flow.watermark(11_000), { reached: 4 * SECOND, movedAt: 10_000, heldBy: name });
  // After its time it holds the other up no longer, at the moment that was said.
  assert.equal(query.flow.dueAt, 70_000);
  query.bid('x', 2, 11).tick({ now: 69_000 });
  query.tick({ now: 70_000 });
  assert.deepEqual(query.flow.watermark(70_000), { reached: 6 * SECOND, movedAt: 70_000, heldBy: null });
  assert.equal(new Watched('SELECT price FROM zoned').flow.watermark(0) === null, false);
});
