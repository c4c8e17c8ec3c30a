import { z } from 'zod';
import { byteSize } from '../../../core/settings.ts';
import { connectionSettings } from '../connection-settings.ts';
import { routeSettings } from '../route-settings.ts';

export const redisSinkConfig = z.strictObject({
  ...connectionSettings,
  ...routeSettings,
  key: z
    .string()
    .min(1)
    .default('%{database}:%{table}:%{key}')
    .describe(
      'The key of a row: `%{database}` and `%{table}` are its names, `%{key}` all columns of its primary key with `:` between them, and any other `%{column}` that column. Each value is written so that it can be read back: `%`, `:`, `{`, `}` and what follows the value in the template become `%XX`.',
    ),
  'sink.tableId-to-key.mapping': z
    .string()
    .optional()
    .describe('Keys of single tables, `database.table=key` each, separated by semicolons; they win over `key`.'),
  value: z
    .enum(['hash', 'json', 'redis-json'])
    .default('hash')
    .describe(
      'What a row is: a `hash` with a field for each column, a string that holds it as `json`, or a value of the JSON module (`redis-json`).',
    ),
  'sink.tableId-to-value.mapping': z
    .string()
    .optional()
    .describe(
      'What rows of single tables are, `database.table=value` each, separated by semicolons; they win over `value`. Besides those: `string(column)`; `set(column)`, `sorted-set(column,score)` and `list(column,order)`, whose key `sink.tableId-to-key.mapping` makes of what their rows have in common; and `stream`, to which every change is appended.',
    ),
  mode: z
    .enum(['mirror', 'hot', 'invalidate'])
    .default('mirror')
    .describe(
      'Whether every row is kept (`mirror`), only rows that are there are kept fresh (`hot`), or what changes is removed (`invalidate`): the last two for caches that readers fill.',
    ),
  'sink.tableId-to-mode.mapping': z
    .string()
    .optional()
    .describe('Modes of single tables, `database.table=mode` each, separated by semicolons; they win over `mode`.'),
  'sink.tableId-to-expiry.mapping': z
    .string()
    .optional()
    .describe(
      'Columns that say until when a row lives, `database.table=column` each, separated by semicolons: a date or moment, in UTC, or a whole number of seconds from the commit on. NULL and a date of zeros mean for ever; a row whose time is past is removed.',
    ),
  'sink.tableId-to-field-expiry.mapping': z
    .string()
    .optional()
    .describe(
      'Fields of hashes that live until another column says, `database.table=column(until),column(until)` each, separated by semicolons. `until` is read as by `sink.tableId-to-expiry.mapping`. Needs Redis 7.4 or Valkey 9.',
    ),
  'sink.tableId-to-index.mapping': z
    .string()
    .optional()
    .describe(
      'Indexes that are kept with the rows, `database.table=column,column|column` each, separated by semicolons: `idx:database:table:column:value` is a set of the keys of the rows that have the value. Updates and deletes need `binlog_row_image=FULL`.',
    ),
  'sink.tableId-to-nest.mapping': z
    .string()
    .optional()
    .describe(
      'Tables whose rows stand within rows of another one, `database.table=parent(column,column)` each, separated by semicolons: the columns hold the key of the parent, in its order; `parent-column=column` names both. `as name` behind it says what they are called there, their table otherwise; `cascade` that MySQL deletes or moves them with their parent (ON DELETE, ON UPDATE CASCADE or SET NULL). Needs `binlog_row_image=FULL`.',
    ),
  'sink.null.fields': z
    .enum(['omit', 'empty', 'marker'])
    .default('omit')
    .describe(
      'What a column that is NULL is in a hash or stream: no field (`omit`), a field that is `empty`, or one that holds `sink.null.marker`.',
    ),
  'sink.null.marker': z
    .string()
    .min(1)
    .default('\\N')
    .describe('What stands for NULL where `sink.null.fields` is `marker`.'),
  'sink.stream.max-length': z.coerce
    .number()
    .int()
    .min(1)
    .optional()
    .describe('About how many entries a stream keeps; older ones are cut off. Left out: all of them.'),
  'sink.update.fields': z
    .enum(['changed', 'all'])
    .default('changed')
    .describe(
      "What an update writes: the fields that `changed`, once the table's snapshot is complete and as long as the server evicts nothing, and all of them otherwise; or always `all`, which also repairs a hash that somebody else changed.",
    ),
  'sink.transaction.max-size': byteSize
    .prefault('64mb')
    .describe(
      'Bytes of commands that one MULTI holds at most. A larger source transaction becomes visible in as many steps; the position moves with the last.',
    ),
  'position.prefix': z
    .string()
    .min(1)
    .default('millrace')
    .describe("What the sink's own keys begin with; a colon, what they hold and the pipeline's name follow."),
});

export type RedisSinkConfig = z.output<typeof redisSinkConfig>;
