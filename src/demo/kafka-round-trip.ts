import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mysql from 'mysql2/promise';
import { Cluster } from '../connectors/kafka/client/cluster.ts';
import { readPartition } from '../connectors/kafka/client/read-partition.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { kafkaSettings } from '../testing/kafka-exactly-once.ts';
import type { Address } from '../testing/mysql-rig.ts';
import { checksumTables } from './checksum-tables.ts';
import { copyDatabase, database, RoundTripWriter, tables } from './round-trip-writer.ts';
import { SeededRandom } from './seeded-random.ts';
import { WorkerProcess } from './worker-process.ts';

/** Ends a program as a crash would, and starts it again after so long with what it has on disk. */
type Crash = (downMs: number) => Promise<void>;

export interface RoundTripOptions {
  readonly source: Address;
  readonly target: Address;
  readonly kafka: { readonly bootstrapServers: string };
  /** What else may crash beside the pipelines; empty: nothing. */
  readonly crashes: { readonly servers: readonly Crash[]; readonly brokers: readonly Crash[] };
  readonly faults: number;
  readonly seed: number;
  readonly transactionsPerSecond: number;
  /** Between two faults, in milliseconds. */
  readonly pauseMs: { readonly least: number; readonly most: number };
  readonly progress?: (line: string) => void;
}

export interface RoundTripResult {
  /** Of the pipeline into Kafka, and of the one out of it. */
  readonly pushKills: number;
  readonly receiveKills: number;
  readonly brokerKills: number;
  readonly serverKills: number;
  readonly transactions: number;
  /** Records that a reader of committed ones finds. */
  readonly records: number;
  readonly rows: number;
}

const patienceMs = 180_000;

/**
 * A server's changes go to Kafka by one pipeline, exactly once, and by another into a copy on a second server, or the same, while both pipelines, the brokers
 * and both servers are killed. Throws unless in the end both servers have the same rows by their own counts and checksums, and a
 * reader of committed records finds each change of the log once.
 */
export const runKafkaRoundTrip = async (options: RoundTripOptions): Promise<RoundTripResult> => {
  const { source, target, kafka, seed } = options;
  const folder = mkdtempSync(join(tmpdir(), 'millrace-round-trip-'));
  const name = `round-trip-${process.pid}-${seed}`;
  const stop = new AbortController();
  const writer = new RoundTripWriter(source, seed);
  await writer.prepare();
  await emptied(target);
  const pipelines = {
    push: new WorkerProcess(written(join(folder, 'push.yaml'), pushFile(options, name)), process.env),
    receive: new WorkerProcess(written(join(folder, 'receive.yaml'), receiveFile(options, name)), process.env),
  };
  const workers = Object.values(pipelines);
  try {
    await makeTopics(kafka.bootstrapServers, name);
    for (const worker of workers) worker.start();
    const writing = writer.write(options.transactionsPerSecond, stop.signal);
    const failed = new Promise<never>((_, reject) => writing.catch(reject));
    const counts = await Promise.race([makeFaults(options, pipelines), failed]);
    stop.abort();
    await writing;
    const rows = await untilEqual(source, target, workers);
    for (const worker of workers) assert.ok(await worker.stop(), `a worker did not end well:\n${worker.output}`);
    const records = await countRecords(kafka.bootstrapServers, name);
    return { ...counts, transactions: writer.transactions, records, rows };
  } finally {
    stop.abort();
    for (const worker of workers) await worker.kill();
    writer.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

const written = (path: string, file: object): string => {
  writeFileSync(path, JSON.stringify(file));
  return path;
};

const retries = { 'retry.initial-delay': '50ms', 'retry.max-delay': '1s' };

const pushFile = ({ source, kafka }: RoundTripOptions, name: string): object => ({
  source: {
    type: 'mysql',
    hostname: source.host,
    port: source.port,
    username: source.user,
    password: source.password,
    tables: `${database}.\\.*`,
    // Without a snapshot, each change of the log is one record.
    'scan.startup.mode': 'earliest-offset',
    'scan.transaction.max.size': '64kb',
    'heartbeat.interval': '1s',
  },
  sink: {
    type: 'kafka',
    'properties.bootstrap.servers': kafka.bootstrapServers,
    topic: `${name}.%{table}`,
    'tombstones.on.delete': false,
  },
  pipeline: { name: `${name}-push`, ...retries },
});

const receiveFile = ({ target, kafka }: RoundTripOptions, name: string): object => ({
  source: {
    type: 'kafka',
    'properties.bootstrap.servers': kafka.bootstrapServers,
    'topic-pattern': `${name}\\.(accounts|entries)`,
    schema: tables.join(';\n'),
    'scan.topic-partition-discovery.interval': '1s',
  },
  sink: {
    type: 'mysql',
    hostname: target.host,
    port: target.port,
    username: target.user,
    password: target.password,
  },
  route: [{ 'source-table': `${database}.\\.*`, 'sink-table': `${copyDatabase}.<>`, 'replace-symbol': '<>' }],
  pipeline: { name: `${name}-receive`, ...retries },
});

const makeTopics = async (bootstrapServers: string, name: string): Promise<void> => {
  using cluster = new Cluster(kafkaSettings(bootstrapServers), systemClock);
  const names = ['accounts', 'entries'].map((table) => `${name}.${table}`);
  await cluster.createTopics(
    names.map((topic) => ({ name: topic, partitions: 3, replicationFactor: null, configs: {} })),
  );
};

const makeFaults = async (
  { faults, seed, pauseMs, crashes, progress }: RoundTripOptions,
  { push, receive }: { readonly push: WorkerProcess; readonly receive: WorkerProcess },
): Promise<Pick<RoundTripResult, 'pushKills' | 'receiveKills' | 'brokerKills' | 'serverKills'>> => {
  const random = new SeededRandom(seed + 1);
  const counts = { pushKills: 0, receiveKills: 0, brokerKills: 0, serverKills: 0 };
  for (let i = 1; i <= faults; i += 1) {
    await sleep(random.between(pauseMs.least, pauseMs.most));
    for (const worker of [push, receive]) assert.ok(!worker.failed, `a worker ended by itself:\n${worker.output}`);
    const kind = random.between(0, 19);
    if (kind >= 18 && crashes.servers.length > 0) {
      counts.serverKills += 1;
      await random.pick(crashes.servers)(random.between(0, 300));
    } else if (kind >= 16 && crashes.brokers.length > 0) {
      counts.brokerKills += 1;
      await random.pick(crashes.brokers)(random.between(0, 1_000));
    } else if (kind % 2 === 0) {
      counts.pushKills += 1;
      await push.kill();
      push.start();
    } else {
      counts.receiveKills += 1;
      await receive.kill();
      receive.start();
    }
    progress?.(`${i} of ${faults} faults: ${JSON.stringify(counts)}`);
  }
  return counts;
};

const withConnection = async <Result>(
  { host, port, user, password }: Address,
  work: (connection: mysql.Connection) => Promise<Result>,
): Promise<Result> => {
  const connection = await mysql.createConnection({ host, port, user, password });
  try {
    return await work(connection);
  } finally {
    connection.destroy();
  }
};

const emptied = async (target: Address): Promise<void> => {
  await withConnection(target, async (connection) => {
    await connection.query(`DROP DATABASE IF EXISTS ${copyDatabase}`);
    await connection.query(`CREATE DATABASE ${copyDatabase}`);
    for (const table of tables) await connection.query(table.replace(`${database}.`, `${copyDatabase}.`));
  });
};

/** Resolves with the rows compared once both sides are equal. */
const untilEqual = async (source: Address, target: Address, workers: readonly WorkerProcess[]): Promise<number> => {
  const read = (address: Address, name: string): ReturnType<typeof checksumTables> =>
    withConnection(address, (connection) => checksumTables(connection, name));
  const wanted = await read(source, database);
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const held = await read(target, copyDatabase);
    const differs = wanted.filter(({ checksum }, i) => held[i]?.checksum !== checksum);
    if (differs.length === 0) break;
    for (const worker of workers) assert.ok(!worker.failed, `a worker ended by itself:\n${worker.output}`);
    assert.ok(
      performance.now() < deadline,
      `${differs.map(({ name, rows }) => `${name} (${rows} rows)`).join(', ')} differ:\n${workers.map(({ output }) => output).join('\n')}`,
    );
    await sleep(250);
  }
  const rows = wanted.reduce((sum, table) => sum + table.rows, 0);
  assert.ok(rows > 0, 'nothing was compared');
  return rows;
};

/** Counts committed records, and refuses one that comes twice or out of the order of the log within its partition. */
const countRecords = async (bootstrapServers: string, name: string): Promise<number> => {
  using cluster = new Cluster(kafkaSettings(bootstrapServers), systemClock);
  const seen = new Set<string>();
  let records = 0;
  for (const table of ['accounts', 'entries']) {
    for (let partition = 0; partition < 3; partition += 1) {
      await readPartition(cluster, `${name}.${table}`, partition, 0, ({ bytes, valueStart, valueEnd }) => {
        const { op, source } = JSON.parse(bytes.utf8Slice(valueStart, valueEnd)) as {
          readonly op: string;
          readonly source: { readonly file: string; readonly pos: number; readonly row: number };
        };
        records += 1;
        seen.add(`${source.file}:${source.pos}:${source.row}:${op}`);
      });
    }
  }
  assert.equal(records - seen.size, 0, 'changes came more than once');
  return records;
};
