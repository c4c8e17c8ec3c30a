import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { fileJob } from '../sql-pipeline/file-job.ts';
import type { SqlJob } from '../sql-pipeline/job.ts';
import { SqlHistory } from './sql-history.ts';

const queries = {
  groups: `SELECT k, COUNT(*) AS n, SUM(b) AS b, MIN(s) AS low, COUNT(DISTINCT s) AS texts
    FROM (SELECT COALESCE(a, -9) AS k, b, s FROM t) x GROUP BY k`,
  joined: 'SELECT t.id AS id, t.s AS s, u.v AS v FROM t LEFT JOIN u ON t.a = u.id',
  best: 'SELECT id, b FROM t ORDER BY b DESC NULLS LAST, id LIMIT 5',
  totals: 'SELECT 1 AS k, COUNT(*) AS n, SUM(b) AS b FROM t',
} as const;

/** Queries of a history, kept in a mirror, and one whose rows hold chance and the time, kept in a change log; both in `folder`. */
export const historyJob = async (folder: string): Promise<SqlJob> => {
  const source = `'connector' = 'mysql-cdc', 'hostname' = 'none', 'username' = 'none', 'database-name' = 'shop'`;
  const mirror = `'connector' = 'sqlite', 'path' = '${folder}/mirror.db'`;
  const sql = `
    SET 'execution.checkpointing.interval' = '20 ms';
    CREATE TABLE t (id BIGINT, a BIGINT, b BIGINT, s STRING, PRIMARY KEY (id) NOT ENFORCED) WITH (${source}, 'table-name' = 't');
    CREATE TABLE u (id BIGINT, v STRING, PRIMARY KEY (id) NOT ENFORCED) WITH (${source}, 'table-name' = 'u');
    CREATE TABLE \`groups\` (k BIGINT, n BIGINT, b BIGINT, low STRING, texts BIGINT, PRIMARY KEY (k) NOT ENFORCED) WITH (${mirror}, 'table-name' = 'groups');
    CREATE TABLE joined (id BIGINT, s STRING, v STRING, PRIMARY KEY (id) NOT ENFORCED) WITH (${mirror}, 'table-name' = 'joined');
    CREATE TABLE best (id BIGINT, b BIGINT, PRIMARY KEY (id) NOT ENFORCED) WITH (${mirror}, 'table-name' = 'best');
    CREATE TABLE totals (k INT, n BIGINT, b BIGINT, PRIMARY KEY (k) NOT ENFORCED) WITH (${mirror}, 'table-name' = 'totals');
    CREATE TABLE drawn (id BIGINT, a BIGINT, chance DOUBLE, seen TIMESTAMP_LTZ(3), PRIMARY KEY (id) NOT ENFORCED)
      WITH ('connector' = 'filesystem', 'path' = '${folder}/drawn.ndjson', 'format' = 'debezium-json');
    ${Object.entries(queries)
      .map(([name, query]) => `INSERT INTO \`${name}\` ${query};`)
      .join('\n')}
    INSERT INTO drawn SELECT id, a, RAND(), CURRENT_TIMESTAMP FROM t;`;
  return (await fileJob(sql, { folder, expand: (text) => text, hide: () => {} })).job;
};

interface Drawn {
  readonly id: number;
  readonly a: number | null;
  readonly seen: string;
}

/**
 * Compares what the job left with SQLite's own answers to the same queries at the end of the history, and reads the change log line by
 * line: each image of a row as it was has to be the one that the line before it left, to the last digit of its chance and time.
 */
export const assertJobDone = (folder: string, seed: number, transactions: number): void => {
  const history = new SqlHistory(seed);
  for (let count = 0; count < transactions; count += 1) history.next();
  using oracle = new DatabaseSync(':memory:');
  oracle.exec('CREATE TABLE t (id INT, a INT, b INT, s TEXT); CREATE TABLE u (id INT, v TEXT)');
  for (const row of history.rows.t.values())
    oracle.prepare('INSERT INTO t VALUES (?, ?, ?, ?)').run(...(row as string[]));
  for (const row of history.rows.u.values()) oracle.prepare('INSERT INTO u VALUES (?, ?)').run(...(row as string[]));
  using mirror = new DatabaseSync(`${folder}/mirror.db`, { readOnly: true });
  for (const [name, query] of Object.entries(queries)) {
    const columns = oracle
      .prepare(query)
      .columns()
      .map(({ name }) => `"${name}"`)
      .join(', ');
    const expected = oracle.prepare(`SELECT ${columns} FROM (${query}) x ORDER BY 1`).all();
    assert.deepEqual(mirror.prepare(`SELECT ${columns} FROM "${name}" ORDER BY 1`).all(), expected, name);
  }
  const drawn = drawnRows(readFileSync(`${folder}/drawn.ndjson`, 'utf8'));
  const rows = [...history.rows.t.values()].map(([id, a]) => ({ id, a }));
  const byId = (x: { id: unknown }, y: { id: unknown }): number => Number(x.id) - Number(y.id);
  assert.deepEqual(drawn.map(({ id, a }) => ({ id, a })).sort(byId), rows.sort(byId));
};

/**
 * The rows that a change log leads to. Throws at a line that does not follow from those before it. A result that was computed anew comes
 * as a whole once more, all of it at one time.
 */
const drawnRows = (log: string): readonly Drawn[] => {
  const rows = new Map<number, Drawn>();
  let read: string | null = null;
  for (const line of log.split('\n').slice(0, -1)) {
    const { before, after, op } = JSON.parse(line) as { before: Drawn | null; after: Drawn | null; op: string };
    if (op === 'r' && after!.seen !== read) rows.clear();
    read = op === 'r' ? after!.seen : null;
    if (before !== null) {
      assert.deepEqual(rows.get(before.id), before, `${op} of a row that was otherwise`);
      rows.delete(before.id);
    }
    if (after !== null) {
      assert.ok(!rows.has(after.id), `${op} of a row that was there`);
      rows.set(after.id, after);
    }
  }
  return [...rows.values()];
};
