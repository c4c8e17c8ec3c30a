import { defineConnector } from '../../core/connector.ts';
import { kafkaConfig } from './config.ts';
import { kafkaEnds } from './ends.ts';

/** Writes every change as a record to a topic, with how far it is kept in Kafka too. */
export const kafka = defineConnector({ type: 'kafka', config: kafkaConfig, ...kafkaEnds });
