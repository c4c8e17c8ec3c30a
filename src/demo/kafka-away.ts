import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mysql from 'mysql2/promise';
import { Cluster } from '../connectors/kafka/client/cluster.ts';
import { readPartition } from '../connectors/kafka/client/read-partition.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { kafkaSettings } from '../testing/kafka-exactly-once.ts';
import type { Address } from '../testing/mysql-rig.ts';
import { WorkerProcess } from './worker-process.ts';

export interface KafkaAwayOptions {
  readonly source: Address;
  readonly bootstrapServers: string;
  /** Take the only broker away in its orderly way, and bring it back on the same place. */
  readonly broker: { stop(): Promise<void>; start(): Promise<void> };
  readonly awayMs: number;
  readonly rowsPerSecond: number;
  readonly progress?: (line: string) => void;
}

export interface KafkaAwayResult {
  readonly rows: number;
  /** Memory of the pipeline's process while the broker was away: soon after it went, and the most; 0 where it cannot be told. */
  readonly rssMiB: number;
  readonly peakRssMiB: number;
  /** From when the broker was back, and from when the killed pipeline was started, to a new record that a reader sees. */
  readonly resumedMs: number;
  readonly backFromKillMs: number;
}

/** Its own for each process: the whole log is read, and others may have run on the same server. */
const database = `away_${process.pid}`;
const rowsEach = 10;
const patienceMs = 180_000;

/**
 * A server's changes go to Kafka exactly once. Under load the broker is away for a time, then the pipeline is killed. Throws unless
 * it goes on by itself both times, and a reader of committed records finds each row once and in order.
 */
export const runKafkaAway = async (options: KafkaAwayOptions): Promise<KafkaAwayResult> => {
  const { source, bootstrapServers, broker, awayMs, progress } = options;
  const folder = mkdtempSync(join(tmpdir(), 'millrace-away-'));
  const topic = `away-${process.pid}`;
  using cluster = new Cluster(kafkaSettings(bootstrapServers), systemClock);
  await cluster.createTopics([{ name: topic, partitions: 1, replicationFactor: null, configs: {} }]);
  const { host, port, user, password } = source;
  const connection = await mysql.createConnection({ host, port, user, password, multipleStatements: true });
  const stop = new AbortController();
  const path = join(folder, 'push.yaml');
  writeFileSync(path, JSON.stringify(pushFile(options, topic)));
  const worker = new WorkerProcess(path, process.env);
  try {
    await connection.query(`DROP DATABASE IF EXISTS ${database}; CREATE DATABASE ${database};
      CREATE TABLE ${database}.orders (id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, note VARCHAR(200) NOT NULL)`);
    worker.start();
    const writing = writeRows(connection, options.rowsPerSecond, stop.signal);
    // It is awaited in the end; what it failed with is told there.
    writing.catch(() => {});
    await visible(cluster, topic, 0, worker);

    await broker.stop();
    const samples: number[] = [];
    const goneMs = performance.now();
    while (performance.now() - goneMs < awayMs) {
      await sleep(Math.min(awayMs / 10, 5_000));
      assert.ok(!worker.failed, `the pipeline ended by itself:\n${worker.output}`);
      samples.push(rssMiB(worker.pid));
      progress?.(`away for ${Math.round((performance.now() - goneMs) / 1_000)} s, ${samples.at(-1)} MiB`);
    }
    const backMs = performance.now();
    await broker.start();
    const startedMs = performance.now();
    const before = await cluster.settled(() => cluster.offset(topic, 0, 'latest'), patienceMs);
    await visible(cluster, topic, before, worker);
    const resumedMs = Math.round(performance.now() - startedMs);
    progress?.(`resumed after ${resumedMs} ms, the broker took ${Math.round(startedMs - backMs)} ms to start`);

    await worker.kill();
    const atKill = await cluster.offset(topic, 0, 'latest', 'read_uncommitted');
    const killedMs = performance.now();
    worker.start();
    await visible(cluster, topic, atKill, worker);
    const backFromKillMs = Math.round(performance.now() - killedMs);

    stop.abort();
    const rows = await writing;
    const found = await idsUntil(cluster, topic, rows, worker);
    const wrong = found.findIndex((id, i) => id !== i + 1);
    assert.equal(wrong, -1, `of ${rows} rows, record ${wrong} is of row ${found[wrong]}`);
    assert.ok(await worker.stop(), `the pipeline did not end well:\n${worker.output}`);
    return { rows, rssMiB: samples[0]!, peakRssMiB: Math.max(...samples), resumedMs, backFromKillMs };
  } finally {
    stop.abort();
    await worker.kill();
    connection.destroy();
    rmSync(folder, { recursive: true, force: true });
  }
};

const pushFile = ({ source, bootstrapServers }: KafkaAwayOptions, topic: string): object => ({
  source: {
    type: 'mysql',
    hostname: source.host,
    port: source.port,
    username: source.user,
    password: source.password,
    tables: `${database}.orders`,
    // Without a snapshot, each row is one record.
    'scan.startup.mode': 'earliest-offset',
  },
  sink: { type: 'kafka', 'properties.bootstrap.servers': bootstrapServers, topic },
  pipeline: { name: topic },
});

/** Until the signal aborts; gives how many rows are committed. */
const writeRows = async (connection: mysql.Connection, perSecond: number, signal: AbortSignal): Promise<number> => {
  const values = Array.from({ length: rowsEach }, () => `(REPEAT('x', 100))`).join(', ');
  const startedMs = performance.now();
  let rows = 0;
  while (!signal.aborted) {
    await connection.query(`INSERT INTO ${database}.orders (note) VALUES ${values}`);
    rows += rowsEach;
    const aheadMs = (rows / perSecond) * 1_000 - (performance.now() - startedMs);
    if (aheadMs > 0) await sleep(aheadMs);
  }
  return rows;
};

/** Resolves when a reader of committed records sees one behind `offset`. */
const visible = async (cluster: Cluster, topic: string, offset: number, worker: WorkerProcess): Promise<void> => {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    let seen = false;
    const end = await cluster.offset(topic, 0, 'latest');
    if (end > offset) {
      await readPartition(cluster, topic, 0, offset, () => {
        seen = true;
      });
    }
    if (seen) return;
    assert.ok(!worker.failed, `the pipeline ended by itself:\n${worker.output}`);
    assert.ok(performance.now() < deadlineMs, `nothing new came to ${topic}:\n${worker.output}`);
    await sleep(20);
  }
};

/** The ids of all committed records, once there are as many as rows, or nothing more has come for a while. */
const idsUntil = async (cluster: Cluster, topic: string, rows: number, worker: WorkerProcess): Promise<number[]> => {
  const ids: number[] = [];
  const deadlineMs = performance.now() + patienceMs;
  for (let offset = 0; ; await sleep(100)) {
    offset = await readPartition(cluster, topic, 0, offset, ({ bytes, valueStart, valueEnd }) => {
      const { after } = JSON.parse(bytes.utf8Slice(valueStart, valueEnd)) as {
        readonly after: { readonly id: number };
      };
      ids.push(after.id);
    });
    if (ids.length >= rows) return ids;
    assert.ok(!worker.failed, `the pipeline ended by itself:\n${worker.output}`);
    assert.ok(performance.now() < deadlineMs, `${ids.length} of ${rows} rows came:\n${worker.output}`);
  }
};

const rssMiB = (pid: number | null): number => {
  if (process.platform !== 'linux' || pid === null) return 0;
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return Math.round(Number(kilobytes ?? 0) / 1_024);
};
