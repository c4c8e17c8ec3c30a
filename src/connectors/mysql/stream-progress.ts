import type { Lane, Position } from '../../core/batch.ts';
import type { Change } from '../../core/change.ts';
import type { Context } from '../../core/connector.ts';
import type { Snapshots } from '../../core/operating.ts';
import type { Table } from '../../core/table.ts';
import type { BinlogPlace } from './binlog-place.ts';
import type { MysqlConfig } from './config.ts';
import type { MysqlConnection } from './connection.ts';
import type { ServerFacts } from './server-facts.ts';

/**
 * How the log's reader and the snapshots that run beside it work together. `MysqlSource.read` is the only loop:
 *
 *     for each step of the stream        yield what run.observe(step) returns; null: the step waits, so yield take()'s steps (or
 *                                        await run.ready()) and observe the same step again
 *     whenever run.take() has a step     yield { changes, positions: { ...step.positions, log lane: place of the stream } }
 *     stream idle                        await whichever comes first: the next chunk of the log, or run.ready()
 *
 * So a chunk's rows always leave after every stream step that was observed, and before any that was not. `take` is never called
 * between the parts of one transaction. Heartbeats, rotations and skipped transactions move `place` too, so they are observed: a
 * chunk waits until `place` has reached the end of the log as it was when the chunk was read.
 *
 * A trap for whoever chooses watermarks: a transaction reaches the log, and so `observe`, before its rows become visible to a
 * SELECT on another connection. A chunk read in that window holds rows that are older than what the sink already got. Either wait
 * until the server says that it executed everything in `place` (gtid_executed, or a write of one's own that commits after it),
 * or keep the keys of the changes observed since the last time that was known.
 */

/** One step of the stream: whole transactions, one part of a huge one, or a heartbeat (no changes). */
export interface StreamStep {
  /** Just after the last whole transaction of this step. Its GTID set goes on changing: valid during the call only. */
  readonly place: BinlogPlace;
  /**
   * In commit order, of captured tables and of the watermark table (`scan.watermark.table`) only, with nothing dropped, masked or
   * renamed yet. Row bytes are valid during the call only: copy the keys that are kept.
   */
  readonly changes: readonly Change[];
  /** The step ends inside a transaction: more parts of it follow. No chunk may be read as of such a place. */
  readonly open: boolean;
}

/** Rows (op `read`) and marks of one or more chunks, and the place of each table's snapshot lane once they are held. */
export interface SnapshotStep {
  readonly changes: readonly Change[];
  readonly positions: ReadonlyMap<Lane, Position>;
}

/** The snapshots of one source. Lives as long as the source's `read`. */
export interface SnapshotRun extends Snapshots, AsyncDisposable {
  /**
   * Called for every step of the stream, in order, before its batch is yielded. Returns the changes to yield: all of them but the
   * watermark table's, and those that a keyless table's scan already holds. null: the step may not leave before the rows that
   * `take` will give (a table without any key is being read at one exact point). Never throws for what is only slow.
   */
  observe(step: StreamStep): readonly Change[] | null;
  /** The next step that may leave now; null: none yet. Throws what made the snapshot fail. */
  take(): SnapshotStep | null;
  /** Resolves when `take` may have something to give although the stream stands still, or when `signal` aborts. Never rejects. */
  ready(signal: AbortSignal): Promise<void>;
  /** Nothing is running or asked for. In `scan.startup.mode: snapshot` the source's `read` returns then. */
  readonly finished: boolean;
}

export interface SnapshotRequest {
  readonly config: MysqlConfig;
  readonly context: Context;
  readonly server: ServerFacts;
  /** Each table has its lane, `<lanePrefix>:<database>.<table>`, so that a position is small however many tables there are. */
  readonly lanePrefix: string;
  /** What the sinks hold of a table's lane; null: nothing, so `initial` and `snapshot` begin a snapshot of that table. */
  readonly held: (lane: Lane) => Promise<Position | null>;
  /**
   * `unfinished`: tables that no snapshot finished, from where each stands (`initial`, `snapshot`). `again`: all of `tables` from
   * nothing, because the log was not readable from the held place. `asked`: only what an earlier `request` left unfinished.
   */
  readonly begin: 'unfinished' | 'again' | 'asked';
  /** Why rows are read at all: `initial`, or what made the log unreadable from the held position. Goes into the marks. */
  readonly reason: string;
  /** Definitions of the captured tables as of `start`. */
  readonly tables: ReadonlyMap<string, Table>;
  /** From where the stream reads. */
  readonly start: BinlogPlace;
  /** Where the log ended when that was decided: no sink is past it. */
  readonly end: Pick<BinlogPlace, 'file' | 'offset'>;
  /** A new authenticated connection with the session set up for reading (utf8mb4, UTC, no strictness). */
  readonly connect: (signal: AbortSignal) => Promise<MysqlConnection>;
  readonly signal: AbortSignal;
}

/** Made by `snapshot/`, called once for each `read`. */
export type OpenSnapshotRun = (request: SnapshotRequest) => Promise<SnapshotRun>;
