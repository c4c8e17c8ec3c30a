import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandArgument } from '../../protocol/redis/command-writer.ts';
import type { Reply } from '../../protocol/redis/reply.ts';
import { type LaunchedRedis, launchRedis, type RedisOptions } from './launch-redis.ts';
import { freePort } from './launch-server.ts';
import { connectRedis } from './redis-rig.ts';

export interface ClusterOptions extends RedisOptions {
  /** Default: 3. */
  readonly primaries?: number;
  /** The first is the first primary's, and so on. Default: none. */
  readonly replicas?: number;
  /** Primaries without slots. Default: none. */
  readonly spares?: number;
}

/** How long a node may be silent. While the cluster forms it is also how fast word spreads; a loaded machine is no failed node then. */
const formingTimeoutMs = 500;
const nodeTimeoutMs = 60_000;

/** Slots of a Redis Cluster. */
const slots = 16_384;

/**
 * Starts a Redis Cluster on loopback, whose slots are spread evenly over its primaries in their order. Resolves when every node
 * knows all of it. Disposing ends it.
 */
export const launchRedisCluster = async (options: ClusterOptions = {}): Promise<LaunchedCluster> => {
  const { primaries = 3, replicas = 0, spares = 0, settings = {}, ...rest } = options;
  const launch = async (): Promise<ClusterNode> => {
    const busPort = await freePort();
    const redis = await launchRedis({
      ...rest,
      settings: {
        'cluster-enabled': 'yes',
        'cluster-config-file': 'nodes.conf',
        'cluster-node-timeout': String(formingTimeoutMs),
        'cluster-port': String(busPort),
        // It is the test that promotes a replica.
        'cluster-replica-no-failover': 'yes',
        'repl-diskless-sync-delay': '0',
        ...settings,
      },
    });
    return { redis, busPort };
  };
  const started = await Promise.allSettled(Array.from({ length: primaries + replicas + spares }, launch));
  const nodes = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const spareAt = primaries + replicas;
  const cluster = new LaunchedCluster(nodes.slice(0, primaries), nodes.slice(primaries, spareAt), nodes.slice(spareAt));
  try {
    for (const result of started) if (result.status === 'rejected') throw result.reason;
    await cluster.form();
    return cluster;
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
};

interface ClusterNode {
  readonly redis: LaunchedRedis;
  /** Where nodes speak with each other. */
  readonly busPort: number;
}

export class LaunchedCluster implements AsyncDisposable {
  /** Those that began as primaries, in the order of their slots. */
  readonly primaries: readonly LaunchedRedis[];
  /** Those that began as replicas. */
  readonly replicas: readonly LaunchedRedis[];
  /** Those that began as primaries without slots. */
  readonly spares: readonly LaunchedRedis[];
  readonly #nodes: readonly ClusterNode[];

  constructor(primaries: readonly ClusterNode[], replicas: readonly ClusterNode[], spares: readonly ClusterNode[]) {
    this.primaries = primaries.map(({ redis }) => redis);
    this.replicas = replicas.map(({ redis }) => redis);
    this.spares = spares.map(({ redis }) => redis);
    this.#nodes = [...primaries, ...replicas, ...spares];
  }

  /** Gives the primaries their slots, and the replicas their primaries. */
  async form(): Promise<void> {
    const width = this.primaries.length;
    for (const [index, redis] of this.primaries.entries()) {
      const from = Math.floor((slots * index) / width);
      const to = Math.floor((slots * (index + 1)) / width) - 1;
      await ask(redis, 'CLUSTER', 'ADDSLOTSRANGE', from, to);
      // Two nodes of the same epoch would argue about it first.
      await ask(redis, 'CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    }
    for (const [index, { redis }] of this.#nodes.entries()) {
      for (const { redis: other, busPort } of this.#nodes.slice(index + 1)) {
        await ask(redis, 'CLUSTER', 'MEET', other.host, other.port, busPort);
      }
    }
    await this.#until((lines) => lines.filter((line) => !line.includes('handshake')).length === this.#nodes.length);
    for (const [index, replica] of this.replicas.entries()) {
      const id = await ask(this.primaries[index % width]!, 'CLUSTER', 'MYID');
      await ask(replica, 'CLUSTER', 'REPLICATE', String(id));
    }
    await this.#until((lines) => lines.filter((line) => line.includes('slave')).length === this.replicas.length);
    for (const { redis } of this.#nodes) {
      while (!String(await ask(redis, 'CLUSTER', 'INFO')).includes('cluster_state:ok')) await sleep(20);
      await ask(redis, 'CONFIG', 'SET', 'cluster-node-timeout', nodeTimeoutMs);
    }
    for (const replica of this.replicas) {
      while (!String(await ask(replica, 'INFO', 'replication')).includes('master_link_status:up')) await sleep(20);
    }
  }

  /** Ends a primary as a crash would, and has its replica take its place at once. */
  async failOver(primary: LaunchedRedis, replica: LaunchedRedis): Promise<void> {
    await primary.kill();
    await ask(replica, 'CLUSTER', 'FAILOVER', 'TAKEOVER');
    const id = String(await ask(replica, 'CLUSTER', 'MYID'));
    const living = this.#nodes.filter(({ redis }) => redis.pid !== null);
    for (const { redis } of living) {
      for (;;) {
        const lines = String(await ask(redis, 'CLUSTER', 'NODES')).split('\n');
        // It has the slots that its primary had.
        if (lines.some((line) => line.startsWith(id) && line.includes('master') && / \d+-\d+/.test(line))) break;
        await sleep(20);
      }
    }
  }

  /** Waits until a node that was started again is in step with the one that took its place. */
  async follows(node: LaunchedRedis): Promise<void> {
    for (;;) {
      const info = String(await ask(node, 'INFO', 'replication'));
      if (info.includes('role:slave') && info.includes('master_link_status:up')) return;
      await sleep(20);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map(({ redis }) => redis[Symbol.asyncDispose]()));
  }

  /** Waits until every node sees it so, by the lines of CLUSTER NODES. */
  async #until(holds: (lines: readonly string[]) => boolean): Promise<void> {
    for (const { redis } of this.#nodes) {
      while (
        !holds(
          String(await ask(redis, 'CLUSTER', 'NODES'))
            .trim()
            .split('\n'),
        )
      )
        await sleep(20);
    }
  }
}

const ask = async (redis: LaunchedRedis, ...command: readonly CommandArgument[]): Promise<Reply> => {
  await using connection = await connectRedis(redis);
  return await connection.command(...command);
};
