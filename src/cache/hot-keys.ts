/**
 * The keys read most often, in little memory: the Space-Saving sketch (Metwally, Agrawal, El Abbadi 2005). A key that takes another's
 * place inherits its count, so a count may be too high, by at most `error`, and never too low. Keys lie in groups of equal counts, so
 * that the one that gives its place away is found at once.
 */
export class HotKeys {
  readonly #capacity: number;
  readonly #counts = new Map<string, { reads: number; error: number }>();
  readonly #groups = new Map<number, Set<string>>();
  #least = 1;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(key: string): void {
    const known = this.#counts.get(key);
    if (known !== undefined) {
      this.#leave(key, known.reads);
      known.reads += 1;
      this.#join(key, known.reads);
      return;
    }
    let error = 0;
    if (this.#counts.size >= this.#capacity) {
      error = this.#least;
      const [replaced] = this.#groups.get(error)!;
      this.#counts.delete(replaced!);
      this.#leave(replaced!, error);
    } else this.#least = 1;
    this.#counts.set(key, { reads: error + 1, error });
    this.#join(key, error + 1);
  }

  top(most: number): readonly { readonly key: string; readonly reads: number; readonly error: number }[] {
    return [...this.#counts]
      .map(([key, { reads, error }]) => ({ key, reads, error }))
      .sort((a, b) => b.reads - a.reads)
      .slice(0, most);
  }

  #join(key: string, reads: number): void {
    const group = this.#groups.get(reads);
    if (group === undefined) this.#groups.set(reads, new Set([key]));
    else group.add(key);
  }

  /** Whoever leaves comes back with one more, or another does: so the least count grows by one where it was the last of its group. */
  #leave(key: string, reads: number): void {
    const group = this.#groups.get(reads)!;
    group.delete(key);
    if (group.size > 0) return;
    this.#groups.delete(reads);
    if (reads === this.#least) this.#least += 1;
  }
}
