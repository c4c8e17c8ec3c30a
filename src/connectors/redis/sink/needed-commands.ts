import { MillraceError } from '../../../core/errors.ts';
import { encodeCommand } from '../../../protocol/redis/command-writer.ts';
import type { RedisConnection } from '../connection.ts';
import type { RedisSinkConfig } from './config.ts';

/** Throws REDIS_LACKS_COMMAND for a setting that needs what the server does not know. */
export const checkCommands = async (connection: RedisConnection, config: RedisSinkConfig): Promise<void> => {
  for (const { command, setting } of neededCommands(config)) {
    const [reply] = await connection.send(encodeCommand('COMMAND', 'INFO', command), 1);
    // Whoever may not ask finds out with the first row.
    if (!Array.isArray(reply) || reply[0] !== null) continue;
    throw new MillraceError('REDIS_LACKS_COMMAND', { server: connection.address, command, setting });
  }
};

/** What not every server has, with the setting that needs it. */
const neededCommands = (config: RedisSinkConfig): readonly { readonly command: string; readonly setting: string }[] => {
  const values = config['sink.tableId-to-value.mapping'] ?? '';
  const json = config.value === 'redis-json' || /=\s*redis-json\s*(;|$)/.test(values);
  return [
    ...(json ? [{ command: 'JSON.SET', setting: 'value: redis-json' }] : []),
    ...(config['sink.tableId-to-field-expiry.mapping'] === undefined
      ? []
      : [{ command: 'HPEXPIREAT', setting: 'sink.tableId-to-field-expiry.mapping' }]),
  ];
};
