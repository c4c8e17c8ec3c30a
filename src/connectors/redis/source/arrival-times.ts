/** What arrives within so long shares a time, as long as little waits. */
const finestMs = 10;
/** So many times are kept; then each two neighbours become one, and so do those to come. */
const most = 2_048;

/**
 * When the bytes of a stream arrived, of those that have not been passed. A time is never later than it was, and earlier by a
 * thousandth of what waits: the stream itself says no time.
 */
export class ArrivalTimes {
  readonly #from: number;
  #stepMs = finestMs;
  /** Bytes up to `end`, from where the one before ends; the first of them arrived at `atMs`. */
  #steps: { end: number; readonly atMs: number }[] = [];

  /** Of what comes behind the offset `from`. */
  constructor(from: number) {
    this.#from = from;
  }

  /** The stream has come up to `end` now. */
  note(end: number, nowMs: number): void {
    const last = this.#steps.at(-1);
    if (last !== undefined && nowMs - last.atMs < this.#stepMs) last.end = end;
    else if (end > (last?.end ?? this.#from)) this.#steps.push({ end, atMs: nowMs });
    if (this.#steps.length > most) this.#halve();
  }

  /** When the byte behind `offset` arrived, in milliseconds since 1970; null: it was there before, or has not come yet. Nothing before it is asked for again. */
  behind(offset: number): number | null {
    const passed = this.#steps.findIndex(({ end }) => end > offset);
    this.#steps.splice(0, passed < 0 ? this.#steps.length : passed);
    if (this.#steps.length === 0) this.#stepMs = finestMs;
    return offset < this.#from ? null : (this.#steps[0]?.atMs ?? null);
  }

  #halve(): void {
    this.#stepMs *= 2;
    this.#steps = this.#steps.flatMap((step, i, all) =>
      i % 2 === 0 ? [{ ...step, end: (all[i + 1] ?? step).end }] : [],
    );
  }
}
