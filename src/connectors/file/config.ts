import { z } from 'zod';

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
  'decimal.handling.mode': z
    .enum(['precise', 'string', 'double'])
    .default('precise')
    .describe('DECIMAL as unscaled bytes in base64, as text, or as a number that may be rounded.'),
  'bigint.unsigned.handling.mode': z
    .enum(['long', 'precise'])
    .default('long')
    .describe(
      'BIGINT UNSIGNED as a number that turns negative beyond 2^63 - 1, as in Debezium, or as bytes in base64.',
    ),
  'time.precision.mode': z
    .enum(['adaptive_time_microseconds', 'connect', 'isostring'])
    .default('adaptive_time_microseconds')
    .describe(
      'How dates and times look: numbers of the unit that fits the column, numbers of milliseconds, or ISO text.',
    ),
  'binary.handling.mode': z
    .enum(['bytes', 'base64', 'base64-url-safe', 'hex'])
    .default('bytes')
    .describe('BINARY and BLOB as base64 (`bytes` too, in JSON) or as hexadecimal digits.'),
  'include.query': z
    .boolean()
    .default(false)
    .describe('Put the statement behind a change into its line, where the server logs it.'),
});

export type FileConfig = z.output<typeof fileConfig>;
