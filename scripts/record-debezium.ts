/**
 * Records what real Debezium connectors on a real Kafka Connect make of one server's changes, each key and value with its schema, and
 * the binlog of those changes: what the tests of `debezium-json` with schemas compare ours with.
 *
 *   node scripts/record-debezium.ts        writes src/formats/debezium-json/testdata/schemas/
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { constants, zstdCompressSync } from 'node:zlib';
import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { connectJars, debeziumJars } from '../bench/peers/kafka-jars.ts';
import { Cluster } from '../src/connectors/kafka/client/cluster.ts';
import { readPartition } from '../src/connectors/kafka/client/read-partition.ts';
import { systemClock } from '../src/pipeline/system-clock.ts';
import { kafkaSettings } from '../src/testing/kafka-exactly-once.ts';
import { javaProgram } from '../src/testing/servers/java-program.ts';
import { launchKafka } from '../src/testing/servers/launch-kafka.ts';
import { freePort, launchServer } from '../src/testing/servers/launch-server.ts';
import { mavenJars } from '../src/testing/servers/maven-jars.ts';

const testdata = new URL('../src/formats/debezium-json/testdata/', import.meta.url);

/** By `topic.prefix`: the file, and what is set beside Debezium's defaults. */
const connectors: Readonly<
  Record<string, { readonly file: string; readonly settings: Readonly<Record<string, string>> }>
> = {
  dbz: { file: 'default-modes', settings: {} },
  alt: {
    file: 'string-modes',
    settings: {
      'decimal.handling.mode': 'string',
      'bigint.unsigned.handling.mode': 'precise',
      'time.precision.mode': 'connect',
      'binary.handling.mode': 'hex',
      'provide.transaction.metadata': 'true',
      'include.query': 'true',
    },
  },
  iso: {
    file: 'iso-modes',
    settings: {
      'decimal.handling.mode': 'double',
      'time.precision.mode': 'isostring',
      'binary.handling.mode': 'base64-url-safe',
    },
  },
};

const prefixes = Object.keys(connectors);

/** With four tables of the scenario the other connectors have seen all that their modes change. */
const tablesOf = (prefix: string): string =>
  prefix === 'dbz' ? 'golden\\..*' : 'golden\\.types,golden\\.zeros,golden\\.defs,golden\\.orders,golden\\.comp';

const converter = 'org.apache.kafka.connect.json.JsonConverter';

const main = async (): Promise<void> => {
  const home = mkdtempSync(join(tmpdir(), 'millrace-debezium-'));
  await using server = await launchServer({ flavor: 'mysql', options: ['--binlog-rows-query-log-events=ON'] });
  await using kafka = await launchKafka();
  const connection = await mysql.createConnection({ host: server.host, port: server.port, user: server.user });
  await connection.query('RESET BINARY LOGS AND GTIDS');
  await run(connection, 'setup.sql');
  const files = [await workerFile(home, kafka.bootstrapServers)];
  for (const [index, prefix] of prefixes.entries()) {
    files.push(connectorFile(home, prefix, index, server.port, kafka.bootstrapServers));
  }
  const stopConnect = await startConnect(home, files);
  try {
    await until('every connector to read the log', async () => {
      const [rows] = await connection.query<RowDataPacket[]>('SHOW PROCESSLIST');
      return rows.filter(({ Command: command }) => /^Binlog Dump/.test(command)).length === prefixes.length;
    });
    await connection.query('FLUSH BINARY LOGS');
    await run(connection, 'scenario.sql');
    using cluster = new Cluster(kafkaSettings(kafka.bootstrapServers), systemClock);
    await until('every connector to have seen the last change', async () => {
      for (const prefix of prefixes) {
        const types = await recordsOf(cluster, `${prefix}.golden.types`);
        if (!types.at(-1)?.value?.includes('"changed"')) return false;
      }
      return true;
    });
    // The end of the last transaction comes a moment later.
    await sleep(3_000);
    mkdirSync(new URL('schemas/', testdata), { recursive: true });
    for (const [prefix, { file }] of Object.entries(connectors)) {
      const lines: string[] = [];
      for (const topic of await topicsOf(cluster, prefix)) {
        for (const record of await recordsOf(cluster, topic)) {
          if (!isSnapshotOfSchema(prefix, record)) lines.push(JSON.stringify(record));
        }
      }
      keep(`${file}.jsonl.zst`, Buffer.from(`${lines.join('\n')}\n`));
    }
    await connection.query('FLUSH BINARY LOGS');
    keep('binlog.000002.zst', readFileSync(join(server.binlogFolder, 'binlog.000002')));
  } finally {
    await stopConnect();
    await connection.end();
    rmSync(home, { recursive: true, force: true });
  }
};

const run = async (connection: Connection, file: string): Promise<void> => {
  const statements = readFileSync(new URL(file, testdata), 'utf8').split(/;\n/);
  for (const statement of statements) if (statement.trim() !== '') await connection.query(statement);
};

const workerFile = async (home: string, bootstrapServers: string): Promise<string> => {
  const plugins = join(home, 'plugins');
  mkdirSync(plugins);
  symlinkSync(await mavenJars(debeziumJars), join(plugins, 'debezium-connector-mysql'));
  return propertiesFile(home, 'worker', {
    'bootstrap.servers': bootstrapServers,
    'key.converter': converter,
    'value.converter': converter,
    'offset.storage.file.filename': join(home, 'offsets.dat'),
    listeners: `http://127.0.0.1:${await freePort()}`,
    'plugin.path': plugins,
    'plugin.discovery': 'hybrid_warn',
  });
};

const connectorFile = (home: string, prefix: string, index: number, port: number, bootstrapServers: string): string =>
  propertiesFile(home, prefix, {
    name: prefix,
    'connector.class': 'io.debezium.connector.mysql.MySqlConnector',
    'tasks.max': '1',
    'database.hostname': '127.0.0.1',
    'database.port': String(port),
    'database.user': 'root',
    'database.password': '',
    'database.server.id': String(5_000 + index),
    'database.include.list': 'golden',
    'table.include.list': tablesOf(prefix),
    'topic.prefix': prefix,
    'schema.history.internal.kafka.bootstrap.servers': bootstrapServers,
    'schema.history.internal.kafka.topic': `history-${prefix}`,
    'topic.creation.default.replication.factor': '1',
    'topic.creation.default.partitions': '1',
    'snapshot.mode': 'initial',
    'skipped.operations': 'none',
    'key.converter': converter,
    'key.converter.schemas.enable': 'true',
    'value.converter': converter,
    'value.converter.schemas.enable': 'true',
    'value.converter.replace.null.with.default': 'false',
    ...connectors[prefix]!.settings,
  });

const propertiesFile = (home: string, name: string, settings: Readonly<Record<string, string>>): string => {
  const path = join(home, `${name}.properties`);
  // A backslash is an escape in a file of Java properties.
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value.replaceAll('\\', '\\\\')}\n`);
  writeFileSync(path, lines.join(''));
  return path;
};

/** Gives what ends it. */
const startConnect = async (home: string, files: readonly string[]): Promise<() => Promise<void>> => {
  const [command, ...prefix] = await javaProgram();
  const log = openSync(join(home, 'connect.log'), 'a');
  const program = 'org.apache.kafka.connect.cli.ConnectStandalone';
  const options = ['-Xmx768m', '-XX:+UseSerialGC', '-cp', `${await mavenJars(connectJars)}/*`, program];
  const child = spawn(command, [...prefix, ...options, ...files], { stdio: ['ignore', log, log] });
  closeSync(log);
  const exited = once(child, 'exit');
  return async () => {
    child.kill('SIGKILL');
    await exited;
  };
};

const until = async (what: string, reached: () => Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 240_000;
  while (!(await reached())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await sleep(1_000);
  }
};

interface Recorded {
  readonly topic: string;
  readonly key: string | null;
  readonly value: string | null;
}

const topicsOf = async (cluster: Cluster, prefix: string): Promise<readonly string[]> =>
  (await cluster.topicNames()).filter((topic) => topic === prefix || topic.startsWith(`${prefix}.`)).toSorted();

const recordsOf = async (cluster: Cluster, topic: string): Promise<readonly Recorded[]> => {
  if (!(await cluster.topicNames()).includes(topic)) return [];
  const records: Recorded[] = [];
  await readPartition(cluster, topic, 0, 0, ({ bytes, keyStart, keyEnd, valueStart, valueEnd }) => {
    const text = (start: number, end: number) => (start < 0 ? null : bytes.toString('utf8', start, end));
    records.push({ topic, key: text(keyStart, keyEnd), value: text(valueStart, valueEnd) });
  });
  return records;
};

/** What a connector says of the tables as it found them, which is not in the log. */
const isSnapshotOfSchema = (prefix: string, { topic, value }: Recorded): boolean =>
  topic === prefix && /"snapshot":"/.test(value ?? '');

const keep = (name: string, bytes: Buffer): void => {
  const packed = zstdCompressSync(bytes, {
    params: {
      [constants.ZSTD_c_compressionLevel]: 19,
      [constants.ZSTD_c_checksumFlag]: 1,
      [constants.ZSTD_c_enableLongDistanceMatching]: 1,
    },
  });
  writeFileSync(new URL(`schemas/${name}`, testdata), packed);
  console.log(`${name}: ${bytes.length} bytes, packed ${packed.length}`);
};

await main();
