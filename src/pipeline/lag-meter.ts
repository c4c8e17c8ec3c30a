/** How far behind the source the slowest sink is, in milliseconds from commit to durable in every sink. */
export interface Lag {
  readonly currentMs: number;
  /** The largest and the 99th percentile of the last 30 to 60 seconds. */
  readonly maxMs: number;
  readonly p99Ms: number;
}

const windowMs = 30_000;
/** Eight steps per doubling: a percentile is at most 9 % above the true one. From 1/16 ms to 2^28 ms (three days). */
const stepsPerDoubling = 8;
const doublingsBelowOne = 4;
const steps = (28 + doublingsBelowOne) * stepsPerDoubling;

/** A histogram of lags over two alternating windows, so that old ones fall out without a list of samples. */
export class LagMeter {
  #older = new Uint32Array(steps);
  #newer = new Uint32Array(steps);
  #olderMax = 0;
  #newerMax = 0;
  #window: number;

  constructor(nowMs: number) {
    this.#window = Math.floor(nowMs / windowMs);
  }

  add(nowMs: number, lagMs: number): void {
    this.#turnTo(nowMs);
    this.#newer[stepOf(lagMs)]! += 1;
    if (lagMs > this.#newerMax) this.#newerMax = lagMs;
  }

  max(nowMs: number): number {
    this.#turnTo(nowMs);
    return Math.max(this.#olderMax, this.#newerMax);
  }

  /** The smallest step that `share` of all lags stay within; 0 when there were none. */
  percentile(nowMs: number, share: number): number {
    this.#turnTo(nowMs);
    let count = 0;
    for (let step = 0; step < steps; step += 1) count += this.#older[step]! + this.#newer[step]!;
    let left = Math.ceil(count * share);
    if (left === 0) return 0;
    for (let step = 0; step < steps; step += 1) {
      left -= this.#older[step]! + this.#newer[step]!;
      if (left <= 0) return Math.min(upperBoundOf(step), this.max(nowMs));
    }
    return this.max(nowMs);
  }

  #turnTo(nowMs: number): void {
    const wanted = Math.floor(nowMs / windowMs);
    if (wanted <= this.#window) return;
    const follows = wanted === this.#window + 1;
    const emptied = this.#older.fill(0);
    this.#older = follows ? this.#newer : new Uint32Array(steps);
    this.#olderMax = follows ? this.#newerMax : 0;
    this.#newer = emptied;
    this.#newerMax = 0;
    this.#window = wanted;
  }
}

const stepOf = (lagMs: number): number => {
  const step = Math.floor((Math.log2(Math.max(lagMs, 2 ** -doublingsBelowOne)) + doublingsBelowOne) * stepsPerDoubling);
  return Math.min(step, steps - 1);
};

const upperBoundOf = (step: number): number => 2 ** ((step + 1) / stepsPerDoubling - doublingsBelowOne);
