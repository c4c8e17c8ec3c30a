import { MillraceError } from '../core/errors.ts';
import type { OperatedPipeline } from './fleet.ts';
import type { LogRing } from './log-ring.ts';
import type { PipelineRunner } from './pipeline-runner.ts';
import type { Desired, PipelineView } from './pipeline-view.ts';
import type { AnswerTo, Question } from './question.ts';
import type { TailFilter, TailRows } from './tail.ts';
import { VerificationBoard } from './verification-board.ts';

export interface LocalOptions {
  readonly runner: PipelineRunner;
  readonly file: string;
  readonly plan: unknown;
  readonly logs: LogRing;
  /** Ends the pipeline gracefully, for good. */
  readonly stop: () => void;
}

/** How long a restart waits for both ends to be closed, in milliseconds. */
const restWithinMs = 60_000;

/** A pipeline in this process, as `millrace run` has it. What was asked of it is forgotten when the process ends. */
export class LocalPipeline implements OperatedPipeline {
  readonly name: string;
  readonly logs: LogRing;
  readonly plan: unknown;
  readonly verifications = new VerificationBoard();
  readonly #options: LocalOptions;
  readonly #startedAt = new Date().toISOString();
  #desired: Desired = 'running';

  constructor(options: LocalOptions) {
    this.name = options.runner.name;
    this.logs = options.logs;
    this.plan = options.plan;
    this.#options = options;
  }

  async view(): Promise<PipelineView> {
    const { runner, file } = this.#options;
    return {
      ...runner.status(),
      file,
      desired: this.#desired,
      process: { pid: process.pid, startedAt: this.#startedAt, restarts: 0, lastEnd: null },
      verifications: this.verifications.list(),
    };
  }

  async ask<Asked extends Question>(question: Asked): Promise<AnswerTo<Asked>> {
    return await this.#options.runner.answer(question);
  }

  async want(desired: Desired): Promise<void> {
    const { runner, stop } = this.#options;
    if (this.#desired === 'stopped' && desired !== 'stopped') {
      throw new MillraceError('API_NOT_SUPPORTED', { what: 'going on after a stop' });
    }
    this.#desired = desired;
    if (desired === 'running') runner.resume();
    else if (desired === 'paused') runner.pause();
    else stop();
  }

  async restart(): Promise<void> {
    const { runner } = this.#options;
    if (this.#desired !== 'running')
      throw new MillraceError('API_NOT_SUPPORTED', { what: 'a restart after a pause or stop' });
    if (runner.status().health === 'failed')
      throw new MillraceError('API_NOT_SUPPORTED', { what: 'a restart after a failure' });
    runner.pause();
    await runner.rest(restWithinMs);
    runner.resume();
  }

  tail(filter: TailFilter, onRows: (rows: TailRows) => void): () => void {
    return this.#options.runner.tail(filter, onRows);
  }
}
