import { encodeCommand } from '../../protocol/redis/command-writer.ts';
import { ReplyError } from '../../protocol/redis/reply.ts';
import type { RedisConnection } from './connection.ts';

/** What the sink must know of a server. What the user may not ask is null. */
export interface ServerFacts {
  /** `standalone`, `sentinel` or `cluster`. */
  readonly mode: string | null;
  /** `master` or `slave`. */
  readonly role: string | null;
  readonly version: string | null;
  /** How many are connected. */
  readonly replicas: number | null;
  /** 0: no limit. */
  readonly maxMemory: number | null;
  readonly usedMemory: number | null;
  readonly evictionPolicy: string | null;
  readonly appendOnly: boolean | null;
  /** The longest argument of a command. */
  readonly maxValueBytes: number;
}

/** Redis's own default of proto-max-bulk-len. */
const usualMaxValueBytes = 512 * 1024 * 1024;

export const serverFacts = async (connection: RedisConnection): Promise<ServerFacts> => {
  const bytes = Buffer.concat([encodeCommand('INFO'), encodeCommand('CONFIG', 'GET', 'proto-max-bulk-len')]);
  const [info, limit] = await connection.send(bytes, 2);
  const text = Buffer.isBuffer(info) ? info.toString() : '';
  const fact = (name: string): string | null => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(text)?.[1] ?? null;
  const maxMemory = fact('maxmemory');
  const usedMemory = fact('used_memory');
  const replicas = fact('connected_slaves');
  const appendOnly = fact('aof_enabled');
  const bulk = limit instanceof ReplyError || !Array.isArray(limit) ? Number.NaN : Number(limit[1]);
  return {
    mode: fact('redis_mode') ?? fact('server_mode') ?? (await modeBySlots(connection)),
    role: fact('role'),
    replicas: replicas === null ? null : Number(replicas),
    version: fact('valkey_version') ?? fact('redis_version'),
    maxMemory: maxMemory === null ? null : Number(maxMemory),
    usedMemory: usedMemory === null ? null : Number(usedMemory),
    evictionPolicy: fact('maxmemory_policy'),
    appendOnly: appendOnly === null ? null : appendOnly === '1',
    maxValueBytes: Number.isSafeInteger(bulk) && bulk > 0 ? bulk : usualMaxValueBytes,
  };
};

/** Who may not ask INFO may ask for slots in a cluster, and without it nothing would be where it is looked for. */
const modeBySlots = async (connection: RedisConnection): Promise<string | null> => {
  const [slots] = await connection.send(encodeCommand('CLUSTER', 'SLOTS'), 1);
  return Array.isArray(slots) ? 'cluster' : null;
};

/** What holds of several servers together: the one that evicts most, and the least that all of them take. */
export const leastOf = (all: readonly ServerFacts[]): ServerFacts => {
  const keeps = ({ maxMemory, evictionPolicy }: ServerFacts): boolean =>
    maxMemory === 0 || evictionPolicy === 'noeviction';
  const worst = all.find((facts) => !keeps(facts)) ?? all[0]!;
  return { ...worst, maxValueBytes: Math.min(...all.map(({ maxValueBytes }) => maxValueBytes)) };
};
