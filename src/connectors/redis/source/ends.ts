import type { Ends } from '../../../core/connector.ts';
import type { RedisSourceConfig } from './config.ts';
import { openRedisSource } from './source.ts';

export const redisSourceEnds: Ends<RedisSourceConfig> = {
  openSource: openRedisSource,
  openRereader: async (config, context) => (await import('./rereader.ts')).openRedisRereader(config, context),
  check: async (config, context) => {
    const { hostname, path } = config;
    if (path !== undefined) return (await import('./file/check-file.ts')).checkRedisFile({ ...config, path }, context);
    return (await import('./check.ts')).checkRedisSource({ ...config, hostname: hostname! }, context);
  },
};
