import { MillraceError } from '../../../core/errors.ts';
import type { RedisConnection } from '../connection.ts';

/** Redis's own default of repl-backlog-size. */
const usualBacklogBytes = 1024 * 1024;
/** A quarter of Redis's own default for replicas. */
const smallBufferBytes = 64 * 1024 * 1024;

/** What will make a replication link begin anew sooner or later; an account that may not ask is told nothing. */
export const checkLink = async (connection: RedisConnection): Promise<readonly MillraceError[]> => {
  const { address: server } = connection;
  const found: MillraceError[] = [];
  const backlogBytes = Number(await setting(connection, 'repl-backlog-size'));
  if (backlogBytes > 0 && backlogBytes <= usualBacklogBytes) {
    found.push(new MillraceError('REDIS_SOURCE_BACKLOG_SMALL', { server, bytes: backlogBytes }));
  }
  // `normal 0 0 0 slave 268435456 67108864 60 pubsub …`, the hard limit, the soft one and its seconds; 0: none.
  const limits = (await setting(connection, 'client-output-buffer-limit')) ?? '';
  const hardBytes = Number(/(?:slave|replica) (\d+)/.exec(limits)?.[1] ?? 0);
  if (hardBytes > 0 && hardBytes < smallBufferBytes) {
    found.push(new MillraceError('REDIS_SOURCE_BUFFER_SMALL', { server, bytes: hardBytes }));
  }
  return found;
};

const setting = async (connection: RedisConnection, name: string): Promise<string | null> => {
  try {
    const reply = await connection.command('CONFIG', 'GET', name);
    return Array.isArray(reply) && reply.length > 1 ? String(reply[1]) : null;
  } catch {
    return null;
  }
};
