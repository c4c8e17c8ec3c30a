import type { SqlRow } from '../../operators/incremental/delta.ts';
import type { RowKey } from '../../operators/incremental/row-key.ts';
import type { CacheSettings } from './lookup-options.ts';

interface Kept {
  readonly rows: readonly SqlRow[];
  readonly writtenMs: number;
  usedMs: number;
}

/** Answers of a table that were asked for lately. A key takes the room of its rows, and of one where it has none. */
export class PartialCache {
  readonly #settings: CacheSettings;
  /** A monotonic clock's. */
  readonly #now: () => number;
  /** Those that were used the longest ago first. */
  readonly #kept = new Map<RowKey, Kept>();
  #rows = 0;

  constructor(settings: CacheSettings, now: () => number) {
    this.#settings = settings;
    this.#now = now;
  }

  get(key: RowKey): readonly SqlRow[] | null {
    const kept = this.#kept.get(key);
    if (kept === undefined) return null;
    this.#forget(key, kept);
    const now = this.#now();
    const { expireAfterWriteMs: write, expireAfterAccessMs: access } = this.#settings;
    if ((write !== null && now - kept.writtenMs >= write) || (access !== null && now - kept.usedMs >= access))
      return null;
    kept.usedMs = now;
    this.#keep(key, kept);
    return kept.rows;
  }

  set(key: RowKey, rows: readonly SqlRow[]): void {
    const before = this.#kept.get(key);
    if (before !== undefined) this.#forget(key, before);
    if (rows.length === 0 && !this.#settings.keepsMissing) return;
    const now = this.#now();
    this.#keep(key, { rows, writtenMs: now, usedMs: now });
    for (const [oldest, kept] of this.#kept) {
      if (this.#rows <= this.#settings.maxRows) break;
      this.#forget(oldest, kept);
    }
  }

  #keep(key: RowKey, kept: Kept): void {
    this.#kept.set(key, kept);
    this.#rows += roomOf(kept);
  }

  #forget(key: RowKey, kept: Kept): void {
    this.#kept.delete(key);
    this.#rows -= roomOf(kept);
  }
}

const roomOf = ({ rows }: Kept): number => Math.max(1, rows.length);
