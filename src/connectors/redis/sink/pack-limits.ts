import type { Log } from '../../../core/log.ts';
import { encodeCommand } from '../../../protocol/redis/command-writer.ts';
import { type Reply, ReplyError } from '../../../protocol/redis/reply.ts';
import type { RedisConnection } from '../connection.ts';
import type { ServerFacts } from '../server-facts.ts';
import type { OwnKeys } from './own-keys.ts';
import type { PackLimits } from './table-plan.ts';

/**
 * What the server keeps as a listpack; null, with a line in the log, where hashes are better told field by field: it does not say, it is
 * older than Redis 7.0, the account may not run RESTORE, or somebody is told of the commands on keys, who would hear of `restore` in place of
 * `hset`.
 */
export const packLimits = async (
  connection: RedisConnection,
  { version }: ServerFacts,
  own: OwnKeys,
  log: Log,
): Promise<PackLimits | null> => {
  const not = (reason: string): null => {
    log.info('new rows are written to Redis field by field', { reason });
    return null;
  };
  if (!(Number.parseInt(version ?? '', 10) >= 7)) return not('the server is older than Redis 7.0');
  const asked = [
    encodeCommand('CONFIG', 'GET', 'hash-max-listpack-entries'),
    encodeCommand('CONFIG', 'GET', 'hash-max-listpack-value'),
    encodeCommand('CONFIG', 'GET', 'notify-keyspace-events'),
    // Whoever may run it hears that this is no dump, or that the key is there.
    encodeCommand('RESTORE', own.rework, 0, ''),
  ];
  const [entries, value, notices, restored] = await connection.send(Buffer.concat(asked), asked.length);
  const maxFields = Number(settingOf(entries!));
  const maxValueBytes = Number(settingOf(value!));
  if (!(maxFields > 0 && maxValueBytes > 0)) return not('the account may not run CONFIG GET');
  if (settingOf(notices!) !== '') return not('notify-keyspace-events is set');
  if (!(restored instanceof ReplyError)) return null;
  if (restored.code === 'BUSYKEY' || /payload|data format/i.test(restored.message)) return { maxFields, maxValueBytes };
  // A server without room, or that is a replica, refuses rows too: what opens the sink the next time asks again.
  return not(restored.code === 'NOPERM' ? 'the account may not run RESTORE' : `RESTORE is refused: ${restored.code}`);
};

/** null: the server does not say. */
const settingOf = (reply: Reply): string | null =>
  Array.isArray(reply) && reply.length === 2 ? String(reply[1]) : null;
