import type { SslOptions } from 'mysql2';
import { type Connection, createPool, type Pool, type PoolConnection, type ResultSetHeader } from 'mysql2/promise';
import type { MysqlConfig } from '../connectors/mysql/config.ts';
import { offersNoTls, tlsOptions } from '../connectors/mysql/tls-options.ts';
import type { WriteToken } from './cache-options.ts';

/** A write that was committed. */
export interface Written<Result> {
  readonly result: Result;
  /** For reads that must see it; null: the server has no GTIDs, or nothing was changed. */
  readonly token: WriteToken | null;
}

/** Transactions on the primary, each with the GTID that it was committed under. */
export class PrimaryWrites {
  readonly #config: MysqlConfig;
  #pool: Pool | null = null;

  constructor(config: MysqlConfig) {
    this.#config = config;
  }

  /** Runs `work` as one transaction, and commits it; whatever it throws rolls it back and is thrown on. */
  async write<Result>(work: (transaction: Connection) => Promise<Result>): Promise<Written<Result>> {
    const connection = await this.#connect();
    let ended = false;
    try {
      // MariaDB and servers without GTIDs do not know it.
      await connection.query('SET SESSION session_track_gtids = OWN_GTID').catch(() => {});
      await connection.query('START TRANSACTION');
      const result = await work(connection);
      const [header] = await connection.query<ResultSetHeader>('COMMIT');
      ended = true;
      return { result, token: await tokenOf(header, connection) };
    } catch (error) {
      if (!ended) {
        // A connection whose transaction cannot be ended must not be used again.
        await connection.query('ROLLBACK').catch(() => connection.destroy());
      }
      throw error;
    } finally {
      connection.release();
    }
  }

  async close(): Promise<void> {
    await this.#pool?.end();
  }

  async #connect(): Promise<PoolConnection> {
    const mode = this.#config['ssl.mode'];
    if (this.#pool === null) {
      const tls = mode === 'disabled' ? null : await tlsOptions(this.#config);
      this.#pool ??= openPool(this.#config, tls);
    }
    const pool = this.#pool;
    try {
      return await pool.getConnection();
    } catch (error) {
      if (mode !== 'preferred' || !offersNoTls(error)) throw error;
      if (this.#pool === pool) {
        this.#pool = openPool(this.#config, null);
        await pool.end();
      }
      return await this.#pool.getConnection();
    }
  }
}

const tokenOf = async (header: ResultSetHeader, connection: Connection): Promise<WriteToken | null> => {
  const told = (header as { readonly stateChanges?: { readonly gtids?: readonly string[] } | null }).stateChanges
    ?.gtids;
  if (told !== undefined && told.length > 0) return told.join(',') as WriteToken;
  // MariaDB's name for what this session committed last.
  const [rows] = await connection.query('SELECT @@last_gtid AS gtid').catch(() => [[]]);
  const gtid = (rows as readonly { readonly gtid: string }[])[0]?.gtid;
  return gtid === undefined || gtid === '' ? null : (gtid as WriteToken);
};

const openPool = (config: MysqlConfig, tls: SslOptions | null): Pool =>
  createPool({
    host: config.hostname ?? '',
    port: config.port,
    user: config.username ?? '',
    password: config.password,
    connectionLimit: 10,
    connectTimeout: config['connect.timeout'],
    ...(tls === null ? {} : { ssl: tls }),
  });
