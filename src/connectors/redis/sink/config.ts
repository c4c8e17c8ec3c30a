import { z } from 'zod';
import { byteSize } from '../../../core/settings.ts';
import { connectionSettings } from '../connection-settings.ts';

export const redisSinkConfig = z.strictObject({
  ...connectionSettings,
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
