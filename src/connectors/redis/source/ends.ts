import type { Ends } from '../../../core/connector.ts';
import type { RedisSourceConfig } from './config.ts';
import { openRedisSource } from './source.ts';

export const redisSourceEnds: Ends<RedisSourceConfig> = {
  openSource: openRedisSource,
  check: async (config, context) => {
    const { hostname, path } = config;
    if (path !== undefined) return (await import('./file/check-file.ts')).checkRedisFile({ ...config, path }, context);
    return (await import('./check.ts')).checkRedisSource({ ...config, hostname: hostname! }, context);
  },
};
