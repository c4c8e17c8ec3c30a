import type { Buffer } from 'node:buffer';
import { CommandWriter } from '../../protocol/redis/command-writer.ts';
import { keySlot } from '../../protocol/redis/key-slot.ts';
import type { Reply } from '../../protocol/redis/reply.ts';
import { askEach, type RedisCluster } from './cluster/redis-cluster.ts';
import type { RedisConnection } from './connection.ts';

/** Where a sink's keys are: one server, or the nodes of a cluster. */
export interface KeyStore {
  readonly address: string;
  /** The server that has the sink's own keys. */
  readonly home: RedisConnection;
  /** A key may be on another node than its next name would be. */
  readonly isCluster: boolean;
  /** `width` commands (default 1) about each of some keys; the answers in the order of the keys, refusals among them as values. */
  ask(
    keys: readonly Buffer[],
    write: (commands: CommandWriter, key: Buffer) => void,
    width?: number,
  ): Promise<readonly Reply[]>;
  /** The server that has a key. */
  of(key: Buffer): Promise<RedisConnection>;
  /** The servers whose keys are all keys, in the order to go through them; one may come twice. */
  servers(): AsyncIterable<RedisConnection>;
}

export const singleStore = (connection: RedisConnection): KeyStore => ({
  address: connection.address,
  home: connection,
  isCluster: false,
  of: async () => connection,
  async ask(keys, write) {
    const commands = new CommandWriter(64 * 1024);
    for (const key of keys) write(commands, key);
    return await connection.send(commands.view(), commands.commands);
  },
  async *servers() {
    yield connection;
  },
});

export const clusterStore = (cluster: RedisCluster, home: RedisConnection): KeyStore => ({
  address: cluster.address,
  home,
  isCluster: true,
  of: async (key) => await cluster.ofSlot(keySlot(key)),
  ask: (keys, write, width = 1) => askEach(cluster, keys, width, write),
  async *servers() {
    let moving = await cluster.isMoving();
    yield* await cluster.primaries();
    if (await cluster.refresh()) moving = true;
    // A key that left a node before it was looked at came to one that had been: once more round finds it.
    if (moving || (await cluster.isMoving())) yield* await cluster.primaries();
  },
});
