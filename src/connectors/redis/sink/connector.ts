import { defineConnector } from '../../../core/connector.ts';
import { redisSinkConfig } from './config.ts';
import { redisSinkEnds } from './ends.ts';

/** Redis 6.2 to 8 and Valkey 7.2 to 9 as a sink: stand-alone, with Sentinels, or as a cluster. */
export const redisSink = defineConnector({ type: 'redis', config: redisSinkConfig, ...redisSinkEnds });
