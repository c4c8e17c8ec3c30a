/** How much went past one point, per second. */
export interface Speed {
  readonly rowsPerSecond: number;
  readonly bytesPerSecond: number;
}

const bucketMs = 500;
const buckets = 20;

/** Rates over the last ten seconds (less while younger), from a ring of half-second sums. */
export class SpeedMeter {
  rows = 0;
  bytes = 0;
  readonly #rows = new Float64Array(buckets);
  readonly #bytes = new Float64Array(buckets);
  readonly #started: number;
  #current: number;

  constructor(nowMs: number) {
    this.#started = nowMs;
    this.#current = Math.floor(nowMs / bucketMs);
  }

  add(nowMs: number, rows: number, bytes: number): void {
    this.#turnTo(nowMs);
    const slot = this.#current % buckets;
    this.#rows[slot]! += rows;
    this.#bytes[slot]! += bytes;
    this.rows += rows;
    this.bytes += bytes;
  }

  speed(nowMs: number): Speed {
    this.#turnTo(nowMs);
    // The ring holds the current, unfinished bucket and the nineteen before it.
    const full = (buckets - 1) * bucketMs + (nowMs - this.#current * bucketMs);
    const seconds = Math.max(Math.min(full, nowMs - this.#started), bucketMs) / 1000;
    return { rowsPerSecond: sum(this.#rows) / seconds, bytesPerSecond: sum(this.#bytes) / seconds };
  }

  #turnTo(nowMs: number): void {
    const wanted = Math.floor(nowMs / bucketMs);
    for (let passed = Math.min(wanted - this.#current, buckets); passed > 0; passed -= 1) {
      const slot = (wanted - passed + 1) % buckets;
      this.#rows[slot] = 0;
      this.#bytes[slot] = 0;
    }
    if (wanted > this.#current) this.#current = wanted;
  }
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
