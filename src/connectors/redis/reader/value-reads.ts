import type { Buffer } from 'node:buffer';
import type { Key } from '../../../core/reader.ts';
import type { Row } from '../../../core/value.ts';
import { encodeCommand } from '../../../protocol/redis/command-writer.ts';
import { type Reply, ReplyError } from '../../../protocol/redis/reply.ts';
import { isElsewhere } from '../cluster/redis-cluster.ts';
import type { KeyStore } from '../key-store.ts';
import type { RowAddress, ValueTable } from './value-table.ts';

/** Members that one SSCAN or ZSCAN looks at, about. */
const scanCount = 1_000;

/** What is held of rows, in the order of their keys. Throws what a refusal means that is none of a row's. */
export const heldValues = async (
  store: KeyStore,
  table: ValueTable,
  keys: readonly Key[],
): Promise<readonly (Row | null)[]> => {
  // A store hands each key back as it got it.
  const addresses = new Map<Buffer, RowAddress>();
  const redisKeys = keys.map((key) => {
    const address = table.address(key);
    addresses.set(address.redisKey, address);
    return address.redisKey;
  });
  const replies = await store.ask(redisKeys, (commands, redisKey) => table.ask(commands, addresses.get(redisKey)!), 2);
  return keys.map((key, i) => {
    const [value, until] = [replies[2 * i]!, replies[2 * i + 1]!];
    if (isElsewhere(value)) return null;
    refused(store, value, 'WRONGTYPE');
    refused(store, until, 'ERR');
    return table.held(key, value, until);
  });
};

/** The primary keys of the rows at a key in Redis, some at a time. A member may come twice. Throws REDIS_NOT_READY where the key goes to another node. */
export async function* keysWithin(
  store: KeyStore,
  table: ValueTable,
  redisKey: Buffer,
): AsyncGenerator<readonly Key[]> {
  const keysOf = (members: readonly (Buffer | null)[]): readonly Key[] =>
    members.map((member) => table.keyAt({ redisKey, member })).filter((key) => key !== null);
  if (table.hasOwnKeys) {
    yield keysOf([null]);
    return;
  }
  const isSorted = table.shape.kind === 'sorted-set';
  const scan = isSorted ? 'ZSCAN' : 'SSCAN';
  let cursor: Buffer | string = '0';
  do {
    const server = await store.of(redisKey);
    const [reply] = await server.send(encodeCommand(scan, redisKey, cursor, 'COUNT', scanCount), 1);
    refused(store, reply!, 'WRONGTYPE');
    if (reply instanceof ReplyError) return;
    const [next, found] = reply as readonly [Buffer, readonly Buffer[]];
    cursor = next;
    yield keysOf(isSorted ? found.filter((_, i) => i % 2 === 0) : found);
  } while (String(cursor) !== '0');
}

/** How many rows are at keys. Throws as `keysWithin` does. */
export const countWithin = async (
  store: KeyStore,
  table: ValueTable,
  redisKeys: readonly Buffer[],
): Promise<number> => {
  if (table.hasOwnKeys) return redisKeys.length;
  const name = table.shape.kind === 'set' ? 'SCARD' : 'ZCARD';
  const replies = await store.ask(redisKeys, (commands, redisKey) => void commands.add(name, redisKey));
  let count = 0;
  for (const reply of replies) {
    refused(store, reply, 'WRONGTYPE');
    if (!(reply instanceof ReplyError)) count += Number(reply);
  }
  return count;
};

/**
 * Commands to run before members are repaired: what stands at their keys and holds no members goes, and they stay there for ever. Other
 * values take the place of what is there.
 */
export const makeRoom = async (
  store: KeyStore,
  table: ValueTable,
  keys: readonly Key[],
): Promise<readonly (readonly [string, Buffer])[]> => {
  if (table.hasOwnKeys) return [];
  const wanted = table.shape.kind === 'set' ? 'set' : 'zset';
  const named = new Map(keys.map((key) => table.address(key).redisKey).map((key) => [key.toString('latin1'), key]));
  const redisKeys = [...named.values()];
  const types = await store.ask(redisKeys, (commands, redisKey) => void commands.add('TYPE', redisKey));
  return redisKeys.map((redisKey, i) => {
    refused(store, types[i]!, 'none is');
    const type = String(types[i]);
    return [type === wanted || type === 'none' ? 'PERSIST' : 'UNLINK', redisKey];
  });
};

/** Throws for a refusal of another kind than is looked for. */
const refused = (store: KeyStore, reply: Reply, expected: string): void => {
  if (reply instanceof ReplyError && reply.code !== expected) throw store.home.failure(reply, 'a row');
};
