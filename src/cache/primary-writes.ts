import { type Connection, createPool, type Pool, type PoolOptions, type ResultSetHeader } from 'mysql2/promise';
import type { MysqlConfig } from '../connectors/mysql/config.ts';
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
    this.#pool ??= createPool(poolOptions(this.#config));
    const connection = await this.#pool.getConnection();
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

const poolOptions = (config: MysqlConfig): PoolOptions => ({
  host: config.hostname ?? '',
  port: config.port,
  user: config.username ?? '',
  password: config.password,
  connectionLimit: 10,
  connectTimeout: config['connect.timeout'],
  ...(config['ssl.mode'] === 'disabled' || config['ssl.mode'] === 'preferred'
    ? {}
    : { ssl: { rejectUnauthorized: config['ssl.mode'] !== 'required' } }),
});
