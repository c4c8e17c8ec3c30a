import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../core/errors.ts';
import { parseScript } from '../sql/parse/script.ts';
import { spanOfError } from '../sql/sql-error.ts';
import { type Outcome, SqlProgram } from './sql-program.ts';

const declarations = `
CREATE TABLE orders (id BIGINT, customer BIGINT, total DECIMAL(10, 2), note STRING, placed TIMESTAMP(3), qty INT NOT NULL,
  twice AS qty * 2, db STRING METADATA FROM 'database_name' VIRTUAL,
  WATERMARK FOR placed AS placed - INTERVAL '5' SECOND, PRIMARY KEY (id) NOT ENFORCED)
  WITH ('connector' = 'mysql-cdc', 'hostname' = 'db1', 'username' = 'u', 'password' = 'pw', 'database-name' = 'shop', 'table-name' = 'orders');
CREATE TABLE clicks (id BIGINT, page STRING) WITH ('connector' = 'datagen');
CREATE TABLE totals (customer BIGINT, total DECIMAL(38, 2), n BIGINT, PRIMARY KEY (customer) NOT ENFORCED)
  WITH ('connector' = 'mysql', 'hostname' = 'db2', 'username' = 'u', 'database-name' = 'shop', 'table-name' = 'totals');
CREATE TABLE pages (page STRING, n BIGINT) WITH ('connector' = 'jdbc', 'url' = 'jdbc:mysql://db2:3306/shop', 'table-name' = 'pages');
CREATE TABLE lines (page STRING) WITH ('connector' = 'kafka', 'topic' = 'lines', 'properties.bootstrap.servers' = 'k:9092', 'format' = 'json');
CREATE TABLE seen (id BIGINT, page STRING NOT NULL) WITH ('connector' = 'print');
`;

const program = (bounded = false): SqlProgram =>
  new SqlProgram({ bounded, server: null, expand: (text) => text, hide: () => {} });

const run = (sql: string, bounded = false): readonly Outcome[] => {
  const session = program(bounded);
  return parseScript(sql).map((statement) => session.take(statement));
};

const last = (sql: string, bounded = false): Outcome => run(declarations + sql, bounded).at(-1)!;

const rows = (sql: string): readonly (readonly (string | null)[])[] => {
  const outcome = last(sql);
  assert.equal(outcome.kind, 'answer');
  return outcome.kind === 'answer' ? outcome.answer.rows : [];
};

test('a declaration keeps its columns, key, metadata and watermark', () => {
  assert.deepEqual(rows('DESCRIBE orders'), [
    ['id', 'BIGINT', 'FALSE', 'PRI(id)', null, null],
    ['customer', 'BIGINT', 'TRUE', null, null, null],
    ['total', 'DECIMAL(10, 2)', 'TRUE', null, null, null],
    ['note', 'STRING', 'TRUE', null, null, null],
    ['placed', 'TIMESTAMP(3)', 'TRUE', null, null, "placed - INTERVAL '5' SECOND"],
    ['qty', 'INT', 'FALSE', null, null, null],
    ['twice', 'INT', 'FALSE', null, 'AS qty * 2', null],
    ['db', 'STRING', 'TRUE', null, "METADATA FROM 'database_name' VIRTUAL", null],
  ]);
  assert.match(rows('SHOW CREATE TABLE orders')[0]![0]!, /'username' = 'u', 'password' = '\*{6}'/);
});

test('how long a silent table holds windows open is set as in Flink, and reaches the query', () => {
  const settings = (text: string): unknown => {
    const outcome = last(`${text} SELECT id FROM clicks`);
    return outcome.kind === 'query' ? outcome.query.settings.idleTimeoutMs : null;
  };
  assert.equal(settings(''), 0);
  assert.equal(settings("SET 'table.exec.source.idle-timeout' = '2 min';"), 120_000);
});

test('LIKE brings what another table has, and its options where they are not written again', () => {
  const sql = `CREATE TABLE copied (more INT) WITH ('table-name' = 'archive') LIKE orders (EXCLUDING WATERMARKS EXCLUDING CONSTRAINTS);
    SHOW CREATE TABLE copied`;
  const text = rows(sql)[0]![0]!;
  assert.match(text, /'hostname' = 'db1'/);
  assert.match(text, /'table-name' = 'archive'/);
  assert.doesNotMatch(text, /WATERMARK|PRIMARY KEY|'orders'/);
  assert.deepEqual(rows(sql.replace('SHOW CREATE TABLE', 'DESCRIBE')).at(-1)?.[0], 'more');
});

test('views and databases have names of their own, and go again', () => {
  const sql = `CREATE VIEW big (nr, c) AS SELECT id, customer FROM orders WHERE total > 100;
    CREATE DATABASE other; USE other; CREATE VIEW v AS SELECT nr FROM default_database.big; SHOW VIEWS`;
  assert.deepEqual(rows(sql), [['v']]);
  assert.deepEqual(rows(`${sql}; USE default_database; DROP VIEW big; DROP DATABASE other CASCADE; SHOW DATABASES`), [
    ['default_database'],
  ]);
  assert.deepEqual(rows("SHOW TABLES LIKE 'p%'"), [['pages']]);
});

test('an INSERT INTO becomes a job called after its tables, with the key by which its rows are found', () => {
  const outcome = last(`EXECUTE STATEMENT SET BEGIN
    INSERT INTO totals (n, customer) SELECT COUNT(*), customer FROM orders GROUP BY customer;
    INSERT INTO seen SELECT * FROM clicks;
    END`);
  assert.ok(outcome.kind === 'job');
  const { job } = outcome;
  assert.equal(job.name, 'insert-into_totals_seen');
  assert.deepEqual(
    job.inserts.map(({ key, appends, plan }) => [key, appends, plan.columns.map(({ name }) => name)]),
    [
      [[0], false, ['customer', 'total', 'n']],
      [[], true, ['id', 'page']],
    ],
  );
  assert.equal(job.bounded, false);
});

test('in batch mode sources end, whenever that is said', () => {
  const outcome = last("SET 'execution.runtime-mode' = 'batch'; INSERT INTO totals SELECT id, total, 1 FROM orders");
  assert.ok(outcome.kind === 'job' && outcome.job.bounded);
  const [table] = outcome.job.tables.values();
  assert.equal(table?.source.kind === 'mysql' && table.source.settings['scan.startup.mode'], 'snapshot');
});

/** What is wrong, the text that the carets stand below, and what is said. */
const mistakes: readonly (readonly [sql: string, at: string, code: string, message: RegExp])[] = [
  [
    "CREATE TABLE t (a INT) WITH ('conector' = 'print')",
    'CREATE TABLE t (a INT) WITH',
    'SQL_INVALID',
    /t needs 'connector'/,
  ],
  [
    "CREATE TABLE t (a INT) WITH ('connector' = 'kafak')",
    "'connector' = 'kafak'",
    'SQL_UNKNOWN_NAME',
    /did you mean kafka\?/,
  ],
  [
    "CREATE TABLE t (a INT) WITH ('connector' = 'mysql-cdc', 'hostnam' = 'x')",
    "'hostnam' = 'x'",
    'SQL_UNKNOWN_NAME',
    /there is no option of 'mysql-cdc' 'hostnam'; did you mean hostname\?/,
  ],
  [
    "CREATE TABLE t (a INT) WITH ('connector' = 'mysql-cdc', 'hostname' = 'x', 'port' = 'many')",
    "'port' = 'many'",
    'SQL_INVALID',
    /'port' takes a whole number from 1 to 65535/,
  ],
  [
    "CREATE TABLE t (a INT) WITH ('connector' = 'mysql-cdc', 'hostname' = 'x')",
    "'connector' = 'mysql-cdc'",
    'SQL_INVALID',
    /'mysql-cdc' needs 'username'/,
  ],
  [
    "CREATE TABLE t (a INT) WITH ('connector' = 'jdbc', 'url' = 'jdbc:postgresql://x/y', 'table-name' = 't')",
    "'connector' = 'jdbc'",
    'SQL_INVALID',
    /jdbc:mysql:\/\/host/,
  ],
  [
    "CREATE TABLE t (a INT) WITH ('connector' = 'upsert-kafka', 'topic' = 't', 'properties.bootstrap.servers' = 'k:1', 'key.format' = 'json', 'value.format' = 'json')",
    "'connector' = 'upsert-kafka'",
    'SQL_INVALID',
    /needs PRIMARY KEY/,
  ],
  ["CREATE TABLE t (a INT PRIMARY KEY) WITH ('connector' = 'print')", 'PRIMARY KEY', 'SQL_INVALID', /NOT ENFORCED/],
  ["CREATE TABLE t (a INT, A INT, a INT) WITH ('connector' = 'print')", 'a', 'SQL_INVALID', /two columns a/],
  ["CREATE TABLE t (a INT, b AS c + 1) WITH ('connector' = 'print')", 'c', 'SQL_UNKNOWN_NAME', /no column c/],
  [
    "CREATE TABLE t (a INT, WATERMARK FOR a AS a) WITH ('connector' = 'print')",
    'WATERMARK FOR a AS a',
    'SQL_TYPE_MISMATCH',
    /TIMESTAMP/,
  ],
  ["CREATE TABLE t (a INT METADATA) WITH ('connector' = 'print')", 'a INT METADATA', 'SQL_INVALID', /no metadata 'a'/],
  ["CREATE TABLE orders (a INT) WITH ('connector' = 'print')", 'orders', 'SQL_INVALID', /already/],
  ['CREATE TABLE t (a INT) LIKE order', 'order', 'SQL_SYNTAX', /expected/],
  ['CREATE TABLE t (a INT) LIKE ordrs', 'ordrs', 'SQL_UNKNOWN_NAME', /did you mean orders/],
  ['CREATE TABLE t (id INT) LIKE orders', 'id', 'SQL_INVALID', /LIKE brings a column id/],
  ['INSERT INTO totls SELECT 1, 2, 3', 'totls', 'SQL_UNKNOWN_NAME', /did you mean totals/],
  ['INSERT INTO orders SELECT * FROM orders', 'orders', 'SQL_INVALID', /read only/],
  [
    'INSERT INTO totals SELECT customer, total FROM orders',
    'SELECT customer, total FROM orders',
    'SQL_INVALID',
    /gives 2 columns, and totals takes 3 columns: customer, total, n/,
  ],
  [
    'INSERT INTO totals SELECT id, note, qty FROM orders',
    'note',
    'SQL_TYPE_MISMATCH',
    /the column total takes DECIMAL\(38, 2\), and this is STRING/,
  ],
  ['INSERT INTO totals (customer, sums) SELECT id, 1 FROM orders', 'sums', 'SQL_UNKNOWN_NAME', /no column sums/],
  ['INSERT INTO totals (customer, n, n) SELECT id, 1, 2 FROM orders', 'n', 'SQL_INVALID', /named twice/],
  ['INSERT INTO totals (n) SELECT 1 FROM orders', 'n', 'SQL_INVALID', /customer is part of the key/],
  [
    'INSERT INTO totals SELECT customer, total, qty FROM orders',
    'totals',
    'SQL_KEY_MISMATCH',
    /the key of totals is \(customer\), and no columns tell/,
  ],
  [
    'INSERT INTO totals SELECT customer, SUM(total), qty FROM orders GROUP BY customer, qty',
    'totals',
    'SQL_KEY_MISMATCH',
    /by \(customer, n\)/,
  ],
  [
    'INSERT INTO pages SELECT page, COUNT(*) FROM clicks GROUP BY page',
    'pages',
    'SQL_KEY_MISSING',
    /no key to find them by/,
  ],
  ['INSERT INTO lines SELECT note FROM orders', 'lines', 'SQL_NOT_SUPPORTED', /changelog format/],
  ['INSERT INTO totals SELECT id, total, 1 FROM orders ORDER BY id', 'id', 'SQL_INVALID', /no order/],
  [
    'INSERT OVERWRITE totals SELECT 1, 2, 3',
    'INSERT OVERWRITE totals SELECT 1, 2, 3',
    'SQL_NOT_SUPPORTED',
    /OVERWRITE/,
  ],
  [
    'SELECT * FROM seen',
    "CREATE TABLE seen (id BIGINT, page STRING NOT NULL) WITH ('connector' = 'print')",
    'SQL_INVALID',
    /written only/,
  ],
  [
    "SET 'execution.runtime-mod' = 'batch'",
    "SET 'execution.runtime-mod' = 'batch'",
    'SQL_UNKNOWN_NAME',
    /did you mean execution.runtime-mode/,
  ],
  [
    "SET 'table.exec.source.idle-timeout' = 'soon'",
    "SET 'table.exec.source.idle-timeout' = 'soon'",
    'SQL_INVALID',
    /length of time, as '30 s'/,
  ],
  [
    "SET 'execution.runtime-mode' = 'fast'",
    "SET 'execution.runtime-mode' = 'fast'",
    'SQL_INVALID',
    /'streaming' or 'batch'/,
  ],
  ['USE CATALOG hive', 'hive', 'SQL_UNKNOWN_NAME', /no catalog hive/],
  ['DROP TABLE nothing', 'nothing', 'SQL_UNKNOWN_NAME', /no table nothing/],
  ['DESCRIBE ordres', 'ordres', 'SQL_UNKNOWN_NAME', /did you mean orders/],
  ["CREATE FUNCTION f AS 'x'", "CREATE FUNCTION f AS 'x'", 'SQL_NOT_SUPPORTED', /CREATE FUNCTION/],
];

test('each mistake is shown at its place, with what would have been right', () => {
  for (const [sql, at, code, message] of mistakes) {
    assert.throws(
      () => last(sql),
      (error) => {
        const span = spanOfError(error);
        assert.ok(isMillraceError(error) && span !== null, `${sql}: ${String(error)}`);
        assert.equal(error.code, code, `${sql}: ${error.message}`);
        assert.match(error.message, message, sql);
        const shown = (declarations + sql).slice(span.start, span.end);
        assert.ok(shown === at || (at.length > 20 && shown.startsWith(at)), `${sql}: shown at ${shown}`);
        return true;
      },
    );
  }
});

test('a job that reads what it writes is refused, unless reading ends first', () => {
  const own = (
    connector: string,
  ): string => `CREATE TABLE grown (customer BIGINT, total DECIMAL(38, 2), n BIGINT, PRIMARY KEY (customer) NOT ENFORCED)
    WITH ('connector' = '${connector}', 'hostname' = 'db2', 'username' = 'u', 'database-name' = 'shop', 'table-name' = 'totals');
    INSERT INTO totals SELECT customer, total, n + 1 FROM grown`;
  assert.throws(() => last(own('mysql-cdc')), { code: 'SQL_FEEDS_ITSELF' });
  assert.equal(last(own('mysql')).kind, 'job');
  assert.equal(last(own('mysql-cdc'), true).kind, 'job');
});

test('where and how often a job is kept, and in how much memory, is said by SET', () => {
  const job = `CREATE TABLE n (id BIGINT) WITH ('connector' = 'datagen'); CREATE TABLE out_rows (id BIGINT) WITH ('connector' = 'print');
    INSERT INTO out_rows SELECT id FROM n`;
  const jobOf = (settings: string, insert = job) => {
    const of = program(false);
    const outcome = parseScript(`${settings} ${insert}`)
      .map((statement) => of.take(statement))
      .at(-1)!;
    assert.ok(outcome.kind === 'job');
    return outcome.job;
  };
  assert.deepEqual(jobOf('').state, { folder: null, intervalMs: 10_000, mostMemory: 201_326_592 });
  const said = `SET 'execution.checkpointing.interval' = '3 min'; SET 'state.checkpoints.dir' = 'file:///var/a%20b'; SET 'state.memory' = '64mb';`;
  assert.deepEqual(jobOf(said).state, { folder: '/var/a b', intervalMs: 180_000, mostMemory: 67_108_864 });
  for (const wrong of [
    "SET 'execution.checkpointing.interval' = 'soon'",
    "SET 'execution.checkpointing.dir' = 's3://bucket/a'",
    "SET 'state.memory' = 'much'",
  ]) {
    assert.throws(() => jobOf(`${wrong};`), { code: 'SQL_INVALID' });
  }
  const { identity } = jobOf('');
  assert.equal(jobOf(said, job.replaceAll(/\s+/g, '\n ')).identity, identity);
  assert.notEqual(jobOf('', job.replace('SELECT id', 'SELECT id + 0')).identity, identity);
  assert.notEqual(jobOf("SET 'table.local-time-zone' = 'Asia/Shanghai';").identity, identity);
});

test('EXPLAIN shows where changes are made of upserts, and what a step above them gets', () => {
  const outcome = last(`
    CREATE TABLE stock (sku STRING, qty INT, PRIMARY KEY (sku) NOT ENFORCED) WITH ('connector' = 'upsert-kafka', 'topic' = 'stock',
      'properties.bootstrap.servers' = 'k:9092', 'key.format' = 'json', 'value.format' = 'json');
    EXPLAIN SELECT COUNT(*) FROM stock WHERE qty > 1`);
  assert.ok(outcome.kind === 'plan');
  assert.match(
    outcome.text,
    /└─ changelog normalize by \(sku\) {3}\[I,UA,D\] key \(sku\)\n *│ {2}sku STRING, qty INT\n *└─ read \S+\.stock {3}\[UA,D\]$/,
  );
});
