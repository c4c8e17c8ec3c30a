import { MillraceError } from '../../core/errors.ts';
import { encodeCommand } from '../../protocol/redis/command-writer.ts';
import { ReplyError } from '../../protocol/redis/reply.ts';
import { type ConnectOptions, RedisConnection } from './connection.ts';
import { oneDatabase } from './select-database.ts';

/** How the primary of a group is found, or any node of a cluster. */
export interface SentinelSettings {
  readonly 'cluster.others'?: string | undefined;
  readonly 'sentinel.master-name'?: string | undefined;
  readonly 'sentinel.others'?: string | undefined;
  readonly 'sentinel.password'?: string | undefined;
}

/**
 * Connects to the server that is the primary now. With a `sentinel.master-name`, `hostname` and `port` are those of a Sentinel, which
 * is asked for it; where one does not answer or know, the next is. A failover ends connections, so whoever connects again asks again.
 * With `cluster.others` it is the first node that answers.
 * Throws what RedisConnection.open does, and REDIS_NOT_READY when no Sentinel knows a primary.
 */
export const openPrimary = async (
  options: ConnectOptions & { readonly config: SentinelSettings },
): Promise<RedisConnection> => {
  const { config } = options;
  const name = config['sentinel.master-name'];
  const first = { hostname: config.hostname, port: config.port };
  const open = (address: Address) => RedisConnection.open({ ...options, config: { ...config, ...address } });
  if (name === undefined) {
    const others = addressesOf(config['cluster.others'], config.port);
    if (others.length === 0) return await open(first);
    if (config.database !== 0) throw oneDatabase();
    const node = await firstOf([first, ...others], options.signal, async (address) => await openNode(open(address)));
    return node ?? (await open(first));
  }
  const sentinels = [first, ...addressesOf(config['sentinel.others'], usualPort)];
  const found = await firstOf(sentinels, options.signal, async (sentinel) => {
    const primary = await askSentinel(options, sentinel, name);
    return primary === null ? null : await open(primary);
  });
  if (found !== null) return found;
  const server = sentinels.map(({ hostname, port }) => `${hostname}:${port}`).join(', ');
  throw new MillraceError('REDIS_NOT_READY', { server, reason: `no Sentinel there knows a primary called ${name}` });
};

/** null: it is no longer one of the cluster's, and knows nothing of the others. */
const openNode = async (opening: Promise<RedisConnection>): Promise<RedisConnection | null> => {
  const node = await opening;
  const [slots] = await node.send(encodeCommand('CLUSTER', 'SLOTS'), 1);
  if (!Array.isArray(slots) || slots.length > 0) return node;
  node.close();
  return null;
};

interface Address {
  readonly hostname: string;
  readonly port: number;
}

const usualPort = 26_379;

/** `host:port` each, or `host` alone, separated by commas. */
const addressesOf = (text: string | undefined, usual: number): readonly Address[] =>
  (text ?? '').split(',').flatMap((each) => {
    const address = each.trim();
    const at = address.lastIndexOf(':');
    const port = Number(address.slice(at + 1));
    if (at > 0 && Number.isInteger(port) && port > 0 && port < 65_536) return { hostname: address.slice(0, at), port };
    return address === '' ? [] : { hostname: address, port: usual };
  });

/** What the first address gives that gives something. Throws what went wrong last where none does; null: nothing went wrong. */
const firstOf = async <Result>(
  addresses: readonly Address[],
  signal: AbortSignal,
  use: (address: Address) => Promise<Result | null>,
): Promise<Result | null> => {
  let failure: unknown = null;
  for (const address of addresses) {
    try {
      const result = await use(address);
      if (result !== null) return result;
    } catch (error) {
      if (signal.aborted) throw error;
      failure = error;
    }
  }
  if (failure !== null) throw failure;
  return null;
};

/** null: it does not know that name. */
const askSentinel = async (
  options: ConnectOptions & { readonly config: SentinelSettings },
  sentinel: Address,
  name: string,
): Promise<Address | null> => {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const { config, dial, clock } = options;
  const { username: _, password: __, ...reached } = config;
  const password = config['sentinel.password'];
  const login = { ...reached, ...sentinel, database: 0, ...(password === undefined ? {} : { password }) };
  try {
    await using connection = await RedisConnection.open({ config: login, dial, clock, signal });
    const [reply] = await connection.send(encodeCommand('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name), 1);
    if (reply instanceof ReplyError && /unknown command/.test(reply.message)) {
      const reason = `${connection.address} is no Sentinel`;
      throw new MillraceError('CONFIG_WRONG_VALUE', { key: 'sentinel.master-name', reason });
    }
    if (reply instanceof ReplyError) throw connection.failure(reply, 'SENTINEL');
    if (!Array.isArray(reply) || reply.length !== 2) return null;
    return { hostname: String(reply[0]), port: Number(String(reply[1])) };
  } finally {
    stop.abort();
  }
};
