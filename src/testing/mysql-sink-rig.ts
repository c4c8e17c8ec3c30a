import { randomUUID } from 'node:crypto';
import mysql from 'mysql2/promise';
import { mysqlSinkConfig } from '../connectors/mysql/sink/config.ts';
import { openMysqlSink } from '../connectors/mysql/sink/sink.ts';
import type { Sink } from '../core/connector.ts';
import type { LogFields } from '../core/log.ts';
import type { Table } from '../core/table.ts';
import type { Row } from '../core/value.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import type { Address } from './mysql-rig.ts';

/**
 * A database of its own on a test server for sinks to write to. Tests' tables are in `shop`; here each rig's are in a database
 * of another name, so `inDatabase` moves them.
 */
export class MysqlSinkRig implements AsyncDisposable {
  readonly server: Address;
  readonly database: string;
  readonly said: { readonly message: string; readonly fields: LogFields }[] = [];
  readonly #connection: mysql.Connection;

  private constructor(server: Address, connection: mysql.Connection, database: string) {
    this.server = server;
    this.#connection = connection;
    this.database = database;
  }

  static async open(server: Address): Promise<MysqlSinkRig> {
    const { host, port, user, password } = server;
    const connection = await mysql.createConnection({ host, port, user, password, timezone: 'Z' });
    const rig = new MysqlSinkRig(server, connection, `s_${randomUUID().slice(0, 8)}`);
    await rig.run(`CREATE DATABASE ${rig.database}`, `USE ${rig.database}`, "SET SESSION time_zone = '+00:00'");
    return rig;
  }

  /** A new writer, as after a restart. Positions are in the rig's own database too. */
  async sink(settings: Readonly<Record<string, unknown>> = {}, pipeline = 'test'): Promise<Sink> {
    const { host, port, user, password } = this.server;
    const config = mysqlSinkConfig.parse({
      hostname: host,
      port,
      username: user,
      password,
      'position.database': this.database,
      'sink.lock-wait.timeout': '5s',
      ...settings,
    });
    const say = (message: string, fields: LogFields = {}): void => void this.said.push({ message, fields });
    return await openMysqlSink(config, {
      pipeline,
      clock: systemClock,
      log: { debug: say, info: say, warn: say, error: say },
    });
  }

  async run(...statements: readonly string[]): Promise<void> {
    for (const statement of statements) await this.#connection.query(statement);
  }

  async query(sql: string): Promise<readonly (readonly (string | null)[])[]> {
    const [rows] = await this.#connection.query({ sql, rowsAsArray: true, typeCast: (field) => field.string() });
    return rows as unknown as (string | null)[][];
  }

  /** The rows of `table`, of which the target may have none yet. */
  async rows(table: Table): Promise<readonly Row[]> {
    const columns = table.columns.map(({ name }) => `\`${name.replaceAll('`', '``')}\``).join(', ');
    try {
      return await this.query(`SELECT ${columns} FROM ${table.database}.\`${table.name.replaceAll('`', '``')}\``);
    } catch (error) {
      if ((error as { errno?: number }).errno === 1146) return [];
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.query(`DROP DATABASE IF EXISTS ${this.database}`);
    this.#connection.destroy();
  }
}
