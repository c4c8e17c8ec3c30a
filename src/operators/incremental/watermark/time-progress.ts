import type { Whole } from '../../../sql/evaluate/sql-value.ts';
import type { Step } from '../step.ts';

/** How far the time has come that windows close by: event time by the watermark, or the time of the ticks. In microseconds. */
export interface TimeProgress {
  /** What had been reached when the last tick ended: what belongs before it comes too late. */
  readonly before: Whole;
  /** What has been reached with this tick. */
  readonly reached: Whole;
  /** Rows, and goings of rows, that came too late for their windows. */
  lateRows: number;
}

/** A step with windows that are open. */
export interface ClosingStep extends Step {
  /** The last moment of the window that ends next, by the windows' own clock; null: none is open. */
  readonly nextEnd: Whole | null;
}
