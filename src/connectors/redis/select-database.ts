import { MillraceError } from '../../core/errors.ts';
import { encodeCommand } from '../../protocol/redis/command-writer.ts';
import { ReplyError } from '../../protocol/redis/reply.ts';
import type { RedisConnection } from './connection.ts';

/** Commands behind it are about this database. Throws CONFIG_WRONG_VALUE where the server has none of that number. */
export const selectDatabase = async (connection: RedisConnection, database: number): Promise<void> => {
  // A new connection is in it, and not every account may run SELECT.
  if (database === 0) return;
  const [reply] = await connection.send(encodeCommand('SELECT', String(database)), 1);
  if (!(reply instanceof ReplyError)) return;
  if (/cluster mode/.test(reply.message)) throw oneDatabase();
  // `ERR DB index is out of range`, and `ERR value is out of range` for more than 32 bits hold.
  if (!/range|invalid DB index/.test(reply.message)) throw connection.failure(reply, 'SELECT');
  throw wrongDatabase(
    `${connection.address} has no database ${database}; its own setting \`databases\` says how many there are`,
  );
};

/** What is wrong with a number of a database where a cluster answers. */
export const oneDatabase = (): MillraceError => wrongDatabase('a cluster has database 0 alone');

const wrongDatabase = (reason: string): MillraceError =>
  new MillraceError('CONFIG_WRONG_VALUE', { key: 'database', reason });
