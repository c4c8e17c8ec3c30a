import { Buffer } from 'node:buffer';
import { setMaxListeners } from 'node:events';
import { MillraceError } from '../../../core/errors.ts';
import { CommandWriter, encodeCommand } from '../../../protocol/redis/command-writer.ts';
import { keySlot } from '../../../protocol/redis/key-slot.ts';
import { eachCommand } from '../../../protocol/redis/placed-commands.ts';
import { type Reply, ReplyError } from '../../../protocol/redis/reply.ts';
import { type ConnectOptions, RedisConnection } from '../connection.ts';
import { oneDatabase } from '../select-database.ts';
import { addressText, ClusterMap, type ServerAddress } from './cluster-map.ts';

/** How often one command follows where nodes send it, and the pause where half of a slot's keys have moved. */
const mostRedirections = 32;
const pauseMs = 25;

/**
 * The primaries of a Redis Cluster: a connection to each, made when it is first needed, and which slots they have. A connection that
 * breaks stays broken: whoever works with it begins anew, as with a single server.
 */
export class RedisCluster implements AsyncDisposable {
  map: ClusterMap;
  readonly #options: ConnectOptions;
  readonly #connections = new Map<string, Promise<RedisConnection>>();

  private constructor(options: ConnectOptions, map: ClusterMap) {
    this.#options = options;
    this.map = map;
  }

  /**
   * Takes over `seed`, a connection to any node. Throws REDIS_NOT_READY where the cluster does not serve all slots, and
   * CONFIG_WRONG_VALUE for a `database` of its own, which Valkey 9 may have, but no other cluster.
   */
  static async open(options: ConnectOptions, seed: RedisConnection): Promise<RedisCluster> {
    if (options.config.database !== 0) throw oneDatabase();
    const map = await askMap(seed);
    // Each connection listens to it, and there may be many nodes.
    setMaxListeners(0, options.signal);
    const cluster = new RedisCluster(options, map);
    const { address } = seed;
    const known = map.primaries.find((primary) => addressText(primary) === address);
    if (known !== undefined) cluster.#connections.set(address, Promise.resolve(seed));
    else seed.close();
    return cluster;
  }

  /** For messages: any node of it. */
  get address(): string {
    return addressText(this.map.primaries[0]!);
  }

  /** The one that has a slot. Throws what RedisConnection.open does. */
  async ofSlot(slot: number): Promise<RedisConnection> {
    return await this.#connection(this.map.primaries[this.map.ownerOf(slot)]!);
  }

  /** By position in the map's `primaries`. */
  async ofPrimary(position: number): Promise<RedisConnection> {
    return await this.#connection(this.map.primaries[position]!);
  }

  /** Any node, one that the map does not name too. */
  async at(address: ServerAddress): Promise<RedisConnection> {
    return await this.#connection(address);
  }

  /** A connection of the caller's own. */
  async dial(address: ServerAddress): Promise<RedisConnection> {
    return await RedisConnection.open({ ...this.#options, config: { ...this.#options.config, ...address } });
  }

  /** Nothing more is asked of a node that has left. */
  async forget(address: ServerAddress): Promise<void> {
    const opening = this.#connections.get(addressText(address));
    this.#connections.delete(addressText(address));
    (await opening?.catch(() => null))?.close();
  }

  async primaries(): Promise<readonly RedisConnection[]> {
    return await Promise.all(this.map.primaries.map((address) => this.#connection(address)));
  }

  /** Asks for the map anew; says whether it is another. */
  async refresh(): Promise<boolean> {
    let failure: unknown = null;
    for (const opening of this.#connections.values()) {
      try {
        const map = await askMap(await opening);
        if (map.equals(this.map)) return false;
        this.map = map;
        return true;
      } catch (error) {
        failure = error;
      }
    }
    throw (
      failure ?? new MillraceError('REDIS_NOT_READY', { server: this.address, reason: 'none of its nodes answers' })
    );
  }

  /**
   * Asks all nodes that answer for the map, and takes that of the newest epoch: one that is cut off from the others still has an old one.
   * Says whether it is another than before. Throws REDIS_NOT_READY.
   */
  async refreshFromAll(): Promise<boolean> {
    const asked = await Promise.allSettled(
      [...this.#connections.values()].map(async (opening) => {
        const connection = await opening;
        const info = String(await connection.command('CLUSTER', 'INFO'));
        const epoch = Number(/^cluster_current_epoch:(\d+)/m.exec(info)?.[1] ?? 0);
        return { epoch, map: await askMap(connection) };
      }),
    );
    const answers = asked.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    if (answers.length === 0) return await this.refresh();
    const { map } = answers.reduce((newest, other) => (other.epoch > newest.epoch ? other : newest));
    if (map.equals(this.map)) return false;
    this.map = map;
    return true;
  }

  /**
   * One command about one key, which follows where nodes send it while slots move. Refusals are values. Throws REDIS_NOT_READY where it
   * is sent around without end.
   */
  async command(key: Buffer, bytes: Uint8Array): Promise<Reply> {
    const slot = keySlot(key);
    let target = await this.ofSlot(slot);
    let asking = false;
    for (let hop = 0; hop < mostRedirections; hop += 1) {
      const replies = await target.send(asking ? Buffer.concat([askingCommand, bytes]) : bytes, asking ? 2 : 1);
      const reply = replies.at(-1)!;
      if (!(reply instanceof ReplyError)) return reply;
      const [code, , to = ''] = reply.message.split(' ');
      if (code === 'MOVED') await this.refresh();
      else if (code === 'TRYAGAIN') await this.#options.clock.sleep(pauseMs, this.#options.signal);
      else if (code !== 'ASK') return reply;
      asking = code === 'ASK';
      target = code === 'MOVED' || asking ? await this.#connection(redirectedTo(to, target)) : await this.ofSlot(slot);
      this.#options.signal.throwIfAborted();
    }
    const reason = `slot ${slot} is sent from node to node`;
    throw new MillraceError('REDIS_NOT_READY', { server: target.address, reason });
  }

  /** Whether slots are on their way between nodes just now: then their keys are on both. */
  async isMoving(): Promise<boolean> {
    const answers = await Promise.all((await this.primaries()).map((each) => each.command('CLUSTER', 'NODES')));
    // A node says of itself alone which slots leave it, `[93->-id]`, and which come, `[77-<-id]`.
    return answers.some((answer) => /\[\d+-[<>]-/.test(String(answer)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const opening of this.#connections.values()) (await opening.catch(() => null))?.close();
  }

  #connection(address: ServerAddress): Promise<RedisConnection> {
    const text = addressText(address);
    let opening = this.#connections.get(text);
    if (opening === undefined) {
      opening = this.dial(address);
      this.#connections.set(text, opening);
      // It is tried again when it is needed again.
      opening.catch(() => this.#connections.delete(text));
    }
    return opening;
  }
}

const askingCommand = encodeCommand('ASKING');

const askMap = async (connection: RedisConnection): Promise<ClusterMap> =>
  ClusterMap.read(await connection.command('CLUSTER', 'SLOTS'), addressOf(connection.address));

/** An empty host means the one that was asked. */
export const redirectedTo = (text: string, from: RedisConnection): ServerAddress => {
  const { hostname, port } = addressOf(text);
  return { hostname: hostname || addressOf(from.address).hostname, port };
};

const addressOf = (text: string): ServerAddress => {
  const at = text.lastIndexOf(':');
  return { hostname: text.slice(0, at), port: Number(text.slice(at + 1)) };
};

/** `width` commands about each of some keys; the answers in the order of the keys, wherever these are. Refusals are values. */
export const askEach = async (
  cluster: RedisCluster,
  keys: readonly Buffer[],
  width: number,
  write: (commands: CommandWriter, key: Buffer) => void,
): Promise<readonly Reply[]> => {
  const byOwner = new Map<number, number[]>();
  for (const [index, key] of keys.entries()) {
    const owner = cluster.map.ownerOf(keySlot(key));
    const indexes = byOwner.get(owner);
    if (indexes === undefined) byOwner.set(owner, [index]);
    else indexes.push(index);
  }
  const replies: Reply[] = new Array(keys.length * width);
  await Promise.all(
    [...byOwner].map(async ([owner, indexes]) => {
      const commands = new CommandWriter(64 * 1024);
      for (const index of indexes) write(commands, keys[index]!);
      const answers = await (await cluster.ofPrimary(owner)).send(commands.view(), commands.commands);
      for (const [i, index] of indexes.entries()) {
        let answered = answers.slice(i * width, (i + 1) * width);
        if (answered.some(isElsewhere)) answered = await askAgain(cluster, keys[index]!, write);
        for (let part = 0; part < width; part += 1) replies[index * width + part] = answered[part]!;
      }
    }),
  );
  return replies;
};

/** The slot of its key went to another node, or is on its way there. */
export const isElsewhere = (reply: Reply): boolean =>
  reply instanceof ReplyError && (reply.code === 'MOVED' || reply.code === 'ASK' || reply.code === 'TRYAGAIN');

const askAgain = async (
  cluster: RedisCluster,
  key: Buffer,
  write: (commands: CommandWriter, key: Buffer) => void,
): Promise<Reply[]> => {
  const commands = new CommandWriter(4096);
  write(commands, key);
  const replies: Reply[] = [];
  const pieces: Buffer[] = [];
  eachCommand(commands.view(), ({ start, end }) => void pieces.push(commands.view().subarray(start, end)));
  for (const piece of pieces) replies.push(await cluster.command(key, piece));
  return replies;
};
