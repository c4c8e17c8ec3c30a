import type { Ends } from '../../../core/connector.ts';
import type { RedisSourceConfig } from './config.ts';
import { openRedisSource } from './source.ts';

export const redisSourceEnds: Ends<RedisSourceConfig> = {
  openSource: openRedisSource,
  check: async (config, context) => (await import('./check.ts')).checkRedisSource(config, context),
};
