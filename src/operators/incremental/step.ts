import type { EvaluationContext } from '../../sql/evaluate/sql-value.ts';
import type { Changes, SqlRow } from './delta.ts';
import type { KeyedState } from './state/keyed-state.ts';

/** One step of a dataflow, made for one node of the plan. Within a tick it runs once, after its inputs. */
export interface Step {
  /** What the tick changed in the step's result. Emptied before the next tick. */
  readonly out: Changes;
  run(context: EvaluationContext): void;
  /** Of a step that needs rows of a system: before `run`, what it has to know, each once; none: it needs nothing. */
  questions?(): readonly SqlRow[];
  /** Before `run`, when it had questions: the rows for each. */
  answered?(answers: readonly (readonly SqlRow[])[]): void;
  /**
   * What it remembers from tick to tick, all of it, so that a step made for the same node goes on where this one was once that
   * is restored; none: it remembers nothing. Left out: it cannot be restored, and a query with such a step is computed anew at each start.
   */
  readonly memory?: Memory;
  /** What it remembers has an end of its own, or is a table as it stands: a time to live does not touch it. */
  readonly keepsOwnTime?: true;
  /** The rows of its result as they stand between ticks, with how often; left out: it does not know them. */
  contents?(context: EvaluationContext): Iterable<readonly [row: SqlRow, weight: number]>;
  /** Called once `memory` is as it was after some tick. */
  restored?(): void;
}

// biome-ignore lint/suspicious/noExplicitAny: entries are known to their step only.
export type Memory = readonly KeyedState<any>[];

/** The memory of a step that has none. */
export const remembersNothing: Memory = [];
