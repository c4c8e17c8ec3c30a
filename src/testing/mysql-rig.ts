import { randomUUID } from 'node:crypto';
import mysql from 'mysql2/promise';
import { mysqlConfig } from '../connectors/mysql/config.ts';
import { openSnapshotRun } from '../connectors/mysql/snapshot/snapshot-run.ts';
import { MysqlSource } from '../connectors/mysql/source.ts';
import type { Batch, Lane, Position } from '../core/batch.ts';
import type { Change, RowsChange } from '../core/change.ts';
import type { LogFields } from '../core/log.ts';
import { qualifiedName } from '../core/table.ts';
import type { Row } from '../core/value.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import type { TestServer } from './servers/start-test-servers.ts';

/** Where a server listens and who logs in. */
export type Address = Pick<TestServer, 'flavor' | 'host' | 'port' | 'user' | 'password'>;

/** A database of its own on a test server, a connection to fill it, and sources that read it. */
export class MysqlRig implements AsyncDisposable {
  readonly server: Address;
  readonly database: string;
  /** What sources said in their log. */
  readonly said: { readonly message: string; readonly fields: LogFields }[] = [];
  readonly #connection: mysql.Connection;

  private constructor(server: Address, connection: mysql.Connection, database: string) {
    this.server = server;
    this.database = database;
    this.#connection = connection;
  }

  static async open(server: Address, options: { readonly database?: string } = {}): Promise<MysqlRig> {
    const { host, port, user, password } = server;
    const connection = await mysql.createConnection({ host, port, user, password, multipleStatements: true });
    const rig = new MysqlRig(server, connection, options.database ?? `t_${randomUUID().slice(0, 8)}`);
    await rig.run('SET SESSION lock_wait_timeout = 5');
    if (options.database === undefined) await rig.run(`CREATE DATABASE ${rig.database}`);
    await rig.run(`USE ${rig.database}`);
    return rig;
  }

  /** Runs statements one after the other on the rig's own connection. */
  async run(...statements: readonly string[]): Promise<void> {
    for (const statement of statements) await this.#connection.query(statement);
  }

  /** Ends the rig's connection, as a client that goes away does: what it prepared stays. */
  async disconnect(): Promise<void> {
    await this.#connection.end();
  }

  async query(sql: string): Promise<readonly (readonly (string | null)[])[]> {
    const [rows] = await this.#connection.query({ sql, rowsAsArray: true, typeCast: (field) => field.string() });
    return rows as unknown as (string | null)[][];
  }

  /** The GTIDs that the server has executed, in the words of `scan.startup.specific-offset.gtid-set`. */
  async executed(): Promise<string> {
    const variable = this.server.flavor === 'mysql' ? 'gtid_executed' : 'gtid_binlog_pos';
    const [row] = await this.query(`SELECT @@GLOBAL.${variable}`);
    return (row?.[0] ?? '').replaceAll('\n', '');
  }

  /** Where the log ends now. */
  async logEnd(): Promise<{ readonly file: string; readonly offset: number }> {
    const [row] = await this.query(this.server.flavor === 'mysql' ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS');
    return { file: row![0]!, offset: Number(row![1]) };
  }

  /**
   * A source of this rig's tables, with settings as a pipeline file has them. Its server id is made from the pipeline's name, so
   * rigs that read one server at a time need names of their own, or stand for processes of their own.
   */
  source(
    settings: Readonly<Record<string, unknown>> = {},
    pipeline = this.database,
    process: string | null = null,
  ): MysqlSource {
    const { host, port, user, password } = this.server;
    const config = mysqlConfig.parse({
      hostname: host,
      port,
      username: user,
      password,
      tables: `${this.database}.\\.*`,
      'heartbeat.interval': '1s',
      ...settings,
    });
    const say = (message: string, fields: LogFields = {}): void => void this.said.push({ message, fields });
    const log = { debug: say, info: say, warn: say, error: say };
    const context = { pipeline, log, clock: systemClock };
    return new MysqlSource({
      config,
      context,
      openSnapshots: openSnapshotRun,
      ...(process === null ? {} : { process }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.query(`DROP DATABASE IF EXISTS ${this.database}`).catch(() => {});
    this.#connection.destroy();
  }
}

/** What was read, and what a sink would hold after it. */
export interface ReadResult {
  readonly batches: readonly Batch[];
  readonly changes: readonly Change[];
  readonly held: ReadonlyMap<Lane, Position>;
}

export interface ReadOptions {
  readonly held?: ReadonlyMap<Lane, Position>;
  readonly patienceMs?: number;
  /** Called for each batch as it comes. */
  readonly onBatch?: (batch: Batch) => Promise<void> | void;
}

/** Reads until `enough` says so; throws when that takes too long. Rows are decoded at once, as a sink would. */
export const readUntil = async (
  source: MysqlSource,
  enough: (changes: readonly Change[], batches: readonly Batch[]) => boolean,
  options: ReadOptions = {},
): Promise<ReadResult> => {
  const held = new Map(options.held);
  const batches: Batch[] = [];
  const changes: Change[] = [];
  const patience = AbortSignal.timeout(options.patienceMs ?? 90_000);
  for await (const batch of source.read(async (lane) => held.get(lane) ?? null, patience)) {
    batches.push(batch);
    changes.push(...batch.changes);
    for (const [lane, place] of batch.positions) held.set(lane, place);
    await options.onBatch?.(batch);
    if ((batch.part?.last ?? true) && enough(changes, batches)) return { batches, changes, held };
  }
  throw new Error(`only ${changes.length} changes in ${batches.length} batches came`);
};

/** Reads until so many rows have come. */
export const readRows = (source: MysqlSource, count: number, options: ReadOptions = {}): Promise<ReadResult> =>
  readUntil(source, (changes) => rowCount(changes) >= count, options);

export const rowCount = (changes: readonly Change[]): number =>
  changes.reduce((sum, change) => sum + (change.kind === 'rows' ? change.rows.length : 0), 0);

/** Changes as plain data: `[op, table, before, after]`, one per row; other kinds as `[kind, table before, table after]`. */
export const plain = (changes: readonly Change[]): unknown[] =>
  changes.flatMap((change) => (change.kind === 'rows' ? plainRows(change) : [plainOther(change)]));

const plainOther = (change: Exclude<Change, RowsChange>): unknown => {
  switch (change.kind) {
    case 'truncate':
      return ['truncate', change.table.name];
    case 'schema':
      return ['schema', columnsOf(change.before), columnsOf(change.after)];
    case 'snapshot':
      return ['snapshot', change.at, qualifiedName(change.table)];
  }
};

const plainRows = ({ op, table, rows }: RowsChange): unknown[] =>
  Array.from({ length: rows.length }, (_, i) => [op, table.name, rows.before(i), rows.after(i)]);

const columnsOf = (table: { readonly name: string; readonly columns: readonly { readonly name: string }[] } | null) =>
  table === null ? null : `${table.name}(${table.columns.map(({ name }) => name).join(',')})`;

/** The after images of all rows, in order. */
export const afterRows = (changes: readonly Change[]): (Row | null)[] =>
  changes.flatMap((change) =>
    change.kind === 'rows' ? Array.from({ length: change.rows.length }, (_, i) => change.rows.after(i)) : [],
  );
