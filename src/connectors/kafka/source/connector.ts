import { defineConnector } from '../../../core/connector.ts';
import { kafkaSourceConfig } from './config.ts';
import { kafkaSourceEnds } from './ends.ts';

/** Reads topics as changes of tables. */
export const kafkaSource = defineConnector({ type: 'kafka', config: kafkaSourceConfig, ...kafkaSourceEnds });
