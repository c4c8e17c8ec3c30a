import type { HashTable } from './hash-rows.ts';
import type { LinkPlace } from './link-place.ts';

export interface DirtyKey {
  readonly key: Buffer;
  readonly table: HashTable;
  /** A command said so that may have removed it. */
  mayBeGone: boolean;
}

/**
 * Keys that commands have named since they were last taken, each once, and the place up to which that is all. Keys of a
 * transaction are given out together.
 */
export class DirtyKeys {
  #keys = new Map<string, DirtyKey>();
  /** Keys of the transaction under way; null: there is none. */
  #open: Map<string, DirtyKey> | null = null;
  #place: LinkPlace;

  constructor(place: LinkPlace) {
    this.#place = place;
  }

  /** Behind the last command that was not inside a transaction. */
  get place(): LinkPlace {
    return this.#place;
  }

  get size(): number {
    return this.#keys.size;
  }

  add(key: Buffer, table: HashTable, mayBeGone: boolean): void {
    put(this.#open ?? this.#keys, { key, table, mayBeGone });
  }

  begin(): void {
    this.#open ??= new Map();
  }

  commit(): void {
    for (const dirty of this.#open?.values() ?? []) put(this.#keys, dirty);
    this.#open = null;
  }

  /** A command ended here. */
  passed(place: LinkPlace): void {
    if (this.#open === null) this.#place = place;
  }

  take(): { readonly keys: readonly DirtyKey[]; readonly place: LinkPlace } {
    const keys = [...this.#keys.values()];
    this.#keys = new Map();
    return { keys, place: this.#place };
  }
}

const put = (keys: Map<string, DirtyKey>, dirty: DirtyKey): void => {
  const name = dirty.key.latin1Slice(0, dirty.key.length);
  const known = keys.get(name);
  if (known === undefined) keys.set(name, { ...dirty, key: Buffer.from(dirty.key) });
  else known.mayBeGone ||= dirty.mayBeGone;
};
