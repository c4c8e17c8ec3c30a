import { MillraceError } from '../../../core/errors.ts';
import type { RedisConnection } from '../connection.ts';
import { serverFacts } from '../server-facts.ts';

/** A node of a cluster has some of the keys, and says nothing of the others. Throws REDIS_SOURCE_CLUSTER. */
export const checkWhole = async (connection: RedisConnection): Promise<void> => {
  const { mode } = await serverFacts(connection);
  if (mode === 'cluster') throw new MillraceError('REDIS_SOURCE_CLUSTER', { server: connection.address });
};
