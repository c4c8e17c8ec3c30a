import assert from 'node:assert/strict';
import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMillraceError } from '../core/errors.ts';
import { ChangingJob, type Queries } from '../testing/changing-job.ts';

const groups = 'SELECT COALESCE(a, -9) AS k, COUNT(*) AS n FROM t GROUP BY COALESCE(a, -9)';

const first: Queries = {
  counts: ['k BIGINT, n BIGINT', groups],
  joined: ['id BIGINT, v STRING', 'SELECT t.id, u.v FROM t JOIN u ON t.a = u.id'],
};

const open = (seed: number) => {
  const folder = mkdtempDisposableSync(join(tmpdir(), 'millrace-changed-'));
  return { job: new ChangingJob(folder.path, seed), path: folder.path, [Symbol.dispose]: () => folder.remove() };
};

test('a query more keeps the state of the others, writes nothing of theirs again and reads no row', async () => {
  using place = open(1);
  const before = await place.job.run(first, { transactions: 200 });
  assert.ok(before.rowsRead.get('t')! > 0);
  const run = await place.job.run(
    { ...first, most: ['k BIGINT, n BIGINT', `SELECT 1 AS k, MAX(n) AS n FROM (${groups}) x`] },
    { transactions: 200 },
  );
  assert.match(
    run.said,
    /the statements changed .*"kept":2,"filled":"aggregate by \(\): MAX\(.*\)","read":"","written":"most"/,
  );
  assert.deepEqual([...run.rowsRead], []);
  assert.deepEqual([...run.rowsAgain.keys()], ['most']);
  const less = await place.job.run({ joined: first['joined']! }, { transactions: 230 });
  assert.match(less.said, /the statements changed .*"filled":"","read":"","written":""/);
  assert.deepEqual([...less.rowsRead], []);
  assert.deepEqual([...less.rowsAgain], []);
});

test('another condition above an aggregate keeps the aggregate, and rows that are no longer in the result go', async () => {
  using place = open(2);
  const filtered = (least: number): Queries => ({
    counts: ['k BIGINT, n BIGINT', `SELECT * FROM (${groups}) x WHERE n >= ${least}`],
  });
  await place.job.run(filtered(1), { transactions: 150 });
  const run = await place.job.run(filtered(8), { transactions: 170 });
  assert.match(run.said, /the statements changed .*"kept":1,"filled":"","read":"","written":"counts"/);
  assert.deepEqual([...run.rowsRead], []);
  await place.job.run(filtered(2), { transactions: 400 });
});

test('a column more is read again, for the steps that need it, and the others go on', async () => {
  using place = open(3);
  await place.job.run(first, { transactions: 150 });
  const wider: Queries = {
    ...first,
    sums: ['k BIGINT, b BIGINT', 'SELECT COALESCE(a, -9) AS k, SUM(b) AS b FROM t GROUP BY COALESCE(a, -9)'],
  };
  const run = await place.job.run(wider, { transactions: 190 });
  // The join holds rows of t, which have a column more now; the count does not see it.
  assert.match(run.said, /the statements changed .*"kept":1,.*"read":"shop.t","written":"joined, sums"/);
  assert.deepEqual([...run.rowsRead.keys()], ['t']);
  assert.deepEqual([...run.rowsAgain.keys()], ['joined', 'sums']);
  const narrower = await place.job.run(first, { transactions: 200 });
  assert.deepEqual([...narrower.rowsRead], []);
  await place.job.run(first, { transactions: 400 });
});

test('a process that ends while the new result is written leaves what the next one brings to its end', async () => {
  for (let failAt = 1; failAt <= 4; failAt += 1) {
    using place = open(10 + failAt);
    await place.job.run(first, { transactions: 100 });
    const changed: Queries = {
      counts: ['k BIGINT, n BIGINT', `SELECT * FROM (${groups}) x WHERE n > 5`],
      best: ['id BIGINT, b BIGINT', 'SELECT id, b FROM t ORDER BY b DESC NULLS LAST, id LIMIT 5'],
      joined: first['joined']!,
    };
    await place.job.run(changed, { transactions: 130, failAt });
    const run = await place.job.run(changed, { transactions: 160 });
    assert.match(run.said, failAt === 4 ? /the job goes on|the statements changed/ : /the statements changed/);
    assert.ok(!run.rowsRead.has('u'), 'a table was read whose columns are as they were');
    await place.job.run(changed, { transactions: 300 });
  }
});

test('a log that holds the rows of another query is refused, until it is another log', async () => {
  using place = open(4);
  const logged = (path: string, least: number): string => `
    CREATE TABLE logged (id BIGINT, b BIGINT, PRIMARY KEY (id) NOT ENFORCED)
      WITH ('connector' = 'filesystem', 'path' = '${place.path}/${path}.ndjson', 'format' = 'debezium-json');
    INSERT INTO logged SELECT id, b FROM t WHERE b >= ${least};`;
  await place.job.run(first, { transactions: 60, more: logged('one', 0) });
  await assert.rejects(place.job.run(first, { transactions: 60, more: logged('one', 1) }), (error) =>
    isMillraceError(error, 'STATE_TARGET_HOLDS_OTHER'),
  );
  const run = await place.job.run(first, { transactions: 90, more: logged('two', 1) });
  assert.match(run.said, /the statements changed/);
});
