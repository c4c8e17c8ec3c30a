import { MillraceError } from '../../../core/errors.ts';
import { encodeCommand } from '../../../protocol/redis/command-writer.ts';
import type { RedisConnection } from '../connection.ts';
import type { RedisServerConfig } from './config.ts';
import { fieldExpirySetting } from './field-expiries.ts';

const command = 'HPEXPIRETIME';

/** REDIS_LACKS_COMMAND where times of single fields are wanted of a server that knows none; null: it can be read. */
export const lackedFieldTimes = async (
  connection: RedisConnection,
  config: RedisServerConfig,
): Promise<MillraceError | null> => {
  if (config[fieldExpirySetting] === undefined) return null;
  const [reply] = await connection.send(encodeCommand('COMMAND', 'INFO', command), 1);
  // Whoever may not ask finds out with the first row.
  if (!Array.isArray(reply) || reply[0] !== null) return null;
  return new MillraceError('REDIS_LACKS_COMMAND', {
    server: connection.address,
    command,
    setting: fieldExpirySetting,
  });
};
