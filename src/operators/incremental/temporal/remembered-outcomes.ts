import type { Changes, Delta, SqlRow } from '../delta.ts';
import type { RowKey } from '../row-key.ts';
import { KeyedState } from '../state/keyed-state.ts';
import type { Memory } from '../step.ts';

/** What the rows that are there were joined with when they came, so that each goes with it, whatever the other side says by then. */
export class RememberedOutcomes {
  /** By whole rows; the latest of equal ones last. */
  readonly #outcomes = new KeyedState<(readonly SqlRow[])[]>({
    write: (outcomes, to) => to.value(outcomes),
    read: (from) => from.value() as SqlRow[][],
  });
  readonly memory: Memory = [this.#outcomes];
  readonly #key: (row: SqlRow) => RowKey;

  constructor(key: (row: SqlRow) => RowKey) {
    this.#key = key;
  }

  /** Tells `out` of what comes and goes with these rows; `joined` is asked for those that come. */
  apply({ rows, weights }: Delta, joined: (row: SqlRow) => readonly SqlRow[], out: Changes): void {
    // First what comes: a row that goes and comes in one tick stays what it was, in whatever order it is told.
    for (let i = 0; i < rows.length; i += 1) if (weights[i]! > 0) this.#come(rows[i]!, weights[i]!, joined, out);
    for (let i = 0; i < rows.length; i += 1) if (weights[i]! < 0) this.#go(rows[i]!, -weights[i]!, out);
  }

  #come(row: SqlRow, times: number, joined: (row: SqlRow) => readonly SqlRow[], out: Changes): void {
    const key = this.#key(row);
    const outcomes = this.#outcomes.get(key) ?? [];
    const outcome = joined(row);
    for (const pair of outcome) out.add(pair, times);
    for (let left = times; left > 0; left -= 1) outcomes.push(outcome);
    this.#outcomes.set(key, outcomes);
  }

  #go(row: SqlRow, times: number, out: Changes): void {
    const key = this.#key(row);
    const outcomes = this.#outcomes.get(key) ?? [];
    for (const outcome of outcomes.splice(Math.max(0, outcomes.length - times)))
      for (const pair of outcome) out.add(pair, -1);
    if (outcomes.length === 0) this.#outcomes.delete(key);
    else this.#outcomes.set(key, outcomes);
  }
}
