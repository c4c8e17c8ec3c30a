/** Random numbers that follow from a tick's seed, so that a tick that runs again draws the same (mulberry32). */
export class TickRandom {
  #state = 0;

  /** A whole number of 32 bits. */
  begin(seed: number): void {
    this.#state = seed;
  }

  /** From 0 to below 1. */
  readonly next = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
