import type { RedisConnection } from '../connectors/redis/connection.ts';
import { KeyTemplate } from '../connectors/redis/key-template.ts';
import { redisSink } from '../connectors/redis/sink/connector.ts';
import { openRedisSink } from '../connectors/redis/sink/sink.ts';
import type { Sink } from '../core/connector.ts';
import type { LogFields } from '../core/log.ts';
import type { Table } from '../core/table.ts';
import type { Row } from '../core/value.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { keySlot } from '../protocol/redis/key-slot.ts';
import type { Reply } from '../protocol/redis/reply.ts';
import type { LaunchedRedis } from './servers/launch-redis.ts';
import type { LaunchedCluster } from './servers/launch-redis-cluster.ts';
import { connectRedis } from './servers/redis-rig.ts';

/** A cluster for sinks to write to, looked at node by node. It begins empty. */
export class RedisClusterRig {
  readonly cluster: LaunchedCluster;
  readonly said: { readonly message: string; readonly fields: LogFields }[] = [];
  /** Those that have slots now. */
  primaries: readonly LaunchedRedis[];

  private constructor(cluster: LaunchedCluster) {
    this.cluster = cluster;
    this.primaries = cluster.primaries;
  }

  static async open(cluster: LaunchedCluster): Promise<RedisClusterRig> {
    const rig = new RedisClusterRig(cluster);
    for (const primary of rig.primaries) await rig.on(primary, (node) => node.command('FLUSHALL'));
    return rig;
  }

  /** A new writer, as after a restart. */
  async sink(settings: Readonly<Record<string, unknown>> = {}, pipeline = 'test'): Promise<Sink> {
    const config = redisSink.config.parse({ ...this.address, ...settings });
    const say = (message: string, fields: LogFields = {}): void => void this.said.push({ message, fields });
    const log = { debug: say, info: say, warn: say, error: say };
    return await openRedisSink(config, { pipeline, clock: systemClock, log });
  }

  get address(): { readonly hostname: string; readonly port: number } {
    const { host: hostname, port } = this.primaries.at(-1)!;
    return { hostname, port };
  }

  async on<Result>(node: LaunchedRedis, use: (connection: RedisConnection) => Promise<Result>): Promise<Result> {
    await using connection = await connectRedis(node);
    return await use(connection);
  }

  /** What `command` says of each of the keys that match a pattern, wherever they are. */
  async each(pattern: string, command: string): Promise<ReadonlyMap<string, Reply>> {
    const found = new Map<string, Reply>();
    for (const primary of this.primaries) {
      await this.on(primary, async (node) => {
        for (const key of (await node.command('KEYS', pattern)) as readonly Buffer[]) {
          const name = Buffer.from(key);
          // Of a slot that comes to it a node answers who asks.
          await node.command('ASKING');
          found.set(name.toString('latin1'), await node.command(command, name));
        }
      });
    }
    return found;
  }

  /** The hashes whose keys match a pattern. */
  async hashes(pattern: string): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>> {
    const all = [...(await this.each(pattern, 'HGETALL'))].map(([key, flat]) => {
      const texts = (flat as readonly Reply[]).map(String);
      const fields = texts.flatMap((text, i) => (i % 2 === 0 ? [[text, texts[i + 1]!] as const] : []));
      return [key, Object.fromEntries(fields)] as const;
    });
    return Object.fromEntries(all);
  }

  /** The rows of `table` under its usual keys, as texts; a field that is not there is NULL. */
  async rows(table: Table): Promise<readonly Row[]> {
    const template = KeyTemplate.of('%{database}:%{table}:%{key}', table);
    const hashes = Object.entries(await this.hashes(`${table.database}:${table.name}:*`));
    return hashes.flatMap(([key, fields]) =>
      template.matches(Buffer.from(key, 'latin1')) ? [table.columns.map(({ name }) => fields[name] ?? null)] : [],
    );
  }

  /** The primary that has a key, as it says itself. */
  async ownerOf(key: string): Promise<LaunchedRedis> {
    const slot = keySlot(Buffer.from(key));
    for (const primary of this.primaries) {
      const ranges = (await this.on(primary, (node) => node.command('CLUSTER', 'SLOTS'))) as readonly Reply[][];
      const range = ranges.find(([first, last]) => Number(first) <= slot && slot <= Number(last))!;
      const port = Number((range[2] as readonly Reply[])[1]);
      const owner = this.primaries.find((each) => each.port === port);
      if (owner !== undefined) return owner;
    }
    throw new Error(`nobody has slot ${slot}`);
  }

  /** Begins to move the slot of a key; what is there of it stays where it is. */
  async beginMove(key: string, from: LaunchedRedis, to: LaunchedRedis): Promise<number> {
    const slot = keySlot(Buffer.from(key));
    const [source, target] = [await this.#id(from), await this.#id(to)];
    await this.on(to, (node) => node.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', source));
    await this.on(from, (node) => node.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', target));
    return slot;
  }

  /** Moves a key of a slot that is on its way. */
  async moveKey(key: string, from: LaunchedRedis, to: LaunchedRedis): Promise<void> {
    await this.on(from, (node) => node.command('MIGRATE', to.host, to.port, key, 0, 10_000, 'REPLACE'));
  }

  /** Moves what is left of a slot, and says that it has moved. */
  async endMove(slot: number, from: LaunchedRedis, to: LaunchedRedis): Promise<void> {
    const id = await this.#id(to);
    await this.on(from, async (node) => {
      const keys = (await node.command('CLUSTER', 'GETKEYSINSLOT', slot, 1000)) as readonly Buffer[];
      if (keys.length === 0) return;
      await node.command('MIGRATE', to.host, to.port, '', 0, 10_000, 'REPLACE', 'KEYS', ...keys);
    });
    for (const node of [to, from, ...this.primaries]) {
      await this.on(node, (connection) => connection.command('CLUSTER', 'SETSLOT', slot, 'NODE', id));
    }
  }

  async #id(node: LaunchedRedis): Promise<string> {
    return String(await this.on(node, (connection) => connection.command('CLUSTER', 'MYID')));
  }
}
