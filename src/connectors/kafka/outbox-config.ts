import { z } from 'zod';
import { tableList } from '../../core/settings.ts';

const column = (name: string) => z.string().min(1).default(name);

/** Debezium's event router, its settings behind `outbox.`. */
export const outboxShape = {
  'outbox.tables': tableList
    .optional()
    .describe(
      "Outbox tables, as `database.table` patterns: each new row is an event for a topic that the row names, as Debezium's event router has it. Their rows are written nowhere else.",
    ),
  'outbox.route.by.field': column('aggregatetype').describe('Column of an outbox table that says where an event goes.'),
  'outbox.route.topic.regex': z
    .string()
    .min(1)
    .default('(?<routedByValue>.*)')
    .describe(
      'Regular expression over the whole of what that column holds; what it does not match is the topic itself.',
    ),
  'outbox.route.topic.replacement': z
    .string()
    .min(1)
    .default('outbox.event.%{routedByValue}')
    .describe(
      "The topic: `%{name}` (in Debezium's form `$` before the brace, which this file doubles) and `$1` stand for groups of the expression.",
    ),
  'outbox.route.tombstone.on.empty.payload': z
    .boolean()
    .default(false)
    .describe('Write no value where the payload is NULL or empty, so that compaction drops the key.'),
  'outbox.table.field.event.id': column('id').describe('Column of the event’s id, which goes into the header `id`.'),
  'outbox.table.field.event.key': column('aggregateid').describe('Column of the record’s key.'),
  'outbox.table.field.event.payload': column('payload').describe('Column of the record’s value.'),
  'outbox.table.field.event.timestamp': z
    .string()
    .min(1)
    .optional()
    .describe('DATETIME or TIMESTAMP column of the record’s time. Default: when it is written.'),
  'outbox.table.fields.additional.placement': z
    .string()
    .regex(
      /^\s*[^:,]+:(header|envelope|partition)(:[^:,]+)?\s*(,\s*[^:,]+:(header|envelope|partition)(:[^:,]+)?\s*)*$/,
      'write column:header, column:envelope or column:partition, with :alias behind if it is to have another name, separated by commas',
    )
    .optional()
    .describe(
      'More columns and where they go, `column:placement` or `column:placement:alias` each, separated by commas: into a `header`, into the value beside `payload` (`envelope`, which makes it a JSON object), or as the number of the `partition`.',
    ),
  'outbox.table.field.additional.missing': z
    .enum(['error', 'ignore'])
    .default('error')
    .describe('What to do where a table does not have one of these columns.'),
  'outbox.table.op.invalid.behavior': z
    .enum(['warn', 'error', 'fatal'])
    .default('warn')
    .describe('An UPDATE of an outbox row makes no event: say so with this level, or stop with `fatal`.'),
  'outbox.table.expand.json.payload': z
    .boolean()
    .default(false)
    .describe('Write a payload that holds a JSON object or array as that JSON.'),
  'outbox.table.json.payload.null.behavior': z
    .enum(['ignore', 'optional_bytes'])
    .default('ignore')
    .describe('Fields that are null in an expanded payload: left out (`ignore`), or kept.'),
  'outbox.table.json.payload.empty.array.behavior': z
    .enum(['ignore', 'optional_string'])
    .default('ignore')
    .describe('Fields that are empty arrays in an expanded payload: left out (`ignore`), or kept.'),
};

export type OutboxConfig = z.output<z.ZodObject<typeof outboxShape>>;
