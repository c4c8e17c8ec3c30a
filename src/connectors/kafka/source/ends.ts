import type { Ends } from '../../../core/connector.ts';
import type { KafkaSourceConfig } from './config.ts';
import { KafkaSource } from './source.ts';

export const kafkaSourceEnds: Ends<KafkaSourceConfig> = {
  openSource: async (config, context) => new KafkaSource(config, context),
  openRereader: async (config, { clock }) => {
    const { KafkaRereader } = await import('./rereader.ts');
    return new KafkaRereader(config, clock);
  },
  check: async (config, context) => (await import('../check.ts')).checkKafka(config, context),
};
