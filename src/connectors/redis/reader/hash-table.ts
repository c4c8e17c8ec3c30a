import { Buffer } from 'node:buffer';
import { ArrayRowImages } from '../../../core/array-row-images.ts';
import { ownedColumns } from '../../../core/column-owners.ts';
import { plainColumn } from '../../../core/plain-column.ts';
import type { HeldForm, Key } from '../../../core/reader.ts';
import type { RowImages } from '../../../core/row-images.ts';
import type { Table } from '../../../core/table.ts';
import type { Row, Value } from '../../../core/value.ts';
import type { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import { type Reply, ReplyError } from '../../../protocol/redis/reply.ts';
import { latestFieldMs } from '../expiry-time.ts';
import { fieldOf, type HashFields } from '../hash-fields.ts';
import { columnValueReader, isValueText } from '../hash-values.ts';
import type { KeyTemplate } from '../key-template.ts';
import { planTable, type TablePlan } from '../sink/table-plan.ts';
import type { FieldExpiry, TableSettings } from '../sink/table-settings.ts';
import type { AnswerWriter } from './answer-writer.ts';
import { type HeldUntil, mayBeGone, untilOf } from './held-times.ts';
import type { KeptOptions } from './kept-rows.ts';
import { sinkCommands } from './sink-commands.ts';

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

/** What is known of when rows leave: `never`, what a column `says`, or nothing (`untold`), as of what readers bring. */
type Leaving = 'never' | 'says' | 'untold';

/**
 * How the rows of one table lie in Redis as hashes, for who reads them back. What is held of a row is its columns, and behind them, where
 * the settings let it or its fields leave, until when they are there: milliseconds since 1970, NULL for ever.
 */
export class HashTable implements HeldForm {
  readonly source: Table;
  readonly table: Table;
  readonly keys: KeyTemplate;
  /** Rows need not be there. */
  readonly expires: boolean;
  readonly leaves: Leaving;
  /** Whether what is held of a row is more than its columns, or less. */
  readonly hasForm: boolean;
  readonly leavesOut = false;
  /** Whether a key in Redis says which row it is of. */
  readonly isKeyed: boolean;
  /** Fields lie in another order than the table's columns. */
  readonly isUnordered: boolean;
  readonly #options: KeptOptions;
  readonly #plan: TablePlan;
  readonly #fields: HashFields;
  readonly #nullText: Buffer | null;
  readonly #expiry: number | null;
  readonly #fieldExpiries: readonly FieldExpiry[];
  /** `2␍␊code␍␊…`, the fields whose times are asked for, behind their number. */
  readonly #timedNames: Buffer;
  /** Those of `#fieldExpiries` that say when. */
  readonly #timed: readonly FieldExpiry[];
  readonly #readers: readonly ((bytes: Buffer) => Value)[];
  /** Columns that a row is asked for by, and that are compared; the others are Redis's own. */
  readonly #asked: readonly number[];
  readonly #owned: readonly number[];
  readonly #names: Buffer;
  readonly #columns: ReadonlyMap<string, number>;
  #key = Buffer.allocUnsafe(256);

  constructor(source: Table, settings: TableSettings, options: KeptOptions) {
    const { keys, mode, expiry, fieldExpiries, nullText, nests } = settings;
    const { columns, primaryKey } = source;
    this.#options = options;
    this.source = source;
    this.keys = keys;
    this.expires = mode !== 'mirror' || expiry !== null;
    this.#expiry = mode === 'mirror' ? expiry : null;
    this.#fieldExpiries = fieldExpiries;
    const says = (column: number): boolean => columns[column]!.type.kind !== 'integer';
    this.#timed = fieldExpiries.filter(({ until }) => says(until));
    this.leaves = !this.expires ? 'never' : this.#expiry !== null && says(this.#expiry) ? 'says' : 'untold';
    this.#owned = ownedColumns(source);
    this.#asked = [...columns.keys()].filter((column) => !this.#owned.includes(column));
    this.isUnordered = nests.length > 0 || fieldExpiries.length > 0 || this.#owned.length > 0;
    this.hasForm = nullText !== null || this.#expiry !== null || fieldExpiries.length > 0;
    this.isKeyed = primaryKey.length > 0 && primaryKey.every((column) => keys.columns.includes(column));
    // Sets of indexes are looked at by themselves.
    this.#plan = planTable(source, { ...settings, indexes: [] }, { vanished: null, complete: false });
    this.#fields = this.#plan.after;
    this.#nullText = nullText === null ? null : Buffer.from(nullText);
    this.#readers = columns.map(({ type }) => columnValueReader(type));
    this.#columns = new Map(columns.map(({ name }, column) => [name, column]));
    this.#names = Buffer.concat(this.#asked.map((column) => this.#plan.names[column]!));
    this.#timedNames = Buffer.concat(this.#timed.map(({ column }) => this.#plan.names[column]!));
    const others = keys.columns.filter((column) => !primaryKey.includes(column));
    const times = [
      ...(this.leaves === 'says' ? ['\0until'] : []),
      ...this.#timed.map(({ column }) => `\0until ${columns[column]!.name}`),
    ];
    this.table =
      others.length + times.length === 0
        ? source
        : {
            ...source,
            id: `${source.id} as hash`,
            columns: [...columns, ...times.map((name) => plainColumn(name, time))],
            primaryKey: this.isKeyed ? [...primaryKey, ...others] : primaryKey,
          };
  }

  /** The key in Redis of the row of a key of `table`. */
  redisKey(key: Key): Buffer {
    this.#read(this.#rowOf(key));
    return Buffer.from(this.#keyBytes());
  }

  /** The key that a key in Redis stands for; null: it is none of this table's. */
  keyOf(redisKey: Buffer): Key | null {
    const values = this.keys.read(redisKey);
    if (values === null) return null;
    const key: Value[] = [];
    for (const column of this.table.primaryKey) {
      const bytes = values[this.keys.columns.indexOf(column)]!;
      if (!isValueText(this.source.columns[column]!.type, bytes)) return null;
      key.push(this.#readers[column]!(bytes));
    }
    return key;
  }

  /** How many commands `ask` asks. */
  width({ leaving }: AskedBy): number {
    return 1 + (leaving ? 1 : 0) + (this.#timed.length > 0 ? 1 : 0);
  }

  /** Asks for a row. */
  ask(commands: CommandWriter, redisKey: Uint8Array, { names, leaving }: AskedBy): void {
    if (names) {
      commands.begin(2 + this.#asked.length);
      commands.raw(hmget, 0, hmget.length);
      commands.bytes(redisKey, 0, redisKey.length);
      commands.raw(this.#names, 0, this.#names.length);
    } else {
      commands.begin(2);
      commands.raw(hgetall, 0, hgetall.length);
      commands.bytes(redisKey, 0, redisKey.length);
    }
    if (leaving) {
      const command = this.leaves === 'says' ? pexpiretime : pttl;
      commands.begin(2);
      commands.raw(command, 0, command.length);
      commands.bytes(redisKey, 0, redisKey.length);
    }
    if (this.#timed.length === 0) return;
    commands.begin(4 + this.#timed.length);
    commands.text('HPEXPIRETIME');
    commands.bytes(redisKey, 0, redisKey.length);
    commands.text('FIELDS');
    commands.text(String(this.#timed.length));
    commands.raw(this.#timedNames, 0, this.#timedNames.length);
  }

  /**
   * The row that the answers to `ask` hold; null: there is none. Something that is no hash, or that will leave by itself as no row of
   * MySQL does, is a row like none of the table's.
   */
  row(replies: readonly Reply[], from: number, { names, leaving }: AskedBy): Row | null {
    const reply = replies[from]!;
    if (reply instanceof ReplyError) return this.table.columns.map(() => notARow);
    const values = names ? this.#inOrder(reply as readonly (Buffer | null)[]) : this.#named(reply as readonly Buffer[]);
    const left = leaving ? replies[from + 1]! : null;
    // A hash has a field.
    if (values.every((value) => value === null)) {
      const isThere = leaving ? Number(left) !== -2 : !names && (reply as readonly Buffer[]).length > 0;
      // What readers of a cache keep there beside rows: that somebody brings one, or that there is none.
      if (!isThere || this.expires) return null;
    }
    if (leaving && this.leaves === 'never' && Number(left) >= 0) return this.table.columns.map(() => notARow);
    const row: (Value | undefined)[] = values.map((value, column) =>
      value === null || this.#nullText?.equals(value) ? null : this.#readers[column]!(value),
    );
    if (this.leaves === 'says') row.push(timeOf(left));
    if (this.#timed.length > 0) {
      const times = replies[from + (leaving ? 2 : 1)]!;
      for (const i of this.#timed.keys()) row.push(Array.isArray(times) ? timeOf(times[i] ?? null) : undefined);
    }
    return row;
  }

  of(row: Row, held: Row | null): Row | null {
    this.#read(row);
    const now = this.#options.now();
    const until = this.#expiry === null ? null : untilOf(this.source, this.#expiry, this.#fields);
    if (held === null && (this.leaves === 'untold' || mayBeGone(until, now))) return null;
    const due: (Value | undefined)[] = row.map((value, column) => (this.#isNull(column) ? null : value));
    if (held !== null) for (const column of this.#owned) due[column] = held[column];
    if (this.leaves === 'says') due.push(until);
    for (const expiry of this.#fieldExpiries) {
      let time = this.#fieldTime(expiry);
      if (held !== null && held[expiry.column] === null && mayBeGone(time, now)) {
        due[expiry.column] = null;
        time = undefined;
      }
      if (this.#timed.includes(expiry)) due.push(time);
    }
    return due;
  }

  /** Values of the columns that were asked for, as values by column. */
  #inOrder(values: readonly (Buffer | null)[]): readonly (Buffer | null)[] {
    if (this.#owned.length === 0) return values;
    const row: (Buffer | null)[] = new Array(this.source.columns.length).fill(null);
    for (const [i, column] of this.#asked.entries()) row[column] = values[i]!;
    return row;
  }

  /** Names and values in turn, as values by column. */
  #named(fields: readonly Buffer[]): readonly (Buffer | null)[] {
    const values: (Buffer | null)[] = new Array(this.source.columns.length).fill(null);
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
    if (by.leaving) {
      if (this.leaves === 'says') answers.integer(untilOf(this.source, this.#expiry!, fields) ?? -1);
      else answers.staying();
    }
    if (this.#timed.length === 0) return key;
    answers.array(this.#timed.length);
    for (const expiry of this.#timed)
      answers.integer(this.#hasField(expiry.column) ? (this.#fieldTime(expiry) ?? -1) : -2);
    return key;
  }

  /** A row's key in Redis, until the next call. */
  keyBytesOf(rows: RowImages, index: number): Buffer {
    this.#fields.read(rows, index, 'after');
    return this.#keyBytes();
  }

  #expectNamed(answers: AnswerWriter): void {
    const fields = this.#fields;
    answers.array(this.#asked.length);
    for (const column of this.#asked) {
      if (this.#hasField(column)) answers.text(fields.bytes, fields.valueStarts[column]!, fields.valueEnds[column]!);
      else answers.null();
    }
  }

  /**
   * The commands that make a row so, as the sink would; null: gone. Whatever else is at the key goes, but the time to live of what readers
   * brought, and the fields that Redis owns. Seconds to live count from `now`.
   */
  repair(key: Key, row: Row | null, now: number): readonly (readonly (string | Uint8Array)[])[] {
    const { mode } = this.#plan;
    const context = { nest: this.#options.nest, now };
    const unlink = ['UNLINK', this.redisKey(key)];
    if (row === null || mode === 'invalidate') return [unlink];
    const changes = { before: this.#rowOf(key), after: row };
    if (mode === 'hot') return sinkCommands(this.#plan, [{ op: 'update', ...changes }], context);
    const commands = sinkCommands(this.#plan, [{ op: 'create', before: null, after: row }], context);
    return this.#owned.length > 0 ? commands : [unlink, ...commands];
  }

  /** Of the row that was read last. */
  #fieldTime({ column, until }: FieldExpiry): HeldUntil {
    if (!this.#hasField(column)) return null;
    const time = untilOf(this.source, until, this.#fields);
    return time !== undefined && time !== null && time > latestFieldMs ? null : time;
  }

  /** Of the row that was read last. */
  #hasField(column: number): boolean {
    const { states, keepsNulls } = this.#fields;
    return states[column] === fieldOf.value || (keepsNulls && states[column] === fieldOf.null);
  }

  /** Whether a value reads as NULL, because it is or because it is the text that stands for it. */
  #isNull(column: number): boolean {
    const { bytes, states, valueStarts, valueEnds } = this.#fields;
    if (states[column] === fieldOf.null) return true;
    const text = this.#nullText;
    if (text === null || states[column] !== fieldOf.value) return false;
    return text.equals(bytes.subarray(valueStarts[column], valueEnds[column]));
  }

  #rowOf(key: Key): Row {
    const row: (Value | undefined)[] = new Array(this.source.columns.length).fill(undefined);
    for (const [i, column] of this.table.primaryKey.entries()) row[column] = key[i];
    return row;
  }

  #read(row: Row): void {
    this.#fields.read(new ArrayRowImages(this.source, { before: null, after: [row] }), 0, 'after');
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

const time = { kind: 'integer', bits: 64, unsigned: false } as const;

/** A refusal is that of a server which does not tell, before 7.0. */
const timeOf = (reply: Reply): HeldUntil => {
  if (reply instanceof ReplyError) return undefined;
  return reply === null || Number(reply) < 0 ? null : Number(reply);
};

const word = (name: string): Buffer => Buffer.from(`$${name.length}\r\n${name}\r\n`);
const hmget = word('HMGET');
const hgetall = word('HGETALL');
const pttl = word('PTTL');
const pexpiretime = word('PEXPIRETIME');
