import type { SnapshotStep } from '../stream-progress.ts';
import type { LogMark } from './stream-watch.ts';

/** A step that may leave once the stream has passed `after`; null: at once. */
export interface HeldStep {
  readonly after: LogMark | null;
  /** Called when it leaves: only then is known which rows the stream has changed. */
  readonly build: () => SnapshotStep;
}

/** What one table's scan has read and the sink has not taken yet, in order. Bounded: who pushes awaits `space` first. */
export class HeldSteps {
  readonly #maxSteps: number;
  readonly #pushed: () => void;
  #steps: HeldStep[] = [];
  #shrunk = Promise.withResolvers<void>();

  /** `pushed` is called whenever there is something more to take. */
  constructor(options: { readonly maxSteps: number; readonly pushed: () => void }) {
    this.#maxSteps = options.maxSteps;
    this.#pushed = options.pushed;
  }

  get full(): boolean {
    return this.#steps.length >= this.#maxSteps;
  }

  get empty(): boolean {
    return this.#steps.length === 0;
  }

  push(step: HeldStep): void {
    this.#steps.push(step);
    this.#pushed();
  }

  /** Whether the first step may leave. */
  ready(reached: (mark: LogMark) => boolean): boolean {
    const step = this.#steps[0];
    return step !== undefined && (step.after === null || reached(step.after));
  }

  /** Takes the first step when it may leave. */
  take(reached: (mark: LogMark) => boolean): HeldStep | null {
    if (!this.ready(reached)) return null;
    const step = this.#steps.shift()!;
    this.#shrink();
    return step;
  }

  clear(): void {
    this.#steps = [];
    this.#shrink();
  }

  /** Resolves when another step may be pushed. */
  async space(): Promise<void> {
    while (this.full) await this.#shrunk.promise;
  }

  /** Resolves when everything that was pushed has been taken. */
  async drained(): Promise<void> {
    while (!this.empty) await this.#shrunk.promise;
  }

  #shrink(): void {
    const shrunk = this.#shrunk;
    this.#shrunk = Promise.withResolvers<void>();
    shrunk.resolve();
  }
}
