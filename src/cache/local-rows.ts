import type { Buffer } from 'node:buffer';
import type { Clock } from '../core/clock.ts';
import type { CachedRow } from './cache-options.ts';
import type { RowName } from './row-codec.ts';

interface Kept {
  /** Already resolved, so that a reader is given it without anything being made. */
  readonly row: Promise<CachedRow | null>;
  /** The key in Redis, byte by byte as letters. */
  readonly redisKey: string;
  /** From when on it is stale, and read again; null: it never is. */
  readonly until: number | null;
  /** Since it was put here, or last spared. */
  wasRead: boolean;
}

/**
 * Rows kept in this process; those that nobody read for long leave first (second chance). The server tells when one changes.
 */
export class LocalRows {
  readonly #maxRows: number;
  readonly #clock: Clock;
  readonly #rows = new Map<RowName, Kept>();
  /** By the key in Redis: the name in `#rows`. */
  readonly #names = new Map<string, RowName>();
  #isRetired = false;
  evictions = 0;

  constructor(maxRows: number, clock: Clock) {
    this.#maxRows = maxRows;
    this.#clock = clock;
  }

  get size(): number {
    return this.#rows.size;
  }

  get(name: RowName): Promise<CachedRow | null> | undefined {
    const kept = this.#rows.get(name);
    if (kept === undefined) return undefined;
    if (kept.until !== null && kept.until <= this.#clock.now()) {
      this.#rows.delete(name);
      this.#names.delete(kept.redisKey);
      return undefined;
    }
    kept.wasRead = true;
    return kept.row;
  }

  put(name: RowName, redisKey: Buffer, row: CachedRow | null, until: number | null): void {
    if (this.#isRetired) return;
    const key = redisKey.latin1Slice(0, redisKey.length);
    this.#rows.delete(name);
    if (this.#rows.size >= this.#maxRows) this.#evict();
    this.#rows.set(name, { row: Promise.resolve(row), redisKey: key, until, wasRead: false });
    this.#names.set(key, name);
  }

  /** A key of Redis has changed. */
  drop(redisKey: Buffer): void {
    const key = redisKey.latin1Slice(0, redisKey.length);
    const name = this.#names.get(key);
    if (name === undefined) return;
    this.#names.delete(key);
    this.#rows.delete(name);
  }

  clear(): void {
    this.#rows.clear();
    this.#names.clear();
  }

  /** Keeps nothing any more, because nobody will tell of changes. */
  retire(): void {
    this.#isRetired = true;
    this.clear();
  }

  #evict(): void {
    // A map gives its entries in the order they were put in, those that are spared once more behind the others.
    for (const [oldest, kept] of this.#rows) {
      this.#rows.delete(oldest);
      if (kept.wasRead) {
        kept.wasRead = false;
        this.#rows.set(oldest, kept);
        continue;
      }
      this.#names.delete(kept.redisKey);
      this.evictions += 1;
      return;
    }
  }
}
