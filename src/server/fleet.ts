import type { EventRing } from './event-ring.ts';
import type { LogRing } from './log-ring.ts';
import type { Desired, PipelineView } from './pipeline-view.ts';
import type { AnswerTo, Question } from './question.ts';
import type { TailFilter, TailRows } from './tail.ts';
import type { VerificationBoard } from './verification-board.ts';

/** One pipeline as the API sees it, wherever it runs. */
export interface OperatedPipeline {
  readonly name: string;
  readonly logs: LogRing;
  readonly verifications: VerificationBoard;
  /** Every setting with its default, secrets as `***`. */
  readonly plan: unknown;
  view(): Promise<PipelineView>;
  ask<Asked extends Question>(question: Asked): Promise<AnswerTo<Asked>>;
  /** Resolves when it is asked for and will be remembered; how far it is, `view` tells. */
  want(desired: Desired): Promise<void>;
  /** Ends gracefully and begins again where the sinks are, after a failure too. */
  restart(): Promise<void>;
  /** Rows that pass from now on, until the returned function is called. */
  tail(filter: TailFilter, onRows: (rows: TailRows) => void): () => void;
}

/** All pipelines of one server. */
export interface Fleet {
  readonly pipelines: ReadonlyMap<string, OperatedPipeline>;
  readonly events: EventRing;
  /** Null: pipelines cannot be added or removed here. */
  readonly files: FleetFiles | null;
}

export interface FleetFiles {
  /** Where it is kept what pipelines should be; what else must survive the process may lie beside it. */
  readonly stateFolder: string;
  /**
   * Adds a pipeline, or changes one. A new one begins as `begin` says. Throws API_FILE_WRONG with the diagnostics beside it, and then
   * changes nothing.
   */
  put(name: string, text: string, begin?: Desired): Promise<FilePut>;
  /** Ends the pipeline and removes its file. What its sinks hold stays. */
  remove(name: string): Promise<void>;
}

export interface FilePut {
  readonly change: 'added' | 'changed' | 'unchanged';
  /** Warnings of the linter. */
  readonly diagnostics: readonly unknown[];
}
