/** The settings of a pipeline file that belong to no connector. */
import { z } from 'zod';
import { byteSize, columnList, duration, list, secret, withoutEffect } from '../core/settings.ts';

const perTask = 'one pipeline is one ordered stream; parallel work happens inside sources and sinks';

/** The `pipeline:` section. */
export const pipelineSettings = z.strictObject({
  name: z
    .string()
    .min(1)
    .optional()
    .describe(
      'What positions are kept under in the sinks: keep it when the file is renamed. Default: the file name without its ending.',
    ),
  'schema.change.behavior': z
    .enum(['evolve', 'try_evolve', 'lenient', 'exception', 'ignore'])
    .default('evolve')
    .describe(
      'What a changed table definition does, as in Flink CDC: `evolve` follows it in the sinks and stops where one cannot; `try_evolve` follows it, and where a sink refuses it leaves that table as it is and fits the rows to it; `lenient` takes nothing away from a sink (dropped columns stay and become nullable, a renamed column is a new one beside the old, tables are neither dropped nor truncated); `ignore` leaves tables as they are; `exception` stops the pipeline before it.',
    ),
  'errors.tolerance': z
    .enum(['none', 'all'])
    .default('none')
    .describe(
      '`none`: the first row that a sink refuses, or message that cannot be read, stops the pipeline. `all`: such rows go to the dead letter file, unless they stand in a transaction that is written in parts (SINK_PART_REFUSED), and such messages as they came.',
    ),
  'errors.deadletterqueue.path': z
    .string()
    .min(1)
    .optional()
    .describe(
      'File that refused rows and unreadable messages are appended to, one JSON object a line; needed with `errors.tolerance: all`.',
    ),
  'commit.interval': duration
    .prefault('10ms')
    .describe('How long source transactions are gathered at most before they are written together.'),
  'commit.max-bytes': byteSize
    .prefault('1mb')
    .describe('How many bytes may wait for a sink; beyond this the source is not read.'),
  'retry.initial-delay': duration
    .prefault('100ms')
    .describe('Pause before the first retry of what may pass; it doubles each time.'),
  'retry.max-delay': duration.prefault('30s').describe('The longest pause between two retries.'),
  'retry.attempts': z
    .int()
    .min(1)
    .optional()
    .describe(
      'Attempts without progress before the pipeline fails. Default: it goes on for ever, and its health says degraded.',
    ),
  'retry.window': duration.optional().describe('Time without progress before the pipeline fails. Default: none.'),
  'stalled-after': duration
    .prefault('30s')
    .describe('How long nothing may move, while there is something to move, before the health says stalled.'),
  'consistency.sample-rate': z
    .int()
    .min(0)
    .max(1_000)
    .default(0)
    .describe(
      'How many of the rows that change in a second are looked at on both sides, at random, 1, 5 and 60 seconds later; what differs although the sink had everything up to it is counted by `millrace_consistency_violations_total`. 0: none.',
    ),
  'signal.kafka.topic': z
    .string()
    .min(1)
    .optional()
    .describe(
      "Topic of one partition that Debezium's signals are taken from while the pipeline runs, those whose key is the pipeline's name. Default: none are.",
    ),
  'signal.kafka.bootstrap.servers': list
    .optional()
    .describe(
      "Brokers that have `signal.kafka.topic`, `host:port` each, separated by commas. Default: the Kafka sink's. Login and TLS are always the Kafka sink's; without one there are none.",
    ),
  'route-mode': z
    .enum(['ALL_MATCH', 'FIRST_MATCH'])
    .default('ALL_MATCH')
    .describe(
      'What becomes of a table that several entries of `route` match: `ALL_MATCH` writes it under each of the names, `FIRST_MATCH` under the first.',
    ),
  parallelism: withoutEffect(perTask),
  'execution.runtime-mode': withoutEffect(
    'a pipeline always streams; `scan.startup.mode: snapshot` reads what there is and ends',
  ),
  'local-time-zone': withoutEffect('times are handed on as the server stores them, TIMESTAMP in UTC'),
  'operator.uid.prefix': withoutEffect('there is no Flink job'),
  'schema.operator.uid': withoutEffect('there is no Flink job'),
  'schema-operator.rpc-timeout': withoutEffect('there is no Flink job'),
  'flink-conf': withoutEffect('there is no Flink job'),
  'sink.partitioning.strategy': withoutEffect('a sink decides itself how its work is divided'),
  'transform.decimal.precision.mode': withoutEffect('DECIMAL keeps its declared precision'),
  'user-defined-function': withoutEffect('Java classes are not run here; a transform that calls one is refused'),
  model: withoutEffect('no AI models are called; a transform that calls one is refused'),
});

export type PipelineSettings = z.output<typeof pipelineSettings>;

/** What every `source:` section may hold beside its connector's settings. */
export const sourceSettings = z.strictObject({
  type: z.string().describe('Which connector reads. With `use`, the connection says it.'),
  use: z
    .string()
    .optional()
    .describe('Name of an entry of `connections` whose settings stand under those of this section.'),
  name: z.string().min(1).optional().describe('How logs and figures call this source. Default: its type.'),
  'columns.exclude': columnList
    .optional()
    .describe('Columns that never leave the source, as `database.table.column` patterns.'),
  'columns.rename': z
    .record(z.string(), z.string())
    .optional()
    .describe('New names of columns, each by its full name: `shop.customers.mail: email`.'),
  'columns.mask': columnList.optional().describe('Columns whose every character is replaced by `*`.'),
  'columns.mask.text': z
    .string()
    .optional()
    .describe('What masked columns hold instead. Default: as many `*` as the value has characters.'),
  'columns.hash': columnList
    .optional()
    .describe('Columns replaced by the SHA-256, in hexadecimal digits, of `columns.hash.salt` and their text.'),
  'columns.hash.salt': secret().optional().describe('Secret that `columns.hash` mixes in; needed with it.'),
});

export type SourceSettings = z.output<typeof sourceSettings>;

/** What every `sink:` section may hold beside its connector's settings. */
export const sinkSettings = z.strictObject({
  type: z.string().describe('Which connector writes. With `use`, the connection says it.'),
  use: z
    .string()
    .optional()
    .describe('Name of an entry of `connections` whose settings stand under those of this section.'),
  name: z.string().min(1).optional().describe('How logs and figures call this sink. Default: its type.'),
});

export type SinkSettings = z.output<typeof sinkSettings>;

/** One entry of `route:`. */
export const routeSettings = z.strictObject({
  'source-table': z.string().min(1).describe('Tables to rename, as `database.table` patterns.'),
  'sink-table': z
    .string()
    .regex(/^[^.]+(\.[^.]+)?$/, 'not a table: write database.table')
    .describe(
      'Their name in the sinks: `database.table`, or a name alone where the sink knows no databases. `%{database}`, `%{table}` and `$1` (a group of `source-table`) are filled in. Several tables may get one name: their rows are merged.',
    ),
  'replace-symbol': z
    .string()
    .min(1)
    .optional()
    .describe("Text in `sink-table` that stands for the source table's name: with `<>`, `archive.old_<>`."),
  description: z.string().optional().describe('A note.'),
});

export type RouteSettings = z.output<typeof routeSettings>;

/** One entry of `process:`. */
export const processSettings = z.strictObject({
  module: z
    .string()
    .min(1)
    .describe('ES module (`.ts`, `.mts`, `.js` or `.mjs`) whose default export is a process, relative to this file.'),
  'source-table': z
    .string()
    .min(1)
    .describe('Tables whose rows go through it, as `database.table` patterns, by their names at the source.'),
  concurrency: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(16)
    .describe('How many rows are worked on at once. They leave in their order all the same.'),
  timeout: duration
    .prefault('30s')
    .describe('How long one call may take before it counts as failed and is tried again.'),
  description: z.string().optional().describe('A note.'),
});

export type ProcessSettings = z.output<typeof processSettings>;

/** One entry of `transform:`. */
export const transformSettings = z.strictObject({
  'source-table': z.string().min(1).describe('Tables it is about, as `database.table` patterns.'),
  projection: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The columns, in SQL: names, `*`, and expressions with `AS` and a name: `*, UPPER(name) AS upper_name`. Default: all columns as they are.',
    ),
  filter: z
    .string()
    .min(1)
    .optional()
    .describe('A condition in SQL; rows for which it does not hold are left out. Default: all rows.'),
  'primary-keys': z
    .string()
    .min(1)
    .optional()
    .describe(
      "Columns of the projection that are the table's primary key, with commas between. Default: the source's.",
    ),
  'converter-after-transform': z
    .enum(['SOFT_DELETE'])
    .optional()
    .describe(
      '`SOFT_DELETE`: a deleted row stays, as an update; put `__data_event_type__` into the projection to see that it was `-D`.',
    ),
  description: z.string().optional().describe('A note.'),
  'partition-keys': withoutEffect('the sinks here have no partitions of their own'),
  'table-options': withoutEffect('sinks are configured in their own section'),
  'table-options.delimiter': withoutEffect('sinks are configured in their own section'),
});

export type TransformSettings = z.output<typeof transformSettings>;

/** Sections that are planned and that this version refuses. */
export const sectionsNotYet = ['cluster', 'metrics', 'tracing', 'log'];
