import type { Lane, Position } from './batch.ts';
import type { Source } from './connector.ts';
import { MillraceError } from './errors.ts';

/** What an operator sees of, and asks from, a source while it runs, beside the rows that move. */

/** The place in one system's log that is held, in that system's own words. */
export interface LogFigures {
  /** The source's name. */
  readonly source: string;
  /** The server that is read, as host:port; null: not known yet. */
  readonly server: string | null;
  readonly file: string | null;
  readonly offset: number | null;
  readonly gtids: string | null;
  /** Bytes of log after the held place; null: not known, or the log does not count in bytes. */
  readonly bytesBehind: number | null;
  /** Transactions after the held place; null: not known, or they are not numbered. */
  readonly transactionsBehind: number | null;
  /** Records after the held places, those of all partitions that are read here; left out: the log does not count in records, or it is not known yet. */
  readonly recordsBehind?: number;
  /** Writes, since reading began, to rows that the other side owns, which were not brought there; left out: no row has such an owner. */
  readonly conflicts?: number;
  /** Bytes of a stream that came, are not durable or not looked at yet, and wait here in memory and on disk; left out: there is no such spool. */
  readonly spoolBytes?: number;
  /** How often, since the process began, everything was read again because the log no longer had what comes after the held place; left out: the source does not do so. */
  readonly readAgain?: number;
  /** Whether changes may be seen late or never as it is read now; left out: they never are. */
  readonly bestEffort?: boolean;
  /** The system's clock less this machine's, in milliseconds; null: not known. */
  readonly clockSkewMs: number | null;
  /** How long the system keeps its log; null: for ever, or it was not asked yet. */
  readonly retentionSeconds: number | null;
}

/** What a sink met in its target since it was opened. */
export interface TargetFigures {
  /** Empty: none was touched yet. */
  readonly keys: readonly KeyFigures[];
  /** Empty: they were not asked yet. Left out: it asks none. */
  readonly servers?: readonly ServerFigures[];
}

/** A server of a target, as it last said. What it does not say is null. */
export interface ServerFigures {
  /** host:port */
  readonly server: string;
  /** How long its answer took, what was written before it included. */
  readonly answeredMs: number;
  readonly usedBytes: number | null;
  /** 0: no limit. */
  readonly maxBytes: number | null;
  /** Since it was started: keys that it removed to make room, and whose time was over. */
  readonly evictedKeys: number | null;
  readonly expiredKeys: number | null;
}

/** Whether keys were there of rows that the source had before, and that were to be removed or refreshed. */
export interface KeyFigures {
  /** What the sink does with the tables of these rows, in the words of its settings. */
  readonly mode: string;
  readonly hit: number;
  readonly nothing: number;
}

/** How queries stand. */
export interface QueryFigures {
  /** Rows, and goings of rows, that came too late for their windows and were left out, since the source was opened. */
  readonly lateRows: number;
  /** Results that did not fit their types since then: a DECIMAL became NULL, a whole number went around. */
  readonly overflows: number;
  /** Null: no table declares a WATERMARK. */
  readonly watermark: WatermarkFigures | null;
}

/** How far event time has come, and what holds it up. */
export interface WatermarkFigures {
  /** In milliseconds since 1970; null: nothing is known yet. */
  readonly reachedMs: number | null;
  /** How long ago it moved, or began to wait for its first row. */
  readonly stillMs: number;
  /** The table that others are ahead of, by its name in the statements; null: none holds others up. */
  readonly heldBy: string | null;
}

/** How far the snapshots are. `tables` holds those that are asked for and not done; `~` figures are the server's estimates. */
export interface SnapshotProgress {
  readonly paused: boolean;
  readonly tablesDone: number;
  readonly tables: readonly {
    readonly table: string;
    readonly rows: number;
    readonly estimatedRows: number | null;
    readonly chunks: number;
    readonly etaMs: number | null;
  }[];
}

/** Reading tables again while the log is followed. */
export interface Snapshots {
  /**
   * Reads tables again, or for the first time. `where` narrows it to some rows, and then nothing is swept. Gives the places that
   * say so: once the sinks hold them, or later ones, a restart goes on with it. Throws SNAPSHOT_UNKNOWN_TABLE, and then begins
   * nothing.
   */
  request(ask: {
    readonly tables: readonly string[];
    readonly where?: string;
    readonly reason: string;
  }): ReadonlyMap<Lane, Position>;
  /**
   * Whether the system takes `where` for these tables: one that it refuses would stop every reading, after each restart anew. Throws
   * SNAPSHOT_UNKNOWN_TABLE, SNAPSHOT_CONDITION_REFUSED, and what keeps the system from answering.
   */
  tryCondition(tables: readonly string[], where: string): Promise<void>;
  /** Stops and resumes all tables' reading; what was read leaves first. */
  pause(): void;
  unpause(): void;
  /** Ends the snapshots of these tables (all, without a list) where they stand: nothing is swept. */
  cancel(tables?: readonly string[]): void;
  readonly progress: SnapshotProgress;
}

/** A place in a log as a person names it. */
export type LogPlace =
  | { readonly at: 'gtid'; readonly gtids: string }
  | { readonly at: 'file'; readonly file: string; readonly offset: number }
  | { readonly at: 'timestamp'; readonly millis: number }
  /** Where it is. */
  | { readonly at: 'held' }
  | { readonly at: 'earliest' }
  | { readonly at: 'latest' }
  /** As the pipeline file says for a sink that holds nothing, snapshots included. */
  | { readonly at: 'configured' };

export type HeldPosition = (lane: Lane) => Promise<Position | null>;

/** Asks a source for a place; throws OFFSETS_UNSUPPORTED for one that cannot be asked. */
export const locateIn = async (
  source: Source,
  place: LogPlace,
  held: HeldPosition,
): Promise<ReadonlyMap<Lane, Position>> => {
  if (source.locate === undefined) throw new MillraceError('OFFSETS_UNSUPPORTED', undefined);
  return await source.locate(place, held);
};
