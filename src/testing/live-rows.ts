import type { Delta } from '../operators/incremental/delta.ts';
import { rowText } from './sql-rig.ts';

/** A result as its changes leave it: rows by their texts, with how often each stands there. */
export class LiveRows {
  readonly #rows = new Map<string, number>();

  apply({ rows, weights }: Delta): void {
    for (const [index, row] of rows.entries()) {
      const text = rowText(row);
      const weight = (this.#rows.get(text) ?? 0) + weights[index]!;
      if (weight === 0) this.#rows.delete(text);
      else this.#rows.set(text, weight);
    }
  }

  /** Sorted. A row that went more often than it came is shown, as nothing should. */
  texts(): readonly string[] {
    return [...this.#rows]
      .flatMap(([text, count]) => (count < 0 ? [`missing ${text}`] : new Array<string>(count).fill(text)))
      .sort();
  }
}
