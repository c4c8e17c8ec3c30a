import type { DataflowSettings } from '../operators/incremental/dataflow.ts';
import type { BoundInsert } from '../sql/statement/bind-insert.ts';
import type { ConnectedTable } from './connected-table.ts';
import type { QueryTable } from './query-tables.ts';

/** Where and how often what a job remembers is kept. */
export interface StateSettings {
  /** Null: where the program keeps its own things. */
  readonly folder: string | null;
  /** In milliseconds; 0: nothing is kept. */
  readonly intervalMs: number;
  /** About what may stay in memory, in bytes; the rest is read when it is asked for. */
  readonly mostMemory: number;
}

/** One or several INSERT INTO that run together: what they have in common is computed once, and each tick reaches all their tables. */
export interface SqlJob {
  /** What positions are kept under in the tables' systems. */
  readonly name: string;
  readonly inserts: readonly BoundInsert<ConnectedTable>[];
  /** By the names that the queries scan. */
  readonly tables: ReadonlyMap<string, QueryTable>;
  readonly settings: DataflowSettings;
  /** What is computed from what: equal for statements that differ in nothing but their spacing. */
  readonly identity: string;
  readonly state: StateSettings;
  /** End when everything has been read, with the result of all of it. */
  readonly bounded: boolean;
}
