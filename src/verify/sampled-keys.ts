import type { Batch } from '../core/batch.ts';
import type { RowsChange } from '../core/change.ts';
import type { Key } from '../core/reader.ts';
import type { Table } from '../core/table.ts';

/** A row that changed: which table of the sinks' it is of, and its primary key there. */
export interface SampledKey {
  readonly table: Table;
  readonly key: Key;
  /** When it passed, by the clock that never goes back. */
  readonly atMs: number;
}

/**
 * So many rows of each second's changes at random, every row with the same chance, of which no others are looked at (algorithm L of
 * Li's "Reservoir-Sampling Algorithms of Time Complexity O(n(1 + log(N/n)))", 1994).
 */
export class SampledKeys {
  readonly #rowsPerSecond: number;
  readonly #nowMs: () => number;
  readonly #random: () => number;
  #second = Number.NEGATIVE_INFINITY;
  #kept: SampledKey[] = [];
  #ended: SampledKey[] = [];
  /** Rows of this second, and which of them is kept next. */
  #passed = 0;
  #next = 0;
  #weight = 1;

  constructor(rowsPerSecond: number, nowMs: () => number, random: () => number) {
    this.#rowsPerSecond = rowsPerSecond;
    this.#nowMs = nowMs;
    this.#random = random;
  }

  /** Looks at a batch as it passes. */
  note({ changes }: Batch): void {
    const atMs = this.#nowMs();
    this.#turn(atMs);
    for (const change of changes) {
      // What a snapshot reads has not changed.
      if (change.kind !== 'rows' || change.op === 'read' || change.table.primaryKey.length === 0) continue;
      const { length } = change.rows;
      for (; this.#next < this.#passed + length; this.#skip()) this.#keep(change, this.#next - this.#passed, atMs);
      this.#passed += length;
    }
  }

  /** Those of the seconds that are over; each is given once. */
  take(): readonly SampledKey[] {
    this.#turn(this.#nowMs());
    const ended = this.#ended;
    this.#ended = [];
    return ended;
  }

  #turn(atMs: number): void {
    const second = Math.floor(atMs / 1000);
    if (second === this.#second) return;
    this.#second = second;
    this.#ended.push(...this.#kept);
    // Who takes none keeps what is newest.
    this.#ended.splice(0, this.#ended.length - 100 * this.#rowsPerSecond);
    this.#kept = [];
    this.#passed = 0;
    this.#next = 0;
    this.#weight = 1;
  }

  #keep(change: RowsChange, index: number, atMs: number): void {
    const key = keyOf(change, index);
    if (key === null) return;
    const sampled = { table: change.table, key, atMs };
    if (this.#kept.length < this.#rowsPerSecond) this.#kept.push(sampled);
    else this.#kept[Math.floor(this.#random() * this.#rowsPerSecond)] = sampled;
  }

  #skip(): void {
    this.#next += 1;
    if (this.#kept.length < this.#rowsPerSecond) return;
    this.#weight *= this.#random() ** (1 / this.#rowsPerSecond);
    // A weight of nearly 0 would skip beyond what numbers hold.
    this.#next += Math.floor(Math.log(this.#random()) / Math.log1p(-Math.max(this.#weight, 1e-9)));
  }
}

/** null: the server did not log all of it. */
const keyOf = ({ table, op, rows }: RowsChange, index: number): Key | null => {
  const before = op === 'create' ? null : rows.before(index);
  const row = op === 'delete' ? before : rows.after(index);
  const key = table.primaryKey.map((at) => row?.[at] ?? before?.[at]);
  return key.every((part) => part !== undefined && part !== null) ? (key as Key) : null;
};
