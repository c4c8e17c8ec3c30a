import type { RowKey } from '../row-key.ts';
import { StateReader } from './state-reader.ts';
import type { StateSpace } from './state-space.ts';
import { StateWriter } from './state-writer.ts';

/** How an entry becomes bytes, and an equal entry again. What an entry notes within a tick only is left out. */
export interface EntryForm<Entry> {
  write(entry: Entry, to: StateWriter): void;
  read(from: StateReader, key: RowKey): Entry;
}

/**
 * What a step remembers, by key. A step looks an entry up, changes it, and says so by `changed`: whatever was changed since the last
 * checkpoint is written with the next. An entry is held between ticks by this map alone, which may put it away and read it again.
 */
export class KeyedState<Entry> {
  readonly #form: EntryForm<Entry>;
  readonly #entries = new Map<RowKey, Entry>();
  /** Keys whose entry came, went or changed since it was last written. Null: nobody asks, so nothing is noted. */
  #changed: Set<RowKey> | null = null;
  #space: StateSpace | null = null;
  /** When each key was last written, the longest ago first. Null: entries live for ever. */
  #written: Map<RowKey, number> | null = null;
  #now = 0;

  constructor(form: EntryForm<Entry>) {
    this.#form = form;
  }

  get(key: RowKey): Entry | undefined {
    return this.#entries.get(key);
  }

  /** A new entry, or another one. */
  set(key: RowKey, entry: Entry): void {
    this.#entries.set(key, entry);
    this.changed(key);
  }

  /** The entry that `get` or `set` gave for the key in this tick is another than it was. */
  changed(key: RowKey): void {
    this.#changed?.add(key);
    if (this.#written === null) return;
    this.#written.delete(key);
    this.#written.set(key, this.#now);
  }

  delete(key: RowKey): void {
    this.#entries.delete(key);
    this.#changed?.add(key);
    this.#written?.delete(key);
  }

  /** Before a tick: lets go of entries that were last written `lifeMs` ago or longer. What stands under no key stays. */
  expire(now: number, lifeMs: number): void {
    this.#now = now;
    this.#written ??= new Map(this.#entries.keys().map((key) => [key, now]));
    for (const [key, at] of this.#written) {
      if (now - at < lifeMs) break;
      if (key === null) this.#written.delete(key);
      else this.delete(key);
    }
  }

  /** All of them. Entries may be deleted on the way, and none added. */
  all(): Iterable<[RowKey, Entry]> {
    return this.#entries;
  }

  clear(): void {
    for (const key of this.#entries.keys()) this.#changed?.add(key);
    this.#entries.clear();
    this.#written?.clear();
  }

  /** From now on what changes is noted, and `write` puts it into `space`, which holds nothing that is not here too. */
  keepIn(space: StateSpace): void {
    this.#space = space;
    this.#changed = new Set(this.#entries.keys());
  }

  /** Takes what `space` holds for what is remembered, and goes on as with `keepIn`. */
  restoreFrom(space: StateSpace): void {
    for (const [keyBytes, bytes] of space.entries()) {
      const key = new StateReader(keyBytes).value() as RowKey;
      this.#entries.set(key, this.#form.read(new StateReader(bytes), key));
    }
    this.#space = space;
    this.#changed = new Set();
  }

  /** How many entries `write` would write now. */
  get unwritten(): number {
    return this.#changed?.size ?? 0;
  }

  /** Brings the space in step with what is remembered. */
  write(): void {
    const space = this.#space!;
    for (const key of this.#changed!) {
      writer.value(key);
      const keyBytes = writer.take();
      const entry = this.#entries.get(key);
      if (entry === undefined) space.delete(keyBytes);
      else {
        this.#form.write(entry, writer);
        space.put(keyBytes, writer.take());
      }
    }
    this.#changed!.clear();
  }
}

const writer = new StateWriter();
