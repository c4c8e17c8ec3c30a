/** Whatever happens in MySQL, and whatever befalls millrace and Redis meanwhile: in the end Redis holds what MySQL holds. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MysqlRig } from '../testing/mysql-rig.ts';
import { RedisSinkRig } from '../testing/redis-sink-rig.ts';
import { type LaunchedRedis, launchRedis } from '../testing/servers/launch-redis.ts';
import { testServers } from '../testing/servers/test-servers.ts';
import { SeededRandom } from './seeded-random.ts';
import { WorkerProcess } from './worker-process.ts';

const patienceMs = 120_000;

/** MySQL logs what a foreign key cascades from 9.6 on. */
const server = testServers().find(({ flavor, version }) => flavor === 'mysql' && Number.parseFloat(version) >= 9.6);

const tables = [
  `CREATE TABLE parents (shop VARCHAR(8), id INT, label VARCHAR(20), amount DECIMAL(12,4), at DATETIME(6), PRIMARY KEY (shop, id))`,
  `CREATE TABLE children (id INT PRIMARY KEY, shop VARCHAR(8), parent INT, note TEXT,
    FOREIGN KEY (shop, parent) REFERENCES parents (shop, id) ON DELETE CASCADE ON UPDATE CASCADE)`,
  'CREATE TABLE raw (k VARBINARY(8) PRIMARY KEY, v VARBINARY(20), j JSON)',
];

/** One transaction of few rows that are written, changed, moved to other keys and deleted again and again. */
const transaction = (random: SeededRandom): string => {
  const shop = (): string => `'${random.pick(['a', 'b:c', '{d}', 'ü%'])}'`;
  const id = (): number => random.between(1, 25);
  const label = (): string => random.pick(['NULL', "'red'", "'b:lue'", "''"]);
  const bytes = (): string => `0x${random.pick(['00', '0dff0a', '25', 'c3', '7b3a7d', ''])}${random.between(10, 14)}`;
  const statements = Array.from({ length: random.between(1, 4) }, () =>
    random.pick([
      () => `INSERT INTO parents (shop, id, label, amount, at) VALUES (${shop()}, ${id()}, ${label()}, ${random.between(-1e6, 1e6)} / 7, NOW(6))
        ON DUPLICATE KEY UPDATE label = VALUES(label), amount = NULL`,
      () => `UPDATE parents SET label = ${label()} WHERE id = ${id()}`,
      () => `UPDATE IGNORE parents SET shop = ${shop()}, id = ${id()} WHERE id = ${id()} LIMIT 1`,
      () => `UPDATE IGNORE parents SET id = id + 100 WHERE shop = ${shop()} AND id < 100`,
      () => `UPDATE IGNORE parents SET id = id - 100 WHERE id > 100`,
      () => `DELETE FROM parents WHERE shop = ${shop()} AND id = ${id()}`,
      () =>
        `INSERT IGNORE INTO children SELECT ${id()}, shop, id, label FROM parents ORDER BY at DESC, shop, id LIMIT 1`,
      () => `UPDATE children SET shop = NULL WHERE id = ${id()}`,
      () => `DELETE FROM children WHERE id = ${id()}`,
      () => `REPLACE INTO raw VALUES (${bytes()}, ${bytes()}, JSON_OBJECT('n', ${id()}, 'é', NULL))`,
      () => `UPDATE IGNORE raw SET k = ${bytes()} WHERE k = ${bytes()}`,
      () => `UPDATE raw SET j = JSON_SET(j, '$.n', ${id()}), v = NULL WHERE k > ${bytes()}`,
      () => `DELETE FROM raw WHERE k = ${bytes()}`,
    ])(),
  );
  return `START TRANSACTION; ${statements.join('; ')}; ${random.chance(0.15) ? 'ROLLBACK' : 'COMMIT'}`;
};

/** After all of them the tables are what they were. */
const definitions = [
  'ALTER TABLE parents ADD COLUMN extra INT',
  "UPDATE parents SET extra = id WHERE shop = 'a'; ALTER TABLE parents DROP COLUMN extra",
  'RENAME TABLE raw TO raw_before; REPLACE INTO raw_before VALUES (0x3a25, 0x00, NULL); RENAME TABLE raw_before TO raw',
  'TRUNCATE TABLE raw',
  'ALTER TABLE children MODIFY note VARCHAR(200)',
];

/** What the rows are, each column's bytes in hexadecimal: a row's columns that are NULL are left out. */
const rowsOf = async (mysql: MysqlRig, table: string): Promise<string[]> => {
  const columns = (await mysql.query(`SHOW COLUMNS FROM ${table}`)).map(([name]) => name!);
  const rows = await mysql.query(`SELECT ${columns.map((name) => `HEX(CONCAT(${name}))`)} FROM ${table}`);
  return rows.map((row) => text(columns.flatMap((name, i) => (row[i] === null ? [] : [[name, row[i]!]])))).sort();
};

const hashesOf = async (redis: RedisSinkRig, prefix: string): Promise<string[]> => {
  const keys = (await redis.ask('KEYS', `${prefix}:*`)) as readonly Buffer[];
  const hashes = await Promise.all(keys.map((key) => redis.ask('HGETALL', key) as Promise<readonly Buffer[]>));
  const fields = (flat: readonly Buffer[]): string[][] =>
    Array.from({ length: flat.length / 2 }, (_, i) => [String(flat[2 * i]), flat[2 * i + 1]!.toString('hex')]);
  return hashes.map((flat) => text(fields(flat))).sort();
};

const text = (fields: readonly (readonly string[])[]): string =>
  fields
    .map(([name, hex]) => `${name}=${hex!.toLowerCase()}`)
    .sort()
    .join(' ');

/** What differs, in the words of both; empty: nothing. */
const differences = async (mysql: MysqlRig, redis: RedisSinkRig): Promise<readonly string[]> => {
  const { database } = mysql;
  const found: string[] = [];
  const compare = (what: string, inMysql: readonly string[], inRedis: readonly string[]): void => {
    found.push(...inMysql.filter((row) => !inRedis.includes(row)).map((row) => `${what} in MySQL alone: ${row}`));
    found.push(...inRedis.filter((row) => !inMysql.includes(row)).map((row) => `${what} in Redis alone: ${row}`));
    if (inMysql.length !== inRedis.length)
      found.push(`${what}: ${inMysql.length} in MySQL, ${inRedis.length} in Redis`);
  };
  for (const table of ['parents', 'children', 'raw']) {
    compare(table, await rowsOf(mysql, table), await hashesOf(redis, `${database}:${table}`));
  }
  compare('raw_before', [], await hashesOf(redis, `${database}:raw_before`));
  const labels = await mysql.query('SELECT HEX(label), COUNT(*) FROM parents WHERE label IS NOT NULL GROUP BY label');
  const sets = (await redis.ask('KEYS', `idx:${database}:parents:label:*`)) as readonly Buffer[];
  const entries = await Promise.all(
    sets.map(async (key) => {
      const value = decodeURIComponent(String(key).slice(`idx:${database}:parents:label:`.length));
      const rows = (await redis.ask('SMEMBERS', key)) as readonly Buffer[];
      const held = await Promise.all(rows.map((row) => redis.ask('HGET', row, 'label')));
      assert.equal(held.length, rows.length);
      const right = held.filter((label) => label !== null && String(label) === value).length;
      return `${Buffer.from(value).toString('hex').toUpperCase()} ${right} of ${rows.length}`;
    }),
  );
  compare(
    'index',
    labels.map(([label, count]) => `${label} ${count} of ${count}`),
    entries,
  );
  return found;
};

const until = async (what: string, worker: WorkerProcess, holds: () => boolean | Promise<boolean>): Promise<void> => {
  for (const deadline = performance.now() + patienceMs; !(await holds()); await sleep(20)) {
    assert.ok(!worker.failed, `the worker ended by itself:\n${worker.output}`);
    assert.ok(performance.now() < deadline, `waited in vain for ${what}:\n${worker.output}`);
  }
};

/** What befalls the two, each until it was seen to have its effect. */
const faultsOf = (redis: LaunchedRedis, target: RedisSinkRig, worker: WorkerProcess) => {
  const waits = (): Promise<void> =>
    until('a pipeline that says that it waits', worker, () => worker.report?.health === 'degraded');
  return {
    'kill -9 of millrace': async () => {
      await worker.kill();
      worker.start();
    },
    'kill -9 of Redis, which loses its last second': async () => {
      await redis.kill();
      await redis.start();
      await target.reconnect();
    },
    'connections are cut': async () => {
      const clients = String(await target.ask('CLIENT', 'LIST', 'TYPE', 'normal'));
      for (const [, id, name] of clients.matchAll(/^id=(\d+).* name=(\S*)/gm)) {
        if (name!.startsWith('millrace:')) await target.ask('CLIENT', 'KILL', 'ID', id!);
      }
    },
    'Redis answers nothing': async () => void (await target.ask('DEBUG', 'SLEEP', '0.3')),
    'Redis is full': async () => {
      await target.ask('CONFIG', 'SET', 'maxmemory', 1);
      await waits();
      await target.ask('CONFIG', 'SET', 'maxmemory', 0);
    },
    'Redis is a replica for a while': async () => {
      await target.ask('REPLICAOF', '127.0.0.1', 1);
      await waits();
      await target.ask('REPLICAOF', 'NO', 'ONE');
    },
    FLUSHALL: async () => void (await target.ask('FLUSHALL')),
    SWAPDB: async () => void (await target.ask('SWAPDB', 0, 1)),
  };
};

test('after random changes, cascades and definitions Redis holds what MySQL holds, though millrace and Redis were killed, full, cut off and emptied', {
  skip: server === undefined && 'it needs a MySQL that logs cascades',
}, async () => {
  await using redis = await launchRedis({ settings: { appendonly: 'yes', appendfsync: 'everysec' } });
  await using target = await RedisSinkRig.open(redis);
  await using mysql = await MysqlRig.open(server!);
  await mysql.run(...tables);
  const random = new SeededRandom(23);
  for (let i = 0; i < 40; i += 1) await mysql.run(transaction(random));

  const folder = mkdtempSync(join(tmpdir(), 'millrace-random-changes-'));
  const file = join(folder, 'pipeline.yaml');
  const { host, port, user, password } = mysql.server;
  writeFileSync(
    file,
    JSON.stringify({
      source: {
        ...{ type: 'mysql', hostname: host, port, username: user, password, tables: `${mysql.database}.\\.*` },
        ...{ 'heartbeat.interval': '1s', 'scan.incremental.snapshot.chunk.size': 7 },
      },
      sink: {
        ...{ type: 'redis', hostname: redis.host, port: redis.port },
        'sink.tableId-to-index.mapping': `${mysql.database}.parents=label`,
      },
      pipeline: { name: mysql.database, 'retry.initial-delay': '20ms', 'retry.max-delay': '200ms' },
    }),
  );
  const worker = new WorkerProcess(file, process.env);
  try {
    worker.start();
    const faults = Object.entries(faultsOf(redis, target, worker)).sort(() => random.next() - 0.5);
    let definition = 0;
    for (const [, befalls] of [...faults, ...faults.filter(([what]) => what.startsWith('kill'))]) {
      let over = false;
      const befallen = befalls().finally(() => {
        over = true;
      });
      befallen.catch(() => {});
      for (let i = 0; !over || i < 25; i += 1) {
        await mysql.run(transaction(random));
        if (i % 12 !== 11 || definition === definitions.length * 3) continue;
        await mysql.run(definitions[definition % definitions.length]!);
        definition += 1;
      }
      await befallen;
      // The next fault must not find a pipeline that has done nothing since the last one.
      await until('a row', worker, () => (worker.report?.totals.sync.rows ?? 0) > 0);
    }
    for (; definition % definitions.length !== 0; definition += 1) {
      await mysql.run(definitions[definition % definitions.length]!);
    }
    for (let i = 0; i < 40; i += 1) await mysql.run(transaction(random));
    let different: readonly string[] = [];
    await until('both to be equal', worker, async () => {
      different = await differences(mysql, target);
      return different.length === 0;
    }).catch((error: Error) => assert.fail(`${different.join('\n')}\n${error.message}`));
    assert.ok((await rowsOf(mysql, 'parents')).length > 10 && (await rowsOf(mysql, 'children')).length > 0);
    // What a difference looks like to the comparison.
    await target.ask('HSET', `${mysql.database}:raw:planted`, 'v', 'x');
    assert.deepEqual((await differences(mysql, target))[0], 'raw in Redis alone: v=78');
    assert.ok(await worker.stop(), `the worker did not end well:\n${worker.output}`);
  } finally {
    await worker.kill();
    rmSync(folder, { recursive: true, force: true });
  }
});
