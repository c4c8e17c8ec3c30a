import type { Ends } from '../../core/connector.ts';
import type { KafkaConfig } from './config.ts';
import { KafkaSink } from './sink.ts';

export const kafkaEnds: Ends<KafkaConfig> = {
  openReader: async (config, context) => new (await import('./reader/reader.ts')).KafkaReader(config, context),
  openSink: async (config, context) => new KafkaSink(config, context),
  check: async (config, context) => (await import('./check.ts')).checkKafka(config, context),
};
