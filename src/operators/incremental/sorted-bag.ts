import type { SqlValue } from '../../sql/evaluate/sql-value.ts';
import type { StateReader } from './state/state-reader.ts';
import type { StateWriter } from './state/state-writer.ts';

const CHUNK = 256;

/** Items in an order, each with how often it is there. Equal items are one; chunks keep changes of large bags cheap. */
export class SortedBag<Item extends SqlValue> {
  readonly #compare: (a: Item, b: Item) => number;
  /** None is empty. */
  readonly #chunks: { readonly items: Item[]; readonly weights: number[] }[] = [];
  #size = 0;

  constructor(compare: (a: Item, b: Item) => number) {
    this.#compare = compare;
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  /** How many items there are, equal ones counted each. */
  get size(): number {
    return this.#size;
  }

  add(item: Item, weight: number): void {
    this.#size += weight;
    const at = this.#chunkOf(item);
    const chunk = this.#chunks[at];
    if (chunk === undefined) {
      this.#chunks.push({ items: [item], weights: [weight] });
      return;
    }
    const { items, weights } = chunk;
    const place = this.#placeIn(items, item);
    if (place < items.length && this.#compare(items[place]!, item) === 0) {
      const sum = weights[place]! + weight;
      weights[place] = sum;
      if (sum !== 0) return;
      items.splice(place, 1);
      weights.splice(place, 1);
      if (items.length === 0) this.#chunks.splice(at, 1);
      return;
    }
    items.splice(place, 0, item);
    weights.splice(place, 0, weight);
    if (items.length > 2 * CHUNK)
      this.#chunks.splice(at + 1, 0, { items: items.splice(CHUNK), weights: weights.splice(CHUNK) });
  }

  /** The least; the bag must hold one. */
  first(): Item {
    return this.#chunks[0]!.items[0]!;
  }

  /** The greatest; the bag must hold one. */
  last(): Item {
    return this.#chunks.at(-1)!.items.at(-1)!;
  }

  /** Calls with each item in order, until it answers false. */
  walk(take: (item: Item, weight: number) => boolean): void {
    for (const { items, weights } of this.#chunks)
      for (let i = 0; i < items.length; i += 1) if (!take(items[i]!, weights[i]!)) return;
  }

  save(to: StateWriter): void {
    to.count(this.#chunks.reduce((count, { items }) => count + items.length, 0));
    this.walk((item, weight) => {
      to.value(item);
      to.value(weight);
      return true;
    });
  }

  /** Of an empty bag: takes in what another one saved that had the same order. */
  load(from: StateReader): void {
    for (let left = from.count(); left > 0; left -= 1) {
      let chunk = this.#chunks.at(-1);
      if (chunk === undefined || chunk.items.length >= CHUNK) {
        chunk = { items: [], weights: [] };
        this.#chunks.push(chunk);
      }
      const item = from.value() as Item;
      const weight = from.value() as number;
      chunk.items.push(item);
      chunk.weights.push(weight);
      this.#size += weight;
    }
  }

  /** The first chunk whose last item is not before `item`; the last one when there is none. */
  #chunkOf(item: Item): number {
    let [low, high] = [0, this.#chunks.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#compare(this.#chunks[middle]!.items.at(-1)!, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #placeIn(items: readonly Item[], item: Item): number {
    let [low, high] = [0, items.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#compare(items[middle]!, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
