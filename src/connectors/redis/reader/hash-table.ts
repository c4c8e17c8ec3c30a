import { Buffer } from 'node:buffer';
import { ArrayRowImages } from '../../../core/array-row-images.ts';
import type { Key } from '../../../core/reader.ts';
import type { RowImages } from '../../../core/row-images.ts';
import type { Table } from '../../../core/table.ts';
import type { Row, Value } from '../../../core/value.ts';
import type { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import { type Reply, ReplyError } from '../../../protocol/redis/reply.ts';
import { expiryTime } from '../expiry-time.ts';
import { fieldOf, HashFields } from '../hash-fields.ts';
import { columnValueReader, isValueText } from '../hash-values.ts';
import type { KeyTemplate } from '../key-template.ts';

/** What stands at a row's key and is no row, or will leave by itself: no column's value is equal to it. */
const notARow = '\0not a row';

/** How a row is asked for, beside what should come. */
export interface AskedBy {
  /** Its columns by their names; otherwise all fields as they lie there, which costs less where the sink has put them in the table's order. */
  readonly names: boolean;
  /** And when it leaves by itself. */
  readonly leaving: boolean;
}

/** Commands, and their answers as they should be. */
interface Expected {
  readonly commands: CommandWriter;
  readonly answers: AnswerWriter;
}

/** How the rows of one table lie in Redis, for who reads them back. */
export class HashTable {
  readonly table: Table;
  readonly keys: KeyTemplate;
  readonly expires: boolean;
  /** Whether the primary key alone makes a row's key in Redis. */
  readonly isKeyed: boolean;
  readonly #fields: HashFields;
  readonly #expiry: number | null;
  readonly #readers: readonly ((bytes: Buffer) => Value)[];
  readonly #names: Buffer;
  readonly #columns: ReadonlyMap<string, number>;
  #key = Buffer.allocUnsafe(256);

  /** `expires`: rows may leave by themselves. `expiry`: the column that says when; null: none does. */
  constructor(table: Table, keys: KeyTemplate, expires: boolean, expiry: number | null = null) {
    this.#expiry = expiry;
    this.table = table;
    this.expires = expires;
    this.keys = keys;
    this.isKeyed =
      keys.columns.length === table.primaryKey.length &&
      keys.columns.every((column) => table.primaryKey.includes(column));
    this.#fields = new HashFields(table.columns);
    this.#readers = table.columns.map(({ type }) => columnValueReader(type));
    this.#columns = new Map(table.columns.map(({ name }, column) => [name, column]));
    this.#names = Buffer.concat(
      table.columns.map(({ name }) => Buffer.from(`$${Buffer.byteLength(name)}\r\n${name}\r\n`)),
    );
  }

  /** The key in Redis of a row with this primary key. */
  redisKey(key: Key): Buffer {
    const row: (Value | undefined)[] = new Array(this.table.columns.length).fill(undefined);
    for (const [i, column] of this.table.primaryKey.entries()) row[column] = key[i];
    this.#fields.read(this.#images([row]), 0, 'after');
    return Buffer.from(this.#keyBytes());
  }

  /** The primary key that a key in Redis stands for; null: it is none of this table's. */
  keyOf(redisKey: Buffer): Key | null {
    const values = this.keys.read(redisKey);
    if (values === null) return null;
    const key: Value[] = [];
    for (const column of this.table.primaryKey) {
      const bytes = values[this.keys.columns.indexOf(column)]!;
      if (!isValueText(this.table.columns[column]!.type, bytes)) return null;
      key.push(this.#readers[column]!(bytes));
    }
    return key;
  }

  /** Asks for a row. */
  ask(commands: CommandWriter, redisKey: Uint8Array, { names, leaving }: AskedBy): void {
    if (names) {
      commands.begin(2 + this.table.columns.length);
      commands.raw(hmget, 0, hmget.length);
      commands.bytes(redisKey, 0, redisKey.length);
      commands.raw(this.#names, 0, this.#names.length);
    } else {
      commands.begin(2);
      commands.raw(hgetall, 0, hgetall.length);
      commands.bytes(redisKey, 0, redisKey.length);
    }
    if (!leaving) return;
    commands.begin(2);
    commands.raw(pttl, 0, pttl.length);
    commands.bytes(redisKey, 0, redisKey.length);
  }

  /**
   * The row that the answers to `ask` hold; null: there is none. Something that is no hash, or that will leave by itself as no row of
   * MySQL does, is a row like none of the table's.
   */
  row(replies: readonly Reply[], from: number, { names, leaving }: AskedBy): Row | null {
    const reply = replies[from]!;
    if (reply instanceof ReplyError) return this.#readers.map(() => notARow);
    const values = names ? (reply as readonly (Buffer | null)[]) : this.#named(reply as readonly Buffer[]);
    // A hash has a field.
    if (values.every((value) => value === null)) {
      const isThere = leaving ? Number(replies[from + 1]) !== -2 : !names && (reply as readonly Buffer[]).length > 0;
      // What readers of a cache keep there beside rows: that somebody brings one, or that there is none.
      if (!isThere || this.expires) return null;
    }
    if (leaving && !this.expires && Number(replies[from + 1]) >= 0) return values.map(() => notARow);
    return values.map((value, column) => (value === null ? null : this.#readers[column]!(value)));
  }

  /** Names and values in turn, as values by column. */
  #named(fields: readonly Buffer[]): readonly (Buffer | null)[] {
    const values: (Buffer | null)[] = new Array(this.table.columns.length).fill(null);
    for (let i = 0; i < fields.length; i += 2) {
      const column = this.#columns.get(fields[i]!.toString());
      if (column !== undefined) values[column] = fields[i + 1]!;
    }
    return values;
  }

  /**
   * Asks for a row as it should be, and writes beside it what the server then answers, byte by byte. Gives the row's key in Redis, which
   * stands until the next call. `into` says where to, by that key.
   */
  expect(rows: RowImages, index: number, into: (key: Buffer) => Expected, by: AskedBy): Buffer {
    const fields = this.#fields;
    const key = this.keyBytesOf(rows, index);
    const { commands, answers } = into(key);
    this.ask(commands, key, by);
    if (by.names) this.#expectNamed(answers);
    else {
      answers.array(2 * fields.count);
      answers.raw(fields.bytes, fields.length);
    }
    if (by.leaving) answers.staying();
    return key;
  }

  /** A row's key in Redis, until the next call. */
  keyBytesOf(rows: RowImages, index: number): Buffer {
    this.#fields.read(rows, index, 'after');
    return this.#keyBytes();
  }

  #expectNamed(answers: AnswerWriter): void {
    const fields = this.#fields;
    const width = this.table.columns.length;
    answers.array(width);
    for (let column = 0; column < width; column += 1) {
      if (fields.states[column] === fieldOf.value) {
        answers.text(fields.bytes, fields.valueStarts[column]!, fields.valueEnds[column]!);
      } else answers.null();
    }
  }

  /** The commands that make a row so; null: gone. Whatever else is at the key goes. Seconds to live count from `now`. */
  repair(key: Key, row: Row | null, now: number): readonly (readonly (string | Uint8Array)[])[] {
    const redisKey = this.redisKey(key);
    const unlink = ['UNLINK', redisKey];
    if (row === null) return [unlink];
    this.#fields.read(this.#images([row]), 0, 'after');
    const pairs = this.table.columns.flatMap(({ name }, column) =>
      this.#fields.states[column] === fieldOf.value
        ? [
            name,
            Buffer.from(this.#fields.bytes.subarray(this.#fields.valueStarts[column], this.#fields.valueEnds[column])),
          ]
        : [],
    );
    const until = this.#until(now);
    return [unlink, ['HSET', redisKey, ...pairs], ...(until === null ? [] : [['PEXPIREAT', redisKey, String(until)]])];
  }

  /** When the row that was read last leaves, in milliseconds since 1970; null: never. */
  #until(now: number): number | null {
    const { bytes, states, valueStarts, valueEnds } = this.#fields;
    const at = this.#expiry;
    if (at === null || states[at] !== fieldOf.value) return null;
    return expiryTime(this.table.columns[at]!.type, bytes.latin1Slice(valueStarts[at]!, valueEnds[at]!), now);
  }

  #images(rows: readonly Row[]): RowImages {
    return new ArrayRowImages(this.table, { before: null, after: rows });
  }

  /** Of the row that was read last, until the next. */
  #keyBytes(): Buffer {
    const { bytes, valueStarts, valueEnds } = this.#fields;
    let length = 0;
    for (const column of this.keys.columns) length += valueEnds[column]! - valueStarts[column]!;
    const longest = this.keys.longest(length);
    if (longest > this.#key.length) this.#key = Buffer.allocUnsafe(longest * 2);
    return this.#key.subarray(0, this.keys.write(this.#key, 0, bytes, valueStarts, valueEnds));
  }
}

const word = (name: string): Buffer => Buffer.from(`$${name.length}\r\n${name}\r\n`);
const hmget = word('HMGET');
const hgetall = word('HGETALL');
const pttl = word('PTTL');

/** What a server answers in RESP2, written down before it does. */
export class AnswerWriter {
  #bytes = Buffer.allocUnsafe(64 * 1024);
  length = 0;

  view(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }

  /** `*8␍␊` */
  array(count: number): void {
    this.#header(0x2a, count);
  }

  /** `$4␍␊paid␍␊` */
  text(from: Buffer, start: number, end: number): void {
    const length = end - start;
    this.#header(0x24, length);
    this.#reserve(length + 2);
    if (length < 48) for (let i = start; i < end; i += 1) this.#bytes[this.length++] = from[i]!;
    else this.length += from.copy(this.#bytes, this.length, start, end);
    this.#bytes[this.length++] = 0x0d;
    this.#bytes[this.length++] = 0x0a;
  }

  /** What is written as it is answered. */
  raw(from: Buffer, end: number): void {
    this.#reserve(end);
    this.length += from.copy(this.#bytes, this.length, 0, end);
  }

  /** `$-1␍␊` */
  null(): void {
    this.#reserve(8);
    this.length += this.#bytes.write('$-1\r\n', this.length, 'latin1');
  }

  /** `:-1␍␊` */
  staying(): void {
    this.#reserve(8);
    this.length += this.#bytes.write(':-1\r\n', this.length, 'latin1');
  }

  #header(marker: number, value: number): void {
    this.#reserve(16);
    this.#bytes[this.length++] = marker;
    if (value < 10) this.#bytes[this.length++] = 0x30 + value;
    else this.length += this.#bytes.write(String(value), this.length, 'latin1');
    this.#bytes[this.length++] = 0x0d;
    this.#bytes[this.length++] = 0x0a;
  }

  #reserve(more: number): void {
    if (this.#bytes.length - this.length >= more) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.length + more));
    larger.set(this.view());
    this.#bytes = larger;
  }
}
