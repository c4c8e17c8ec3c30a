import type { Buffer } from 'node:buffer';
import type { HeldForm, Key, RowAudit, RowRepair } from '../../../core/reader.ts';
import type { Table } from '../../../core/table.ts';
import type { Row } from '../../../core/value.ts';
import type { KeyStore } from '../key-store.ts';
import type { Sessions } from './sessions.ts';

/** The servers that are read. What fails leaves no half of an answer behind, and may be asked again. */
export interface Keyspace {
  use<Result>(work: (sessions: Sessions) => Promise<Result>): Promise<Result>;
  /** Goes through the keys that begin so, some at a time. One may come twice, but where each is wanted `once`, which costs remembering them. */
  keys(prefix: Buffer, signal: AbortSignal, once?: 'once'): AsyncGenerator<readonly Buffer[]>;
}

export type Command = readonly (string | Uint8Array)[];

/** Rows that were found where they are kept. */
export interface FoundRows {
  readonly keys: readonly Key[];
  /** Those that are known to be wrong, whatever they hold: what is made of them is another. */
  readonly wrong?: readonly Key[];
}

/**
 * How the rows of one table are kept in Redis, for who reads them back. Redis holds no definitions, so it goes by the one that the source
 * has. Keys are those of `table`: the primary key of the source's, and behind it what else says where a row is.
 */
export interface KeptRows {
  readonly source: Table;
  readonly table: Table;
  /** null: rows are read back column by column. */
  readonly form: HeldForm | null;
  /** Rows need not be there. */
  readonly expires: boolean;
  /** Where a row is says which row it is. */
  readonly isKeyed: boolean;
  /** In the order of the keys; null where there is none. */
  lookup(store: KeyStore, keys: readonly Key[]): Promise<readonly (Row | null)[]>;
  /** Every row that is held; some may come twice. */
  walk(space: Keyspace, signal: AbortSignal): AsyncGenerator<FoundRows>;
  /** Of rows that keys in Redis do not tell apart. Left out: they always do. */
  scan?(space: Keyspace, signal: AbortSignal): AsyncGenerator<readonly Row[]>;
  count(space: Keyspace, signal: AbortSignal): Promise<number>;
  audit(space: Keyspace): RowAudit;
  /** The commands that make rows so, as the sink would; null: gone. */
  repairs(store: KeyStore, repairs: readonly RowRepair[], now: number): Promise<readonly Command[]>;
}

/** What tables have in common that are read by one reader. */
export interface KeptOptions {
  readonly now: () => number;
  /** What the keys of nests begin with. */
  readonly nest: string;
}
