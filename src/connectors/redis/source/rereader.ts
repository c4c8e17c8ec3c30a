import type { Change } from '../../../core/change.ts';
import type { Context, Rereader } from '../../../core/connector.ts';
import { MillraceError } from '../../../core/errors.ts';
import type { UnreadableMessage } from '../../../core/unreadable-message.ts';
import { dialTcp } from '../../../net/dial.ts';
import { RedisConnection } from '../connection.ts';
import type { RedisServerConfig, RedisSourceConfig } from './config.ts';
import { DeclaredRows } from './declared-rows.ts';
import { DirtyKey } from './dirty-keys.ts';
import { keyReaderOf } from './key-reader.ts';
import { rereadKeys } from './reread-keys.ts';

/** Reads keys again that were put aside, as they are now and by the settings of now. */
class RedisRereader implements Rereader {
  readonly #config: RedisServerConfig;
  readonly #connection: RedisConnection;
  readonly #stop: AbortController;
  readonly #rows: DeclaredRows;

  /** `rows`: of which unreadable keys are errors. */
  constructor(config: RedisServerConfig, rows: DeclaredRows, connection: RedisConnection, stop: AbortController) {
    this.#config = config;
    this.#connection = connection;
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
      for await (const _ of rereadKeys(keyReaderOf(this.#connection), [dirty], rows, deletes));
    } catch (error) {
      this.#rows.take();
      throw error;
    }
    return this.#rows.take();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.close();
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
  const connection = await RedisConnection.open({ config: of, dial: dialTcp, clock, signal: stop.signal });
  try {
    if (config.database > 0) await connection.command('SELECT', String(config.database));
    return new RedisRereader(of, rows, connection, stop);
  } catch (error) {
    connection.close();
    throw error;
  }
};
