import type { Origin } from '../core/change.ts';
import type { LogFigures } from '../core/operating.ts';
import type { ScannedTable } from './scanned-table.ts';
import type { InputPlace } from './tick-record.ts';

/** Something that tables of a query are read from together, in one order. */
export interface Input extends AsyncDisposable {
  /** Its tables are whole when it has ended, and not before. */
  readonly wholeAtEnd: boolean;
  /** Names of its tables that are not whole yet, or are being read again. */
  readonly missing: ReadonlySet<string>;
  /** How it goes on where it was; null: it is read from its start each time. */
  readonly resumable: ResumableInput | null;
  read(signal: AbortSignal): AsyncIterable<InputStep>;
  /** How far it was applied, in the system's own words. */
  figures(): readonly LogFigures[];
}

/** An input that can be read from any place at which it was. */
export interface ResumableInput {
  /** What it reads, and where: equal for the same, over restarts. Without secrets. */
  readonly identity: string;
  readonly tables: readonly ScannedTable[];
  /** How far it was applied: another object whenever that changed. */
  readonly place: InputPlace;
  /**
   * Before it is read: its tables are as they were at `from`. `recorded`: where ticks ended since, in order. Steps tell by
   * `reaches` when each is reached. `again`: tables that were not there or are to be read again, while the others go on. Throws
   * STATE_LOG_LOST when a place is not to be reached.
   */
  resume(from: InputPlace, recorded: readonly InputPlace[], again?: readonly ScannedTable[]): void;
  /** It can read single tables from their beginning while others go on. */
  readonly readsTablesApart: boolean;
}

/** A piece of what an input has. */
export interface InputStep {
  /** It ends inside a transaction. */
  readonly inside: boolean;
  /** It ends at the next of the recorded places. */
  readonly reaches?: boolean;
  /** Tells the dataflow of the rows. Gives where the first of them comes from; null: nothing that is asked for changed. */
  apply(): Origin | null;
}
