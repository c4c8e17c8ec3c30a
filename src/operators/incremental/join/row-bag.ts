import type { SqlRow } from '../delta.ts';
import type { RowKey } from '../row-key.ts';
import { isSameRow } from '../same-row.ts';
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';

/** From how many rows on they are looked up by their keys instead of one by one. */
const INDEXED_FROM = 48;

/** Rows of one side of a join that have the joined columns in common, each with how often it is there. */
export class RowBag {
  readonly rows: SqlRow[];
  readonly weights: number[];
  /** With how many rows of the other side each row is joined; empty where nobody asks. */
  readonly matches: number[];
  readonly #counts: boolean;
  readonly #key: (row: SqlRow) => RowKey;
  #places: Map<RowKey, number> | null = null;
  /** Rows that went before they came, which happens within a tick. */
  #negative: number;

  /** Most bags hold one row, so its lists begin with room for one. `key` tells whole rows apart; null matches are not counted. */
  constructor(key: (row: SqlRow) => RowKey, row: SqlRow, weight: number, matches: number | null) {
    this.#key = key;
    this.rows = [row];
    this.weights = [weight];
    this.matches = matches === null ? uncounted : [matches];
    this.#counts = matches !== null;
    this.#negative = weight < 0 ? 1 : 0;
  }

  get isEmpty(): boolean {
    return this.rows.length === 0;
  }

  add(row: SqlRow, weight: number, matches: number | null): void {
    // As long as nothing is owed, a row that comes needs not be looked for.
    const place = weight > 0 && this.#negative === 0 && this.#places === null ? -1 : this.#find(row);
    if (place < 0) {
      this.#push(row, weight, matches);
      return;
    }
    const sum = this.weights[place]! + weight;
    if (this.weights[place]! < 0) this.#negative -= 1;
    if (sum < 0) this.#negative += 1;
    if (sum === 0) this.#remove(place);
    else this.weights[place] = sum;
  }

  save(to: StateWriter): void {
    to.value(this.rows);
    to.value(this.weights);
    if (this.#counts) to.value(this.matches);
  }

  /** A bag as another one saved it that was told of matches too, or was not either. */
  static load(key: (row: SqlRow) => RowKey, counts: boolean, from: StateReader): RowBag {
    const rows = from.value() as SqlRow[];
    const weights = from.value() as number[];
    const matches = counts ? (from.value() as number[]) : null;
    const bag = new RowBag(key, rows[0]!, weights[0]!, matches?.[0] ?? null);
    for (let i = 1; i < rows.length; i += 1) bag.#push(rows[i]!, weights[i]!, matches?.[i] ?? null);
    return bag;
  }

  #push(row: SqlRow, weight: number, matches: number | null): void {
    if (weight < 0) this.#negative += 1;
    this.#places?.set(this.#key(row), this.rows.length);
    this.rows.push(row);
    this.weights.push(weight);
    if (matches !== null) this.matches.push(matches);
  }

  #find(row: SqlRow): number {
    if (this.#places === null) {
      if (this.rows.length < INDEXED_FROM) return this.rows.findLastIndex((other) => isSameRow(other, row));
      this.#index();
    }
    return this.#places!.get(this.#key(row)) ?? -1;
  }

  /** Makes equal rows one, and notes where each row is. */
  #index(): void {
    const places = new Map<RowKey, number>();
    this.#places = places;
    for (let place = 0; place < this.rows.length; ) {
      const key = this.#key(this.rows[place]!);
      const known = places.get(key);
      if (known === undefined) {
        places.set(key, place);
        place += 1;
        continue;
      }
      this.weights[known] = this.weights[known]! + this.weights[place]!;
      this.#drop(place);
    }
  }

  #remove(place: number): void {
    this.#places?.delete(this.#key(this.rows[place]!));
    this.#drop(place);
    if (place < this.rows.length) this.#places?.set(this.#key(this.rows[place]!), place);
  }

  /** The last row takes the place. */
  #drop(place: number): void {
    this.#moveLast(this.rows, place);
    this.#moveLast(this.weights, place);
    if (this.#counts) this.#moveLast(this.matches, place);
  }

  #moveLast<Item>(list: Item[], place: number): void {
    const last = list.pop()!;
    if (place < list.length) list[place] = last;
  }
}

const uncounted: number[] = [];
