import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kafkaConfig } from '../connectors/kafka/config.ts';
import { KafkaReader } from '../connectors/kafka/reader/reader.ts';
import { KafkaSink } from '../connectors/kafka/sink.ts';
import { ArrayRowImages } from '../core/array-row-images.ts';
import type { Change } from '../core/change.ts';
import type { Context } from '../core/connector.ts';
import type { Reader } from '../core/reader.ts';
import type { Table } from '../core/table.ts';
import type { Row } from '../core/value.ts';
import { createPipeline } from '../pipeline/pipeline.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { memoryRegistry } from '../testing/memory-registry.ts';
import { openMysqlReader } from '../testing/mirrored-shop.ts';
import { MysqlRig } from '../testing/mysql-rig.ts';
import { silent } from '../testing/pipeline-rig.ts';
import { origin } from '../testing/sample-origin.ts';
import { testKafka } from '../testing/servers/test-kafka.ts';
import { testServers } from '../testing/servers/test-servers.ts';
import { integers, numbers, typedTable } from '../testing/value-samples.ts';
import type { TableResult } from './table-result.ts';
import { Verification } from './verification.ts';

const never = new AbortController().signal;
const server = testServers().find(({ name }) => name === 'mysql-9.7');
const formats = ['debezium-json', 'debezium-avro', 'avro-confluent', 'canal-json', 'maxwell-json', 'json'] as const;

const rowsOf = (count: number, row: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => `(${row(i)})`).join(', ');

const setup = [
  'CREATE TABLE orders (id BIGINT PRIMARY KEY, total DECIMAL(10, 2), note VARCHAR(40), at DATETIME(6))',
  `INSERT INTO orders VALUES ${rowsOf(600, (i) => `${i}, ${i}.5, 'note ${i}', '2024-02-29 12:00:00.${i}'`)}`,
  'CREATE TABLE tags (tag VARCHAR(30), part INT UNSIGNED, n INT, `größe cm` INT DEFAULT 7, PRIMARY KEY (tag, part))',
  `INSERT INTO tags (tag, part, n) VALUES ${rowsOf(120, (i) => `'${i % 2 ? 'Tag' : 'tAG'} ${i}', ${i}, ${i}`)}`,
  'CREATE TABLE bag (word VARCHAR(20), n INT)',
  `INSERT INTO bag VALUES ${rowsOf(60, (i) => `'word ${i % 20}', ${i % 10}`)}, (NULL, NULL), (NULL, NULL)`,
  ...typedTable('typed', { ...integers, ...numbers }),
];

/** `table: method status rows/mismatched/missing/extra/unsettled`, and the keys that differ. */
const told = (results: readonly TableResult[]): readonly string[] =>
  results.map(({ table, status, method, counts, differences }) => {
    const keys = differences.map(({ verdict, key, count }) => ` ${verdict} ${key}${count > 1 ? ` x${count}` : ''}`);
    const { mismatched, missing, extra, unsettled } = counts;
    const figures = [mismatched, missing, extra, unsettled].join('/');
    return `${table.split('.')[1]} ${method} ${status} ${figures}${keys.toSorted().join('')}`;
  });

test('each format of topics replays to the tables while rows change, and what is planted there is found', {
  skip: server === undefined,
}, async () => {
  const bootstrapServers = await testKafka();
  using registry = await memoryRegistry();
  await using rig = await MysqlRig.open(server!);
  await rig.run(...setup);
  const pipelineName = rig.database;
  const context: Context = { pipeline: pipelineName, log: silent, clock: systemClock };
  const configOf = (format: (typeof formats)[number]) =>
    kafkaConfig.parse({
      'properties.bootstrap.servers': bootstrapServers,
      'topic.prefix': `${pipelineName}-${format}`,
      'value.format': format,
      'bigint.unsigned.handling.mode': 'precise',
      'time.precision.mode': format === 'debezium-json' ? 'nanoseconds' : 'microseconds',
      'field.name.adjustment.mode': format === 'debezium-json' ? 'avro_unicode' : 'none',
      'sink.position-topic': `${pipelineName}-${format}-places`,
      'sink.transactional-id-prefix': `${format}-`,
      'topic.creation.default': { partitions: format === 'debezium-json' ? '3' : '1' },
      'schema.registry.url': [registry.url],
    });
  const stop = new AbortController();
  const pipeline = createPipeline({
    name: pipelineName,
    source: async () => rig.source({}, pipelineName),
    sinks: formats.map((format) => ({ name: format, open: async () => new KafkaSink(configOf(format), context) })),
    clock: systemClock,
    log: silent,
  });
  const running = pipeline.run(stop.signal, new AbortController().signal);
  const failed = running.then(() => {});
  let loading = true;
  let hasSnapshot = false;
  let made = 0;
  const load = (async () => {
    for (; loading; made += 1) {
      await rig.run(
        `UPDATE orders SET total = total + 1, note = 'n${made}' WHERE id IN (${made % 500}, 7)`,
        `INSERT INTO orders VALUES (${10_000 + made}, 1, 'new', NULL)`,
        `DELETE FROM orders WHERE id = ${10_000 + made - 5}`,
        `UPDATE tags SET n = n + 1, part = part + 1000 WHERE part % 1000 = ${made % 50}`,
        // What the log says of a row without a key before its snapshot cannot be told from what the snapshot found.
        ...(hasSnapshot ? [`UPDATE bag SET n = n + 1 WHERE word = 'word ${made % 20}' LIMIT 1`] : []),
      );
    }
  })();
  await using source = openMysqlReader(rig, pipelineName);
  const isSnapshotDone = async (): Promise<boolean> => {
    const tables = await source.tables();
    for (const format of formats) {
      await using reader = new KafkaReader(configOf(format), context);
      for (const table of tables) {
        const held = await reader.held(source.log.snapshotLane(table));
        if (held.length === 0 || held.some(source.log.snapshotUnfinished)) return false;
      }
    }
    return true;
  };
  try {
    for (let i = 0; i < 600 && !hasSnapshot; i += 1) {
      await Promise.race([systemClock.sleep(50), failed]);
      hasSnapshot = await isSnapshotDone();
    }
    const verify = async (target: Reader, bag: boolean): Promise<readonly string[]> => {
      const only = ({ name }: { readonly name: string }): boolean => bag || name !== 'bag';
      const options = { source, target, steps: [], clock: systemClock, log: silent, chunkRows: 200, waitMs: 60_000 };
      return told(await new Verification({ ...options, only }).run(never));
    };
    {
      await using reader = new KafkaReader(configOf('debezium-json'), context);
      assert.deepEqual(await verify(reader, true), [
        'bag bags equal 0/0/0/0',
        'orders rows equal 0/0/0/0',
        'tags lookups equal 0/0/0/0',
        'typed rows equal 0/0/0/0',
      ]);
    }
    assert.ok(made > 0, 'rows changed meanwhile');
    loading = false;
    await load;
    const orders = (await source.describe(rig.database, 'orders'))!;
    for (const format of formats) {
      const config = configOf(format);
      // Another writer, under a name of its own.
      const own = {
        'sink.position-topic': `${pipelineName}-${format}-other`,
        'sink.transactional-id-prefix': `other-${format}-`,
      };
      await using sink = new KafkaSink({ ...config, ...own }, context);
      await sink.claim('log');
      await sink.write({ changes: planted(orders), positions: new Map(), version: '1' }, never);
      await using reader = new KafkaReader(config, context);
      const tellsRows = format.startsWith('debezium');
      assert.deepEqual(
        await verify(reader, tellsRows),
        [
          ...(tellsRows ? ['bag bags equal 0/0/0/0'] : []),
          'orders rows different 1/2/2/0 extra -4 extra 5000 mismatched 501 missing 502 missing 503',
          'tags lookups equal 0/0/0/0',
          'typed rows equal 0/0/0/0',
        ],
        format,
      );
      if (!tellsRows) await assert.rejects(verify(reader, true), { code: 'KAFKA_NOT_REPLAYABLE' });
    }
  } finally {
    loading = false;
    await load;
    stop.abort();
    await running.catch(() => {});
    await rig.run(`DROP DATABASE ${rig.database}`);
  }
});

/** Rows that nobody changed at the source. */
const planted = (table: Table): readonly Change[] => {
  const row = (id: number, note: string | null): Row => [id, `${id}.50`, note, null];
  const images = (before: readonly Row[] | null, after: readonly Row[] | null) =>
    new ArrayRowImages(table, { before, after });
  return [
    { kind: 'rows', op: 'create', table, origin, rows: images(null, [row(-4, null), row(5_000, 'x')]) },
    { kind: 'rows', op: 'update', table, origin, rows: images([row(501, 'was')], [row(501, 'planted')]) },
    { kind: 'rows', op: 'delete', table, origin, rows: images([row(502, 'was'), row(503, 'was')], null) },
  ];
};
