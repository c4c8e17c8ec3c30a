import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Context } from '../core/connector.ts';
import type { DebeziumOptions } from '../formats/debezium-json/options.ts';

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

/** What an encoder is told by these settings. `topic.prefix` names the source in each envelope; without it, the pipeline does. */
export const debeziumValues = (
  settings: z.output<z.ZodObject<typeof debeziumValuesShape>> & { readonly 'topic.prefix'?: string | undefined },
  context: Context,
): DebeziumOptions => ({
  name: settings['topic.prefix'] ?? context.pipeline,
  version,
  now: () => Math.floor(context.clock.now() * 1_000),
  decimals: settings['decimal.handling.mode'],
  unsignedBigints: settings['bigint.unsigned.handling.mode'],
  times: settings['time.precision.mode'],
  binaries: settings['binary.handling.mode'],
  includeQuery: settings['include.query'],
});

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};
