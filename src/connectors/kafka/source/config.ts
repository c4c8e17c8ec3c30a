import { z } from 'zod';
import { byteSize, duration, list } from '../../../core/settings.ts';
import { connectionShape } from '../connection-config.ts';
import { registryAddressShape } from '../registry-config.ts';
import { parseSpecificOffsets } from './specific-offsets.ts';

export const kafkaSourceConfig = z
  .strictObject({
    ...connectionShape,
    ...registryAddressShape,
    topic: z.string().min(1).optional().describe('The topics to read, separated by semicolons.'),
    'topic-pattern': z
      .string()
      .min(1)
      .optional()
      .describe(
        'A regular expression that the names of topics match as a whole; topics that appear later are read too.',
      ),
    'value.format': z
      .enum(['debezium-json', 'debezium-avro', 'canal-json', 'maxwell-json', 'json', 'avro-confluent'])
      .default('debezium-json')
      .describe(
        'What a value is: an envelope of Debezium (with or without its schema), of Canal or Maxwell, or `json`: the row itself, whose key says which row, and a value of null that it is gone. `debezium-avro` and `avro-confluent` are the envelope and the row in Avro, with a schema registry.',
      ),
    table: z
      .string()
      .regex(/^[^.]+\.[^.]+$/, 'write database.table')
      .optional()
      .describe(
        'The table of rows whose message does not name one. Default: the last two parts of the topic, `shop.orders` of `prod.shop.orders`; database `kafka` for a topic of one part.',
      ),
    schema: z
      .string()
      .optional()
      .describe(
        'The tables as CREATE TABLE statements in MySQL words, separated by semicolons. Without it each message describes its table by its schema (or `mysqlType`), or else by the look of its values: then amounts and moments are texts or plain numbers.',
      ),
    'primary-key': z
      .string()
      .optional()
      .describe(
        'Fields that name a row, separated by commas, where no `schema` is given and the keys of the messages do not say.',
      ),
    'key.format': z
      .enum(['json', 'raw', 'avro-confluent'])
      .optional()
      .describe(
        'What keys are, where rows stand by themselves (`json`, `avro-confluent`): `raw` is a text without quotes. Default: as the values.',
      ),
    'key.fields': list
      .optional()
      .describe(
        'Columns that are taken from the key, whatever the row says, separated by commas; one name for a key that is a plain value. They name the row. Default: what the row lacks of the fields of its key.',
      ),
    'value.unknown-fields': z
      .enum(['refuse', 'ignore'])
      .default('refuse')
      .describe('What happens at a field that no column of `schema` is for: stop with an error, or leave it out.'),
    'decimal.handling.mode': z
      .enum(['precise', 'string', 'double'])
      .default('precise')
      .describe('How the writer of `debezium-json` or Avro wrote DECIMAL.'),
    'bigint.unsigned.handling.mode': z
      .enum(['long', 'precise'])
      .default('long')
      .describe('How it wrote BIGINT UNSIGNED; what `long` wrapped into negative numbers is turned back.'),
    'time.precision.mode': z
      .enum(['adaptive_time_microseconds', 'adaptive', 'connect', 'isostring', 'microseconds', 'nanoseconds'])
      .default('adaptive_time_microseconds')
      .describe('How it wrote DATETIME and TIME. A schema in the messages says it by itself.'),
    'binary.handling.mode': z
      .enum(['bytes', 'base64', 'base64-url-safe', 'hex'])
      .default('bytes')
      .describe('How it wrote BINARY, VARBINARY and BLOB.'),
    'scan.startup.mode': z
      .enum(['group-offsets', 'earliest-offset', 'latest-offset', 'timestamp', 'specific-offsets'])
      .default('group-offsets')
      .describe(
        'Where a partition is begun that no sink holds a place of; partitions that appear later are always read from their beginning.',
      ),
    'scan.startup.timestamp-millis': z
      .number()
      .int()
      .nonnegative()
      .optional()
      .describe('For `timestamp`: begin at the first record of this time or later, in milliseconds since 1970.'),
    'scan.startup.specific-offsets': z
      .string()
      .optional()
      .describe('For `specific-offsets`: `partition:0,offset:42;partition:1,offset:300`, for one topic.'),
    'scan.bounded.mode': z
      .enum(['unbounded', 'latest-offset'])
      .default('unbounded')
      .describe('`latest-offset`: end where the partitions end when reading begins.'),
    'scan.topic-partition-discovery.interval': duration
      .prefault('30s')
      .describe('How often new topics and partitions are looked for.'),
    'properties.group.id': z
      .string()
      .min(1)
      .optional()
      .describe(
        'The consumer group whose offsets `group-offsets` begins at, and which is told how far the sinks are. Default: `millrace-` and the name of the pipeline.',
      ),
    'properties.group.protocol': z
      .enum(['consumer', 'classic'])
      .optional()
      .describe(
        'Share the partitions with the other processes of this pipeline in the consumer group: `consumer` is the protocol of Kafka 4.0 and newer, `classic` that of older ones, in which all partitions stop for a moment when the group changes. Default: one process reads all partitions. The sink must be MySQL.',
      ),
    'properties.group.instance.id': z
      .string()
      .min(1)
      .optional()
      .describe(
        'A name of this process within the group, so that it gets its partitions back when it comes back before the session timeout is over.',
      ),
    'properties.max.poll.interval.ms': duration
      .prefault('5min')
      .describe('How long giving partitions up to another process may take before the group goes on without this one.'),
    'properties.session.timeout.ms': duration
      .prefault('45s')
      .describe(
        'With `classic`: how long the group waits for a process that is silent. With `consumer` the brokers say it.',
      ),
    'properties.auto.offset.reset': z
      .enum(['earliest', 'latest', 'none'])
      .default('earliest')
      .describe('Where `group-offsets` begins when the group has no offset; `none`: an error.'),
    'properties.isolation.level': z
      .enum(['read_committed', 'read_uncommitted'])
      .default('read_committed')
      .describe('Whether records of open and aborted transactions are left out.'),
    'properties.auto.commit.interval.ms': duration
      .prefault('5s')
      .describe(
        'How often the group is told what the sinks hold. It is for people and tools: resuming asks the sinks.',
      ),
    'properties.fetch.max.bytes': byteSize
      .prefault('16mb')
      .describe('The most bytes one fetch from a broker may bring.'),
    'properties.max.partition.fetch.bytes': byteSize
      .prefault('2mb')
      .describe('The most of one partition; a single larger batch comes whole.'),
    'properties.fetch.max.wait.ms': duration
      .prefault('500ms')
      .describe('How long a broker may wait for something to come.'),
  })
  .superRefine((config, context) => {
    const issue = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    if ((config.topic === undefined) === (config['topic-pattern'] === undefined)) {
      issue('topic', 'set one of topic and topic-pattern');
    }
    if (config['topic-pattern'] !== undefined) {
      try {
        new RegExp(config['topic-pattern']);
      } catch (error) {
        issue('topic-pattern', (error as Error).message);
      }
    }
    const isRow = config['value.format'] === 'json' || config['value.format'] === 'avro-confluent';
    for (const key of ['key.format', 'key.fields'] as const) {
      if (config[key] !== undefined && !isRow) issue(key, 'is for value.format json and avro-confluent');
    }
    if (config['key.format'] === 'avro-confluent' && config['value.format'] === 'json') {
      issue('key.format', 'avro-confluent goes with value.format avro-confluent');
    }
    if (config['key.format'] === 'raw' && (config['key.fields']?.length ?? 1) !== 1) {
      issue('key.fields', 'a raw key is one column');
    }
    if (config['properties.group.protocol'] === undefined) {
      if (config['properties.group.instance.id'] !== undefined) {
        issue('properties.group.instance.id', 'it needs properties.group.protocol');
      }
    } else if (config['scan.bounded.mode'] !== 'unbounded') {
      issue('scan.bounded.mode', 'a group has no end: leave properties.group.protocol out');
    }
    const mode = config['scan.startup.mode'];
    if (mode === 'timestamp' && config['scan.startup.timestamp-millis'] === undefined) {
      issue('scan.startup.timestamp-millis', 'the mode timestamp needs it');
    }
    if (mode !== 'specific-offsets') return;
    const offsets = config['scan.startup.specific-offsets'];
    if (offsets === undefined) issue('scan.startup.specific-offsets', 'the mode specific-offsets needs it');
    else if (parseSpecificOffsets(offsets) === null) {
      issue('scan.startup.specific-offsets', 'write partition:0,offset:42;partition:1,offset:300');
    }
    if (config.topic === undefined || config.topic.includes(';')) {
      issue('scan.startup.specific-offsets', 'it needs exactly one topic');
    }
  });

export type KafkaSourceConfig = z.output<typeof kafkaSourceConfig>;
