import type { Context, Problem } from '../../core/connector.ts';
import { isMillraceError, MillraceError } from '../../core/errors.ts';
import { Cluster } from './client/cluster.ts';
import { apiVersionsV3 } from './client/protocol-library.ts';
import { clientSettings } from './connection.ts';
import type { ConnectionConfig } from './connection-config.ts';

/** What is spoken here, and in which version at least: Kafka 2.8. */
const spoken = [
  { key: 0, name: 'Produce', version: 9 },
  { key: 1, name: 'Fetch', version: 12 },
  { key: 19, name: 'CreateTopics', version: 7 },
  { key: 22, name: 'InitProducerId', version: 4 },
] as const;

/** Whether a broker answers, lets this user in, and speaks what is spoken here. */
export const checkKafka = async (config: ConnectionConfig, context: Context): Promise<readonly Problem[]> => {
  try {
    using cluster = new Cluster(clientSettings(config, context.pipeline), context.clock);
    const broker = await cluster.any();
    const { apiKeys } = await broker.request(apiVersionsV3.api, 'millrace', '1');
    return spoken
      .filter(({ key, version }) => !apiKeys.some((api) => api.apiKey === key && api.maxVersion >= version))
      .map(({ name, version }) =>
        problemOf(new MillraceError('KAFKA_UNSUPPORTED_BROKER', { server: broker.address, request: name, version })),
      );
  } catch (error) {
    if (isMillraceError(error)) return [problemOf(error)];
    throw error;
  }
};

const problemOf = ({ code, message, hint }: MillraceError): Problem => ({
  code,
  message,
  remedy: hint,
  severity: 'error',
});
