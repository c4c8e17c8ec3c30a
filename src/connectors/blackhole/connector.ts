import { defineConnector } from '../../core/connector.ts';
import { blackholeConfig } from './config.ts';
import { BlackholeSink } from './sink.ts';

/** Takes everything and keeps nothing. */
export const blackhole = defineConnector({
  type: 'blackhole',
  config: blackholeConfig,
  openSink: async () => new BlackholeSink(),
  check: async () => [],
});
