/**
 * The keys read most often, in little memory: the Space-Saving sketch (Metwally, Agrawal, El Abbadi 2005). A key that takes another's
 * place inherits its count, so a count may be too high, by at most `error`, and never too low.
 */
export class HotKeys {
  readonly #capacity: number;
  readonly #counts = new Map<string, { reads: number; error: number }>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(key: string): void {
    const known = this.#counts.get(key);
    if (known !== undefined) {
      known.reads += 1;
      return;
    }
    let error = 0;
    if (this.#counts.size >= this.#capacity) {
      let least: string | null = null;
      error = Number.POSITIVE_INFINITY;
      for (const [each, { reads }] of this.#counts) {
        if (reads >= error) continue;
        least = each;
        error = reads;
      }
      this.#counts.delete(least!);
    }
    this.#counts.set(key, { reads: error + 1, error });
  }

  top(most: number): readonly { readonly key: string; readonly reads: number; readonly error: number }[] {
    return [...this.#counts]
      .map(([key, { reads, error }]) => ({ key, reads, error }))
      .sort((a, b) => b.reads - a.reads)
      .slice(0, most);
  }
}
