/** Beyond this they are forgotten: 128 MiB of names. */
const maxKeys = 8 * 1024 * 1024;

/**
 * Keys that were met, by 53 bits of each (text-hash.ts): two of eight million have the same with a chance of one in a few hundred million
 * millions a key, so that one that was not met passes for one that was about never.
 */
export class MetKeys {
  /** Open addressing; 0 is a free place. */
  #places = new Float64Array(1024);
  #count = 0;

  add(hash: number): void {
    if (this.#count >= maxKeys) return;
    if (this.#count * 2 >= this.#places.length) this.#grow();
    if (put(this.#places, hash || 1)) this.#count += 1;
  }

  has(hash: number): boolean {
    const mask = this.#places.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const there = this.#places[at]!;
      if (there === (hash || 1)) return true;
      if (there === 0) return false;
    }
  }

  #grow(): void {
    const larger = new Float64Array(this.#places.length * 4);
    for (const hash of this.#places) if (hash !== 0) put(larger, hash);
    this.#places = larger;
  }
}

const put = (places: Float64Array, hash: number): boolean => {
  const mask = places.length - 1;
  for (let at = hash & mask; ; at = (at + 1) & mask) {
    if (places[at] === hash) return false;
    if (places[at] !== 0) continue;
    places[at] = hash;
    return true;
  }
};
