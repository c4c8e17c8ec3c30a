import { z } from 'zod';

/** Settings that say how Debezium's formats write values, under Debezium's names. */
export const debeziumValuesShape = {
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
    .enum(['adaptive_time_microseconds', 'connect', 'isostring', 'microseconds', 'nanoseconds'])
    .default('adaptive_time_microseconds')
    .describe(
      'How dates and times look: numbers of the unit that fits the column (TIME: microseconds), of milliseconds (`connect`), microseconds or nanoseconds, or ISO text.',
    ),
  'binary.handling.mode': z
    .enum(['bytes', 'base64', 'base64-url-safe', 'hex'])
    .default('bytes')
    .describe('BINARY and BLOB as base64 (`bytes` too, in JSON) or as hexadecimal digits.'),
  'include.query': z
    .boolean()
    .default(false)
    .describe('Put the statement behind a change into its envelope, where the server logs it.'),
};

export type DebeziumValues = z.output<z.ZodObject<typeof debeziumValuesShape>>;
