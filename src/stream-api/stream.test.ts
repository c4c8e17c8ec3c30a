import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../core/errors.ts';
import { hopping, type RowOf, type Stream, sessions, streams, tumbling } from '../stream.ts';

const numbers = (end: number) =>
  ({
    connector: 'datagen',
    'fields.id.kind': 'sequence',
    'fields.id.start': 1,
    'fields.id.end': end,
    'rows-per-second': 1_000_000,
  }) as const;

type App = ReturnType<typeof streams>;

/** The lines that a bounded program prints, sorted. */
const printed = async (build: (app: App) => { print(): void }): Promise<readonly string[]> => {
  const app = streams({ name: 'test', bounded: true, timeZone: 'UTC' });
  build(app).print();
  let text = '';
  await app.run(undefined, {
    print: async (line) => {
      text += line;
    },
  });
  return text.split('\n').slice(0, -1).toSorted();
};

const ids = (app: App, end = 6): Stream<{ id: 'BIGINT' }> => app.stream({ id: 'BIGINT' }, numbers(end));

test('filter, map and select work on rows by their columns', async () => {
  const lines = await printed((app) =>
    ids(app)
      .filter(({ id }) => Number(id) % 2 === 0)
      .filterNot(({ id }) => id === 4)
      .map({ id: 'BIGINT', cost: 'DECIMAL(10, 2)', name: 'STRING' }, ({ id }) => ({ id, cost: `${id}.50`, name: null }))
      .select('cost', 'name'),
  );
  assert.deepEqual(lines, ['+I[2.50, NULL]', '+I[6.50, NULL]']);
});

test('flatMap gives any number of rows, and merge the rows of two streams', async () => {
  const words = { word: 'STRING', place: 'INT' } as const;
  const lines = await printed((app) => {
    const flat = ids(app, 3).flatMap(words, ({ id }) =>
      Array.from({ length: Number(id) - 1 }, (_, place) => ({ word: `w${id}`, place })),
    );
    return flat.merge(ids(app, 1).map(words, () => ({ word: 'last', place: null })));
  });
  assert.deepEqual(lines, ['+I[last, NULL]', '+I[w2, 0]', '+I[w3, 0]', '+I[w3, 1]']);
});

test('groups are counted, reduced and aggregated, beside their keys', async () => {
  const grouped = (app: App) =>
    ids(app)
      .map({ odd: 'BOOLEAN', id: 'BIGINT' }, ({ id }) => ({ odd: Number(id) % 2 === 1, id }))
      .groupBy('odd');
  assert.deepEqual(await printed((app) => grouped(app).count('n')), ['+I[FALSE, 3]', '+I[TRUE, 3]']);
  const larger = (a: { odd: boolean | null; id: number | bigint | null }, b: typeof a) =>
    Number(a.id) > Number(b.id) ? a : b;
  assert.deepEqual(await printed((app) => grouped(app).reduce(larger)), ['+I[FALSE, 6]', '+I[TRUE, 5]']);
  const summed = (app: App) =>
    grouped(app).aggregate(
      { n: 'INT', total: 'BIGINT' },
      () => ({ n: 0, total: 0 }),
      ({ n, total }, { id }) => ({ n: n! + 1, total: Number(total) + Number(id) }),
    );
  assert.deepEqual(await printed(summed), ['+I[FALSE, 3, 12]', '+I[TRUE, 3, 9]']);
  assert.deepEqual(
    await printed((app) => summed(app).mapValues({ mean: 'DOUBLE' }, ({ n, total }) => ({ mean: Number(total) / n! }))),
    ['+I[FALSE, 4.0]', '+I[TRUE, 3.0]'],
  );
});

test('a table that changes takes rows back out of what they were aggregated into', async () => {
  const app = streams({ name: 'test', timeZone: 'UTC' });
  // The counts change with every row, so what is computed of them takes the old one back.
  const counts = ids(app, 40)
    .map({ key: 'BIGINT' }, ({ id }) => ({ key: Number(id) % 4 }))
    .groupBy('key')
    .count('n');
  type Count = RowOf<{ key: 'BIGINT'; n: 'BIGINT' }>;
  counts
    .groupBy()
    .aggregate(
      { total: 'BIGINT', keys: 'BIGINT' },
      () => ({ total: 0, keys: 0 }),
      ({ total, keys }, { n }: Count) => ({ total: Number(total) + Number(n), keys: Number(keys) + 1 }),
      ({ total, keys }, { n }: Count) => ({ total: Number(total) - Number(n), keys: Number(keys) - 1 }),
    )
    .print();
  const lines: string[] = [];
  await app.run(undefined, { print: async (text) => void lines.push(...text.trimEnd().split('\n')) });
  assert.match(lines.at(-1)!, /^\+[IU]\[40, 4\]$/);
});

test('windows of time cut groups apart', async () => {
  const timed = (app: App) =>
    ids(app, 4).map({ at: 'TIMESTAMP(3)' }, ({ id }) => ({ at: `2026-01-01 00:0${id}:30.000` }));
  assert.deepEqual(await printed((app) => timed(app).groupBy().windowedBy(tumbling('at', 120_000)).count('n')), [
    '+I[2026-01-01 00:00:00.000, 2026-01-01 00:02:00.000, 1]',
    '+I[2026-01-01 00:02:00.000, 2026-01-01 00:04:00.000, 2]',
    '+I[2026-01-01 00:04:00.000, 2026-01-01 00:06:00.000, 1]',
  ]);
  const hops = await printed((app) =>
    timed(app)
      .groupBy()
      .windowedBy(hopping('at', 120_000, 60_000))
      .count('n'),
  );
  assert.equal(hops.length, 5);
  assert.deepEqual(await printed((app) => timed(app).groupBy().windowedBy(sessions('at', 61_000)).count('n')), [
    '+I[2026-01-01 00:01:30.000, 2026-01-01 00:05:31.000, 4]',
  ]);
});

test('joins put rows beside those of the other side, with null for those that are missing', async () => {
  const sides = (app: App) => ({
    left: ids(app, 2),
    right: ids(app, 3)
      .filter(({ id }) => id !== 1)
      .map({ key: 'BIGINT', name: 'STRING' }, ({ id }) => ({ key: id, name: `n${id}` })),
  });
  const joined = (how: 'join' | 'leftJoin' | 'outerJoin') =>
    printed((app) => {
      const { left, right } = sides(app);
      return left[how](right, { id: 'key' });
    });
  assert.deepEqual(await joined('join'), ['+I[2, 2, n2]']);
  assert.deepEqual(await joined('leftJoin'), ['+I[1, NULL, NULL]', '+I[2, 2, n2]']);
  assert.deepEqual(await joined('outerJoin'), ['+I[1, NULL, NULL]', '+I[2, 2, n2]', '+I[3, 3, n3]']);
});

test('steps are steps of one plan, and what cannot be is refused before anything runs', async () => {
  const app = streams({ name: 'test' });
  const counted = ids(app).groupBy('id').count();
  counted.to('counts', { connector: 'sqlite', path: ':memory:' });
  assert.match(app.explain(), /^insert into .*counts.*changes rows by key \(id\)\n/);
  assert.throws(
    () =>
      app.stream(
        { id: 'BIGINT' },
        { connector: 'mysql-cdc', hostname: 'h', username: 'u', 'database-name': 'd', 'table-name': 't' },
      ),
    /write table\(schema, key, options\)/,
  );
  assert.throws(
    () => app.stream({ id: 'BIGINT' }, { connector: 'kafca' }),
    (error: unknown) => isMillraceError(error, 'SQL_UNKNOWN_NAME'),
  );
  await assert.rejects(streams({ name: 'nothing' }).run(), /end a stream with to\(\) or print\(\)/);
  const unkeyed = streams({ name: 'test' });
  unkeyed
    .stream({ id: 'BIGINT' }, numbers(1))
    .groupBy('id')
    .count()
    .select('count')
    .to('counts', { connector: 'sqlite', path: ':memory:' });
  await assert.rejects(unkeyed.run(), (error: unknown) => isMillraceError(error, 'SQL_KEY_MISSING'));
});

test('what a step throws, or gives that is no row, ends the run and tells no value', async () => {
  const failing = (build: (rows: Stream<{ id: 'BIGINT' }>) => { print(): void }) =>
    printed((app) => build(ids(app, 1)));
  const throws = () => {
    throw new RangeError('a secret');
  };
  for (const [build, said] of [
    [(rows: Stream<{ id: 'BIGINT' }>) => rows.filter(throws), /filter_2 failed: it threw RangeError$/],
    [
      (rows: Stream<{ id: 'BIGINT' }>) => rows.map({ a: 'INT' }, () => ({ a: 'x' }) as never),
      /a is a string that fits not its type/,
    ],
    [(rows: Stream<{ id: 'BIGINT' }>) => rows.map({ a: 'INT' }, () => ({}) as never), /the row has no a/],
    [
      (rows: Stream<{ id: 'BIGINT' }>) => rows.flatMap({ a: 'INT' }, () => [{ a: 1 }, { a: 2 }], { most: 1 }),
      /it threw RangeError/,
    ],
  ] as const) {
    await assert.rejects(failing(build), (error: unknown) => {
      assert.ok(isMillraceError(error, 'SQL_FUNCTION_FAILED'), String(error));
      assert.match(error.message, said);
      return true;
    });
  }
});
