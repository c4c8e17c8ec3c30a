/** A link is tried again at least this often, however often it was of no use. */
const maxWaitMs = 3_600_000;

/** When a replication link is tried again that was of no use, over all attempts of a pipeline: each time twice as long after the last. */
export class LinkTries {
  readonly #usualMs: number;
  #useless = 0;
  #againMs = Number.NEGATIVE_INFINITY;

  /** `usualMs`: how long the first time. */
  constructor(usualMs: number) {
    this.#usualMs = usualMs;
  }

  /** The last link was of no use. */
  get isDoubtful(): boolean {
    return this.#useless > 0;
  }

  isDue(nowMs: number): boolean {
    return nowMs >= this.#againMs;
  }

  /** Answers in how many milliseconds it is due again. */
  wasUseless(nowMs: number): number {
    const waitMs = Math.max(this.#usualMs, Math.min(maxWaitMs, this.#usualMs * 2 ** this.#useless));
    this.#useless += 1;
    this.#againMs = nowMs + waitMs;
    return waitMs;
  }

  wasOfUse(): void {
    this.#useless = 0;
  }
}
