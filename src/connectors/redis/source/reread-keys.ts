import { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import { ReplyError } from '../../../protocol/redis/reply.ts';
import type { RedisConnection } from '../connection.ts';
import type { DirtyKey } from './dirty-keys.ts';
import type { HashRows } from './hash-rows.ts';

/**
 * Reads keys as they are now and takes their rows. What is read may be newer than the command that named the key; the same rows are
 * then read again when that newer command has come. Throws REDIS_KEY_UNREADABLE.
 */
export const rereadKeys = async (
  connection: RedisConnection,
  keys: readonly DirtyKey[],
  rows: HashRows,
  deletes: boolean,
): Promise<void> => {
  const commands = new CommandWriter(keys.length * 64);
  for (const { key, table } of keys) {
    commands.add('HGETALL', key);
    if (table.expiryColumn >= 0) commands.add('PEXPIRETIME', key);
  }
  const replies = await connection.send(commands.view(), commands.commands);
  let at = 0;
  for (const { key, table, mayBeGone } of keys) {
    const fields = replies[at++]!;
    const expiry = table.expiryColumn >= 0 ? replies[at++]! : -1;
    if (fields instanceof ReplyError && fields.code === 'WRONGTYPE') throw rows.noHash(key);
    for (const reply of [fields, expiry]) if (reply instanceof ReplyError) throw connection.failure(reply, 'HGETALL');
    const texts = fields as readonly Buffer[];
    if (texts.length === 0) {
      if (deletes && mayBeGone) rows.gone(table, key);
      continue;
    }
    rows.begin(table, key);
    for (let i = 0; i < texts.length; i += 2) rows.field(texts[i]!, texts[i + 1]!);
    rows.expiry(Number(expiry) >= 0 ? Number(expiry) : null);
    rows.take('create');
  }
};
