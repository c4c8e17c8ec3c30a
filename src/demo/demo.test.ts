import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { type DemoExit, type DemoOptions, runDemo } from './demo.ts';
import type { DemoOutcome } from './demo-text.ts';

/** Runs the demo from the recording, fast, and gives what it printed. */
const demo = async (
  options: Partial<DemoOptions>,
): Promise<{ readonly exit: DemoExit; readonly outcome: DemoOutcome; readonly said: string }> => {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const exit = await runDemo({ recorded: true, json: true, seconds: 4, stdout, stderr, ...options });
  return { exit, outcome: JSON.parse(String(stdout.read() ?? '{}')).data, said: String(stderr.read()) };
};

test('the recorded shop arrives whole in mirror and change log, over a cut connection and a killed worker', async () => {
  const { exit, outcome, said } = await demo({});
  assert.equal(exit, 0, said + JSON.stringify(outcome));
  assert.equal(outcome.tables.length, 12);
  assert.ok(outcome.tables.every(({ equal, source }) => equal && source.rows > 0));
  assert.deepEqual([outcome.changeLog.twice, outcome.changeLog.astray], [0, 0]);
  assert.equal(outcome.incidents.length, 2);
  assert.ok(outcome.incidents.every(({ recoveredMs }) => recoveredMs !== null && recoveredMs < 15_000));
  assert.match(said, /recorded from MySQL 9\./);
  assert.match(said, /S_r .* S_h .* S_p .* S_sync/);
});

test('one wrong value in one row of the mirror is found, and named by its table', async () => {
  let mirror = '';
  const { exit, outcome } = await demo({
    beforeVerify: (path) => {
      mirror = path;
      const db = new DatabaseSync(path);
      db.exec(`UPDATE "shop.orders" SET total = '0.0001' WHERE id = (SELECT MAX(id) FROM "shop.orders")`);
      db.close();
    },
  });
  assert.equal(exit, 3);
  assert.deepEqual(
    outcome.tables.filter(({ equal }) => !equal).map(({ table }) => table),
    ['shop.orders'],
  );
  assert.ok(!existsSync(mirror));
});

test('a server that cannot be reached ends the demo with its reason', async () => {
  const { exit, said } = await demo({ mysqlUrl: 'mysql://root@127.0.0.1:1' });
  assert.equal(exit, 1);
  assert.match(said, /ECONNREFUSED|127\.0\.0\.1:1/);
});
