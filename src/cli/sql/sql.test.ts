import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

const sql = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'sql', ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
};

const values = "(VALUES (2, 'b'), (1, CAST(NULL AS STRING)), (2, 'b')) AS v (id, name)";

test('a query over no table is computed without a server, and ends', () => {
  assert.equal(sql('-e', `SELECT id, name FROM ${values}`).stdout, '+I[2, b]\n+I[1, NULL]\n+I[2, b]\n');
});

test('a result that ends is sorted, also by columns that it does not show', () => {
  assert.equal(sql('--bounded', '-e', `SELECT name FROM ${values} ORDER BY id`).stdout, 'name\nNULL\nb\nb\n(3 rows)\n');
});

test('a row of JSON has each column, though two have one name', () => {
  assert.equal(
    sql('-o', 'jsonl', '-e', "SELECT 1.50 AS a, 9007199254740993 AS a, x'00ff' AS b").stdout,
    '{"op":"+I","row":{"a":"1.50","a_2":"9007199254740993","b":"AP8="}}\n',
  );
});

test('SET says how queries run from there on, and every statement is looked at before the first runs', () => {
  const batch = sql('-e', `SET 'execution.runtime-mode' = 'batch'; SELECT 1 AS x; SELECT 2 AS x`);
  assert.equal(batch.stdout, 'x\n1\n(1 row)\nx\n2\n(1 row)\n');
  const late = sql('--bounded', '-e', "SELECT 1;\nSET 'pipeline.nam' = 'x'");
  assert.deepEqual([late.status, late.stdout], [1, '']);
  assert.match(late.stderr, /^-e:2:1 {2}error {2}SQL_UNKNOWN_NAME/);
  const behind = sql('-e', "CREATE TABLE t (a INT) WITH ('connector' = 'datagen'); SELECT a FROM t; SELECT 2");
  assert.match(behind.stderr, /SQL_INVALID.*never ends/);
});

test('EXPLAIN prints the plan', () => {
  assert.match(sql('-e', `EXPLAIN SELECT id FROM ${values} WHERE id > 1`).stdout, /^project id .*\n.*\n└─ filter/);
});

test('what does not run yet is refused at its place', () => {
  const { status, stderr } = sql('-e', "CREATE FUNCTION f AS 'x'");
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^-e:1:1 {2}error {2}SQL_NOT_SUPPORTED {2}a function in JAVA .*\n {2}1 \| CREATE FUNCTION f.*\n {4}\| \^/,
  );
});

test('a command line that says too little or too much is refused', () => {
  for (const args of [[], ['-e', 'SELECT 1', '-f', 'x.sql'], ['-f', 'nowhere.sql'], ['-e', 'SELECT a FROM b.c']]) {
    const { status, stderr } = sql(...args);
    assert.equal(status, 2, stderr);
    assert.match(stderr, /CLI_ARGUMENTS/);
  }
});

test('a job of made-up rows ends in a SQLite file, and running it again leaves the same', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-sql-'));
  try {
    const script = join(folder, 'pages.sql');
    writeFileSync(
      script,
      `CREATE TABLE clicks (id BIGINT, page AS MOD(id, 3)) WITH ('connector' = 'datagen', 'rows-per-second' = '1000000',
         'fields.id.kind' = 'sequence', 'fields.id.start' = '1', 'fields.id.end' = '100');
       CREATE TABLE pages (page BIGINT, n BIGINT, PRIMARY KEY (page) NOT ENFORCED)
         WITH ('connector' = 'sqlite', 'path' = '\${FOLDER}/pages.db', 'table-name' = 'pages');
       CREATE TABLE seen (n BIGINT) WITH ('connector' = 'print', 'print-identifier' = 'all');
       SHOW TABLES LIKE 'p%';
       SET 'execution.runtime-mode' = 'batch';
       EXECUTE STATEMENT SET BEGIN
         INSERT INTO pages SELECT page, COUNT(*) FROM clicks GROUP BY page;
         INSERT INTO seen SELECT COUNT(*) FROM clicks;
       END`,
    );
    const pipeline = join(folder, 'pages.yaml');
    writeFileSync(pipeline, 'sql: { file: run.sql }\n');
    writeFileSync(join(folder, 'run.sql'), readFileSync(script, 'utf8').replace(/SHOW.*/, ''));
    const env = { ...process.env, FOLDER: folder };
    const planned = spawnSync(process.execPath, [main, 'plan', pipeline], { encoding: 'utf8', env });
    assert.equal(planned.status, 0, planned.stderr);
    assert.match(planned.stdout, /\+ clicks -> sqlite pages +\(page, n; key page\)\n/);
    assert.match(planned.stdout, /after a restart {2}pages \(sqlite\): exactly once/);
    assert.match(planned.stdout, /after a restart {2}seen \(print\): printed again/);
    const doctor = spawnSync(process.execPath, [main, 'doctor', pipeline], { encoding: 'utf8', env });
    assert.equal(doctor.status, 0, doctor.stdout + doctor.stderr);
    assert.match(doctor.stdout, /: sink sqlite .*pages\.db\n {2}✔ ready\n/);
    for (const args of [
      ['sql', '-f', script],
      ['run', pipeline],
    ]) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', env });
      assert.equal(status, 0, stderr);
      assert.match(stdout, /all> \+I\[100\]\n/);
      const rows = new DatabaseSync(join(folder, 'pages.db'), { readOnly: true })
        .prepare('SELECT page, n FROM pages ORDER BY page')
        .all()
        .map((row) => Object.values(row));
      assert.deepEqual(rows, [
        [0, 33],
        [1, 34],
        [2, 33],
      ]);
    }
    // What its tables hold is what the queries give, until somebody changes it.
    const verify = () => spawnSync(process.execPath, [main, 'verify', pipeline], { encoding: 'utf8', env });
    const equal = verify();
    assert.equal(equal.status, 0, equal.stdout + equal.stderr);
    assert.match(equal.stdout, /^pages +3 .* equal$/m);
    new DatabaseSync(join(folder, 'pages.db')).exec('UPDATE pages SET n = 35 WHERE page = 1');
    const different = verify();
    assert.equal(different.status, 3, different.stdout + different.stderr);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
