import { defineConnector } from '../../../core/connector.ts';
import { checkRedisSink } from './check.ts';
import { redisSinkConfig } from './config.ts';
import { openRedisSink } from './sink.ts';

/** Redis 6.2 to 8 and Valkey 7.2 to 9, stand-alone, as a sink. */
export const redisSink = defineConnector({
  type: 'redis',
  config: redisSinkConfig,
  openSink: openRedisSink,
  check: checkRedisSink,
});
