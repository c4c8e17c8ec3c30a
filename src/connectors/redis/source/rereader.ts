import type { Change } from '../../../core/change.ts';
import type { Context, Rereader } from '../../../core/connector.ts';
import { MillraceError } from '../../../core/errors.ts';
import type { UnreadableMessage } from '../../../core/unreadable-message.ts';
import { dialTcp } from '../../../net/dial.ts';
import { RedisCluster } from '../cluster/redis-cluster.ts';
import type { ConnectOptions, RedisConnection } from '../connection.ts';
import { openPrimary } from '../sentinel.ts';
import { serverFacts } from '../server-facts.ts';
import { RedirectedKeys } from './cluster/redirected-keys.ts';
import type { RedisServerConfig, RedisSourceConfig } from './config.ts';
import { DeclaredRows } from './declared-rows.ts';
import { DirtyKey } from './dirty-keys.ts';
import { type KeyReader, keyReaderOf } from './key-reader.ts';
import { rereadKeys } from './reread-keys.ts';

/** Reads keys again that were put aside, as they are now and by the settings of now. */
class RedisRereader implements Rereader {
  readonly #config: RedisServerConfig;
  readonly #keys: KeyReader;
  /** Closes all connections. */
  readonly #stop: AbortController;
  readonly #rows: DeclaredRows;

  /** `rows`: of which unreadable keys are errors. */
  constructor(config: RedisServerConfig, rows: DeclaredRows, keys: KeyReader, stop: AbortController) {
    this.#config = config;
    this.#keys = keys;
    this.#stop = stop;
    this.#rows = rows;
  }

  async read({ key, offset, partition: db }: UnreadableMessage): Promise<readonly Change[]> {
    const name = Buffer.from(key!);
    const table = this.#rows.keys.tableOf(name);
    // Nothing is declared for it any more.
    if (table === null || db !== this.#config.database) return [];
    const dirty = new DirtyKey(name.toString('latin1'), table);
    dirty.isWhole = true;
    dirty.mayBeGone = true;
    this.#rows.at({ replicationId: 'replay', offset: BigInt(offset) });
    const { keys: rows, deletes } = this.#rows;
    try {
      for await (const _ of rereadKeys(this.#keys, [dirty], rows, deletes));
    } catch (error) {
      this.#rows.take();
      throw error;
    }
    return this.#rows.take();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
  }
}

/** Throws CONFIG_WRONG_VALUE for a source that reads a file, and what connecting does. */
export const openRedisRereader = async (config: RedisSourceConfig, context: Context): Promise<Rereader> => {
  const { hostname } = config;
  if (hostname === undefined) {
    const reason = 'a replay reads keys from a server; run the pipeline again to read the file';
    throw new MillraceError('CONFIG_WRONG_VALUE', { key: 'path', reason });
  }
  const { clock, putAside: _, ...rest } = context;
  const rows = new DeclaredRows(config, { ...rest, clock }, 1_000);
  const stop = new AbortController();
  const of = { ...config, hostname };
  const options = { config: of, dial: dialTcp, clock, signal: stop.signal };
  try {
    const connection = await openPrimary(options);
    const isCluster = (await serverFacts(connection)).mode === 'cluster';
    const keys = isCluster ? await clusterKeys(options, connection) : keyReaderOf(connection);
    return new RedisRereader(of, rows, keys, stop);
  } catch (error) {
    stop.abort();
    throw error;
  }
};

const clusterKeys = async (options: ConnectOptions, seed: RedisConnection): Promise<KeyReader> => {
  const cluster = await RedisCluster.open(options, seed);
  return new RedirectedKeys({ ...options, own: await cluster.ofPrimary(0), at: (address) => cluster.at(address) });
};
