import type { z } from 'zod';
import type { connectionSettings } from '../connectors/redis/connection-settings.ts';
import type { routeSettings } from '../connectors/redis/route-settings.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Value } from '../core/value.ts';

/** A row by column names, of canonical values (core/value.ts). Frozen, because readers share it. */
export type CachedRow = Readonly<Record<string, Value>>;

/** The tables of a database as `millrace types` writes them: `database.table` -> its rows, and the names of its key's columns. */
export interface TableTypes {
  readonly [table: string]: { readonly row: CachedRow; readonly key: string };
}

/** The columns that name a row, and their values. */
export type KeyOf<Type extends { readonly row: object; readonly key: string }> = Pick<
  Type['row'],
  Type['key'] & keyof Type['row']
>;

/**
 * How a Redis is reached: the settings of the Redis sink, those of Sentinels among them, or `redis://user:password@host:port/database`,
 * or `rediss://` for TLS. The database is 0 where none is named. One node of a cluster leads to the others.
 */
export type RedisAddress = string | z.input<z.ZodObject<typeof connectionSettings & typeof routeSettings>>;

/** How a MySQL is reached: names as in a pipeline file, or `mysql://user:password@host:port`. */
export type MysqlAddress =
  | string
  | {
      readonly hostname: string;
      readonly port?: number;
      readonly username: string;
      readonly password?: string;
      readonly 'ssl.mode'?: 'disabled' | 'preferred' | 'required' | 'verify-ca' | 'verify-identity';
      readonly 'ssl.ca'?: string;
      readonly 'ssl.cert'?: string;
      readonly 'ssl.key'?: string;
    };

export interface CacheOptions {
  readonly redis: RedisAddress;
  /** Where is written, and read what no replica has yet. */
  readonly mysql: MysqlAddress;
  /** Where misses are read once they have what the pipeline has applied. Used in turn; left out: the primary. */
  readonly replicas?: readonly MysqlAddress[];
  /** The pipeline that keeps this Redis true. Left out: none does, and the application invalidates what it changes. */
  readonly pipeline?: string;
  /** `name` of that pipeline's source. Default: `mysql`. */
  readonly source?: string;
  /** `position.prefix` of that pipeline's sink. Default: `millrace`. */
  readonly positionPrefix?: string;
  /** Statements that may run at once on each server. Default: 8. */
  readonly maxReads?: number;
  /** Reads that may wait for one of them; more are refused with CACHE_OVERLOADED. Default: 1000. */
  readonly maxWaitingReads?: number;
  /** After how long without an answer Redis counts as away. Default: 500. */
  readonly redisTimeoutMs?: number;
  readonly log?: Log;
  readonly clock?: Clock;
}

/**
 * What the pipeline does to the keys of a table, in the words of the sink:
 *
 * - `mirror`: every row is there. A key that is missing says that there is no such row.
 * - `hot`: rows that are there are refreshed; others are brought by who reads them.
 * - `invalidate`: a row that changes is removed, and brought back by who reads it.
 * - `aside`: no pipeline. The application calls `invalidate` after it wrote.
 */
export type TableMode = 'mirror' | 'hot' | 'invalidate' | 'aside';

export interface CachedTableOptions {
  /** Default: `mirror` with a pipeline, `aside` without. */
  readonly mode?: TableMode;
  /** As the sink's `key`. Default: `%{database}:%{table}:%{key}`. */
  readonly key?: string;
  /** Indexes that the sink keeps with the rows (`sink.tableId-to-index.mapping`), `customer_id,status` each, for `getBy`. Of a `mirror` alone. */
  readonly indexes?: readonly string[];
  /**
   * Write-behind: `put` and `remove` write to Redis, and `applyWrites` carries that into MySQL. What was changed in MySQL meanwhile is
   * a conflict, which is counted and kept in `millrace_write_conflicts`: `mysql` leaves MySQL's row, `redis` writes over it. Of a table
   * that no pipeline writes to Redis (`aside`). Left out: there is neither.
   */
  readonly writeBehind?: { readonly conflicts: 'mysql' | 'redis' };
  /** How long a row that was brought counts as fresh. Default: 300 000. */
  readonly ttlMs?: number;
  /** Share of `ttlMs` that is left off at random, so that rows brought together do not leave together. Default: 0.1. */
  readonly jitter?: number;
  /** How much longer a row may be served while one reader brings it anew (stale-while-revalidate). Default: 0. */
  readonly graceMs?: number;
  /** How long it is remembered that there is no such row. 0: not at all. Default: 5 000. */
  readonly negativeTtlMs?: number;
  /** How long who brings a row keeps others from doing the same; renewed as long as it works. Default: 3 000. */
  readonly leaseMs?: number;
  /** How long others wait for a row that somebody brings, before they read it themselves. Default: 5 000. */
  readonly waitMs?: number;
  /** Rows kept in this process, told by the server when they change (RESP3 tracking). Left out: none. */
  readonly local?: { readonly maxRows: number };
}

/** Names what a write did, for reads that must see it. A GTID or a GTID set as the server words it. */
export type WriteToken = string & { readonly __writeToken: unique symbol };

export interface ReadOptions {
  /** Read your writes: what `write` gave. */
  readonly atLeast?: WriteToken | null;
  /** How long to wait until the pipeline has applied it. Default: 200. */
  readonly timeoutMs?: number;
  /** What to do then: read MySQL's primary (default), take what Redis has, or throw CACHE_BEHIND. */
  readonly onTimeout?: 'mysql' | 'stale' | 'throw';
}

/** Counts since the cache was opened. */
export interface TableStats {
  /** Reads, one for each key. */
  readonly reads: number;
  /** Of these: found in this process, found in Redis, known to be no row (also by `mirror`), served in their grace, or not there. */
  readonly localHits: number;
  readonly hits: number;
  readonly negativeHits: number;
  readonly staleHits: number;
  readonly misses: number;
  /** Reads that waited for what another process brought. */
  readonly waits: number;
  /** Statements sent to MySQL, and rows they gave. */
  readonly loads: number;
  readonly loadedRows: number;
  /** Of these statements: sent to a replica. */
  readonly replicaLoads: number;
  readonly fills: number;
  /** Rows that were brought and not kept, because something newer had come meanwhile. */
  readonly rejectedFills: number;
  /** Reads that Redis did not answer, so that MySQL did. */
  readonly redisFailures: number;
  /** Reads with `atLeast` that MySQL's primary answered, because the pipeline was not there in time. */
  readonly behind: number;
  /** Rows that `put` and `remove` wrote here, and writes that `applyWrites` carried into MySQL here. */
  readonly writes: number;
  readonly appliedWrites: number;
  /** Of these writes: those of rows that had changed in MySQL meanwhile, and those that MySQL refused. */
  readonly conflicts: number;
  readonly refusedWrites: number;
  readonly localRows: number;
  readonly localEvictions: number;
  /** (localHits + hits + negativeHits + staleHits) / reads. */
  readonly hitRatio: number;
  /** The keys read most, with how often at most, and by how much that may be too high. */
  readonly hotKeys: readonly { readonly key: string; readonly reads: number; readonly error: number }[];
}

export interface CacheStats {
  readonly redis: 'up' | 'down';
  /** Connections to Redis that were lost. */
  readonly reconnects: number;
  /** Reads that wait for a free session of MySQL now. */
  readonly waitingReads: number;
  readonly tables: Readonly<Record<string, TableStats>>;
}
