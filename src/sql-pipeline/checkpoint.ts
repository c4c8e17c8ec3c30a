import type { EntryStart } from '../operators/incremental/state/entry-shape.ts';
import type { SqlType } from '../sql/types/sql-type.ts';
import type { TickPlace } from '../state/tick-journal.ts';
import type { InputPlace } from './tick-record.ts';

/** The moment that a state file holds, and what it holds of it. */
export interface Checkpoint extends TickPlace {
  /** The job's name. */
  readonly name?: string;
  /** When it was written, in milliseconds since 1970. */
  readonly at?: number;
  /** What the job computed, word by word. */
  readonly job: string;
  /** What steps hang on beside their queries: millrace's version, the time zone and the like. Left out by versions before. */
  readonly surroundings?: string;
  readonly steps?: readonly KeptStep[];
  readonly outputs?: readonly KeptOutput[];
  readonly inputs: readonly KeptInput[];
}

/** A step that remembers something, under `stepSpace` of its fingerprint. */
export interface KeptStep {
  readonly fingerprint: string;
  /** As EXPLAIN shows it. */
  readonly step: string;
  /** How many states it has. */
  readonly states: number;
  /** What the entries of each hold, so that they can be read without the query; null: its step alone knows. Left out by versions before. */
  readonly entries?: readonly (KeptEntries | null)[];
}

/** Rows in the entries of a state. */
export interface KeptEntries {
  /** What it is in its step: `groups`, `left`. */
  readonly name: string;
  readonly start: EntryStart;
  /** Those whose values are kept. */
  readonly columns: readonly KeptColumn[];
  /** Those of `columns` that all rows under one key have in common. */
  readonly key: readonly KeptColumn[];
}

export interface KeptColumn {
  /** In the row. */
  readonly place: number;
  readonly name: string;
  readonly type: SqlType;
}

/** What was written to a table. */
export interface KeptOutput {
  /** Which table, and where. */
  readonly target: string;
  /** Of the queries whose rows stand in it; null: it may be of several. */
  readonly fingerprint: string | null;
}

export interface KeptInput {
  readonly identity: string;
  readonly tables: readonly KeptTable[];
  readonly place: InputPlace;
}

export interface KeptTable {
  readonly name: string;
  readonly identity: string;
  /** Left out by versions before, which is like none. */
  readonly definition?: string;
  readonly read?: readonly string[];
  /** The columns that are read. Left out by versions before. */
  readonly columns?: readonly KeptColumn[];
  /** Its primary key, whose values rows are found by, whoever reads them; empty: there is none. */
  readonly key?: readonly { readonly name: string; readonly isBytes: boolean }[];
}

export const stepSpace = (fingerprint: string, state: number): string => `step/${fingerprint}/${state}`;

export const tableSpace = (identity: string, state: number): string => `table/${identity}/${state}`;
