/** Lags in milliseconds, in steps fine enough for a hundredth. */
const stepsPerMs = 4;
const steps = 4_000 * stepsPerMs;

/** How late rows were, second by second, with the first seconds left out of the whole: there programs are still being compiled. */
export class LagSummary {
  readonly #warmUpSeconds: number;
  readonly #seconds: Uint32Array[] = [];
  #startedMs = Number.NaN;
  #rows = 0;

  constructor(warmUpSeconds: number) {
    this.#warmUpSeconds = warmUpSeconds;
  }

  /** Of all that came since the warm-up. */
  get rows(): number {
    return this.#rows;
  }

  /** Seconds since the first row, the warm-up left out. */
  secondsAt(nowMs: number): number {
    return Number.isNaN(this.#startedMs) ? 0 : (nowMs - this.#startedMs) / 1_000 - this.#warmUpSeconds;
  }

  /** A row that was committed `lagMs` before `nowMs`. */
  add(lagMs: number, nowMs: number): void {
    if (Number.isNaN(this.#startedMs)) this.#startedMs = nowMs;
    const second = Math.floor((nowMs - this.#startedMs) / 1_000) - this.#warmUpSeconds;
    if (second < 0) return;
    this.#seconds[second] ??= new Uint32Array(steps);
    const step = Math.min(steps - 1, Math.max(0, Math.floor(lagMs * stepsPerMs)));
    this.#seconds[second][step]! += 1;
    this.#rows += 1;
  }

  /** Of the whole, and the slowest hundredth of each second: whether one bad moment or every second makes the whole what it is. */
  figures(prefix = ''): Readonly<Record<string, number>> {
    const whole = new Uint32Array(steps);
    const figures: Record<string, number> = {};
    for (const counts of this.#seconds) for (let i = 0; i < steps; i += 1) whole[i]! += counts?.[i] ?? 0;
    const name = (text: string): string =>
      prefix === '' ? text : `${prefix}${text[0]!.toUpperCase()}${text.slice(1)}`;
    figures[name('p50Ms')] = quantile(whole, 0.5);
    figures[name('p99Ms')] = quantile(whole, 0.99);
    figures[name('maxMs')] = quantile(whole, 1);
    if (prefix !== '') return figures;
    for (const [second, counts] of this.#seconds.entries()) {
      if (counts !== undefined) figures[`second${second + 1}P99Ms`] = quantile(counts, 0.99);
    }
    return figures;
  }
}

/** The upper end of the step that holds this share of the rows. */
const quantile = (counts: Uint32Array, share: number): number => {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (let step = 0; step < counts.length; step += 1) {
    seen += counts[step]!;
    if (seen >= total * share) return (step + 1) / stepsPerMs;
  }
  return 0;
};
