import type { Whole } from '../../sql/evaluate/sql-value.ts';

/** Items by a number, the least first. */
export class MinHeap<Item> {
  readonly #keys: Whole[] = [];
  readonly #items: Item[] = [];

  /** The least number; null: it holds nothing. */
  get least(): Whole | null {
    return this.#keys[0] ?? null;
  }

  push(key: Whole, item: Item): void {
    this.#keys.push(key);
    this.#items.push(item);
    let at = this.#keys.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#keys[parent]! <= key) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** Takes the item with the least number out; it must hold one. */
  pop(): Item {
    const [least] = this.#items;
    const last = this.#keys.length - 1;
    this.#swap(0, last);
    this.#keys.pop();
    this.#items.pop();
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      if (left >= last) break;
      const child = left + 1 < last && this.#keys[left + 1]! < this.#keys[left]! ? left + 1 : left;
      if (this.#keys[at]! <= this.#keys[child]!) break;
      this.#swap(at, child);
      at = child;
    }
    return least!;
  }

  #swap(a: number, b: number): void {
    const [key, item] = [this.#keys[a]!, this.#items[a]!];
    this.#keys[a] = this.#keys[b]!;
    this.#items[a] = this.#items[b]!;
    this.#keys[b] = key;
    this.#items[b] = item;
  }
}
