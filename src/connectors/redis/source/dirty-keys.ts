import type { KeyTable } from './key-tables.ts';
import type { LinkPlace } from './link-place.ts';

/** What of a key is to be read again. */
export class DirtyKey {
  readonly table: KeyTable;
  /** A command said so that may have removed it. */
  mayBeGone = false;
  /** All of it; else the elements alone. */
  isWhole = false;
  /** Elements of a set, sorted set or hash, or fields of a row, that commands named, by their text; null: none, as of most keys. */
  elements: Map<string, Buffer> | null = null;
  /** Entries that were added to a stream, each its id, names and values: what is trimmed before it is read again is not lost. */
  entries: (readonly Buffer[])[] | null = null;

  /** The key's bytes as latin1: a text takes a third of the memory of a Buffer, and there may be hundreds of thousands. */
  readonly #name: string;

  constructor(name: string, table: KeyTable) {
    this.#name = name;
    this.table = table;
  }

  /** A new one each time. */
  get key(): Buffer {
    return Buffer.from(this.#name, 'latin1');
  }
}

/** An entry counts as so many keys as would take its memory. */
const bytesPerKey = 200;

/**
 * Keys that commands have named since they were last taken, each once, and the place up to which that is all. Keys of a
 * transaction are given out together.
 */
export class DirtyKeys {
  #keys = new Map<string, DirtyKey>();
  /** Keys of the transaction under way; null: there is none. */
  #open: Map<string, DirtyKey> | null = null;
  #place: LinkPlace;
  #parts = 0;

  constructor(place: LinkPlace) {
    this.#place = place;
  }

  /** Keys, and what is kept of them beside their names. */
  get size(): number {
    return this.#keys.size + this.#parts;
  }

  /** All of a key is to be read again. The bytes are copied. */
  add(key: Buffer, table: KeyTable, mayBeGone: boolean): void {
    const dirty = this.#dirty(key, table);
    dirty.isWhole = true;
    dirty.elements = null;
    dirty.mayBeGone ||= mayBeGone;
  }

  /** An element of a key is to be read again. The bytes are copied. */
  addElement(key: Buffer, table: KeyTable, name: Buffer): void {
    const dirty = this.#dirty(key, table);
    if (dirty.isWhole) return;
    dirty.elements ??= new Map();
    dirty.elements.set(name.latin1Slice(0, name.length), Buffer.from(name));
    this.#parts += 1;
  }

  /** An entry was added to a stream. The bytes are kept, and must last. */
  addEntry(key: Buffer, table: KeyTable, entry: readonly Buffer[]): void {
    const dirty = this.#dirty(key, table);
    dirty.entries ??= [];
    dirty.entries.push(entry);
    this.#parts += 1 + Math.floor(entry.reduce((sum, { length }) => sum + length, 0) / bytesPerKey);
  }

  begin(): void {
    this.#open ??= new Map();
  }

  commit(): void {
    for (const [name, dirty] of this.#open ?? []) {
      const known = this.#keys.get(name);
      if (known === undefined) this.#keys.set(name, dirty);
      else merge(known, dirty);
    }
    this.#open = null;
  }

  /** Nothing of the transaction under way is to be read. */
  forget(): void {
    this.#open = null;
  }

  /** A command ended here. */
  passed(place: LinkPlace): void {
    if (this.#open === null) this.#place = place;
  }

  take(): { readonly keys: readonly DirtyKey[]; readonly place: LinkPlace } {
    const keys = [...this.#keys.values()];
    this.#keys = new Map();
    this.#parts = 0;
    return { keys, place: this.#place };
  }

  #dirty(key: Buffer, table: KeyTable): DirtyKey {
    const keys = this.#open ?? this.#keys;
    const name = key.latin1Slice(0, key.length);
    let dirty = keys.get(name);
    if (dirty === undefined) {
      dirty = new DirtyKey(name, table);
      keys.set(name, dirty);
    }
    return dirty;
  }
}

const merge = (into: DirtyKey, from: DirtyKey): void => {
  into.mayBeGone ||= from.mayBeGone;
  into.isWhole ||= from.isWhole;
  if (from.entries !== null) into.entries = [...(into.entries ?? []), ...from.entries];
  if (into.isWhole) into.elements = null;
  else if (from.elements !== null) into.elements = new Map([...(into.elements ?? []), ...from.elements]);
};
