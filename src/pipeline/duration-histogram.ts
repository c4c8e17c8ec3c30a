/** Upper ends of the steps, in seconds: from a commit on a fast disk to a target that was away for five minutes. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300] as const;

/** What was counted so far, as plain JSON. */
export interface DurationCounts {
  /** By step: how many took as long as its upper end (`le`, in seconds) or less, but longer than the step before. */
  readonly steps: readonly { readonly le: number; readonly count: number }[];
  /** How many there were, those beyond the last step too. */
  readonly count: number;
  readonly sumSeconds: number;
}

/** Durations since the pipeline was made, in fixed steps, so that those of several processes can be added up. */
export class DurationHistogram {
  readonly #counts = new Float64Array(bounds.length);
  #count = 0;
  #sumSeconds = 0;

  add(ms: number): void {
    const seconds = ms / 1_000;
    this.#count += 1;
    this.#sumSeconds += seconds;
    for (let step = 0; step < bounds.length; step += 1) {
      if (seconds <= bounds[step]!) {
        this.#counts[step]! += 1;
        return;
      }
    }
  }

  counts(): DurationCounts {
    return {
      steps: bounds.map((le, step) => ({ le, count: this.#counts[step]! })),
      count: this.#count,
      sumSeconds: this.#sumSeconds,
    };
  }
}
