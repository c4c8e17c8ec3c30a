import { MillraceError } from '../../core/errors.ts';
import { type ConnectOptions, RedisConnection } from './connection.ts';

/** How the primary of a group is found. */
export interface SentinelSettings {
  readonly 'sentinel.master-name'?: string | undefined;
  readonly 'sentinel.others'?: string | undefined;
  readonly 'sentinel.password'?: string | undefined;
}

/**
 * Connects to the server that is the primary now. With a `sentinel.master-name`, `hostname` and `port` are those of a Sentinel, which
 * is asked for it; where one does not answer or know, the next is. A failover ends connections, so whoever connects again asks again.
 * Throws what RedisConnection.open does, and REDIS_NOT_READY when no Sentinel knows a primary.
 */
export const openPrimary = async (
  options: ConnectOptions & { readonly config: SentinelSettings },
): Promise<RedisConnection> => {
  const { config } = options;
  const name = config['sentinel.master-name'];
  if (name === undefined) return await RedisConnection.open(options);
  const others = (config['sentinel.others'] ?? '').split(',').map((each) => each.trim());
  const sentinels = [{ hostname: config.hostname, port: config.port }, ...others.filter(Boolean).map(addressOf)];
  let failure: unknown = null;
  for (const sentinel of sentinels) {
    try {
      const primary = await askSentinel(options, sentinel, name);
      if (primary !== null) return await RedisConnection.open({ ...options, config: { ...config, ...primary } });
    } catch (error) {
      if (options.signal.aborted) throw error;
      failure = error;
    }
  }
  if (failure !== null) throw failure;
  const server = sentinels.map(({ hostname, port }) => `${hostname}:${port}`).join(', ');
  throw new MillraceError('REDIS_NOT_READY', { server, reason: `no Sentinel there knows a primary called ${name}` });
};

interface Address {
  readonly hostname: string;
  readonly port: number;
}

const usualPort = 26_379;

const addressOf = (text: string): Address => {
  const at = text.lastIndexOf(':');
  const port = Number(text.slice(at + 1));
  if (at > 0 && Number.isInteger(port) && port > 0 && port < 65_536) return { hostname: text.slice(0, at), port };
  return { hostname: text, port: usualPort };
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
  const login = { ...reached, ...sentinel, ...(password === undefined ? {} : { password }) };
  try {
    await using connection = await RedisConnection.open({ config: login, dial, clock, signal });
    const reply = await connection.command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name);
    if (!Array.isArray(reply) || reply.length !== 2) return null;
    return { hostname: String(reply[0]), port: Number(String(reply[1])) };
  } finally {
    stop.abort();
  }
};
