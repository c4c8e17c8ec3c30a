import type { z } from 'zod';
import type { Batch, Lane, Position } from './batch.ts';
import type { Change } from './change.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import type { HeldPosition, LogFigures, LogPlace, QueryFigures, Snapshots, TargetFigures } from './operating.ts';
import type { Reader } from './reader.ts';
import type { Table } from './table.ts';
import type { UnreadableMessage } from './unreadable-message.ts';

/** What a connector is given to work with, so that tests can hand in a plain object. */
export interface Context {
  /** The pipeline's name: positions are kept under it. */
  readonly pipeline: string;
  /** How many sinks the pipeline has; left out: one. With several, a change is what every one of them holds as a whole or not at all. */
  readonly sinks?: number;
  readonly log: Log;
  readonly clock: Clock;
  /** Keeps messages that a source could not read; resolves when they are durable. Left out: such a message stops the source. */
  readonly putAside?: (messages: readonly UnreadableMessage[]) => Promise<void>;
  /** Told by `check` of each thing that is as it should be, in a few words; left out: nobody asks. */
  readonly passed?: (what: string) => void;
}

/** Reads whole transactions from one system, each lane in its order. */
export interface Source extends AsyncDisposable {
  /**
   * Yields every batch after what `held` answers for its lane (null: from the configured start). Returns when `signal` aborts.
   * `release` gives a lane up that goes to another process: it resolves when all that was yielded of it is durable in every sink. Left
   * out: lanes stay where they are.
   */
  read(
    held: (lane: Lane) => Promise<Position | null>,
    signal: AbortSignal,
    release?: ReleaseLane,
  ): AsyncIterable<Batch>;
  /** Whether a sink that holds `held` already has everything up to `at`. Only the source can compare. */
  covers(held: Position, at: Position): boolean;
  /**
   * Whether a sink that holds `held` already has this change. The same log may be cut into other batches when it is read again,
   * so that one begins before and ends after what one of several sinks holds: what that sink has is then left out of it.
   */
  holds(held: Position, change: Change): boolean;
  /**
   * Whether sinks may get all of a lane again, from nothing, when none of them is at a place that all of them are past: a
   * snapshot's lane, of which each may hold another reading. Left out: no lane.
   */
  beginsAnew?(lane: Lane): boolean;
  /** Other processes read other lanes under this pipeline's name, and may take lanes of this one over. Left out: none do. */
  readonly sharesLanes?: boolean;
  /**
   * Tables whose snapshot is asked for or under way, as `database.table` and as of now; null: not known yet, as long as the source
   * has not looked at what the sinks hold. A source that goes on with a snapshot after a restart hands on no `begin` mark again, so
   * only it can tell. Left out: the marks say all.
   */
  snapshotting?(): readonly string[] | null;
  /** Called once every sink holds these durably, so the source may let go of what came before. */
  acknowledge?(held: ReadonlyMap<Lane, Position>): Promise<void>;
  /** The held places in the system's own words: one entry per log that is read. Asks nobody, so it costs nothing. */
  figures?(held: ReadonlyMap<Lane, Position>): readonly LogFigures[];
  /** How its queries stand; null: it has none whose windows close. Left out: it has no queries. Asks nobody. */
  query?(): QueryFigures | null;
  /** Reading tables again; null: nothing is being read now. Left out: the source has no snapshots. */
  readonly snapshots?: Snapshots | null;
  /**
   * The positions that sinks must hold so that reading begins at `place`. Asks the system and changes nothing; throws when the
   * system does not have that place.
   */
  locate?(place: LogPlace, held: HeldPosition): Promise<ReadonlyMap<Lane, Position>>;
}

export type ReleaseLane = (lane: Lane) => Promise<void>;

/** Writes whole transactions to one system. */
export interface Sink extends AsyncDisposable {
  /** Takes the lane for this writer, so that an older writer's next write fails, and says what is held durably. */
  claim(lane: Lane): Promise<Position | null>;
  /**
   * Resolves when `batch` and its positions are durable together. Writing the same batch twice leaves the same rows. Rejects with
   * SINK_ROW_REFUSED for a row and SINK_SCHEMA_REFUSED for a schema change that this target will not take, and has then done nothing
   * of the batch: what is to be done about it is not the sink's to decide.
   */
  write(batch: Batch, signal: AbortSignal): Promise<void>;
  /**
   * Forgets a lane that another process is to have: nothing of it comes any more unless it is claimed again. Left out: this sink has
   * one writer for the whole pipeline.
   */
  release?(lane: Lane): void;
  /**
   * Looks after the target while nothing is written, from the first claim on: rejects when it no longer holds what it was given.
   * Returns when `signal` aborts. Left out: only the next write tells.
   */
  watch?(signal: AbortSignal): Promise<void>;
  /** What it met in its target. Left out: nothing that it counts. Asks nobody, so it costs nothing. */
  figures?(): TargetFigures;
  /** How many writes may be under way at once (default 1). Positions still become durable in order. */
  readonly inFlight?: number;
  /** It takes deletes with `everyMatch`. Left out: the pipeline refuses them. */
  readonly takesEveryMatch?: true;
  /** It leaves what it holds in columns with `ownedByTarget` as it is. Left out: the pipeline refuses rows of such tables. */
  readonly keepsOwnColumns?: true;
}

/** Reads messages again that a source had put aside. */
export interface Rereader extends AsyncDisposable {
  /** The changes that the message holds, in their order. Throws as the source would. */
  read(message: UnreadableMessage): Promise<readonly Change[]>;
}

/** Something an operator must fix before a pipeline can run, with the statement or edit that repairs it. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly remedy: string | null;
  /** A warning lets the pipeline run. */
  readonly severity: 'error' | 'warning';
}

/** What can be done with a system whose settings are checked already: all that a running pipeline needs, without any schema. */
export interface Ends<Config = unknown> {
  openSource?(config: Config, context: Context): Promise<Source>;
  openSink?(config: Config, context: Context): Promise<Sink>;
  openReader?(config: Config, context: Context): Promise<Reader>;
  /** Of sources that put messages aside. */
  openRereader?(config: Config, context: Context): Promise<Rereader>;
  /**
   * For each table the statements that the sink would run now, so that it can take the table's rows; none: the target is ready.
   * Changes nothing. Left out: the sink has no definitions.
   */
  planTables?(config: Config, context: Context, tables: readonly Table[]): Promise<readonly (readonly string[])[]>;
  /** What an operator must fix before a pipeline can run. Empty means ready. */
  check(config: Config, context: Context): Promise<readonly Problem[]>;
}

/** Everything millrace knows about a system: its name, its settings, and how to open each end. */
export interface Connector<Schema extends z.ZodType = z.ZodType> extends Ends<z.output<Schema>> {
  readonly type: string;
  /** Types, defaults, JSON Schema, docs table and error messages come from this one schema. */
  readonly config: Schema;
}

/** A connector's settings as a pipeline file holds them: defaults may be left out. */
export type SettingsOf<Of extends Connector> = z.input<Of['config']>;

/** Keeps a connector's schema type while checking it against the contract. */
export const defineConnector = <Schema extends z.ZodType>(connector: Connector<Schema>): Connector<Schema> => connector;
