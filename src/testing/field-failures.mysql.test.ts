/**
 * What users of other tools met in the field, on real servers and with real sinks; each test is named by the number of the case
 * it answers. Cases that belong to one piece of code are tested beside that code, under the same numbers.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import mysql from 'mysql2/promise';
import { checkMysql } from '../connectors/mysql/check.ts';
import { mysqlConfig } from '../connectors/mysql/config.ts';
import { openSqliteSink } from '../connectors/sqlite/sink.ts';
import type { Batch } from '../core/batch.ts';
import type { Sink } from '../core/connector.ts';
import { isMillraceError } from '../core/errors.ts';
import { countChangeLog } from '../demo/change-log-count.ts';
import { checksumTables } from '../demo/checksum-tables.ts';
import { checksumMirror } from '../demo/mirror-checksum.ts';
import { WorkerProcess } from '../demo/worker-process.ts';
import { createPipeline, type PipelineStatus } from '../pipeline/pipeline.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { FaultProxy } from './fault-proxy.ts';
import { type Address, MysqlRig, readUntil } from './mysql-rig.ts';
import { SeededRandom } from './seeded-random.ts';
import { launchServer } from './servers/launch-server.ts';
import { testServers } from './servers/test-servers.ts';

const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'millrace-field-'));
after(() => rmSync(folder, { recursive: true }));

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const patienceMs = 60_000;

const open = async (server: Address, ...statements: readonly string[]) => {
  const rig = await MysqlRig.open(server);
  await rig.run(...statements);
  const start = {
    'scan.startup.mode': 'specific-offset',
    'scan.startup.specific-offset.gtid-set': await rig.executed(),
  };
  return { rig, start, path: join(folder, `${rig.database}.db`) };
};

/** `count` rows of (number, text of `width` characters) in one statement. */
const manyRows = ({ server }: MysqlRig, table: string, count: number, width: number): readonly string[] =>
  server.flavor === 'mysql'
    ? [
        `SET SESSION cte_max_recursion_depth = ${count + 1}`,
        `INSERT INTO ${table} WITH RECURSIVE s(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM s WHERE x < ${count}) SELECT x, RPAD(x, ${width}, 'x') FROM s`,
      ]
    : [`INSERT INTO ${table} SELECT seq, RPAD(seq, ${width}, 'x') FROM seq_1_to_${count}`];

interface Watched {
  /** Called with each batch before it is written. */
  readonly onWrite?: (batch: Batch) => Promise<void> | void;
}

const watched = (sink: Sink, { onWrite }: Watched): Sink => ({
  claim: (lane) => sink.claim(lane),
  write: async (batch, signal) => {
    await onWrite?.(batch);
    await sink.write(batch, signal);
  },
  [Symbol.asyncDispose]: () => sink[Symbol.asyncDispose](),
});

/** Carries a rig's tables into a SQLite file until `done`, and says how that went. */
const mirror = async (
  rig: MysqlRig,
  path: string,
  settings: Readonly<Record<string, unknown>>,
  done: () => boolean,
  { onStatus = () => {}, ...watch }: Watched & { readonly onStatus?: (status: PipelineStatus) => void } = {},
): Promise<PipelineStatus> => {
  const context = { pipeline: 'field', clock: systemClock, log: silent };
  const pipeline = createPipeline({
    name: 'field',
    source: async () => rig.source(settings),
    sinks: [{ name: 'mirror', open: async () => watched(openSqliteSink(path, context), watch) }],
    clock: systemClock,
    log: silent,
    retry: { initialMs: 20, maxMs: 200 },
  });
  const stop = new AbortController();
  const running = pipeline.run(stop.signal);
  const failed = running.then(
    () => false,
    () => true,
  );
  const deadline = performance.now() + patienceMs;
  try {
    while (performance.now() < deadline && !done()) {
      onStatus(pipeline.status());
      if (await Promise.race([failed, sleep(20, false)])) break;
    }
  } finally {
    stop.abort();
    await running;
  }
  assert.ok(done(), `not done after ${patienceMs} ms`);
  return pipeline.status();
};

const select = (path: string, sql: string): readonly Record<string, unknown>[] => {
  using db = new DatabaseSync(path, { readOnly: true, timeout: 1_000 });
  const statement = db.prepare(sql);
  statement.setReadBigInts(true);
  return statement.all();
};

/** Rows of a table in the mirror; -1 while it is not there. */
const mirrored = (rig: MysqlRig, path: string, table: string): number => {
  try {
    return Number(select(path, `SELECT count(*) AS n FROM "${rig.database}.${table}"`)[0]!['n']);
  } catch {
    return -1;
  }
};

/**
 * Whether the mirror has come to the end of a test: `ending`, which is written to last, has its row, and tables that snapshots
 * fill have theirs.
 */
const ended =
  (rig: MysqlRig, path: string, counts: Readonly<Record<string, number>> = {}) =>
  (): boolean =>
    Object.entries({ ending: 1, ...counts }).every(([table, rows]) => mirrored(rig, path, table) === rows);
const ending = 'CREATE TABLE ending (id INT PRIMARY KEY)';
const end = 'INSERT INTO ending VALUES (1)';

/** Every table of the mirror equals the server's, by the server's own count and checksum. */
const assertEqual = async (rig: MysqlRig, path: string): Promise<void> => {
  const { host, port, user, password } = rig.server;
  const connection = await mysql.createConnection({ host, port, user, password });
  try {
    const tables = await checksumTables(connection, rig.database);
    assert.ok(tables.length > 1);
    for (const table of tables) {
      const { rows, checksum } = table;
      assert.deepEqual(checksumMirror(path, table), { rows, checksum }, table.name);
    }
  } finally {
    connection.destroy();
  }
};

for (const server of testServers()) {
  const isMysql = server.flavor === 'mysql';
  const isNewest = server.name !== 'mariadb-10.11';

  describe(`${server.name}: in the field`, () => {
    test('I-21: the same rows by snapshot and by binlog are the same bytes in a mirror and in a change log', async () => {
      const columns = [...wideTable, ...(isMysql ? mysqlOnly : mariadbOnly)];
      const { rig } = await open(server, "SET SESSION sql_mode = ''", "SET SESSION time_zone = '+05:30'");
      await using _ = rig;
      const list = columns.map(([type], i) => `c${i} ${type}`).join(', ');
      await rig.run(`CREATE TABLE wide (id INT PRIMARY KEY, ${list}) CHARACTER SET utf8mb4`, ending);
      const height = Math.max(...columns.map(([, ...values]) => values.length));
      const insert = (from: number): readonly string[] =>
        Array.from({ length: height }, (_value, row) => {
          const values = columns.map(([, ...of]) => of[row % of.length]);
          return `INSERT INTO wide VALUES (${from + row}, ${values.join(', ')})`;
        });
      await rig.run(...insert(1));
      const files = { path: join(folder, `${rig.database}.db`), log: join(folder, `${rig.database}.ndjson`) };
      const { host, port, user, password } = server;
      const source = { type: 'mysql', hostname: host, port, username: user, password, tables: `${rig.database}.\\.*` };
      const sinks = [
        { type: 'sqlite', path: files.path },
        { type: 'file', path: files.log },
      ];
      const file = join(folder, `${rig.database}.json`);
      writeFileSync(file, JSON.stringify({ source, sink: sinks }));
      const worker = new WorkerProcess(file, process.env);
      worker.start();
      for (let i = 0; i < 500 && mirrored(rig, files.path, 'wide') < height && !worker.failed; i += 1) await sleep(20);
      await rig.run(...insert(1_001), end);
      for (let i = 0; i < 500 && !ended(rig, files.path, { wide: 2 * height })() && !worker.failed; i += 1)
        await sleep(20);
      assert.ok(await worker.stop(), worker.output);

      const rows = select(files.path, `SELECT * FROM "${rig.database}.wide" ORDER BY id`).map(
        ({ id, ...rest }) => rest,
      );
      assert.equal(rows.length, 2 * height);
      assert.deepEqual(rows.slice(height), rows.slice(0, height));

      const after = readFileSync(files.log, 'utf8')
        .trimEnd()
        .split('\n')
        .filter((line) => line.includes('"table":"wide"'))
        .map((line) => ({ op: /"op":"(\w)"/.exec(line)![1], row: /"after":(\{.*?\}),"source"/.exec(line)![1]! }));
      assert.deepEqual(
        after.map(({ op }) => op),
        [...Array(height).fill('r'), ...Array(height).fill('c')],
      );
      const withoutId = after.map(({ row }) => row.replace(/^\{"id":\d+,/, '{'));
      assert.deepEqual(withoutId.slice(height), withoutId.slice(0, height));
    });

    if (!isNewest) return;

    test('I-4: a transaction of 200 000 rows whose connection breaks in the middle starts anew, and comes once', async () => {
      const { rig, start, path } = await open(server, 'CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(60))', ending);
      await using _ = rig;
      await rig.run(
        'BEGIN',
        ...manyRows(rig, 't', 200_000, 20),
        "UPDATE t SET v = 'u' WHERE id % 10 = 0",
        'COMMIT',
        end,
      );
      await using proxy = await FaultProxy.start(server);
      proxy.cutAfter(4_000_000);
      const settings = { ...start, hostname: proxy.host, port: proxy.port, 'scan.transaction.max.size': '500kb' };
      const parts: number[] = [];
      const { retries } = await mirror(rig, path, settings, ended(rig, path), {
        onWrite: ({ part }) => {
          if (part !== undefined) parts.push(part.index);
        },
      });
      assert.equal(retries, 1);
      const again = parts.lastIndexOf(0);
      assert.ok(again > 1, `it broke after several parts: ${again}`);
      assert.deepEqual(parts, [...parts.slice(0, again).keys(), ...parts.slice(again).keys()]);
      await assertEqual(rig, path);
    });

    test('I-11: a process killed in the middle of its batches leaves nothing twice and nothing out', async () => {
      const { rig, path } = await open(
        server,
        'CREATE TABLE keyed (id INT PRIMARY KEY, n INT)',
        'CREATE TABLE keyless (n INT, v VARCHAR(20))',
        ending,
      );
      await using _ = rig;
      await rig.run(...manyRows(rig, 'keyless', 5_000, 12), 'INSERT INTO keyed SELECT n, 0 FROM keyless');
      const { host, port, user, password } = server;
      const log = join(folder, `${rig.database}.ndjson`);
      const file = join(folder, `${rig.database}.json`);
      const source = { type: 'mysql', hostname: host, port, username: user, password, tables: `${rig.database}.\\.*` };
      const small = { 'scan.incremental.snapshot.chunk.size': 100, 'scan.transaction.max.size': '4kb' };
      const sink = [
        { type: 'sqlite', path },
        { type: 'file', path: log },
      ];
      writeFileSync(file, JSON.stringify({ source: { ...source, ...small }, sink }));
      const worker = new WorkerProcess(file, process.env);
      const random = new SeededRandom(3);
      worker.start();
      try {
        for (let kill = 1; kill <= 10; kill += 1) {
          const until = performance.now() + random.integer(350, 650);
          for (let n = 0; performance.now() < until; n += 1) {
            const id = random.integer(1, 4_900);
            await rig.run(
              'BEGIN',
              `UPDATE keyed SET n = n + 1 WHERE id BETWEEN ${id} AND ${id + 99}`,
              `INSERT INTO keyless VALUES (${kill}, 'k-${n}'), (${kill}, 'k-${n}')`,
              'COMMIT',
            );
          }
          assert.ok(!worker.failed, worker.output);
          await worker.kill();
          worker.start();
        }
        await rig.run(end);
        const [keyless] = await rig.query('SELECT COUNT(*) FROM keyless');
        const done = ended(rig, path, { keyed: 5_000, keyless: Number(keyless![0]) });
        for (let i = 0; i < 1_500 && !done() && !worker.failed; i += 1) await sleep(20);
        assert.ok(await worker.stop(), worker.output);
      } finally {
        await worker.kill();
      }
      await assertEqual(rig, path);
      const counted = await countChangeLog(log, new Map([[`${rig.database}.keyed`, ['id']]]));
      assert.equal(counted.twice, 0);
      assert.equal(counted.rows.get(`${rig.database}.keyed`), 5_000);
    });

    test('I-15: a snapshot whose connection breaks near its end reads one chunk again at most', async () => {
      const { rig, path } = await open(server, 'CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(200))', ending);
      await using _ = rig;
      await rig.run(...manyRows(rig, 't', 20_000, 100), end);
      await using proxy = await FaultProxy.start(server);
      const chunk = 500;
      let read = 0;
      let cut = 0;
      const settings = { hostname: proxy.host, port: proxy.port, 'scan.incremental.snapshot.chunk.size': chunk };
      const done = ended(rig, path, { t: 20_000 });
      const { retries } = await mirror(rig, path, settings, done, {
        onWrite: ({ changes }) => {
          for (const change of changes)
            if (change.kind === 'rows' && change.table.name === 't') read += change.rows.length;
          if (read > 18_000 && cut === 0) cut = proxy.cut();
        },
      });
      assert.ok(cut > 0 && retries >= 1);
      assert.ok(read >= 20_000 && read <= 20_000 + chunk, `${read} rows were written`);
      await assertEqual(rig, path);
    });

    test('I-17: what is kept of a snapshot does not grow with its chunks', async () => {
      const { rig, path } = await open(server, 'CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20))', ending);
      await using _ = rig;
      await rig.run(...manyRows(rig, 't', 3_000, 10), end);
      const sizes: number[] = [];
      const lane = `mysql/snapshot:${rig.database}.t`;
      const done = ended(rig, path, { t: 3_000 });
      await mirror(rig, path, { 'scan.incremental.snapshot.chunk.size': 10 }, done, {
        onWrite: ({ positions }) => {
          const place = positions.get(lane);
          if (place !== undefined) sizes.push(place.length);
        },
      });
      assert.ok(sizes.length > 3, `${sizes.length} places`);
      assert.ok(Math.max(...sizes) < 1_000, `${Math.max(...sizes)} bytes`);
      assert.ok(Math.max(...sizes) - sizes[1]! < 64, `${sizes[1]} bytes grew to ${Math.max(...sizes)}`);
    });

    if (isMysql) {
      test('I-16: a snapshot of 300 000 rows needs no more memory than one of 30 000', async () => {
        const { rig } = await open(server, 'CREATE TABLE few (id INT PRIMARY KEY, v VARCHAR(200))');
        await using _ = rig;
        await rig.run(...manyRows(rig, 'few', 30_000, 180));
        await rig.run('CREATE TABLE many LIKE few', ...manyRows(rig, 'many', 300_000, 180));
        const few = await peakMib(server, `${rig.database}.few`, 30_000);
        const many = await peakMib(server, `${rig.database}.many`, 300_000);
        assert.ok(many < 200 && many - few < 50, `${few} MiB for 30 000 rows, ${many} MiB for 300 000`);
      });

      test('I-5: a slow sink makes a large DELETE wait on the server, not in memory, and the figures move', async () => {
        const { rig, path } = await open(server, 'CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(200))', ending);
        await using _ = rig;
        await rig.run(...manyRows(rig, 't', 60_000, 150));
        const executed = await rig.executed();
        await rig.run('DELETE FROM t', end);
        const settings = {
          'scan.startup.mode': 'specific-offset',
          'scan.startup.specific-offset.gtid-set': executed,
          'scan.transaction.max.size': '256kb',
          // Silence of three of them counts as a dead connection.
          'heartbeat.interval': '1s',
        };
        const received = new Set<number>();
        let ahead = 0;
        let writes = 0;
        const { retries } = await mirror(rig, path, settings, ended(rig, path), {
          onWrite: () => {
            writes += 1;
            return sleep(writes === 2 ? 4_000 : 20);
          },
          onStatus: ({ totals, health }) => {
            assert.notEqual(health, 'failed');
            received.add(totals.receive.rows);
            ahead = Math.max(ahead, totals.receive.rows - totals.sync.rows);
          },
        });
        assert.equal(retries, 0);
        assert.ok(writes > 10, `${writes} writes`);
        assert.ok(received.size > 5, 'progress is seen');
        assert.ok(ahead < 30_000, `${ahead} rows waited for the sink`);
      });

      test('I-2: with compressed transactions a mirror is equal, and nobody advises to switch them off', async () => {
        const { rig, start, path } = await open(
          server,
          'SET SESSION binlog_transaction_compression = ON',
          'CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(200))',
          'CREATE TABLE u (id INT PRIMARY KEY AUTO_INCREMENT, t INT, n DECIMAL(10, 2))',
          ending,
        );
        await using _ = rig;
        await rig.run(
          ...manyRows(rig, 't', 5_000, 150),
          'BEGIN',
          'INSERT INTO u (t, n) SELECT id, id / 7 FROM t WHERE id % 3 = 0',
          "UPDATE t SET v = CONCAT('changed ', v) WHERE id % 5 = 0",
          'DELETE FROM t WHERE id % 11 = 0',
          'COMMIT',
          'ALTER TABLE u ADD COLUMN note VARCHAR(20)',
          "UPDATE u SET note = 'noted' WHERE id % 2 = 0",
          'DELETE FROM u WHERE id < 20',
          end,
        );
        await mirror(rig, path, start, ended(rig, path));
        await assertEqual(rig, path);
        const { host, port, user, password } = server;
        const config = mysqlConfig.parse({
          hostname: host,
          port,
          username: user,
          password,
          tables: `${rig.database}.t`,
        });
        const problems = await checkMysql(config, { pipeline: 'field', clock: systemClock, log: silent });
        assert.doesNotMatch(JSON.stringify([problems, rig.said]), /compress/i);
      });
    }
  });
}

/** What a process that takes a snapshot to its end needs at most. */
const peakMib = async ({ host, port, user, password }: Address, table: string, rows: number): Promise<number> => {
  const file = join(folder, `${table}.json`);
  const source = { type: 'mysql', hostname: host, port, username: user, password, tables: table };
  writeFileSync(
    file,
    JSON.stringify({ source: { ...source, 'scan.startup.mode': 'snapshot' }, sink: { type: 'blackhole' } }),
  );
  const tell = "process.on('exit', () => console.error('peak', process.resourceUsage().maxRSS))";
  const args = ['--max-semi-space-size=8', '--import', `data:text/javascript,${encodeURIComponent(tell)}`];
  const child = spawn(process.execPath, [...args, main, 'run', file, '-o', 'json']);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  assert.equal(await new Promise((resolve) => child.on('close', resolve)), 0, stderr);
  assert.equal(JSON.parse(stdout).data.pipelines[0].totals.sync.rows, rows);
  return Number(/peak (\d+)/.exec(stderr)![1]) / 1_024;
};

for (const flavor of ['mysql', 'mariadb'] as const) {
  describe(`${flavor} without column names in its log`, () => {
    test('I-8: definitions are held from the first row on, so columns that change their names meanwhile keep their values', async () => {
      const metadata = `--binlog-row-metadata=${flavor === 'mysql' ? 'MINIMAL' : 'NO_LOG'}`;
      await using server = await launchServer({ flavor, options: [metadata] });
      const { rig, path } = await open(server, 'CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT)', ending);
      await using _ = rig;
      await rig.run('INSERT INTO t VALUES (1, 10, 20)', end);
      const { batches } = await readUntil(rig.source(), (changes) => changes.length > 0);
      assert.ok(batches[0]!.positions.has('mysql/schema'));
      await mirror(rig, path, {}, ended(rig, path, { t: 1 }));
      await rig.run('UPDATE t SET a = a + 1', 'ALTER TABLE t CHANGE a z INT, CHANGE b a INT', 'UPDATE t SET a = 7');
      await rig.run('DELETE FROM ending');
      await mirror(rig, path, {}, () => mirrored(rig, path, 'ending') === 0);
      await assertEqual(rig, path);
    });

    test('I-8: when the followed definitions are lost, the pipeline stops before a row is read under names that may be others, and nothing moves', async () => {
      const metadata = `--binlog-row-metadata=${flavor === 'mysql' ? 'MINIMAL' : 'NO_LOG'}`;
      await using server = await launchServer({ flavor, options: [metadata] });
      const { rig, path } = await open(server, 'CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT)', ending);
      await using _ = rig;
      await rig.run('INSERT INTO t VALUES (1, 10, 20), (2, 11, 21)', end);
      await mirror(rig, path, {}, ended(rig, path, { t: 2 }));
      await assertEqual(rig, path);
      using db = new DatabaseSync(path);
      assert.equal(db.prepare("DELETE FROM millrace_position WHERE lane = 'mysql/schema'").run().changes, 1);
      const state = () => [
        select(path, `SELECT * FROM "${rig.database}.t" ORDER BY id`),
        select(path, "SELECT position FROM millrace_position WHERE lane = 'mysql/binlog'"),
      ];
      const before = state();
      await rig.run('UPDATE t SET a = a + 1', 'ALTER TABLE t ADD COLUMN c INT FIRST', 'DELETE FROM ending');
      const outcome = await mirror(rig, path, {}, () => false).catch((error: unknown) => error);
      assert.ok(isMillraceError(outcome, 'MYSQL_DEFINITIONS_LOST'), String(outcome));
      assert.match(outcome.hint, /snapshot/);
      assert.deepEqual(state(), before);
    });
  });
}

/** A type, and values of it as SQL. */
type WideColumn = readonly [type: string, ...values: string[]];

const wideTable: readonly WideColumn[] = [
  ['TINYINT(1)', '0', '1', '-128', 'NULL'],
  ['TINYINT UNSIGNED', '255', '0'],
  ['SMALLINT', '-32768', '32767'],
  ['SMALLINT UNSIGNED', '65535'],
  ['MEDIUMINT', '-8388608', '8388607'],
  ['MEDIUMINT UNSIGNED', '16777215'],
  ['INT', '-2147483648', '2147483647'],
  ['INTEGER UNSIGNED', '4294967295', '0', 'NULL'],
  ['INT(8) UNSIGNED ZEROFILL', '42'],
  ['BIGINT', '-9223372036854775808', '9223372036854775807', '9007199254740993'],
  ['BIGINT UNSIGNED', '18446744073709551615', '9223372036854775808'],
  ['DECIMAL(65, 30)', "'-12345678901234567890123456789012345.123456789012345678901234567890'", '0', '0.000001'],
  ['DECIMAL(10, 0) UNSIGNED', '9999999999'],
  ['REAL', '1.5', '-1e300', '0.1'],
  ['FLOAT', '1.5', '-3.4e38', '0.1', '16777217'],
  ['FLOAT(7, 3)', '1234.567'],
  ['DOUBLE', '1.7976931348623157e308', '5e-324', '-0.0'],
  ['BIT(1)', "b'1'", "b'0'"],
  ['BIT(13)', "b'1010101010101'"],
  ['BIT(64)', '18446744073709551615'],
  ['DATE', "'9999-12-31'", "'0000-00-00'", "'0003-00-00'", "'2016-00-28'"],
  ['TIME', "'-838:59:59'", "'838:59:59'", "'00:00:00'"],
  ['TIME(6)', "'-01:02:03.000001'", "'-00:00:00.500000'", "'23:59:59.999999'"],
  ['TIME(3)', "'-00:00:01.001'"],
  ['DATETIME', "'1000-01-01 00:00:00'", "'0000-00-00 00:00:00'"],
  ['DATETIME(6)', "'9999-12-31 23:59:59.999999'", "'2020-02-30 00:00:00'", "'2024-02-29 12:34:56.789012'"],
  ['DATETIME(1)', "'2024-02-29 12:34:56.7'"],
  ['TIMESTAMP NULL', "'1970-01-01 05:30:01'", "'2038-01-19 03:14:07'", 'NULL'],
  ['TIMESTAMP(6) NULL', "'2024-10-27 01:30:00.123456'"],
  ['YEAR', '1901', '2155', '0'],
  ['CHAR(10)', "'abc'", "''", "'ü  '"],
  ['CHAR(10) CHARACTER SET latin1', "'ÄÖß'"],
  ['VARCHAR(300)', "'a\\\\nb\\\"c'", "'𝄞 🦆'", "REPEAT('y', 300)", "'trailing  '"],
  ['VARCHAR(50) CHARACTER SET utf16', "'ж🦆'"],
  ['VARCHAR(50) CHARACTER SET sjis', "'ｱイ'"],
  ['TINYTEXT', "'tiny'"],
  ['TEXT', "REPEAT('t', 70000)", "'te''xt'", 'NULL'],
  ['MEDIUMTEXT', "'medium'"],
  ['LONGTEXT', "'long'"],
  ['BINARY(5)', '0x0102', '0x0000000000'],
  ['VARBINARY(300)', '0x00FF00', "''"],
  ['TINYBLOB', '0xFF'],
  ['BLOB', '0x0001FEFF', 'NULL'],
  ['LONGBLOB', 'REPEAT(0xAB, 1000)'],
  ["ENUM('a', 'b,c', 'd''e')", "'a'", "'b,c'", "'d''e'", 'NULL'],
  ["SET('x', 'y', 'z')", "'x,z'", "''", "'x,y,z'"],
  ['JSON', `'{"a": [1, 2.50, "x", null, true], "b": {"c": "ü"}}'`, "'[]'", `'"text"'`],
  ['POINT', "ST_GeomFromText('POINT(1 2)')", 'NULL'],
  ['GEOMETRY', "ST_GeomFromText('LINESTRING(0 0, 1 1, 2 3)')"],
];
const mysqlOnly: readonly WideColumn[] = [
  ['VECTOR(3)', "STRING_TO_VECTOR('[1, 2.5, -3]')", 'NULL'],
  ['POINT SRID 4326', "ST_GeomFromText('POINT(10 20)', 4326)"],
];
const mariadbOnly: readonly WideColumn[] = [
  ['UUID', "'123e4567-e89b-12d3-a456-426655440000'"],
  ['INET6', "'2001:db8::ff00:42:8329'"],
  ['VARCHAR(500) COMPRESSED', "REPEAT('compressed ', 30)", "''"],
];
