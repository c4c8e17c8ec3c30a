import { defineConnector } from '../../../core/connector.ts';
import { checkKafka } from '../check.ts';
import { kafkaSourceConfig } from './config.ts';
import { KafkaRereader } from './rereader.ts';
import { KafkaSource } from './source.ts';

/** Reads topics as changes of tables. */
export const kafkaSource = defineConnector({
  type: 'kafka',
  config: kafkaSourceConfig,
  openSource: async (config, context) => new KafkaSource(config, context),
  openRereader: async (config, { clock }) => new KafkaRereader(config, clock),
  check: checkKafka,
});
