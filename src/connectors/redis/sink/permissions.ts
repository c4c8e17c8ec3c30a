import { encodeCommand } from '../../../protocol/redis/command-writer.ts';
import { ReplyError } from '../../../protocol/redis/reply.ts';
import type { RedisConnection } from '../connection.ts';
import type { RedisSinkConfig } from './config.ts';
import type { OwnKeys } from './own-keys.ts';

type Command = readonly [name: string, ...args: string[]];

/** Names of commands that the account may not run, of those that the sink needs under its settings; null: it may not ask. */
export const forbiddenCommands = async (
  connection: RedisConnection,
  config: RedisSinkConfig,
  own: OwnKeys,
  isCluster = false,
): Promise<readonly string[] | null> => {
  const user = config.username ?? 'default';
  const forbidden: string[] = [];
  let answered = false;
  for (const [name, ...args] of neededCommands(config, own, isCluster)) {
    // Before Redis 7.0 there is no such question. An account that may run the command is answered OK, and another one why not.
    const [reply] = await connection.send(encodeCommand('ACL', 'DRYRUN', user, name, ...args), 1);
    if (reply instanceof ReplyError) continue;
    answered = true;
    if (String(reply) !== 'OK') forbidden.push(name === 'cluster' ? `cluster|${args[0]}` : name);
  }
  return answered ? [...new Set(forbidden)] : null;
};

const neededCommands = (config: RedisSinkConfig, own: OwnKeys, isCluster: boolean): readonly Command[] => {
  const values = `${config.value};${config['sink.tableId-to-value.mapping'] ?? ''}`;
  const modes = `${config.mode};${config['sink.tableId-to-mode.mapping'] ?? ''}`;
  const scripts =
    isCluster || /list\(/.test(values) || /hot/.test(modes) || config['sink.tableId-to-nest.mapping'] !== undefined;
  const when = (holds: boolean, ...commands: Command[]): readonly Command[] => (holds ? commands : []);
  return [
    ['watch', own.writer],
    ['multi'],
    ['exec'],
    ['discard'],
    ['get', own.writer],
    ['set', own.writer, 'x'],
    ['hget', own.position, 'x'],
    ['hset', own.position, 'x', 'x'],
    ['hdel', own.position, 'x'],
    ['exists', own.rework],
    ['unlink', own.rework],
    ['sadd', own.rework, 'x'],
    ['srem', own.rework, 'x'],
    ['srandmember', own.rework, '1'],
    ['scan', '0'],
    ...when(/sorted-set/.test(values), ['zadd', own.rework, '1', 'x'], ['zrem', own.rework, 'x']),
    ...when(/stream/.test(values), ['xadd', own.rework, '*', 'x', 'x']),
    ...when(
      isCluster,
      ['hmget', own.position, 'x'],
      ['hgetall', own.position],
      ['cluster', 'slots'],
      ['cluster', 'nodes'],
      ['cluster', 'info'],
      ['asking'],
    ),
    ...when(scripts, ['eval', 'return 1', '0']),
    ...when(
      config['sink.tableId-to-expiry.mapping'] !== undefined,
      ['pexpireat', own.rework, '1'],
      ['persist', own.rework],
    ),
  ];
};
