import type { Origin } from '../core/change.ts';
import type { LogFigures } from '../core/operating.ts';

/** Something that tables of a query are read from together, in one order. */
export interface Input extends AsyncDisposable {
  /** Its tables are whole when it has ended, and not before. */
  readonly wholeAtEnd: boolean;
  /** Names of its tables that are not whole yet, or are being read again. */
  readonly missing: ReadonlySet<string>;
  read(signal: AbortSignal): AsyncIterable<InputStep>;
  /** How far it was applied, in the system's own words. */
  figures(): readonly LogFigures[];
}

/** A piece of what an input has. */
export interface InputStep {
  /** It ends inside a transaction. */
  readonly inside: boolean;
  /** Tells the dataflow of the rows. Gives where the first of them comes from; null: nothing that is asked for changed. */
  apply(): Origin | null;
}
