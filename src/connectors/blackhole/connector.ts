import { defineConnector } from '../../core/connector.ts';
import { blackholeConfig } from './config.ts';
import { blackholeEnds } from './ends.ts';

/** Takes everything and keeps nothing. */
export const blackhole = defineConnector({ type: 'blackhole', config: blackholeConfig, ...blackholeEnds });
