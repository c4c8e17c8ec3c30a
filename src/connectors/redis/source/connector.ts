import { defineConnector } from '../../../core/connector.ts';
import { redisSourceConfig } from './config.ts';
import { redisSourceEnds } from './ends.ts';

/** Redis 7.0 to 8 and Valkey 7.2 to 9, stand-alone, as a source. */
export const redisSource = defineConnector({ type: 'redis', config: redisSourceConfig, ...redisSourceEnds });
