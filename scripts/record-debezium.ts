/**
 * Records what real Debezium connectors on a real Kafka Connect make of one server's changes, each key and value with its schema, and
 * the binlog of those changes: what the tests of `debezium-json` with schemas compare ours with.
 *
 *   node scripts/record-debezium.ts schemas      writes src/formats/debezium-json/testdata/schemas/
 *   node scripts/record-debezium.ts modes        writes src/formats/debezium-json/testdata/modes/
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { constants, zstdCompressSync } from 'node:zlib';
import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { debeziumJars } from '../bench/peers/kafka-jars.ts';
import { Cluster } from '../src/connectors/kafka/client/cluster.ts';
import { readPartition } from '../src/connectors/kafka/client/read-partition.ts';
import { readHeaders } from '../src/connectors/kafka/client/record-reader.ts';
import { systemClock } from '../src/pipeline/system-clock.ts';
import { kafkaSettings } from '../src/testing/kafka-exactly-once.ts';
import { launchKafka } from '../src/testing/servers/launch-kafka.ts';
import { freePort, launchServer } from '../src/testing/servers/launch-server.ts';
import { mavenJars } from '../src/testing/servers/maven-jars.ts';
import { startConnectWorker } from './connect-worker.ts';

const testdata = new URL('../src/formats/debezium-json/testdata/', import.meta.url);

interface Connector {
  readonly file: string;
  /** Beside Debezium's defaults. */
  readonly settings: Readonly<Record<string, string>>;
  /** Of the database `golden`, as Debezium's pattern. */
  readonly tables: string;
  /** What the last record of a topic, behind its prefix, says once the connector has seen all. */
  readonly last: readonly [topic: string, text: string];
}

/** With these tables a connector has seen all that its modes change. */
const fewTables = 'golden\\.(types|zeros|defs|orders|comp)';
const lastChange = ['golden.types', '"changed"'] as const;
const smt = 'io.debezium.transforms.outbox.EventRouter';
const cloudEvents = {
  'value.converter': 'io.debezium.converters.CloudEventsConverter',
  'value.converter.serializer.type': 'json',
  'value.converter.data.serializer.type': 'json',
  'value.converter.json.replace.null.with.default': 'false',
};
/** Debezium's converter for CloudEvents reaches into the JSON converter, and both must have one Jackson. */
const pluginConverter = {
  name: 'connect-json-4.3.1',
  jars: [
    'com.fasterxml.jackson.datatype:jackson-datatype-jdk8:2.21.2',
    'com.fasterxml.jackson.module:jackson-module-blackbird:2.21.2',
    'org.apache.kafka:connect-json:4.3.1',
  ],
};
const text = 'org.apache.kafka.connect.storage.StringConverter';

/** By `topic.prefix`. */
const recordings: Readonly<Record<string, Readonly<Record<string, Connector>>>> = {
  schemas: {
    dbz: { file: 'default-modes', settings: {}, tables: 'golden\\..*', last: lastChange },
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
      tables: fewTables,
      last: lastChange,
    },
    iso: {
      file: 'iso-modes',
      settings: {
        'decimal.handling.mode': 'double',
        'time.precision.mode': 'isostring',
        'binary.handling.mode': 'base64-url-safe',
      },
      tables: fewTables,
      last: lastChange,
    },
  },
  modes: {
    nan: {
      file: 'nanoseconds',
      settings: {
        'time.precision.mode': 'nanoseconds',
        'binary.handling.mode': 'base64',
        converters: 'boolean',
        'boolean.type': 'io.debezium.connector.binlog.converters.TinyIntOneToBooleanConverter',
        'boolean.selector': 'golden.types.*, golden.defs.*',
      },
      tables: fewTables,
      last: lastChange,
    },
    'm-ic': {
      file: 'microseconds',
      settings: {
        'time.precision.mode': 'microseconds',
        'tombstones.on.delete': 'false',
        'skipped.operations': 'u,t',
        'schema.name.adjustment.mode': 'avro',
        'field.name.adjustment.mode': 'avro',
      },
      tables: 'golden\\.(types|zeros|defs|orders|comp|odd-name.t)',
      // Its updates are left out.
      last: ['golden.types', '"id":13,'],
    },
    'u-ni': {
      file: 'unicode-names',
      settings: {
        'schema.name.adjustment.mode': 'avro_unicode',
        'field.name.adjustment.mode': 'avro_unicode',
      },
      tables: 'golden\\.(types|zeros|defs|odd-name.t)',
      last: lastChange,
    },
    cev: {
      file: 'cloud-events',
      settings: {
        ...cloudEvents,
        'value.converter.json.schemas.enable': 'false',
        'provide.transaction.metadata': 'true',
        'include.query': 'true',
      },
      tables: fewTables,
      last: lastChange,
    },
    ces: {
      file: 'cloud-events-with-schemas',
      settings: { ...cloudEvents, 'value.converter.extension.attributes.enable': 'false' },
      tables: 'golden\\.(orders|comp|types)',
      last: lastChange,
    },
    obx: {
      file: 'outbox-texts',
      settings: {
        transforms: 'outbox',
        'transforms.outbox.type': smt,
        'transforms.outbox.route.topic.regex': '(.*)',
        'transforms.outbox.route.topic.replacement': 'obx.$1',
        'transforms.outbox.table.fields.additional.placement': 'type:header:eventType,version:header',
        'transforms.outbox.route.tombstone.on.empty.payload': 'true',
        'key.converter': text,
        'value.converter': text,
      },
      tables: 'golden\\.(outbox|outtexts)',
      last: ['last', 'the last'],
    },
    oby: {
      file: 'outbox-envelopes',
      settings: {
        transforms: 'outbox',
        'transforms.outbox.type': smt,
        'transforms.outbox.route.topic.regex': '(.*)-(.*)',
        'transforms.outbox.route.topic.replacement': 'oby.$2.$1',
        'transforms.outbox.table.fields.additional.placement': 'type:envelope:kind,version:envelope,at:envelope',
        'transforms.outbox.table.expand.json.payload': 'true',
        'transforms.outbox.table.field.event.timestamp': 'at',
        'key.converter': text,
        'value.converter.schemas.enable': 'false',
      },
      tables: 'golden\\.outbox',
      last: ['last.order', 'the last'],
    },
  },
};

const recording = process.argv[2] ?? '';
const connectors = recordings[recording];
if (connectors === undefined) throw new Error(`name a recording: ${Object.keys(recordings).join(' or ')}`);
const prefixes = Object.keys(connectors);

const converter = 'org.apache.kafka.connect.json.JsonConverter';

const main = async (): Promise<void> => {
  const home = mkdtempSync(join(tmpdir(), 'millrace-debezium-'));
  await using server = await launchServer({ flavor: 'mysql', options: ['--binlog-rows-query-log-events=ON'] });
  await using kafka = await launchKafka();
  const connection = await mysql.createConnection({ host: server.host, port: server.port, user: server.user });
  await connection.query('RESET BINARY LOGS AND GTIDS');
  await run(connection, 'setup.sql');
  if (recording === 'modes') await run(connection, 'outbox-setup.sql');
  const files = [await workerFile(home, kafka.bootstrapServers)];
  for (const [index, prefix] of prefixes.entries()) {
    files.push(connectorFile(home, prefix, index, server.port, kafka.bootstrapServers));
  }
  const stopConnect = await startConnectWorker('Standalone', home, files);
  try {
    await until('every connector to read the log', async () => {
      const [rows] = await connection.query<RowDataPacket[]>('SHOW PROCESSLIST');
      return rows.filter(({ Command: command }) => /^Binlog Dump/.test(command)).length === prefixes.length;
    });
    await connection.query('FLUSH BINARY LOGS');
    if (recording === 'modes') await run(connection, 'outbox.sql');
    await run(connection, 'scenario.sql');
    using cluster = new Cluster(kafkaSettings(kafka.bootstrapServers), systemClock);
    await until('every connector to have seen the last change', async () => {
      for (const [prefix, { last }] of Object.entries(connectors)) {
        const [topic, said] = last;
        const records = await recordsOf(cluster, `${prefix}.${topic}`);
        if (!records.at(-1)?.value?.includes(said)) return false;
      }
      return true;
    });
    // The end of the last transaction comes a moment later.
    await sleep(3_000);
    mkdirSync(new URL(`${recording}/`, testdata), { recursive: true });
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
  const plugin = join(plugins, 'debezium-connector-mysql');
  mkdirSync(plugin, { recursive: true });
  for (const folder of [await mavenJars(debeziumJars), await mavenJars(pluginConverter)]) {
    for (const jar of readdirSync(folder)) symlinkSync(join(folder, jar), join(plugin, jar));
  }
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
    'table.include.list': connectors[prefix]!.tables,
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
  /** Kept of `modes` only, without those that name the run. */
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly timestamp?: number;
}

const topicsOf = async (cluster: Cluster, prefix: string): Promise<readonly string[]> =>
  (await cluster.topicNames()).filter((topic) => topic === prefix || topic.startsWith(`${prefix}.`)).toSorted();

const recordsOf = async (cluster: Cluster, topic: string): Promise<readonly Recorded[]> => {
  if (!(await cluster.topicNames()).includes(topic)) return [];
  const records: Recorded[] = [];
  await readPartition(cluster, topic, 0, 0, (record) => {
    const { bytes, keyStart, keyEnd, valueStart, valueEnd, timestamp } = record;
    const piece = (start: number, end: number) => (start < 0 ? null : bytes.toString('utf8', start, end));
    const headers: Record<string, string | null> = {};
    readHeaders(record, (name, start, end) => {
      if (!name.startsWith('__debezium.context')) headers[name] = piece(start, end);
    });
    const more = recording === 'modes' ? { headers, timestamp } : {};
    records.push({ topic, key: piece(keyStart, keyEnd), value: piece(valueStart, valueEnd), ...more });
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
  writeFileSync(new URL(`${recording}/${name}`, testdata), packed);
  console.log(`${name}: ${bytes.length} bytes, packed ${packed.length}`);
};

await main();
