import { ArrayRowImages } from '../core/array-row-images.ts';
import { MetKeys } from '../core/met-keys.ts';
import type { Key, KeyPage, Reader, RowAudit, RowPage } from '../core/reader.ts';
import type { RowImages } from '../core/row-images.ts';
import type { Table } from '../core/table.ts';
import { textHash } from '../core/text-hash.ts';
import type { Row } from '../core/value.ts';
import { type ComparedTable, keyName } from './compared-table.ts';
import type { Suspect } from './suspects.ts';

/** A page of the source's rows, decoded as far as somebody asks for them. */
export class PageRows {
  readonly images: readonly RowImages[];
  readonly length: number;
  readonly #page: RowPage;

  constructor(page: RowPage, table: Table) {
    this.#page = page;
    this.images = page.images ?? [new ArrayRowImages(table, { before: null, after: page.rows })];
    this.length = this.images.reduce((sum, { length }) => sum + length, 0);
  }

  get rows(): readonly Row[] {
    return this.#page.rows;
  }

  at(index: number): Row {
    let left = index;
    for (const some of this.images) {
      if (left < some.length) return some.after(left)!;
      left -= some.length;
    }
    throw new RangeError(`a page of ${this.length} rows has none at ${index}`);
  }
}

/** What a target holds of the rows of a table that sorts its keys otherwise than the source, or not at all. */
export interface HeldRows {
  /** Which rows of a page are not held as they should be. `compared` false: none is looked at, but they count as met. */
  look(page: PageRows, compared: boolean): Promise<readonly Suspect[]>;
  /** The next keys that are held and were not met, and how far that is. `wrong`: keys that need no second look. */
  others(after: Key | null): Promise<KeyPage & { readonly reached: Key | null; readonly wrong?: readonly Key[] }>;
}

/** By what the target knows best: how it would hold them, or their keys. */
export const heldRows = (table: ComparedTable, target: Reader, chunkRows: number, signal: AbortSignal): HeldRows => {
  const audit = target.audit?.(table.target) ?? null;
  return audit === null
    ? new LookedUpRows(table, target, chunkRows, signal)
    : new AuditedRows(table, target, audit, chunkRows, signal);
};

class AuditedRows implements HeldRows {
  readonly #table: ComparedTable;
  readonly #target: Reader;
  readonly #audit: RowAudit;
  readonly #chunkRows: number;
  readonly #signal: AbortSignal;

  constructor(table: ComparedTable, target: Reader, audit: RowAudit, chunkRows: number, signal: AbortSignal) {
    this.#table = table;
    this.#target = target;
    this.#audit = audit;
    this.#chunkRows = chunkRows;
    this.#signal = signal;
  }

  async look(page: PageRows, compared: boolean): Promise<readonly Suspect[]> {
    const table = this.#table;
    const { expected, same } = table;
    if (expected.isUnchanged) {
      const found = await this.#audited(page.images, compared, (index, held) => same(page.at(index), held));
      return found.flatMap((index) => suspectOf(table, page.at(index), page.at(index)));
    }
    const wanted = await expected.from(page.rows);
    const places = [...wanted.keys()];
    const [there, absent] = [places.filter((at) => wanted[at] !== null), places.filter((at) => wanted[at] === null)];
    const after = there.map((at) => wanted[at]!);
    const images = [new ArrayRowImages(expected.table, { before: null, after })];
    const otherwise = await this.#audited(images, compared, (index, held) => same(after[index]!, held));
    const found = otherwise.flatMap((index) => suspectOf(table, page.rows[there[index]!]!, after[index]!));
    // Where a row would be that is not to be held only it would say: what is held of it is found by who goes through what is held.
    if (!compared || absent.length === 0 || table.placed) return found;
    const held = await lookedUp(table, this.#target, page, absent, this.#signal);
    const left = absent.filter((_, i) => !same(null, held[i] ?? null));
    return [...found, ...left.flatMap((at) => suspectOf(table, page.rows[at]!, null))];
  }

  async others(): Promise<KeyPage & { readonly reached: Key | null; readonly wrong?: readonly Key[] }> {
    const page = await this.#audit.others(this.#chunkRows, this.#signal);
    return { ...page, reached: page.keys.at(-1) ?? null };
  }

  async #audited(
    images: readonly RowImages[],
    compared: boolean,
    isSame: (index: number, held: Row | null) => boolean,
  ): Promise<readonly number[]> {
    if (!compared) {
      this.#audit.pass(images);
      return [];
    }
    const otherwise = await this.#audit.heldOtherwise(images, this.#signal);
    return otherwise.flatMap(({ index, held }) => (isSame(index, held) ? [] : [index]));
  }
}

class LookedUpRows implements HeldRows {
  readonly #table: ComparedTable;
  readonly #target: Reader;
  readonly #chunkRows: number;
  readonly #signal: AbortSignal;
  readonly #met = new MetKeys();

  constructor(table: ComparedTable, target: Reader, chunkRows: number, signal: AbortSignal) {
    this.#table = table;
    this.#target = target;
    this.#chunkRows = chunkRows;
    this.#signal = signal;
  }

  async look(page: PageRows, compared: boolean): Promise<readonly Suspect[]> {
    const { expected, same, sourceKeyOf, toTargetKey } = this.#table;
    for (const row of page.rows) this.#met.add(textHash(keyName(toTargetKey(sourceKeyOf(row)))));
    if (!compared) return [];
    const wanted = await expected.from(page.rows);
    const places = [...wanted.keys()];
    const held = await lookedUp(this.#table, this.#target, page, places, this.#signal);
    const otherwise = places.filter((at) => !same(wanted[at] ?? null, held[at] ?? null));
    return otherwise.flatMap((at) => suspectOf(this.#table, page.rows[at]!, wanted[at] ?? null));
  }

  async others(after: Key | null): Promise<KeyPage & { readonly reached: Key | null }> {
    const { target, targetKeyOf } = this.#table;
    const { rows, last } = await this.#target.page(target, { after, upTo: null }, this.#chunkRows, this.#signal);
    const keys = rows.map(targetKeyOf);
    return {
      keys: keys.filter((key) => !this.#met.has(textHash(keyName(key)))),
      reached: keys.at(-1) ?? null,
      last,
    };
  }
}

/** None where no place can be told for it. */
const suspectOf = (table: ComparedTable, row: Row, expected: Row | null): readonly Suspect[] => {
  const sourceKey = table.sourceKeyOf(row);
  const targetKey = table.targetKeyFor(sourceKey, expected);
  return targetKey === null ? [] : [{ sourceKey, targetKey }];
};

const lookedUp = (
  { target: held, sourceKeyOf, toTargetKey }: ComparedTable,
  target: Reader,
  page: PageRows,
  places: readonly number[],
  signal: AbortSignal,
): Promise<readonly (Row | null)[]> =>
  target.lookup(
    held,
    places.map((at) => toTargetKey(sourceKeyOf(page.rows[at]!))),
    signal,
  );
