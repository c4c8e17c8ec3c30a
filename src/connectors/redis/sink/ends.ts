import type { Ends } from '../../../core/connector.ts';
import type { RedisSinkConfig } from './config.ts';
import { openRedisSink } from './sink.ts';

export const redisSinkEnds: Ends<RedisSinkConfig> = {
  openSink: openRedisSink,
  openReader: async (config, context) => {
    const { RedisReader } = await import('../reader/reader.ts');
    return new RedisReader(config, context);
  },
  planTables: async (config, _context, tables) => (await import('./plan-tables.ts')).planRedisTables(config, tables),
  check: async (config, context) => (await import('./check.ts')).checkRedisSink(config, context),
};
