import { defineConnector } from '../../core/connector.ts';
import { checkKafka } from './check.ts';
import { kafkaConfig } from './config.ts';
import { KafkaSink } from './sink.ts';

/** Writes every change as a record to a topic, with how far it is kept in Kafka too. */
export const kafka = defineConnector({
  type: 'kafka',
  config: kafkaConfig,
  openSink: async (config, context) => new KafkaSink(config, context),
  check: checkKafka,
});
