import { type MappedTable, uncaptured } from './mapped-table.ts';

/**
 * The tables of one binlog file by their ids. Most events are of the same table as the one before, so the last is kept at hand:
 * a transaction of many rows looks its table up once.
 */
export class MappedTables {
  readonly #byId = new Map<number, MappedTable>();
  #lastId = -1;
  #last: MappedTable = uncaptured;

  /** What rows of `id` are rows of; undefined: no table map of this file gave it. */
  find(id: number): MappedTable | undefined {
    if (id === this.#lastId) return this.#last;
    const table = this.#byId.get(id);
    if (table !== undefined) this.#remember(id, table);
    return table;
  }

  /**
   * Whether a table map of `size` bytes says nothing new. Servers never give one id to two definitions within a file, so a known id
   * needs no second look.
   */
  knows(id: number, size: number): boolean {
    return this.find(id)?.size === size;
  }

  set(id: number, table: MappedTable): void {
    this.#byId.set(id, table);
    this.#remember(id, table);
  }

  /** Another file gives its ids anew. */
  clear(): void {
    this.#byId.clear();
    this.#remember(-1, uncaptured);
  }

  #remember(id: number, table: MappedTable): void {
    this.#lastId = id;
    this.#last = table;
  }
}
