import type { EvaluationContext } from '../../sql/evaluate/sql-value.ts';
import type { Changes } from './delta.ts';

/** One step of a dataflow, made for one node of the plan. Within a tick it runs once, after its inputs. */
export interface Step {
  /** What the tick changed in the step's result. Emptied before the next tick. */
  readonly out: Changes;
  run(context: EvaluationContext): void;
}
