import { foundPlaces, type PlaceSearch } from './found-places.ts';
import type { Keyspace, SavedKey } from './keyspace.ts';
import { only } from './keyspace-loader.ts';
import { scoreOf } from './score-text.ts';
import { type SortOptions, sortedTexts } from './sorted-texts.ts';

type Names = readonly Uint8Array[];

/** Where a range of a sorted set begins or ends, as `(1`, `[a`, `-`, `+`, a score or a rank. */
type Bound = Buffer;

/**
 * What commands of the kind `…STORE` leave under a name: they read keys and replace another, which may be one of those. No element
 * passes through memory but those of a SORT and of a search of places.
 */
export class StoredResults {
  readonly #keys: Keyspace;

  constructor(keys: Keyspace) {
    this.#keys = keys;
  }

  sets(db: number, how: 'union' | 'inter' | 'diff', to: Uint8Array, from: Names): void {
    const result = this.#begin('set');
    const sources = from.map((name) => this.#keys.find(db, name));
    const first = how === 'union' ? sources : sources.slice(0, 1);
    for (const source of first) {
      if (source === null) continue;
      const text = 'INSERT OR IGNORE INTO elements SELECT ?, name, NULL, NULL FROM elements WHERE key = ?';
      this.#keys.run(text, result.id, source.id);
    }
    if (how !== 'union') for (const source of sources.slice(1)) this.#keep(result, source, how);
    this.#replace(db, to, result);
  }

  /** `weights`: one for each of `from`. */
  scores(
    db: number,
    how: 'union' | 'inter' | 'diff',
    to: Uint8Array,
    from: Names,
    { weights, aggregate }: { readonly weights: readonly number[]; readonly aggregate: string },
  ): void {
    const result = this.#begin('zset');
    const sources = from.map((name, at) => {
      const key = this.#keys.find(db, name);
      return { key, weight: weights[at] ?? 1, size: key === null ? 0 : this.#sizeOf(key) };
    });
    // The server begins with the smallest, which shows where sums are rounded.
    if (how !== 'diff') sources.sort((a, b) => a.size - b.size);
    const both = aggregates[aggregate]!;
    for (const [at, { key, weight }] of sources.entries()) {
      if (at > 0 && how !== 'union') {
        if (how === 'inter' && key !== null) {
          const other = `(SELECT ${weighted} FROM elements other WHERE other.key = ?2 AND other.name = elements.name)`;
          const text = `UPDATE elements SET score = COALESCE(${both('score', `COALESCE(${other}, score)`)}, 0) WHERE key = ?1 AND EXISTS ${other}`;
          this.#keys.run(text, result.id, key.id, weight);
        }
        this.#keep(result, key, how);
      } else if (key !== null) {
        const text = `INSERT INTO elements SELECT ?1, name, NULL, ${weighted} FROM elements WHERE key = ?2
          ON CONFLICT DO UPDATE SET score = COALESCE(${both('score', 'excluded.score')}, 0)`;
        this.#keys.run(text, result.id, key.id, weight);
      }
    }
    this.#replace(db, to, result);
  }

  /** `ZRANGESTORE`; options in capitals. False: it is by names where scores differ. */
  range(
    db: number,
    to: Uint8Array,
    from: Uint8Array,
    bounds: readonly [Bound, Bound],
    options: readonly string[],
  ): boolean {
    const source = this.#keys.find(db, from);
    if (options.includes('BYLEX') && source !== null && !this.hasOneScore(source)) return false;
    const result = this.#begin('zset');
    const isReversed = options.includes('REV');
    const by = options.includes('BYSCORE') ? 'score' : options.includes('BYLEX') ? 'name' : 'rank';
    const at = options.indexOf('LIMIT');
    let [skipped, count] = at < 0 ? [0, -1] : [Number(options[at + 1]), Number(options[at + 2])];
    if (source !== null) {
      let where = '';
      let values: readonly (number | Uint8Array)[] = [];
      if (by === 'rank') {
        const [start, stop] = rankRange(this.#sizeOf(source), Number(String(bounds[0])), Number(String(bounds[1])));
        [skipped, count] = [start, Math.max(0, stop - start)];
      } else
        [where, values] = elementsBetween(by, isReversed ? bounds[1] : bounds[0], isReversed ? bounds[0] : bounds[1]);
      const way = isReversed ? 'DESC' : 'ASC';
      const text = `INSERT INTO elements SELECT ?, name, NULL, score FROM elements WHERE key = ?${where} ORDER BY score ${way}, name ${way} LIMIT ? OFFSET ?`;
      this.#keys.run(text, result.id, source.id, ...values, count, skipped);
    }
    this.#replace(db, to, result);
    return true;
  }

  /** Only then is it said what a range of names is: the server walks by scores first. */
  hasOneScore({ id }: SavedKey): boolean {
    const found = this.#keys.get('SELECT MIN(score) AS low, MAX(score) AS high FROM elements WHERE key = ?', id)!;
    return found['low'] === found['high'];
  }

  /** `SORT … STORE`. Gives why it cannot be said what it leaves; null: it is there. */
  sorted(db: number, to: Uint8Array, from: Uint8Array, options: SortOptions): Unknown | null {
    const source = this.#keys.find(db, from);
    const elements = source === null ? [] : [...this.#keys.elements(source)];
    const texts = elements.map(({ name, value }) => Buffer.from(source!.kind === 'list' ? value : name));
    let doubt: string | null = null;
    const sorted = sortedTexts(source?.kind ?? 'list', texts, options, (name, field) => {
      const key = this.#keys.find(db, name);
      doubt ??= key?.doubt ?? null;
      if (key === null || key.kind !== (field === null ? 'string' : 'hash')) return null;
      const held = this.#keys.element(key, field ?? only);
      return held === null ? null : Buffer.from(held.value);
    });
    if (sorted === null || doubt !== null) return { doubt };
    const result = this.#begin('list');
    for (const [place, text] of sorted.entries())
      this.#keys.run('INSERT INTO items VALUES (?, ?, ?)', result.id, place, text);
    this.#replace(db, to, result);
    return null;
  }

  /** `GEOSEARCHSTORE`. Gives why it cannot be said what it leaves; null: it is there. */
  places(db: number, to: Uint8Array, from: Uint8Array, search: PlaceSearch): Unknown | null {
    const source = this.#keys.find(db, from);
    const members = source === null ? [] : [...this.#keys.elements(source)];
    const found = foundPlaces(
      members.map(({ name, score }) => ({ name: Buffer.from(name), score: score! })),
      search,
    );
    if (source !== null && found === null) return { doubt: null };
    const result = this.#begin('zset');
    for (const { name, score } of found ?? []) this.#keys.put(result, name, null, score);
    this.#replace(db, to, result);
    return null;
  }

  #sizeOf({ id }: SavedKey): number {
    return Number(this.#keys.get('SELECT COUNT(*) AS n FROM elements WHERE key = ?', id)!['n']);
  }

  /** Of the result, what the other has too, or has not. */
  #keep(result: SavedKey, other: SavedKey | null, how: 'inter' | 'diff'): void {
    const text = `DELETE FROM elements WHERE key = ? AND name ${how === 'inter' ? 'NOT ' : ''}IN (SELECT name FROM elements WHERE key = ?)`;
    this.#keys.run(text, result.id, other?.id ?? -1);
  }

  #begin(kind: 'set' | 'zset' | 'list'): SavedKey {
    return this.#keys.make(nowhere, new Uint8Array(0), kind);
  }

  /** An empty result is no key. */
  #replace(db: number, name: Uint8Array, result: SavedKey): void {
    const held = this.#keys.find(db, name);
    if (held !== null) this.#keys.remove(held);
    this.#keys.run('UPDATE keys SET db = ?, name = ? WHERE id = ?', db, name, result.id);
    this.#keys.removeIfEmpty(result);
  }
}

/** `doubt`: that of a key which it was read from; null: it is not followed. */
interface Unknown {
  readonly doubt: string | null;
}

/** No server has such a database. */
const nowhere = -1_000_000;

/** The members of a set count as 1; infinity times 0 is 0. */
const weighted = 'COALESCE(COALESCE(score, 1) * ?3, 0)';

const aggregates: Readonly<Record<string, (a: string, b: string) => string>> = {
  SUM: (a, b) => `${a} + ${b}`,
  MIN: (a, b) => `MIN(${a}, ${b})`,
  MAX: (a, b) => `MAX(${a}, ${b})`,
};

/** Behind a `WHERE key = ?`: the elements of a sorted set between scores, or names where all have one score. */
export const elementsBetween = (
  by: 'score' | 'name',
  low: Bound,
  high: Bound,
): readonly [string, readonly (number | Uint8Array)[]] => {
  const words: string[] = [];
  const values: (number | Uint8Array)[] = [];
  for (const [bound, isLow] of [
    [low, true],
    [high, false],
  ] as const) {
    const sign = String.fromCharCode(bound[0]!);
    const isOpen = sign === '(';
    if (by === 'name' && (sign === '-' || sign === '+')) {
      if ((sign === '-') !== isLow) words.push(' AND 0');
      continue;
    }
    words.push(` AND ${by} ${isLow ? '>' : '<'}${isOpen ? '' : '='} ?`);
    values.push(by === 'name' ? bound.subarray(1) : scoreOf(isOpen ? bound.subarray(1) : bound));
  }
  return [words.join(''), values];
};

/** From and to, without the latter, as Redis counts: from the end where negative. */
export const rankRange = (size: number, start: number, stop: number): readonly [number, number] => [
  Math.max(0, start < 0 ? size + start : start),
  Math.min(size, (stop < 0 ? size + stop : stop) + 1),
];
