import { z } from 'zod';
import { debeziumValuesShape } from '../debezium-settings.ts';

export const fileConfig = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe(
      'File that lines are appended to, or `-` for stdout. What is held is kept beside the file, in one named like it with `.position` behind it.',
    ),
  'value.format': z
    .enum(['debezium-json', 'json'])
    .default('debezium-json')
    .describe(
      'What a line is: `debezium-json` is one change in the JSON envelope that Debezium writes, without its schema; `json` is a row that was added, as an object: an update or a delete is refused.',
    ),
  'topic.prefix': z
    .string()
    .min(1)
    .optional()
    .describe("What lines call the source, in Debezium's `source.name`. Default: the pipeline's name."),
  'skipped.operations': z
    .enum(['t', 'none'])
    .default('t')
    .describe('`t`: TRUNCATE writes no line, as in Debezium; `none`: it writes one with `op` `t`.'),
  ...debeziumValuesShape,
});

export type FileConfig = z.output<typeof fileConfig>;
