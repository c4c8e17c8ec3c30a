import { type Gno, next, previous } from './gno.ts';

/** A set of transaction numbers as ordered ranges that neither overlap nor touch. */
export class Intervals {
  /** start, end, start, end …; ends are exclusive. */
  readonly #bounds: Gno[];

  constructor(bounds: Gno[] = []) {
    this.#bounds = bounds;
  }

  get isEmpty(): boolean {
    return this.#bounds.length === 0;
  }

  clone(): Intervals {
    return new Intervals(this.#bounds.slice());
  }

  /** The ranges in order, ends exclusive. */
  *ranges(): Generator<readonly [start: Gno, end: Gno]> {
    for (let i = 0; i < this.#bounds.length; i += 2) yield [this.#bounds[i]!, this.#bounds[i + 1]!];
  }

  get rangeCount(): number {
    return this.#bounds.length / 2;
  }

  /** Adds one number; constant time when it follows the highest, as a log's transactions do. */
  addOne(gno: Gno): void {
    const last = this.#bounds.length - 1;
    if (last > 0 && this.#bounds[last] === gno) this.#bounds[last] = next(gno);
    else this.addRange(gno, next(gno));
  }

  /** Adds `start` up to but without `end`. */
  addRange(start: Gno, end: Gno): void {
    const bounds = this.#bounds;
    // Ranges from `first` up to but without `after` overlap or touch the new one and are merged with it.
    const first = this.#firstEndingFrom(start);
    let after = first;
    while (after < bounds.length && bounds[after]! <= end) after += 2;
    const from = first < after && bounds[first]! < start ? bounds[first]! : start;
    const to = first < after && bounds[after - 1]! > end ? bounds[after - 1]! : end;
    bounds.splice(first, after - first, from, to);
  }

  has(gno: Gno): boolean {
    const at = this.#firstEndingFrom(next(gno));
    return at < this.#bounds.length && this.#bounds[at]! <= gno;
  }

  contains(other: Intervals): boolean {
    for (const [start, end] of other.ranges()) {
      const at = this.#firstEndingFrom(end);
      if (at === this.#bounds.length || this.#bounds[at]! > start) return false;
    }
    return true;
  }

  equals(other: Intervals): boolean {
    return this.#bounds.length === other.#bounds.length && this.#bounds.every((bound, i) => bound === other.#bounds[i]);
  }

  subtract(other: Intervals): Intervals {
    const left: Gno[] = [];
    const cuts = other.#bounds;
    let cut = 0;
    for (let [start, end] of this.ranges()) {
      while (cut < cuts.length && cuts[cut + 1]! <= start) cut += 2;
      for (let i = cut; i < cuts.length && cuts[i]! < end; i += 2) {
        if (cuts[i]! > start) left.push(start, cuts[i]!);
        start = cuts[i + 1]!;
        if (start >= end) {
          end = start;
          break;
        }
      }
      if (start < end) left.push(start, end);
    }
    return new Intervals(left);
  }

  /** `1-5:7:9-12` */
  toString(): string {
    const bounds = this.#bounds;
    let text = '';
    for (let i = 0; i < bounds.length; i += 2) {
      const start = bounds[i]!;
      const last = previous(bounds[i + 1]!);
      text += `${i === 0 ? '' : ':'}${start === last ? start : `${start}-${last}`}`;
    }
    return text;
  }

  /** Index of the first range whose end is `gno` or higher. */
  #firstEndingFrom(gno: Gno): number {
    const bounds = this.#bounds;
    let low = 0;
    let high = bounds.length / 2;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (bounds[middle * 2 + 1]! >= gno) high = middle;
      else low = middle + 1;
    }
    return low * 2;
  }
}
