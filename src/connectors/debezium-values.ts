import { readFileSync } from 'node:fs';
import type { Context } from '../core/connector.ts';
import type { DebeziumOptions } from '../formats/debezium-json/options.ts';
import type { DebeziumValues } from './debezium-settings.ts';

/** What an encoder is told by these settings. `topic.prefix` names the source in each envelope; without it, the pipeline does. */
export const debeziumValues = (
  settings: DebeziumValues & { readonly 'topic.prefix'?: string | undefined },
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
