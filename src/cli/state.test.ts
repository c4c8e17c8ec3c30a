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
  const broken = await millrace('state', 'export', 'totals', '--dir', folder.path);
  assert.match(broken.stderr, /STATE_UNREADABLE.*totals-00000000/s);
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
  assert.match((await millrace('state', 'export', 'newer', '--dir', folder.path)).stderr, /in format 99/);
  assert.throws(
    () => openState(newer),
    (error) => isMillraceError(error, 'STATE_UNREADABLE'),
  );
  using database = new DatabaseSync(join(newer, 'state.db'));
  assert.equal(database.prepare('SELECT COUNT(*) AS n FROM kept').get()!['n'], 0);
});

test('state export writes what an aggregate, a join and tables remember, which is what the queries hold, also while the job is open', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'millrace-state-export-'));
  const dir = join(folder.path, 'state');
  await new ChangingJob(folder.path, 6).run(
    { ...queries, joined: ['id BIGINT, v STRING', 'SELECT t.id, u.v FROM t JOIN u ON t.a = u.id'] },
    { transactions: 80 },
  );
  interface Line {
    readonly step: string;
    readonly state: string;
    readonly key: Readonly<Record<string, unknown>>;
    readonly entry: {
      readonly row: Readonly<Record<string, unknown>>;
      readonly count: number;
      readonly rows: readonly { readonly row: Readonly<Record<string, unknown>>; readonly count: number }[];
    };
  }
  const exported = async (...step: readonly string[]): Promise<readonly Line[]> => {
    const { code, stdout, stderr } = await millrace('state', 'export', 'changing', ...step, '--dir', dir);
    assert.deepEqual([code, stderr], [0, '']);
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : (JSON.parse(line) as Line)));
  };
  const [kept] = (
    JSON.parse((await millrace('state', 'list', '--dir', dir, '-o', 'json')).stdout) as {
      data: { jobs: KeptJob[] };
    }
  ).data.jobs;
  const inOrder = (rows: readonly object[]): readonly string[] => rows.map((row) => JSON.stringify(row)).sort();
  using mirror = new DatabaseSync(join(folder.path, 'mirror.db'));
  const held = (query: string): readonly string[] => inOrder(mirror.prepare(query).all());

  {
    await using _open = openState(kept!.folder);
    const all = await exported();
    const groups = all.filter(({ state }) => state === 'groups');
    assert.deepEqual(
      inOrder(groups.map(({ entry }) => ({ k: Object.values(entry.row)[0], n: entry.count }))),
      held('SELECT k, n FROM counts'),
    );
    assert.ok(
      groups.length > 1 && groups.every(({ key, entry }) => Object.values(key)[0] === Object.values(entry.row)[0]),
    );

    const side = (name: string) =>
      all.filter(({ state, step }) => state === name && step.startsWith('step inner join'));
    const pairs = side('left').flatMap(({ key, entry: { rows } }) =>
      side('right')
        .filter((other) => Object.values(other.key)[0] === Object.values(key)[0])
        .flatMap(({ entry }) =>
          rows.flatMap(({ row }) => entry.rows.map((other) => ({ id: row['id'], v: other.row['v'] }))),
        ),
    );
    assert.deepEqual(inOrder(pairs), held('SELECT id, v FROM joined'));

    const rows = await exported('table shop.t');
    assert.deepEqual(inOrder(rows), inOrder(await exported('shop.t')));
    assert.deepEqual(inOrder(rows), inOrder(all.filter(({ step }) => step === 'table shop.t')));
    assert.ok(rows.every(({ key, entry: { row } }) => key['id'] === row['id'] && Object.keys(row).join() === 'id,a'));
    const counts = Map.groupBy(rows, ({ entry: { row } }) => row['a'] ?? -9);
    assert.deepEqual(inOrder([...counts].map(([k, { length: n }]) => ({ k, n }))), held('SELECT k, n FROM counts'));
  }
  const refused = async (...words: readonly string[]) =>
    (await millrace('state', 'export', ...words, '--dir', dir)).stderr;
  assert.match(await refused('other'), /STATE_NOT_FOUND.*state of other/);
  assert.match(await refused('changing', 'step of nobody'), /STATE_NOT_FOUND.*step of nobody/);
  {
    await using open = openState(kept!.folder);
    open.file.forget();
  }
  assert.match(await refused('changing'), /STATE_NOT_FOUND.*checkpoint of changing/);
});
