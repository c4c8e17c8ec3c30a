import { type ChunkKey, chooseChunkKey, type IndexPart } from '../connectors/mysql/snapshot/chunk-key.ts';
import { type KeyPoint, pointsQuery, wholeTableQuery } from '../connectors/mysql/snapshot/chunk-query.ts';
import type { ReadingSession } from '../connectors/mysql/snapshot/reading-session.ts';
import { rowKey } from '../connectors/mysql/snapshot/row-key.ts';
import { readPieces } from '../connectors/mysql/snapshot/row-pieces.ts';
import { type KeyValue, sqlLiteral } from '../connectors/mysql/snapshot/sql-literal.ts';
import { quoteName, quoteText } from '../connectors/mysql/statements.ts';
import type { Clock } from '../core/clock.ts';
import { isMillraceError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Table } from '../core/table.ts';
import type { Row } from '../core/value.ts';
import { selectExpression } from '../protocol/mysql/values/select-list.ts';
import { TextRowReader } from '../protocol/mysql/values/text-rows.ts';
import type { AppliedPlace } from './applied-place.ts';
import type { DatabaseServer } from './database-server.ts';

const keysPerStatement = 500;
const pieceBytes = 4 * 1_048_576;
/** How long a server may take to execute what the pipeline has applied already: as a rule it has. */
const replicaPatienceSeconds = 0.02;
const primaryPatienceSeconds = 0.5;
/** A replica that failed is left out this long, and one that lags, so that not every miss waits for it. */
const restMs = 1_000;
const lagRestMs = 200;

/** How rows of one version of a table are looked up. */
export interface LookupPlan {
  readonly table: Table;
  readonly key: ChunkKey;
  /** The columns that keys give, by which rows are told apart. */
  readonly keyColumns: readonly number[];
  readonly rows: TextRowReader;
  readonly expressions: readonly string[];
}

/** null: none of the unique indexes consists of what keys give. */
export const planLookup = (
  table: Table,
  indexes: readonly IndexPart[],
  keyColumns: readonly number[],
): LookupPlan | null => {
  const given = new Set(keyColumns.map((column) => table.columns[column]!.name));
  const usable = [...Map.groupBy(indexes, ({ index }) => index).values()].filter((parts) =>
    parts.every(({ column }) => column !== null && given.has(column)),
  );
  const key = chooseChunkKey(table, usable.flat());
  if (key === null) return null;
  const expressions = table.columns.map(selectExpression);
  return { table, key, keyColumns, rows: new TextRowReader(table), expressions };
};

export interface Lookup {
  /** In the order of the keys; null: there is no such row. */
  readonly rows: readonly (Row | null)[];
  /** They hold every change that the pipeline had applied: they may be put where it puts its own. */
  readonly current: boolean;
  readonly replica: boolean;
}

export interface DatabaseReadsOptions {
  readonly primary: DatabaseServer;
  readonly replicas: readonly DatabaseServer[];
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Reads rows by key, from a replica that has what the pipeline has applied, else from the primary. The primary itself is asked for
 * it too: a server hands a transaction to its log's readers a moment before its own tables show it.
 */
export class DatabaseReads {
  readonly #options: DatabaseReadsOptions;
  readonly #restingUntil = new Map<DatabaseServer, number>();
  #turn = 0;

  constructor(options: DatabaseReadsOptions) {
    this.#options = options;
  }

  /** `keys` by column of the table. `applied` null: no pipeline has applied anything. `primary`: no replica will do. */
  async lookup(plan: LookupPlan, keys: readonly Row[], applied: AppliedPlace | null, primary = false): Promise<Lookup> {
    if (applied === null) return await this.#fromPrimary(plan, keys, '', true);
    const { executed } = applied;
    if (executed === null) return await this.#locked(plan, keys);
    if (!primary) {
      const rows = await this.#fromReplica(plan, keys, executed);
      if (rows !== null) return { rows, current: true, replica: true };
    }
    return await this.#options.primary.run(async (session) => {
      const current = await hasExecuted(this.#options.primary, session, executed, primaryPatienceSeconds);
      return { rows: await readRows(session, plan, keys, ''), current, replica: false };
    });
  }

  /** The rows that have these values in these columns, from the primary. Values are equal byte by byte, whatever the collation. */
  async having(plan: LookupPlan, values: Row, columns: readonly number[]): Promise<readonly Row[]> {
    const { table, expressions } = plan;
    const conditions = columns.map((column) => {
      const { name, type } = table.columns[column]!;
      return `${quoteName(name)} = ${sqlLiteral(values[column]! as KeyValue, type)}`;
    });
    const sql = wholeTableQuery(table, conditions.join(' AND '), expressions);
    const wanted = rowKey(values, columns);
    return await this.#options.primary.run(async (session) => {
      const rows: Row[] = [];
      for await (const { images } of readPieces(session, plan.rows, sql, pieceBytes)) {
        for (const some of images) {
          for (let i = 0; i < some.length; i += 1) {
            const row = some.after(i)!;
            if (rowKey(row, columns) === wanted) rows.push(row);
          }
        }
      }
      return rows;
    });
  }

  async #fromReplica(
    plan: LookupPlan,
    keys: readonly Row[],
    executed: string,
  ): Promise<readonly (Row | null)[] | null> {
    const { replicas, clock, log } = this.#options;
    for (let i = 0; i < replicas.length; i += 1) {
      this.#turn = (this.#turn + 1) % replicas.length;
      const replica = replicas[this.#turn]!;
      if ((this.#restingUntil.get(replica) ?? 0) > clock.monotonic()) continue;
      try {
        const rows = await replica.run(async (session) =>
          (await hasExecuted(replica, session, executed, replicaPatienceSeconds))
            ? await readRows(session, plan, keys, '')
            : null,
        );
        if (rows !== null) return rows;
        this.#restingUntil.set(replica, clock.monotonic() + lagRestMs);
      } catch (error) {
        if (!isMillraceError(error)) throw error;
        this.#restingUntil.set(replica, clock.monotonic() + restMs);
        log.warn('a replica does not answer, so others do', { replica: replica.address, code: error.code });
      }
    }
    return null;
  }

  /** Without GTIDs a transaction that is in the log and not yet in the tables shows by the locks that it still holds. */
  async #locked(plan: LookupPlan, keys: readonly Row[]): Promise<Lookup> {
    try {
      return await this.#fromPrimary(plan, keys, ' LOCK IN SHARE MODE', true);
    } catch (error) {
      if (!isMillraceError(error, 'MYSQL_MISSING_GRANT') && !isMillraceError(error, 'MYSQL_SERVER_BUSY')) throw error;
      return await this.#fromPrimary(plan, keys, '', false);
    }
  }

  async #fromPrimary(plan: LookupPlan, keys: readonly Row[], suffix: string, current: boolean): Promise<Lookup> {
    const rows = await this.#options.primary.run((session) => readRows(session, plan, keys, suffix));
    return { rows, current, replica: false };
  }
}

const hasExecuted = async (
  server: DatabaseServer,
  session: ReadingSession,
  gtids: string,
  seconds: number,
): Promise<boolean> => {
  if (server.executed === gtids || gtids === '') return true;
  const [row] = await session.query(`SELECT WAIT_FOR_EXECUTED_GTID_SET(${quoteText(gtids)}, ${seconds})`);
  if (row?.[0] !== '0') return false;
  server.executed = gtids;
  return true;
};

/** Rows by key, in the order of the keys; null: there is none. `suffix` ends each statement. */
export const readRows = async (
  session: ReadingSession,
  plan: LookupPlan,
  keys: readonly Row[],
  suffix: string,
): Promise<readonly (Row | null)[]> => {
  const found = new Map<string | null, Row>();
  for (let at = 0; at < keys.length; at += keysPerStatement) {
    const points = keys
      .slice(at, at + keysPerStatement)
      .map((key) => plan.key.parts.map(({ column }) => key[column]!) as KeyPoint);
    const sql = `${pointsQuery(plan.table, plan.key, points, plan.expressions)}${suffix}`;
    for await (const { images } of readPieces(session, plan.rows, sql, pieceBytes)) {
      for (const some of images) {
        for (let i = 0; i < some.length; i += 1) {
          const row = some.after(i)!;
          found.set(rowKey(row, plan.keyColumns), row);
        }
      }
    }
  }
  return keys.map((key) => found.get(rowKey(key, plan.keyColumns)) ?? null);
};
