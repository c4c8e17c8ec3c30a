import { Buffer } from 'node:buffer';
import { MetKeys } from '../../../core/met-keys.ts';
import type { HeldOtherwise, Key, KeyPage, RowAudit } from '../../../core/reader.ts';
import type { RowImages } from '../../../core/row-images.ts';
import { textHash } from '../../../core/text-hash.ts';
import type { Row } from '../../../core/value.ts';
import type { FoundRows, KeptRows, Keyspace } from './kept-rows.ts';

/** Rows that are asked for at once. */
const rowsAtOnce = 500;

/** Looks rows up where they should be kept, and then goes through what is kept. */
export class KeptAudit implements RowAudit {
  readonly #kept: Pick<KeptRows, 'lookup' | 'walk'>;
  readonly #space: Keyspace;
  readonly #keyOf: (row: Row) => Key;
  readonly #met = new MetKeys();
  #walk: AsyncGenerator<FoundRows> | null = null;
  #isWalked = false;
  #found: Key[] = [];
  #wrong: Key[] = [];

  /** `keyOf` gives the key of a row of the source's; a part of it is NULL where nothing is to be kept. */
  constructor(kept: Pick<KeptRows, 'lookup' | 'walk'>, space: Keyspace, keyOf: (row: Row) => Key) {
    this.#kept = kept;
    this.#space = space;
    this.#keyOf = keyOf;
  }

  async heldOtherwise(rows: readonly RowImages[], signal: AbortSignal): Promise<readonly HeldOtherwise[]> {
    const placed = this.#placed(rows);
    const otherwise: HeldOtherwise[] = [];
    for (let at = 0; at < placed.length; at += rowsAtOnce) {
      signal.throwIfAborted();
      const some = placed.slice(at, at + rowsAtOnce);
      const held = await this.#space.use(({ store }) =>
        this.#kept.lookup(
          store,
          some.map(({ key }) => key),
        ),
      );
      otherwise.push(...some.map(({ index }, i) => ({ index, held: held[i] ?? null })));
    }
    return otherwise;
  }

  pass(rows: readonly RowImages[]): void {
    this.#placed(rows);
  }

  async others(limit: number, signal: AbortSignal): Promise<KeyPage & { readonly wrong: readonly Key[] }> {
    this.#walk ??= this.#kept.walk(this.#space, signal);
    while (this.#found.length + this.#wrong.length < limit && !this.#isWalked) {
      signal.throwIfAborted();
      let step: IteratorResult<FoundRows>;
      try {
        step = await this.#walk.next();
      } catch (error) {
        // One that failed has ended, and must not be taken for one that found nothing more.
        this.#walk = null;
        throw error;
      }
      if (step.done) {
        this.#isWalked = true;
        break;
      }
      const { keys, wrong = [] } = step.value;
      for (const key of keys) if (!this.#met.has(hashOf(key))) this.#found.push(key);
      this.#wrong.push(...wrong);
    }
    const keys = this.#found.splice(0, limit);
    const wrong = this.#wrong.splice(0, limit - keys.length);
    return { keys, wrong, last: this.#isWalked && this.#found.length + this.#wrong.length === 0 };
  }

  /** The rows that have a place, which are met with this. */
  #placed(pieces: readonly RowImages[]): readonly { readonly index: number; readonly key: Key }[] {
    const placed: { index: number; key: Key }[] = [];
    let index = 0;
    for (const piece of pieces) {
      for (let i = 0; i < piece.length; i += 1, index += 1) {
        const key = this.#keyOf(piece.after(i)!);
        if (key.some((part) => part === null)) continue;
        this.#met.add(hashOf(key));
        placed.push({ index, key });
      }
    }
    return placed;
  }
}

/** Parts of keys that look alike are of one column, so they are of one kind. */
const hashOf = (key: Key): number =>
  textHash(
    JSON.stringify(
      key.map((part) => (part instanceof Uint8Array ? Buffer.from(part).toString('latin1') : String(part))),
    ),
  );
