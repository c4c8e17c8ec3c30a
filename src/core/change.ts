import type { RowImages } from './row-images.ts';
import type { Table } from './table.ts';

/** The statement kind behind a change; `read` is a snapshot's row. */
export type Op = 'read' | 'create' | 'update' | 'delete';

export type Change = RowsChange | TruncateChange | SchemaChange | SnapshotMark;

export interface RowsChange {
  readonly kind: 'rows';
  readonly op: Op;
  readonly table: Table;
  readonly rows: RowImages;
  readonly origin: Origin;
  /** Of a delete: its images hold some columns of the key alone, and every row is gone that has these values there. */
  readonly everyMatch?: true;
}

export interface TruncateChange {
  readonly kind: 'truncate';
  readonly table: Table;
  readonly origin: Origin;
}

/** A table was created (before null), altered, renamed (the names differ) or dropped (after null). */
export interface SchemaChange {
  readonly kind: 'schema';
  readonly before: Table | null;
  readonly after: Table | null;
  /** Columns that kept their values under another name, old name to new: two definitions alone cannot tell a rename from drop and add. */
  readonly renamedColumns?: ReadonlyMap<string, string>;
  readonly statement: string;
  readonly origin: Origin;
}

/**
 * Around a table's snapshot. Rows the sink held before `begin` and that no change between the two marks wrote, are gone from
 * the source: a sink that mirrors sweeps them at `end`.
 */
export interface SnapshotMark {
  readonly kind: 'snapshot';
  readonly at: 'begin' | 'end';
  readonly table: Table;
  readonly reason: string;
}

/** Where a change came from. */
export type Origin = MysqlOrigin | KafkaOrigin | RedisOrigin;

export interface MysqlOrigin {
  readonly kind: 'mysql';
  readonly flavor: 'mysql' | 'mariadb';
  /** The server_id of the server that first logged it. */
  readonly serverId: number;
  /** `uuid:number`, `uuid:tag:number` or MariaDB's `domain-server-number`; null where GTIDs are off. */
  readonly gtid: string | null;
  readonly file: string;
  /** Where the event starts in `file`. */
  readonly offset: number;
  /** Where its transaction begins in `file`, which names the transaction where there is no GTID; left out: not known. */
  readonly beginOffset?: number;
  /** When the transaction committed on its first server, in microseconds since 1970; whole seconds on servers that log no more. */
  readonly commitMicros: number;
  /** The server's thread that ran it; null where the log does not say. */
  readonly thread: number | null;
  /** The statement, where the server logs it (binlog_rows_query_log_events, binlog_annotate_row_events). */
  readonly query: string | null;
}

export interface KafkaOrigin {
  readonly kind: 'kafka';
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** Milliseconds since 1970, as the producer or the broker put it on the record. */
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  readonly headers: readonly (readonly [string, Uint8Array])[];
}

export interface RedisOrigin {
  readonly kind: 'redis';
  readonly replicationId: string;
  readonly offset: bigint;
  readonly db: number;
  /** When the first of the commands that this comes of arrived here, in milliseconds since 1970: the server says no time. Left out: not known. */
  readonly arrivedMs?: number;
}
