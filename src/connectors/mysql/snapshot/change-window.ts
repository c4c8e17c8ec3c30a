import type { Change } from '../../../core/change.ts';
import type { RowImages } from '../../../core/row-images.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import { KeptRows } from './kept-rows.ts';
import { rowKey } from './row-key.ts';

/**
 * Which keys of one table the stream changed since a read of it was prepared. The stream's version of such a row is the one that
 * counts, and it has left already, so the row that was read is dropped: emitted now it would undo the change.
 */
export class ChangeWindow {
  readonly #table: string;
  readonly #key: readonly number[];
  readonly #changed = new Set<string>();
  #truncated = false;

  /** `key`: the columns whose values name a row. */
  constructor(table: Table, key: readonly number[]) {
    this.#table = qualifiedName(table);
    this.#key = key;
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#changed.size;
  }

  /** To be called for every change of the stream in its order, until no row of this window is held any more. */
  observe(change: Change): void {
    if ((change.kind !== 'rows' && change.kind !== 'truncate') || qualifiedName(change.table) !== this.#table) return;
    if (change.kind === 'truncate') {
      // What was read before is gone, and what came after is in the stream.
      this.#truncated = true;
      this.#changed.clear();
      return;
    }
    if (this.#truncated) return;
    for (let i = 0; i < change.rows.length; i += 1) {
      this.#note(change.rows.before(i));
      this.#note(change.rows.after(i));
    }
  }

  /** `rows` without those the stream has changed; null: none is left. */
  unchanged(rows: RowImages): RowImages | null {
    if (this.#truncated || rows.length === 0) return null;
    if (this.#changed.size === 0) return rows;
    const kept: number[] = [];
    for (let i = 0; i < rows.length; i += 1) {
      const key = rowKey(rows.after(i)!, this.#key);
      if (key === null || !this.#changed.has(key)) kept.push(i);
    }
    if (kept.length === 0) return null;
    return kept.length === rows.length ? rows : new KeptRows(rows, kept);
  }

  #note(row: Parameters<typeof rowKey>[0] | null): void {
    if (row === null) return;
    const key = rowKey(row, this.#key);
    if (key !== null) this.#changed.add(key);
  }
}
