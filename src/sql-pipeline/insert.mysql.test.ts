import assert from 'node:assert/strict';
import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMillraceError } from '../core/errors.ts';
import { createPipeline } from '../pipeline/pipeline.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { parseScript } from '../sql/parse/script.ts';
import { MysqlRig } from '../testing/mysql-rig.ts';
import { testServers } from '../testing/servers/test-servers.ts';
import { jobOptions } from './job-options.ts';
import { SqlProgram } from './sql-program.ts';

const [server] = testServers();
const skip = server === undefined;

const declarations = ({ server: { host, port, user, password }, database }: MysqlRig): string => {
  const options = (connector: string, table: string, more = ''): string =>
    `WITH ('connector' = '${connector}', 'hostname' = '${host}', 'port' = '${port}', 'username' = '${user}', 'password' = '${password}', 'database-name' = '${database}', 'table-name' = '${table}'${more})`;
  const position = `, 'position.database' = '${database}'`;
  return `
    CREATE TABLE accounts (id BIGINT, owner BIGINT, balance DECIMAL(12, 2), PRIMARY KEY (id) NOT ENFORCED) ${options('mysql-cdc', 'accounts')};
    CREATE TABLE owners (id INT, name STRING, PRIMARY KEY (id) NOT ENFORCED) ${options('mysql-cdc', 'owners')};
    CREATE TABLE ratings (name STRING, rating TINYINT, good BOOLEAN, seen TIMESTAMP_LTZ(6), PRIMARY KEY (name) NOT ENFORCED) ${options('mysql', 'ratings', position)};
    CREATE TABLE totals (name STRING, accounts BIGINT NOT NULL, balance DECIMAL(38, 2), PRIMARY KEY (name) NOT ENFORCED) ${options('mysql', 'totals', position)};
    CREATE TABLE whole (k INT, balance DECIMAL(38, 2), PRIMARY KEY (k) NOT ENFORCED) ${options('mysql', 'whole', position)};`;
};

/** Starts the job that the last statement is; `ended` resolves or rejects as its pipeline does. `folder`: where its state is kept. */
const start = (rig: MysqlRig, sql: string, folder: string | null = null) => {
  const program = new SqlProgram({ bounded: false, server: null, expand: (text) => text, hide: () => {} });
  const outcome = parseScript(declarations(rig) + sql)
    .map((statement) => program.take(statement))
    .at(-1)!;
  assert.ok(outcome.kind === 'job');
  const said: string[] = [];
  const log = { debug() {}, info: (line: string) => said.push(line), warn() {}, error() {} };
  const state = folder === null ? null : { folder, version: 'test' };
  const pipeline = createPipeline(jobOptions(outcome.job, { log, clock: systemClock, print: async () => {}, state }));
  const [stop, abort] = [new AbortController(), new AbortController()];
  const ended = pipeline.run(stop.signal, abort.signal);
  ended.catch(() => {});
  return { pipeline, stop, abort, ended, said };
};

const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
  const patience = AbortSignal.timeout(60_000);
  while (!(await holds())) {
    if (patience.aborted) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

const expected = `SELECT o.name, COUNT(*), SUM(a.balance) FROM accounts a JOIN owners o ON o.id = a.owner GROUP BY o.name ORDER BY o.name`;
const sum = 'SELECT SUM(balance) FROM accounts';
const held = 'SELECT name, accounts, balance FROM totals ORDER BY name';

const job = `EXECUTE STATEMENT SET BEGIN
  INSERT INTO totals SELECT o.name, COUNT(*), SUM(a.balance) FROM accounts a JOIN owners o ON o.id = a.owner GROUP BY o.name;
  INSERT INTO whole SELECT 1, SUM(balance) FROM accounts;
END`;

test('a query is kept in a table, whole transactions at a time, and goes on after it was killed without reading its tables again', {
  skip,
  timeout: 120_000,
}, async () => {
  await using rig = await MysqlRig.open(server!);
  using state = mkdtempDisposableSync(join(tmpdir(), 'millrace-insert-'));
  await rig.run(
    'CREATE TABLE accounts (id BIGINT PRIMARY KEY, owner INT NOT NULL, balance DECIMAL(10,2) NOT NULL, note TEXT)',
    'CREATE TABLE owners (id INT PRIMARY KEY, name VARCHAR(30) NOT NULL)',
    "INSERT INTO owners VALUES (1, 'ann'), (2, 'bob'), (3, 'cleo')",
    "INSERT INTO accounts VALUES (1, 1, 100, 'x'), (2, 1, 50.5, NULL), (3, 2, 10, NULL), (4, 3, 1, 'y')",
  );
  const caughtUp = async (): Promise<boolean> => {
    const want = JSON.stringify(await rig.query(expected));
    const [wanted, found] = [sum, 'SELECT balance FROM whole'].map((query) => rig.query(query).catch(() => null));
    const isWhole = JSON.stringify(await found) === JSON.stringify(await wanted);
    return isWhole && JSON.stringify(await rig.query(held).catch(() => [])) === want;
  };
  const first = start(rig, job, state.path);
  await until('the first result', caughtUp);

  for (let transfer = 0; transfer < 30; transfer += 1) {
    await rig.run(
      'START TRANSACTION',
      `UPDATE accounts SET balance = balance - ${transfer} WHERE id = ${1 + (transfer % 4)}`,
      `UPDATE accounts SET balance = balance + ${transfer} WHERE id = ${1 + ((transfer + 1) % 4)}`,
      'COMMIT',
    );
    const [sums] = await rig.query('SELECT (SELECT SUM(balance) FROM totals), (SELECT balance FROM whole)');
    assert.deepEqual(sums, ['161.50', '161.50'], 'half a transfer was seen');
  }
  await rig.run("UPDATE owners SET name = 'anne' WHERE id = 1");
  await until('a group that moved', caughtUp);
  assert.equal(first.pipeline.status().health, 'running');

  first.abort.abort();
  await assert.rejects(first.ended, (error) => isMillraceError(error, 'PIPELINE_ABORTED'));
  await rig.run('DELETE FROM accounts WHERE owner = 3', 'INSERT INTO accounts VALUES (9, 2, 0.25, NULL)');
  const second = start(rig, job, state.path);
  await until('what happened meanwhile, and what vanished', caughtUp);
  assert.ok(second.said.includes('the job goes on from its checkpoint'), second.said.join('; '));
  assert.ok(!second.said.some((line) => /snapshot/.test(line)), second.said.join('; '));
  await rig.run('TRUNCATE accounts');
  await until('nothing', caughtUp);
  second.stop.abort();
  assert.equal((await second.ended).outcome, 'stopped');

  await rig.run("INSERT INTO accounts VALUES (4, 1, 2, 'z')");
  const changed = start(rig, job.replace('SUM(balance)', 'SUM(balance) + 1'), state.path);
  await until('another query', async () => {
    const [[changed] = []] = await rig.query('SELECT balance FROM whole');
    return changed === '3.00';
  });
  assert.ok(changed.said.includes('the statements changed'), changed.said.join('; '));
  assert.ok(!changed.said.some((line) => /snapshot/.test(line)), changed.said.join('; '));
  changed.stop.abort();
  assert.equal((await changed.ended).outcome, 'stopped');
});

test('a bounded scan is joined, written in batch mode, and the job ends', { skip, timeout: 60_000 }, async () => {
  await using rig = await MysqlRig.open(server!);
  await rig.run(
    'CREATE TABLE accounts (id BIGINT PRIMARY KEY, owner INT NOT NULL, balance DECIMAL(10,2) NOT NULL)',
    'CREATE TABLE owners (id INT PRIMARY KEY, name VARCHAR(30) NOT NULL)',
    "INSERT INTO owners VALUES (1, 'ann'), (2, 'bob')",
    'INSERT INTO accounts VALUES (1, 1, 100), (2, 2, -5)',
    'CREATE TABLE ratings (name VARCHAR(30) PRIMARY KEY, rating TINYINT, good TINYINT(1), seen TIMESTAMP(6) NULL)',
    "INSERT INTO ratings VALUES ('kept', 9, 1, '2024-02-29 12:00:00.5')",
  );
  const sql = `INSERT INTO ratings SELECT name, CAST(balance / 10 AS TINYINT), balance > 0, TO_TIMESTAMP_LTZ(0, 3)
    FROM accounts a JOIN owners o ON o.id = a.owner`;
  const batch = `SET 'execution.runtime-mode' = 'batch'; ${sql}`;
  await assert.rejects(async () => start(rig, batch), { code: 'SQL_KEY_MISMATCH' });
  const grouped = batch.replace('SELECT name', 'SELECT MAX(name)').replace(/balance/g, 'SUM(balance)');
  await assert.rejects(async () => start(rig, `${grouped} GROUP BY owner`), { code: 'SQL_KEY_MISMATCH' });
  const { ended } = start(rig, `${grouped.replace('MAX(name)', 'name')} GROUP BY name`);
  assert.equal((await ended).outcome, 'finished');
  assert.deepEqual(await rig.query('SELECT name, rating, good FROM ratings ORDER BY name'), [
    ['ann', '10', '1'],
    ['bob', '0', '0'],
    ['kept', '9', '1'],
  ]);
});

test('a NULL that the table does not take stops the job before the row', { skip, timeout: 60_000 }, async () => {
  await using rig = await MysqlRig.open(server!);
  await rig.run(
    'CREATE TABLE accounts (id BIGINT PRIMARY KEY, owner INT, balance DECIMAL(10,2))',
    'CREATE TABLE owners (id INT PRIMARY KEY, name VARCHAR(30))',
    'INSERT INTO accounts VALUES (1, NULL, NULL)',
    "INSERT INTO owners VALUES (1, NULL), (2, 'b')",
  );
  const { ended } = start(rig, 'INSERT INTO totals SELECT name, COUNT(*), 1 FROM owners GROUP BY name');
  await assert.rejects(ended, (error) => isMillraceError(error, 'SQL_NULL_REFUSED'));
});
