import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Whole, whole } from '../../../sql/evaluate/sql-value.ts';
import { explainText } from '../../../sql/plan/explain.ts';
import { typeText } from '../../../sql/types/sql-type.ts';
import { SeededRandom } from '../../../testing/seeded-random.ts';
import { LiveQuery, planOf, rowText, sqlCatalog, sqlTable, type TableChange } from '../../../testing/sql-rig.ts';

const catalog = sqlCatalog([
  sqlTable('bid', { item: 'STRING', price: 'INT', ts: 'TIMESTAMP(3)', zoned: 'TIMESTAMP_LTZ(3)' }, { primaryKey: [1] }),
]);
const SECOND = 1_000_000;
const micros = (seconds: number, more = 0n): Whole => whole(BigInt(seconds) * BigInt(SECOND) + more);

/** Windows as their definition has them: of all that begin near the time, those that it lies in. */
const naive = (time: number, starts: (start: number) => boolean, ends: readonly number[]): readonly number[][] => {
  const found: number[][] = [];
  for (let start = time - 40; start <= time + 40; start += 1) {
    if (!starts(start)) continue;
    for (const size of ends) if (start <= time && time < start + size) found.push([start, start + size]);
  }
  return found;
};

const multiple = (of: number, offset: number) => (start: number) => (((start - offset) % of) + of) % of === 0;

const cases: readonly (readonly [call: string, windows: (time: number) => readonly number[][]])[] = [
  ["TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '7' SECOND)", (time) => naive(time, multiple(7, 0), [7])],
  [
    "TUMBLE(DATA => TABLE bid, TIMECOL => DESCRIPTOR(ts), SIZE => INTERVAL '7' SECOND, `OFFSET` => INTERVAL '3' SECOND)",
    (time) => naive(time, multiple(7, 3), [7]),
  ],
  [
    "HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '3' SECOND, INTERVAL '9' SECOND)",
    (time) => naive(time, multiple(3, 0), [9]),
  ],
  [
    "HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '3' SECOND, INTERVAL '7' SECOND, INTERVAL '-1' SECOND)",
    (time) => naive(time, multiple(3, -1), [7]),
  ],
  [
    "CUMULATE(TABLE bid, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '8' SECOND)",
    (time) => naive(time, multiple(8, 0), [2, 4, 6, 8]),
  ],
];

for (const [call, windows] of cases) {
  test(`${call}: each row in the windows that its time lies in, before 1970 and beyond 2^53 too`, () => {
    const live = new LiveQuery(`SELECT price, window_start, window_end, window_time FROM TABLE(${call})`, catalog);
    for (let price = 0; price < 60; price += 1) {
      const time = price - 30 + (price > 50 ? 10_000_000_000 : 0);
      const told = live.tick([['bid', ['x', price, micros(time), null], 1]]);
      const expected = windows(time).map(
        ([start, end]) => `+${rowText([price, micros(start!), micros(end!), micros(end!, -1000n)])}`,
      );
      assert.deepEqual(told.toSorted(), expected.sort(), `${time}`);
      assert.ok(expected.length > 0);
    }
    live.tick([['bid', ['x', 999, null, null], 1]]);
    assert.equal(
      live.resultRows().some((row) => row.startsWith('[999')),
      false,
    );
  });
}

test('totals of windows follow rows that come late, move to another window, and go', () => {
  const live = new LiveQuery(
    "SELECT window_start, window_end, SUM(price) FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end",
    catalog,
  );
  const bid = (price: number, seconds: number, weight: 1 | -1 = 1): TableChange => [
    'bid',
    ['x', price, seconds * SECOND, null],
    weight,
  ];
  assert.deepEqual(live.tick([bid(1, 1), bid(2, 9), bid(3, 15)]), ['+[0,10000000,3]', '+[10000000,20000000,3]']);
  assert.deepEqual(live.tick([bid(5, 4)]), ['-[0,10000000,3]', '+[0,10000000,8]']);
  assert.deepEqual(live.tick([bid(5, 4, -1), bid(5, 11)]), [
    '-[0,10000000,8]',
    '+[0,10000000,3]',
    '-[10000000,20000000,3]',
    '+[10000000,20000000,8]',
  ]);
  assert.deepEqual(live.tick([bid(1, 1, -1), bid(2, 9, -1)]), ['-[0,10000000,3]']);
});

test('sessions join when a row comes between them and part when it goes, at every tick as computed anew', () => {
  const query =
    "SELECT item, price, window_start, window_end FROM TABLE(SESSION(TABLE bid PARTITION BY item, DESCRIPTOR(ts), INTERVAL '3' SECOND))";
  for (let seed = 1; seed <= 8; seed += 1) {
    const random = new SeededRandom(seed);
    const live = new LiveQuery(query, catalog);
    const held: { readonly item: string; readonly price: number; readonly time: number }[] = [];
    for (let tick = 0; tick < 25; tick += 1) {
      const changes: TableChange[] = [];
      for (let change = random.integer(0, 5); change > 0; change -= 1) {
        if (held.length > 0 && random.chance(0.4)) {
          const [gone] = held.splice(random.integer(0, held.length - 1), 1);
          changes.push(['bid', [gone!.item, gone!.price, gone!.time * SECOND, null], -1]);
        } else {
          const come = { item: random.pick(['x', 'y']), price: random.integer(0, 3), time: random.integer(-20, 20) };
          held.push(come);
          changes.push(['bid', [come.item, come.price, come.time * SECOND, null], 1]);
        }
      }
      live.tick(changes);
      const expected = held.map(({ item, price, time }) => {
        const times = held.filter((other) => other.item === item).map((other) => other.time);
        let [first, last] = [time, time];
        while (times.some((other) => other < first && first - other <= 3))
          first = Math.min(...times.filter((other) => other < first && first - other <= 3));
        while (times.some((other) => other > last && other - last <= 3))
          last = Math.max(...times.filter((other) => other > last && other - last <= 3));
        return rowText([item, price, first * SECOND, (last + 3) * SECOND]);
      });
      assert.deepEqual(live.resultRows(), expected.sort(), `seed ${seed}, tick ${tick}`);
    }
  }
});

test('windows of a time with a zone begin in the session time zone, and EXPLAIN shows them', () => {
  const query =
    "SELECT price, window_start, window_time FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(zoned), INTERVAL '1' DAY, INTERVAL '2' HOUR))";
  const live = new LiveQuery(query, catalog);
  assert.deepEqual(live.tick([['bid', ['x', 1, null, 3600 * SECOND], 1]]), [
    `+[1,${-79_200 * SECOND},${7200 * SECOND - 1000}]`,
  ]);
  assert.deepEqual(
    live.plan.columns.map(({ type }) => typeText(type)),
    ['INT', 'TIMESTAMP(3) NOT NULL', 'TIMESTAMP_LTZ(3) NOT NULL'],
  );
  assert.match(explainText(live.plan), /TUMBLE of local_time: 86400 s, 7200 s {3}\[I,UA,D\] key \(price\)/);
});

test('what windows cannot be made of is refused at its place', () => {
  const refused: readonly (readonly [call: string, code: string])[] = [
    ["TUMBLE(TABLE bid, DESCRIPTOR(price), INTERVAL '1' SECOND)", 'SQL_TYPE_MISMATCH'],
    ["TUMBLE(TABLE bid, DESCRIPTOR(tz), INTERVAL '1' SECOND)", 'SQL_UNKNOWN_NAME'],
    ["TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '1' SECOND)", 'SQL_UNKNOWN_NAME'],
    ["TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '1' MONTH)", 'SQL_TYPE_MISMATCH'],
    ["TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '0' SECOND)", 'SQL_INVALID'],
    ['TUMBLE(TABLE bid, DESCRIPTOR(ts))', 'SQL_INVALID'],
    ["TUMBLE(TABLE bid PARTITION BY item, DESCRIPTOR(ts), INTERVAL '1' SECOND)", 'SQL_INVALID'],
    ["CUMULATE(TABLE bid, DESCRIPTOR(ts), INTERVAL '3' SECOND, INTERVAL '10' SECOND)", 'SQL_INVALID'],
    ["SESSION(DATA => TABLE bid, TIMECOL => DESCRIPTOR(ts), SIZE => INTERVAL '1' SECOND)", 'SQL_INVALID'],
    ["SLIDE(TABLE bid, DESCRIPTOR(ts), INTERVAL '1' SECOND)", 'SQL_NOT_SUPPORTED'],
  ];
  for (const [call, code] of refused)
    assert.throws(() => planOf(`SELECT * FROM TABLE(${call})`, catalog), { code }, call);
});
