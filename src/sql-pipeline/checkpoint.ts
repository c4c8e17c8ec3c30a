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
}

export const stepSpace = (fingerprint: string, state: number): string => `step/${fingerprint}/${state}`;

export const tableSpace = (identity: string, state: number): string => `table/${identity}/${state}`;
