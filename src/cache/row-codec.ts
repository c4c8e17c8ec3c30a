import { Buffer } from 'node:buffer';
import { HashFields } from '../connectors/redis/hash-fields.ts';
import { columnValueReader } from '../connectors/redis/hash-values.ts';
import type { KeyTemplate } from '../connectors/redis/key-template.ts';
import { ArrayRowImages } from '../core/array-row-images.ts';
import { qualifiedName, type Table } from '../core/table.ts';
import type { Row, Value } from '../core/value.ts';
import { writeValue } from '../core/write-value.ts';
import type { CommandWriter } from '../protocol/redis/command-writer.ts';
import type { Reply } from '../protocol/redis/reply.ts';
import type { ReplyDecoder } from '../protocol/redis/reply-decoder.ts';
import type { CachedRow } from './cache-options.ts';
import { type KeyPlace, keyValue } from './key-value.ts';
import { KnownColumns } from './known-columns.ts';
import { placedValueReader, RowPlaces } from './row-places.ts';

/**
 * Fields of a hash beside its row's columns. No column can be called so, because MySQL's names hold no zero byte.
 *
 *     \0lease   who brings the row: nobody else does, and what it brings is kept only while this stands there
 *     \0leased  until when, in milliseconds since 1970
 *     \0until   until when a row that was brought counts as fresh
 *     \0none    there is no such row
 *     \0columns of a row that was brought, which columns whoever brought it knew: a table may be altered while processes that were
 *              started before and after read it, and a column that one does not know would be NULL for the other
 */
export const ownFields = {
  lease: '\0lease',
  leased: '\0leased',
  until: '\0until',
  none: '\0none',
  columns: '\0columns',
} as const;

/** Where the answer to `ask` has them; the columns follow in the table's order from `first` on. */
const lease = 0;
const until = 1;
const none = 2;
const columns = 3;
const first = 4;

/** What a key holds. */
export type Held =
  /** `until`: from when on it is stale; null: it never is. */
  | { readonly state: 'row'; readonly row: CachedRow; readonly until: number | null }
  | { readonly state: 'none' }
  /** Somebody brings it. */
  | { readonly state: 'filling' }
  | { readonly state: 'missing' }
  /** Fields are missing that every row has, or hold what no such column holds. */
  | { readonly state: 'partial' };

/** What tells rows apart in this process. A number is found without its digits being written down. */
export type RowName = string | number;

/** Rows of one version of a table as the hashes that the Redis sink writes, both ways. */
export class RowCodec {
  readonly table: Table;
  readonly keys: KeyTemplate;
  /** What `\0columns` holds of rows that are brought by this version. */
  readonly columns: string;
  readonly #known: KnownColumns;
  readonly #names: readonly string[];
  readonly #required: readonly number[];
  readonly #readers: readonly ((places: RowPlaces, at: number) => Value | undefined)[];
  /** The fields that are asked for, as arguments of HMGET. */
  readonly #asked: Buffer;
  readonly #places: readonly KeyPlace[];
  readonly #fields: HashFields;
  readonly #answer: RowPlaces;
  #key = Buffer.allocUnsafe(256);

  constructor(table: Table, keys: KeyTemplate) {
    this.table = table;
    this.keys = keys;
    this.#known = new KnownColumns(table);
    this.columns = this.#known.text;
    this.#names = table.columns.map(({ name }) => name);
    this.#required = [...table.columns.keys()].filter((at) => !table.columns[at]!.nullable);
    this.#readers = table.columns.map(({ type }) => placedValueReader(type));
    this.#places = this.#names.map((column) => ({ table: qualifiedName(table), column }));
    const names = [ownFields.lease, ownFields.until, ownFields.none, ownFields.columns, ...this.#names];
    this.#asked = Buffer.concat(names.map((name) => Buffer.from(`$${Buffer.byteLength(name)}\r\n${name}\r\n`)));
    this.#fields = new HashFields(table.columns);
    this.#answer = new RowPlaces(names.length);
  }

  /** A name for a key in this process: a number or text where it is one. Throws CACHE_KEY_INVALID. */
  nameOf(key: Readonly<Record<string, unknown>>): RowName {
    const { columns } = this.keys;
    const alone = this.#valueOf(key, columns[0]!);
    // Two columns' names never meet one column's: they are of different tables.
    if (columns.length === 1 && typeof alone !== 'object') return typeof alone === 'number' ? alone : String(alone);
    let name = '';
    for (const column of columns) {
      const value = this.#valueOf(key, column)!;
      const text = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value);
      // The length keeps ('a', 'bc') and ('ab', 'c') apart.
      name += `${text.length}:${text}`;
    }
    return name;
  }

  /** The key's values by column of the table; undefined: the column is none of the key's. Throws CACHE_KEY_INVALID. */
  keyRow(key: Readonly<Record<string, unknown>>): Row {
    return this.rowOf(key, this.keys.columns);
  }

  /** The same key by the names of its columns. */
  namedKey(key: Row): Readonly<Record<string, Value>> {
    return Object.fromEntries(this.keys.columns.map((column) => [this.#names[column]!, key[column] as Value]));
  }

  /** The values of some columns by column of the table. Throws CACHE_KEY_INVALID. */
  rowOf(values: Readonly<Record<string, unknown>>, columns: readonly number[]): Row {
    const row: (Value | undefined)[] = new Array(this.table.columns.length).fill(undefined);
    for (const column of columns) row[column] = this.#valueOf(values, column);
    return row;
  }

  /** Whether a row has this value in a column. */
  isValue(row: CachedRow, column: number, value: Value): boolean {
    const held = row[this.#names[column]!];
    if (held instanceof Uint8Array && value instanceof Uint8Array) return Buffer.compare(held, value) === 0;
    return held === value;
  }

  /** A column's value by its text in Redis. */
  valueOf(column: number, text: Buffer): Value {
    return columnValueReader(this.table.columns[column]!.type)(text);
  }

  /** The key in Redis. */
  redisKey(row: Row): Buffer {
    return this.keyBytes(row, this.keys);
  }

  /** The key that a template makes of a row's values. */
  keyBytes(row: Row, keys: KeyTemplate): Buffer {
    const fields = this.#fields;
    fields.length = 0;
    fields.count = 0;
    let bytes = 0;
    for (const column of keys.columns) {
      writeValue(fields, column, this.table.columns[column]!.type, row[column]);
      bytes += fields.valueEnds[column]! - fields.valueStarts[column]!;
    }
    const longest = keys.longest(bytes);
    if (longest > this.#key.length) this.#key = Buffer.allocUnsafe(longest * 2);
    const end = keys.write(this.#key, 0, fields.bytes, fields.valueStarts, fields.valueEnds);
    return Buffer.from(this.#key.subarray(0, end));
  }

  /** Asks for a row: one command. */
  ask(commands: CommandWriter, redisKey: Buffer): void {
    commands.begin(2 + first + this.#names.length);
    commands.text('HMGET');
    commands.bytes(redisKey, 0, redisKey.length);
    commands.raw(this.#asked, 0, this.#asked.length);
  }

  /** What the answer to `ask` says, where it lies; null: it has not come as a whole, or is something else. */
  read(decoder: ReplyDecoder): Held | null {
    const places = this.#answer;
    return decoder.texts(places) ? this.#heldAt(places) : null;
  }

  /** The same, of an answer that was made a reply. */
  held(reply: Reply): Held {
    const texts = reply as readonly (Buffer | null)[];
    const places = new RowPlaces(texts.length);
    places.bytes = Buffer.concat(texts.map((text) => text ?? Buffer.alloc(0)));
    let at = 0;
    for (const [i, text] of texts.entries()) {
      places.starts[i] = text === null ? -1 : at;
      at += text?.length ?? 0;
      places.ends[i] = text === null ? -1 : at;
    }
    return this.#heldAt(places);
  }

  #heldAt(places: RowPlaces): Held {
    const { starts } = places;
    const isLeased = starts[lease] !== -1;
    const isFilled = starts[until] !== -1;
    const isNone = starts[none] !== -1;
    if (starts[first + this.keys.columns[0]!] === -1) {
      if (isLeased) return filling;
      if (isNone) return noRow;
      // A key that holds nothing of the row's key is none, whatever else it holds.
      return starts.some((start) => start !== -1) ? partial : missing;
    }
    // Written upon what was to be filled, or upon what said that there was no row: the one who fills sorts that out.
    if (isLeased && !isFilled) return filling;
    if (isNone) return partial;
    for (const column of this.#required) if (starts[first + column] === -1) return partial;
    if (starts[columns] !== -1 && !this.#known.areIn(places.view(columns))) return partial;
    places.decode(first);
    const row: Record<string, Value> = {};
    for (let column = 0; column < this.#names.length; column += 1) {
      const at = first + column;
      const value = starts[at] === -1 ? null : this.#readers[column]!(places, at);
      if (value === undefined) return partial;
      row[this.#names[column]!] = value;
    }
    return { state: 'row', row: Object.freeze(row), until: isFilled ? (places.digits(until) ?? 0) : null };
  }

  /** A row that MySQL gave, for readers. */
  named(row: Row): CachedRow {
    const named: Record<string, Value> = {};
    for (let column = 0; column < this.#names.length; column += 1) named[this.#names[column]!] = row[column] ?? null;
    return Object.freeze(named);
  }

  /** A row's fields as arguments of HSET; they stand until the next call. */
  fields(row: Row): { readonly bytes: Buffer; readonly length: number; readonly count: number } {
    this.#fields.read(new ArrayRowImages(this.table, { before: null, after: [row] }), 0, 'after');
    return this.#fields;
  }

  #valueOf(key: Readonly<Record<string, unknown>>, column: number): Value {
    return keyValue(key[this.#names[column]!], this.table.columns[column]!.type, this.#places[column]!);
  }
}

const filling: Held = { state: 'filling' };
const noRow: Held = { state: 'none' };
const missing: Held = { state: 'missing' };
const partial: Held = { state: 'partial' };
