import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../core/clock.ts';
import { isMillraceError, MillraceError } from '../../../core/errors.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import { isAtLeast } from '../../../protocol/mysql/server-version.ts';
import type { MysqlConnection } from '../connection.ts';
import type { ServerFacts } from '../server-facts.ts';
import { quoteName, quoteText, statements } from '../statements.ts';
import type { ReadingSession } from './reading-session.ts';
import { comparePlaces, type LogMark, type StreamWatch } from './stream-watch.ts';
import type { WatermarkKind } from './watermark-kind.ts';

/**
 * A state of the tables that stays as it is while chunks are read from it: a REPEATABLE READ transaction. Two things hold:
 *
 * 1. It contains every change that the stream had handed on when opening began. Rows read from it are never older than what a
 *    sink already got, unless the stream changes them from then on, and a ChangeWindow remembers those.
 * 2. It contains nothing that the log has after `end`. Once the stream has passed `end`, the window knows every change that a row
 *    read here may lack or already have.
 *
 * The first one is not a given: a server hands a transaction to those who read its log before it commits it in the engine.
 */
export interface ReadView {
  readonly end: LogMark;
  close(): Promise<void>;
}

export interface ViewContext {
  /** The session that reads. */
  readonly reader: ReadingSession;
  /** A second one, for what cannot be done inside the reader's transaction. */
  readonly control: MysqlConnection;
  readonly server: ServerFacts;
  /** `database.table`; null: none. */
  readonly watermarkTable: string | null;
  readonly watch: StreamWatch;
  readonly clock: Clock;
}

const begin = 'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY';

/** How long a server may take to make visible what it logged. A commit that waits for a semi-synchronous replica takes 10 s. */
const visibleWithinMs = 30_000;

/**
 * The stream's place is taken at once, so a caller that registered its ChangeWindow just before misses nothing. The stream must not
 * stand inside a transaction. Throws SNAPSHOT_NOT_VISIBLE and SNAPSHOT_LOCK_TIMEOUT.
 */
export const openReadView = (kind: WatermarkKind, table: Table, context: ViewContext): Promise<ReadView> => {
  switch (kind) {
    case 'gtid':
      return openAfterGtids(context);
    case 'consistent-snapshot':
      return openAtSnapshotPosition(context);
    case 'table':
      return openBetweenWrites(context);
    case 'lock':
      return openUnderLock(table, context);
  }
};

/**
 * For engines without transactions: every read sees the table as it is at that moment, so it is locked against writes until the
 * view is closed. The session that reads holds the lock: another one would queue behind the writers that wait for it.
 */
export const openLockedView = async (table: Table, { reader, server, clock }: ViewContext): Promise<ReadView> => {
  const query = (sql: string) => reader.query(sql);
  await lockAgainstWrites(table, query, clock);
  const end = await logEnd(server, query);
  return { end, close: async () => void (await reader.query('UNLOCK TABLES')) };
};

/**
 * MySQL with GTIDs: a transaction joins gtid_executed after its commit in the engine, so once everything the stream handed on is in
 * there, it is visible too. The end of the log, asked for after the view was opened, bounds what the view may contain, because a
 * transaction is logged before it becomes visible. Nothing is written and nothing locked.
 */
const openAfterGtids = async ({ reader, server, watch }: ViewContext): Promise<ReadView> => {
  const handedOn = String(watch.place.gtids ?? '').replaceAll('\n', '');
  const [answer] = await reader.query(
    `SELECT WAIT_FOR_EXECUTED_GTID_SET(${quoteText(handedOn)}, ${visibleWithinMs / 1000})`,
  );
  if (answer?.[0] !== '0') throw notVisible(server);
  await reader.query(begin);
  return { end: await logEnd(server, (sql) => reader.query(sql)), close: () => commit(reader) };
};

/**
 * MariaDB says at which place of the log its consistent snapshots stand. It commits in the log's order, so when that place is not
 * before the last change the stream handed on, that change is in the snapshot.
 */
const openAtSnapshotPosition = async ({ reader, server, watch, clock }: ViewContext): Promise<ReadView> => {
  const handedOn = watch.lastChange;
  const started = clock.monotonic();
  for (let pauseMs = 1; clock.monotonic() - started < visibleWithinMs; pauseMs = Math.min(pauseMs * 2, 50)) {
    await reader.query(begin);
    const rows = await reader.query("SHOW STATUS LIKE 'binlog_snapshot_%'");
    const values = new Map(rows.map(([name, value]) => [name?.toLowerCase(), value ?? '']));
    const end = {
      kind: 'place',
      file: values.get('binlog_snapshot_file') ?? '',
      offset: Number(values.get('binlog_snapshot_position')),
    } as const;
    if (comparePlaces(end, handedOn) >= 0) return { end, close: () => commit(reader) };
    await commit(reader);
    await clock.sleep(pauseMs);
  }
  throw notVisible(server);
};

/**
 * Any server: a row written before the view is opened commits after everything the stream handed on, because commits are ordered as
 * the log is; a row written after it is in the log after everything the view contains.
 */
const openBetweenWrites = async ({ reader, control, watermarkTable, watch }: ViewContext): Promise<ReadView> => {
  const [ordered] = await control.query("SHOW GLOBAL VARIABLES LIKE 'binlog_order_commits'");
  if (ordered?.[1] === 'OFF')
    throw new MillraceError('SNAPSHOT_WATERMARK_UNUSABLE', { kind: 'table', reason: 'binlog_order_commits is OFF' });
  const [database, table] = watermarkTable!.split('.') as [string, string];
  const target = `${quoteName(database)}.${quoteName(table)}`;
  const write = async (mark: string): Promise<void> => {
    await control.run(
      `INSERT INTO ${target} (id, mark) VALUES (1, '${mark}') ON DUPLICATE KEY UPDATE mark = '${mark}'`,
    );
  };
  await write(randomUUID());
  await reader.query(begin);
  const value = randomUUID();
  watch.expect(value);
  await write(value);
  const end: LogMark = { kind: 'written', value };
  return { end, close: () => commit(reader) };
};

/**
 * MySQL without GTIDs: while nobody may write the table, no transaction on it stands between the log and the engine, so the log's end
 * and the view say the same of it. The lock is given back as soon as both are taken.
 */
const openUnderLock = async (table: Table, { reader, control, server, clock }: ViewContext): Promise<ReadView> => {
  const query = (sql: string) => control.query(sql);
  await lockAgainstWrites(table, query, clock);
  try {
    const end = await logEnd(server, query);
    await reader.query(begin);
    return { end, close: () => commit(reader) };
  } finally {
    await control.run('UNLOCK TABLES');
  }
};

/** The lock waits for open transactions that wrote the table, and new ones wait behind it: so not for long, and again later. */
const lockWaitSeconds = 2;
const lockAttempts = 10;

const lockAgainstWrites = async (table: Table, query: MysqlConnection['query'], clock: Clock): Promise<void> => {
  await query(`SET SESSION lock_wait_timeout = ${lockWaitSeconds}`);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await query(`LOCK TABLES ${quoteName(table.database)}.${quoteName(table.name)} READ`);
      return;
    } catch (error) {
      if (!isMillraceError(error, 'MYSQL_SERVER_BUSY')) throw error;
      if (attempt === lockAttempts)
        throw new MillraceError('SNAPSHOT_LOCK_TIMEOUT', { table: qualifiedName(table), attempts: attempt });
    }
    await clock.sleep(100 * attempt);
  }
};

/** Where the log ends: everything that is visible anywhere on the server stands before it. */
export const logEnd = async (
  server: ServerFacts,
  query: MysqlConnection['query'],
): Promise<LogMark & { readonly kind: 'place' }> => {
  const renamed = server.flavor === 'mysql' && isAtLeast(server.version, 8, 2);
  const [status] = await query(renamed ? statements.logStatus : statements.masterStatus);
  return { kind: 'place', file: status?.[0] ?? '', offset: Number(status?.[1]) };
};

const commit = async (reader: ReadingSession): Promise<void> => {
  await reader.query('COMMIT');
};

const notVisible = (server: ServerFacts): MillraceError =>
  new MillraceError('SNAPSHOT_NOT_VISIBLE', { server: server.address, waitedMs: visibleWithinMs });
