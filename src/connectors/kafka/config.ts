import { z } from 'zod';
import { byteSize, columnList, duration, withoutEffect } from '../../core/settings.ts';
import { debeziumValuesShape } from '../debezium-settings.ts';
import { compressionNames } from './client/compression.ts';
import { connectionShape } from './connection-config.ts';
import { outboxShape } from './outbox-config.ts';
import { registryShape } from './registry-config.ts';
import { skippedOperations } from './skipped-operations.ts';

const nameAdjustment = z.enum(['none', 'avro', 'avro_unicode']).default('none');

export const kafkaConfig = z.strictObject({
  ...connectionShape,
  topic: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Where a change goes; `%{database}` and `%{table}` stand for its names. Default: `%{database}.%{table}`, with `topic.prefix` and a dot before it when that is set.',
    ),
  'topic.prefix': z
    .string()
    .min(1)
    .optional()
    .describe("What the formats call the source, Debezium's `source.name`. Default there: the pipeline's name."),
  'sink.tableId-to-topic.mapping': z
    .string()
    .optional()
    .describe('Topics of single tables, `database.table:topic` each, separated by semicolons; they win over `topic`.'),
  'value.format': z
    .enum([
      'debezium-json',
      'debezium-avro',
      'avro-confluent',
      'cloudevents-json',
      'canal-json',
      'maxwell-json',
      'json',
    ])
    .default('debezium-json')
    .describe(
      "What a value is: `debezium-json` is Debezium's JSON envelope, `debezium-avro` the same in Avro with a schema registry, `avro-confluent` the row as it is now in Avro, `cloudevents-json` the change as a CloudEvent, as Debezium's converter makes it, `canal-json` and `maxwell-json` are the messages of those tools, and `json` is the row as it is now, or no value once it is deleted.",
    ),
  'debezium-json.schema-include': z
    .boolean()
    .default(false)
    .describe(
      'With `debezium-json` and `cloudevents-json`: write each key and value (of an event, its data) with its schema, `{"schema":…,"payload":…}`, as Kafka Connect\'s JsonConverter does with `schemas.enable`. Sinks of Connect need it; it makes records many times longer.',
    ),
  'cloudevents.extension.attributes.enable': z
    .boolean()
    .default(true)
    .describe('With `cloudevents-json`: put what Debezium says of a change’s source into attributes `iodebezium…`.'),
  ...registryShape,
  'key.format': z
    .enum(['json'])
    .default('json')
    .describe('What a key is: a JSON object of the key columns; with the Avro formats an Avro record.'),
  'message.key.columns': z
    .string()
    .optional()
    .describe(
      'Key columns of tables, `database.table:column,column` each, separated by semicolons. Default: the primary key, else the first unique key without NULL.',
    ),
  'partition.strategy': z
    .enum(['hash-by-key', 'hash-by-table', 'hash-by-transaction', 'all-to-zero'])
    .default('hash-by-key')
    .describe(
      "The partition of a record: by its key with Kafka's own hash, so that a row stays in order; by its table; by its transaction; or partition 0.",
    ),
  'tombstones.on.delete': z
    .boolean()
    .default(true)
    .describe('Write a record without a value behind each delete, so that compaction drops the key.'),
  'sink.delivery-guarantee': z
    .enum(['exactly-once', 'at-least-once'])
    .default('exactly-once')
    .describe(
      '`exactly-once`: rows and positions in one Kafka transaction, for readers of committed records; `at-least-once`: positions behind the rows, and some rows come again after a crash.',
    ),
  'sink.transactional-id-prefix': z
    .string()
    .min(1)
    .default('millrace-')
    .describe(
      "What the transactional id begins with; the pipeline's name follows. Whoever opens it later ends the writing of who had it before.",
    ),
  'sink.position-topic': z
    .string()
    .min(1)
    .optional()
    .describe(
      "The compacted topic that holds how far the pipeline is. Default: `millrace-position.` and the pipeline's name. Made when it is not there.",
    ),
  'sink.add-tableId-to-header-enabled': z
    .boolean()
    .default(false)
    .describe('Add the headers `namespace`, `schemaName` and `tableName`, as Flink CDC does.'),
  'sink.custom-header': z
    .string()
    .optional()
    .describe('Headers for each record, `name:value` each, separated by commas.'),
  'topic.creation.enable': z.boolean().default(true).describe('Make topics that are not there.'),
  'topic.creation.default': z
    .record(z.string(), z.string())
    .default({})
    .describe(
      "How they are made: `partitions` and `replication.factor` (default: the brokers'), and any setting of topics, such as `cleanup.policy: compact`.",
    ),
  'skipped.operations': skippedOperations.describe(
    'What writes no record, as letters with commas: `c` inserts, `u` updates, `d` deletes, `t` TRUNCATE (which else writes one with op `t` and no key); `none`: nothing is left out. Rows of snapshots are always written.',
  ),
  'include.schema.changes': z
    .boolean()
    .default(false)
    .describe(
      "Write Debezium's record of each schema change to a topic of its own, named as `topic.prefix` or else the pipeline.",
    ),
  'provide.transaction.metadata': z
    .boolean()
    .default(false)
    .describe(
      "Number the rows of each transaction in its envelope's `transaction`, and write Debezium's BEGIN and END records with the counts of rows to a topic of their own. With `debezium-json` and `debezium-avro`.",
    ),
  'topic.transaction': z
    .string()
    .min(1)
    .default('transaction')
    .describe("What the name of that topic ends with, behind `topic.prefix`, or else the pipeline's name, and a dot."),
  'heartbeat.interval.ms': duration
    .prefault('0ms')
    .describe(
      "Write Debezium's heartbeat record this often while the source is alive, idle or not; never more often than `heartbeat.interval` of an idle source. 0: none. With `debezium-json` only.",
    ),
  'topic.heartbeat.prefix': z
    .string()
    .min(1)
    .default('__debezium-heartbeat')
    .describe(
      "What the topic of heartbeat records begins with; a dot and `topic.prefix`, or else the pipeline's name, follow.",
    ),
  ...outboxShape,
  ...debeziumValuesShape,
  'columns.boolean': columnList
    .optional()
    .describe(
      "TINYINT(1) columns to write as true and false, as `database.table.column` patterns: what Debezium's TinyIntOneToBooleanConverter does with its `selector`. With the Debezium formats.",
    ),
  'schema.name.adjustment.mode': nameAdjustment.describe(
    'Names of schemas as they are, or made such that Avro takes them: with `_` for other characters (`avro`), or with their code, as `_u002d` (`avro_unicode`). The Avro formats do as `avro` at least.',
  ),
  'field.name.adjustment.mode': nameAdjustment.describe(
    'The same for the names of columns, in keys and values of the Debezium formats.',
  ),
  'properties.compression.type': z.enum(compressionNames).default('lz4').describe('How batches are compressed.'),
  'properties.batch.size': byteSize
    .prefault('1mb')
    .describe(
      'The most bytes of records in a batch, before compression. A batch is sent when it is full or its commits end.',
    ),
  'properties.max.request.size': byteSize
    .prefault('1mb')
    .describe("The largest batch to send, compressed. A topic's own `max.message.bytes` may allow less."),
  'properties.transaction.timeout.ms': duration
    .prefault('5min')
    .describe(
      "How long a transaction may be open: what the largest MySQL transaction takes. The brokers' `transaction.max.timeout.ms` is the limit.",
    ),
  'properties.delivery.timeout.ms': duration
    .prefault('2min')
    .describe('How long a partition may take no record before the pipeline says so and begins anew.'),
  'properties.acks': z
    .enum(['all', '-1'])
    .default('all')
    .describe('All replicas in step must have a record before it counts.'),
  'properties.enable.idempotence': z
    .literal(true)
    .default(true)
    .describe('Always on: a record sent twice is kept once.'),
  'properties.linger.ms': withoutEffect('batches are what the commits of a few milliseconds come to'),
  'properties.buffer.memory': withoutEffect('what waits is bounded by the pipeline'),
  'properties.max.in.flight.requests.per.connection': withoutEffect(
    'five batches for each partition are under way at most',
  ),
  'properties.retries': withoutEffect('`properties.delivery.timeout.ms` bounds them'),
});

export type KafkaConfig = z.output<typeof kafkaConfig>;
