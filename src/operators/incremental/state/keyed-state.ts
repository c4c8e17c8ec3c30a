import type { RowKey } from '../row-key.ts';
import type { EntryShape } from './entry-shape.ts';
import { KeyFilter } from './key-filter.ts';
import { StateReader } from './state-reader.ts';
import type { StateSpace } from './state-space.ts';
import { StateWriter } from './state-writer.ts';

/** How an entry becomes bytes, and an equal entry again. What an entry notes within a tick only is left out. */
export interface EntryForm<Entry> {
  write(entry: Entry, to: StateWriter): void;
  read(from: StateReader, key: RowKey): Entry;
}

/**
 * About what an entry takes in memory: some objects around it, its place in a map, and its values three times as large as their bytes. A
 * group of two sums and a count takes 366 bytes (`bench/contenders/sql-state.ts`).
 */
const memoryOf = (bytes: number): number => 300 + 3 * bytes;

/**
 * What a step remembers, by key. A step looks an entry up, changes it, and says so by `changed`: whatever was changed since the last
 * checkpoint is written with the next. An entry is held between ticks by this map alone, which may put it away and read it again:
 * who got one in a tick has to get it anew in the next.
 */
export class KeyedState<Entry> {
  /** Null: only the step understands its entries. */
  readonly shape: EntryShape | null;
  readonly #form: EntryForm<Entry>;
  #entries = new Map<RowKey, Entry>();
  /** Entries that nobody asked for since the last `putAway`; those go next. Empty as long as everything fits. */
  #resting = new Map<RowKey, Entry>();
  /** Keys that may be in the space alone; null: everything is here. */
  #away: KeyFilter | null = null;
  /** Keys whose entry came, went or changed since it was last written. Null: nobody asks, so nothing is noted. */
  #changed: Set<RowKey> | null = null;
  /** Those of them that `writeSome` goes through, from the last to the first. */
  #turn: RowKey[] = [];
  #space: StateSpace | null = null;
  /** When each key was last written, the longest ago first. Null: entries live for ever. */
  #written: Map<RowKey, number> | null = null;
  #now = 0;
  /** The mean of those that were written. */
  #bytesPerEntry = 60;

  constructor(form: EntryForm<Entry>, shape: EntryShape | null = null) {
    this.#form = form;
    this.shape = shape;
  }

  get(key: RowKey): Entry | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined || (this.#resting.size === 0 && this.#away === null) ? entry : this.#find(key);
  }

  /** A new entry, or another one. */
  set(key: RowKey, entry: Entry): void {
    this.#entries.set(key, entry);
    if (this.#resting.size > 0) this.#resting.delete(key);
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
    this.#resting.delete(key);
    this.#changed?.add(key);
    this.#written?.delete(key);
  }

  /** Before a tick: lets go of entries that were last written `lifeMs` ago or longer. What stands under no key stays. */
  expire(now: number, lifeMs: number): void {
    this.#now = now;
    this.#written ??= new Map(this.#keys().map((key) => [key, now]));
    for (const [key, at] of this.#written) {
      if (now - at < lifeMs) break;
      if (key === null) this.#written.delete(key);
      else this.delete(key);
    }
  }

  /** All of them. Entries may be deleted on the way, and none added. */
  *all(): Generator<readonly [RowKey, Entry], void, undefined> {
    yield* this.#entries;
    yield* this.#resting;
    for (const [key, bytes] of this.#entriesAway()) yield [key, this.#read(bytes, key)];
  }

  clear(): void {
    for (const [key] of this.#entriesAway()) this.#changed!.add(key);
    for (const entries of [this.#entries, this.#resting]) {
      for (const key of entries.keys()) this.#changed?.add(key);
      entries.clear();
    }
    this.#written?.clear();
  }

  /** From now on what changes is noted, and `write` puts it into `space`, which holds nothing that is not here too. */
  keepIn(space: StateSpace): void {
    this.#space = space;
    this.#changed = new Set(this.#entries.keys());
  }

  /** Takes what `space` holds for what is remembered, reads the first `most` entries of it, and goes on as with `keepIn`. */
  restoreFrom(space: StateSpace, most = Number.POSITIVE_INFINITY): void {
    this.#space = space;
    this.#changed = new Set();
    const times: [RowKey, number][] = [];
    for (const [at, bytes] of space.entries()) {
      const key = new StateReader(at).value() as RowKey;
      const written = new StateReader(bytes).count();
      if (written > 0) times.push([key, written]);
      if (this.#entries.size < most) this.#entries.set(key, this.#read(bytes, key));
      else {
        this.#away ??= new KeyFilter();
        this.#away.add(key);
      }
    }
    if (times.length > 0) this.#written = new Map(times.sort(([, a], [, b]) => a - b));
  }

  /** How many entries `write` would write now. */
  get unwritten(): number {
    return this.#changed?.size ?? 0;
  }

  /** About what the entries that are here take in memory, in bytes. */
  get memory(): number {
    return (this.#entries.size + this.#resting.size) * memoryOf(this.#bytesPerEntry);
  }

  /** Brings the space in step with what is remembered. */
  write(): void {
    for (const key of this.#changed!) this.#write(key, this.#entries.get(key) ?? this.#resting.get(key));
    this.#changed!.clear();
  }

  /**
   * The same for so many entries at most; the others wait for a later call. Neighbours in the space are written one after another,
   * which for a file means a page once and not each time. An entry that changes again is written again.
   */
  writeSome(most: number): void {
    const changed = this.#changed!;
    if (this.#turn.length === 0) this.#turn = [...changed].sort((a, b) => byPlace(b, a));
    for (let left = most; left > 0 && this.#turn.length > 0; ) {
      const key = this.#turn.pop()!;
      if (!changed.delete(key)) continue;
      this.#write(key, this.#entries.get(key) ?? this.#resting.get(key));
      left -= 1;
    }
  }

  /**
   * Between ticks: forgets entries that nobody asked for since the last time, which are read again when somebody does. `mayWrite`: those that
   * changed are written before; otherwise they stay.
   */
  putAway(mayWrite: boolean): void {
    for (const [key, entry] of this.#resting) {
      if (this.#changed!.has(key)) {
        if (!mayWrite) {
          this.#entries.set(key, entry);
          continue;
        }
        this.#write(key, entry);
        this.#changed!.delete(key);
      }
      this.#away ??= new KeyFilter();
      this.#away.add(key);
    }
    this.#resting = this.#entries;
    this.#entries = new Map();
  }

  *#keys(): Generator<RowKey, void, undefined> {
    yield* this.#entries.keys();
    yield* this.#resting.keys();
    for (const [key] of this.#entriesAway()) yield key;
  }

  #find(key: RowKey): Entry | undefined {
    let entry = this.#resting.get(key);
    if (entry === undefined) {
      // What changed and is not here was deleted, and still has to be in the space.
      if (this.#away === null || this.#changed!.has(key) || !this.#away.mayHave(key)) return undefined;
      const bytes = this.#space!.get(keyBytes(key));
      if (bytes === null) return undefined;
      entry = this.#read(bytes, key);
    } else this.#resting.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  *#entriesAway(): Generator<readonly [RowKey, Uint8Array], void, undefined> {
    if (this.#away === null) return;
    for (const [at, bytes] of this.#space!.entries()) {
      const key = new StateReader(at).value() as RowKey;
      const isHere = this.#entries.has(key) || this.#resting.has(key) || this.#changed!.has(key);
      if (!isHere) yield [key, bytes];
    }
  }

  /** Behind the time at which it was written: 0 where entries live for ever. */
  #read(bytes: Uint8Array, key: RowKey): Entry {
    const reader = new StateReader(bytes);
    reader.count();
    return this.#form.read(reader, key);
  }

  #write(key: RowKey, entry: Entry | undefined): void {
    const at = keyBytes(key);
    if (entry === undefined) {
      this.#space!.delete(at);
      return;
    }
    writer.count(this.#written?.get(key) ?? 0);
    this.#form.write(entry, writer);
    const bytes = writer.take();
    this.#bytesPerEntry += (bytes.length - this.#bytesPerEntry) / 1_024;
    this.#space!.put(at, bytes);
  }
}

const writer = new StateWriter();

/** About the order of their bytes. */
const byPlace = (a: RowKey, b: RowKey): number =>
  typeof a === typeof b && a !== null && b !== null ? (a < b ? -1 : 1) : typeof a < typeof b ? -1 : 1;

/** A map takes 0 and -0 for one key. */
const keyBytes = (key: RowKey): Uint8Array => {
  writer.key(key === 0 ? 0 : key);
  return writer.take();
};
