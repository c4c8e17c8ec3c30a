import type { Change, SnapshotMark } from '../../../core/change.ts';
import type { KeyTable } from './key-tables.ts';

/**
 * The marks around a reading of all keys, by which a target that follows deletes finds the rows of which there is no key. A table has them
 * from its first row on: one without any may have been emptied at once, and its rows stay.
 */
export class Sweep {
  readonly #deletes: boolean;
  readonly #tables = new Set<KeyTable>();
  #begins: Change[] = [];

  /** `deletes`: whether the target follows them. */
  constructor(deletes: boolean) {
    this.#deletes = deletes;
  }

  /** A row of a table comes, or none of it on purpose. */
  met(table: KeyTable): void {
    // Rows of which the other side owns columns are its own, and none of them is swept.
    if (this.#tables.has(table) || table.shared !== null) return;
    this.#tables.add(table);
    if (this.#deletes) this.#begins.push(mark('begin', table));
  }

  /** The marks of tables that were met since this was asked last: they go before their rows. */
  begins(): readonly Change[] {
    const begins = this.#begins;
    this.#begins = [];
    return begins;
  }

  ends(): readonly Change[] {
    return this.#deletes ? Array.from(this.#tables, (table) => mark('end', table)) : [];
  }
}

const mark = (at: 'begin' | 'end', { table }: KeyTable): SnapshotMark => ({
  kind: 'snapshot',
  at,
  table,
  reason: 'initial',
});
