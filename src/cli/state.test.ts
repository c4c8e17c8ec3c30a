import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempDisposableSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { isMillraceError } from '../core/errors.ts';
import { openState } from '../state/open-state.ts';
import { ChangingJob, type Queries } from '../testing/changing-job.ts';
import type { KeptJob } from './kept-jobs.ts';
import { answer } from './run-command.ts';
import { openTerminal } from './terminal.ts';

const millrace = async (...args: readonly string[]) => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const said = { stdout: '', stderr: '' };
  stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
  });
  stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  const code = await answer(args, { terminal: openTerminal(stdout, stderr, { off: false, env: {} }), env: {} });
  await new Promise((resolve) => setImmediate(resolve));
  return { code, ...said };
};

const queries: Queries = {
  counts: ['k BIGINT, n BIGINT', 'SELECT COALESCE(a, -9) AS k, COUNT(*) AS n FROM t GROUP BY COALESCE(a, -9)'],
};

test('state list says what a job remembers, also while it is open; state drop has it begin anew, and not while it is open', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'millrace-state-list-'));
  const dir = join(folder.path, 'state');
  const job = new ChangingJob(folder.path, 6);
  await job.run(queries, { transactions: 80 });
  const listed = async (): Promise<readonly KeptJob[]> =>
    (JSON.parse((await millrace('state', 'list', '--dir', dir, '-o', 'json')).stdout) as { data: { jobs: KeptJob[] } })
      .data.jobs;

  const [kept] = await listed();
  assert.deepEqual([kept!.job, kept!.running], ['changing', false]);
  const [step, table] = kept!.parts;
  assert.deepEqual([step!.kind, step!.name], ['step', 'aggregate by (COALESCE(a, - 9)): COUNT(*)']);
  assert.deepEqual([table!.kind, table!.name], ['table', 'shop.t']);
  assert.ok(step!.keys > 1 && step!.bytes > 10 && step!.memory > step!.bytes && table!.keys > step!.keys);
  assert.ok(kept!.checkpoint!.ageMs! >= 0 && kept!.positions[0]!['history/log'] === '80');
  const text = await millrace('state', 'list', 'changing', '--dir', dir);
  assert.match(
    text.stdout,
    /^changing {2}at rest, checkpoint of tick \d+, .* ago\n.*\n {2}kept +keys +on disk +memory +fingerprint\n/,
  );
  assert.match(text.stdout, /step aggregate by .* [0-9a-f]{12}\n/);

  {
    await using _open = openState(kept!.folder);
    assert.equal((await listed())[0]!.running, true);
    const refused = await millrace('state', 'drop', 'changing', '--dir', dir, '--yes');
    assert.deepEqual([refused.code, /STATE_IN_USE/.test(refused.stderr)], [1, true]);
  }
  assert.match((await millrace('state', 'drop', 'changing', '--dir', dir)).stderr, /CONFIRMATION_NEEDED/);
  assert.ok(existsSync(kept!.folder));
  assert.equal((await millrace('state', 'drop', 'changing', '--dir', dir, '--yes')).code, 0);
  assert.deepEqual(readdirSync(dir), []);
  assert.match((await millrace('state', 'drop', 'changing', '--dir', dir, '--yes')).stderr, /STATE_NOT_FOUND/);
  assert.match((await millrace('state', 'list', '--dir', join(dir, 'none'))).stderr, /STATE_NOT_FOUND/);
  assert.match((await job.run(queries, { transactions: 90 })).said, /nothing was kept yet/);
});

test('a file that is broken, or that a newer millrace wrote, is said to be so, and is not touched', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'millrace-state-list-'));
  const own = join(folder.path, 'totals-00000000');
  mkdirSync(own);
  writeFileSync(join(own, 'state.db'), 'no database'.repeat(1_000));
  assert.match((await millrace('state', 'list', '--dir', folder.path)).stderr, /STATE_UNREADABLE.*totals-00000000/s);
  const newer = join(folder.path, 'newer-00000000');
  mkdirSync(newer);
  {
    using database = new DatabaseSync(join(newer, 'state.db'));
    database.exec('CREATE TABLE kept (a); PRAGMA user_version = 99');
  }
  assert.match(
    (await millrace('state', 'list', 'newer', '--dir', folder.path)).stderr,
    /a newer millrace wrote it, in format 99/,
  );
  assert.throws(
    () => openState(newer),
    (error) => isMillraceError(error, 'STATE_UNREADABLE'),
  );
  using database = new DatabaseSync(join(newer, 'state.db'));
  assert.equal(database.prepare('SELECT COUNT(*) AS n FROM kept').get()!['n'], 0);
});
