import type { SslOptions } from 'mysql2';
import { type Connection, createPool, type Pool, type PoolConnection, type ResultSetHeader } from 'mysql2/promise';
import type { MysqlConfig } from '../connectors/mysql/config.ts';
import { mysqlFailure } from '../connectors/mysql/mysql-failure.ts';
import { offersNoTls, tlsOptions } from '../connectors/mysql/tls-options.ts';
import type { MillraceError } from '../core/errors.ts';
import { withoutGtids } from './applied-place.ts';
import type { WriteToken } from './cache-options.ts';

/** A write that was committed. */
export interface Written<Result> {
  readonly result: Result;
  /** For reads that must see it, and what it saw; a text, which may be handed to other processes. */
  readonly token: WriteToken;
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
    const connection = await this.#connect().catch((error: unknown) => {
      throw this.#failure(error, 'a connection');
    });
    let ended = false;
    const own = async (sql: string): Promise<ResultSetHeader> => {
      try {
        return (await connection.query<ResultSetHeader>(sql))[0];
      } catch (error) {
        throw this.#failure(error, sql);
      }
    };
    try {
      // MariaDB and servers without GTIDs do not know it.
      await connection.query('SET SESSION session_track_gtids = OWN_GTID').catch(() => {});
      await own('START TRANSACTION');
      const result = await work(connection);
      const header = await own('COMMIT');
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

  #failure(error: unknown, what: string): MillraceError {
    const { hostname, port, username = '' } = this.#config;
    return mysqlFailure(error, { address: `${hostname}:${port}`, user: username, what });
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

/**
 * A transaction that changed nothing has no GTID; but it may have seen what another did, which the pipeline has not applied yet. So may
 * one on MariaDB, which does not say whether it changed something. Then all that the server has in its log must be there.
 */
const tokenOf = async (header: ResultSetHeader, connection: Connection): Promise<WriteToken> => {
  const told = (header as { readonly stateChanges?: { readonly gtids?: readonly string[] } | null }).stateChanges
    ?.gtids;
  if (told !== undefined && told.length > 0) return told.join(',') as WriteToken;
  for (const variable of ['gtid_executed', 'gtid_binlog_pos']) {
    const [rows] = await connection.query(`SELECT @@GLOBAL.${variable} AS gtids`).catch(() => [[]]);
    const gtids = (rows as readonly { readonly gtids: string }[])[0]?.gtids.replaceAll('\n', '');
    if (gtids !== undefined && gtids !== '') return gtids as WriteToken;
  }
  return withoutGtids;
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
