import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';

/**
 * The exact sum of doubles, as partial sums that do not overlap (Shewchuk 1997, as in Python's math.fsum). So what is taken back
 * leaves no trace, and the order of the rows means nothing.
 */
export class ExactSum {
  #partials: number[] = [];
  /** NaN and infinities cannot be taken out of a sum; they are counted. */
  #nans = 0;
  #infinities = 0;
  #negativeInfinities = 0;

  add(value: number, weight: number): void {
    if (!Number.isFinite(value)) {
      if (Number.isNaN(value)) this.#nans += weight;
      else if (value > 0) this.#infinities += weight;
      else this.#negativeInfinities += weight;
      return;
    }
    const signed = weight < 0 ? -value : value;
    for (let times = Math.abs(weight); times > 0; times -= 1) this.#addOne(signed);
  }

  #addOne(value: number): void {
    const partials = this.#partials;
    let x = value;
    let kept = 0;
    for (let i = 0; i < partials.length; i += 1) {
      let y = partials[i]!;
      if (Math.abs(x) < Math.abs(y)) [x, y] = [y, x];
      const high = x + y;
      const low = y - (high - x);
      if (low !== 0) {
        partials[kept] = low;
        kept += 1;
      }
      x = high;
    }
    partials.length = kept;
    if (x !== 0) partials.push(x);
  }

  save(to: StateWriter): void {
    to.value([this.#nans, this.#infinities, this.#negativeInfinities]);
    to.value(this.#partials);
  }

  load(from: StateReader): void {
    [this.#nans, this.#infinities, this.#negativeInfinities] = from.row() as [number, number, number];
    this.#partials = from.row() as number[];
  }

  /** The double nearest to the sum. */
  result(): number {
    if (this.#nans > 0 || (this.#infinities > 0 && this.#negativeInfinities > 0)) return Number.NaN;
    if (this.#infinities > 0) return Number.POSITIVE_INFINITY;
    if (this.#negativeInfinities > 0) return Number.NEGATIVE_INFINITY;
    const partials = this.#partials;
    let at = partials.length - 1;
    if (at < 0) return 0;
    let high = partials[at]!;
    let low = 0;
    while (at > 0) {
      at -= 1;
      const x = high;
      const y = partials[at]!;
      high = x + y;
      low = y - (high - x);
      if (low !== 0) break;
    }
    // Half a unit is rounded by what lies below it.
    if (at > 0 && ((low < 0 && partials[at - 1]! < 0) || (low > 0 && partials[at - 1]! > 0))) {
      const twice = low * 2;
      const rounded = high + twice;
      if (twice === rounded - high) high = rounded;
    }
    return high;
  }
}
