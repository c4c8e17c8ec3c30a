import type { Op, Origin } from '../../core/change.ts';
import type { Value } from '../../core/value.ts';

/** A row by column names, of canonical values (core/value.ts). A column that was not logged is left out, which is not NULL. */
export type NamedRow = Readonly<Record<string, Value>>;

/** What a step is told of the change that a row belongs to. */
export interface ProcessedChange {
  readonly op: Op;
  /** `database.table` at the source. */
  readonly table: string;
  /** Which image of the change the row is: an update has both. */
  readonly image: 'before' | 'after';
  readonly before: NamedRow | null;
  readonly after: NamedRow | null;
  readonly origin: Origin;
  /** Aborts when the call has had its time, and when the pipeline ends. */
  readonly signal: AbortSignal;
}

type OrLater<Result> = Result | Promise<Result>;

/**
 * A user's own step between source and sinks. For each row `filter` is asked first, then `map` or `flatMap`, then `lookup`. All of them
 * see both images of an update, one after the other, but `lookup`, which sees what is written alone. After a crash a row may come again,
 * so steps must do the same to the same row; what `lookup` answers may have changed by then, and the newer answer is written.
 */
export interface Process {
  /**
   * Columns that rows get (`country: 'varchar(2)'`, types as SQL writes them) or lose (`secret: null`). Values are checked against them.
   */
  readonly columns?: Readonly<Record<string, string | null>>;
  /** With `flatMap`: the columns that name each row of the result; they hold the source's key and something more. */
  readonly key?: readonly string[];
  /** False: the row does not reach the sinks. An update that leaves or enters what passes becomes a delete or a create. */
  filter?(row: NamedRow, change: ProcessedChange): OrLater<boolean>;
  /** The row as it goes on, whole. */
  map?(row: NamedRow, change: ProcessedChange): OrLater<NamedRow>;
  /** Rows in place of one. An update writes those of the row after it, and deletes those of the row before it that are gone. */
  flatMap?(row: NamedRow, change: ProcessedChange): OrLater<readonly NamedRow[]>;
  /** What to add to a row that is written: asked of another system. */
  lookup?(row: NamedRow, change: ProcessedChange): OrLater<NamedRow>;
}

/** Checks a process's types as it is written. */
export const defineProcess = (process: Process): Process => process;
