import { MillraceError } from '../../../core/errors.ts';
import { encodeCommand } from '../../../protocol/redis/command-writer.ts';
import { ReplyError } from '../../../protocol/redis/reply.ts';
import type { RedisConnection } from '../connection.ts';

/** Commands behind it are about this database. Throws CONFIG_WRONG_VALUE where the server has none of that number. */
export const selectDatabase = async (connection: RedisConnection, database: number): Promise<void> => {
  if (database === 0) return;
  const [reply] = await connection.send(encodeCommand('SELECT', String(database)), 1);
  if (!(reply instanceof ReplyError)) return;
  // `ERR DB index is out of range`
  if (!/index/.test(reply.message)) throw connection.failure(reply, 'SELECT');
  const reason = `${connection.address} has no database ${database}`;
  throw new MillraceError('CONFIG_WRONG_VALUE', { key: 'database', reason });
};
