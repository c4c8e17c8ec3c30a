import { Buffer } from 'node:buffer';
import { ArrayRowImages } from '../../../core/array-row-images.ts';
import { MillraceError } from '../../../core/errors.ts';
import { plainColumn } from '../../../core/plain-column.ts';
import type { HeldForm, Key } from '../../../core/reader.ts';
import { type ColumnType, qualifiedName, type Table } from '../../../core/table.ts';
import type { Row, Value } from '../../../core/value.ts';
import { rowJson } from '../../../formats/row-json.ts';
import type { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import { type Reply, ReplyError } from '../../../protocol/redis/reply.ts';
import { fieldOf, type HashFields } from '../hash-fields.ts';
import { columnValueReader, isValueText } from '../hash-values.ts';
import { RowKey } from '../sink/row-key.ts';
import { planTable, type TablePlan } from '../sink/table-plan.ts';
import type { TableSettings, ValueShape } from '../sink/table-settings.ts';
import { type HeldUntil, mayBeGone, untilOf } from './held-times.ts';
import { sinkCommands } from './sink-commands.ts';

/** What rows can be read back from, beside hashes. */
type ReadShape = ValueShape & { readonly kind: 'json' | 'string' | 'set' | 'sorted-set' };

/** Where a row is: a key, and in a set the member in it. */
export interface RowAddress {
  readonly redisKey: Buffer;
  readonly member: Buffer | null;
}

export interface ValueTableOptions {
  readonly now: () => number;
  /** What the keys of nests begin with. */
  readonly nest: string;
}

/** No time to live is this: what stands there is of another type. */
const otherType = -1;

/**
 * How the rows of one table lie in Redis as JSON, strings, sets or sorted sets, for who reads them back. What is held of a row is its
 * primary key, one value, and until when it is there:
 *
 *     json, string      the value's bytes
 *     set               nothing but that it is there
 *     sorted-set        the score, with the 53 bits that Redis keeps of it
 *
 * The values are the bytes that the sink writes, so nothing is read out of them.
 */
export class ValueTable implements HeldForm {
  /** As it is held: the columns of the primary key, the value, and the milliseconds since 1970 when it leaves; NULL: never. */
  readonly table: Table;
  readonly source: Table;
  /** Rows need not be there. */
  readonly expires: boolean;
  /** Each row has a key of its own; else it is a member of what is at a key. */
  readonly hasOwnKeys: boolean;
  readonly leavesOut: boolean;
  readonly shape: ReadShape;
  readonly #options: ValueTableOptions;
  readonly #plan: TablePlan;
  readonly #isMirror: boolean;
  readonly #fields: HashFields;
  readonly #key = new RowKey();
  readonly #readers: readonly ((bytes: Buffer) => Value)[];

  /** Throws VERIFY_NOTHING where rows of these settings cannot be told by what Redis holds. */
  constructor(source: Table, settings: TableSettings, options: ValueTableOptions) {
    const { mode, expiry } = settings;
    this.#options = options;
    const shape = readShape(source, settings);
    this.source = source;
    this.shape = shape;
    this.hasOwnKeys = shape.kind === 'json' || shape.kind === 'string';
    this.leavesOut = shape.kind === 'string' || shape.kind === 'sorted-set';
    this.expires = mode !== 'mirror' || expiry !== null;
    this.#isMirror = mode === 'mirror';
    // Sets of indexes are not compared, so they are not repaired.
    this.#plan = planTable(source, { ...settings, indexes: [] }, { vanished: null, complete: false });
    this.#fields = this.#plan.after;
    this.#readers = source.columns.map(({ type }) => columnValueReader(type));
    const own = source.primaryKey.map((at) => source.columns[at]!);
    const value: ColumnType =
      shape.kind === 'sorted-set' ? { kind: 'double', unsigned: false } : { kind: 'binary', fixed: false, maxBytes: 0 };
    this.table = {
      ...source,
      id: `${source.id} as ${shape.kind}`,
      columns: [
        ...own,
        plainColumn('\0value', value),
        plainColumn('\0until', { kind: 'integer', bits: 64, unsigned: false }),
      ],
      primaryKey: own.map((_, at) => at),
      uniqueKeys: [],
    };
  }

  of(row: Row, held: Row | null): Row | null {
    this.#read(row);
    const value = this.#valueOf(row);
    const until = this.#until();
    if (value === null || (held === null && this.expires && mayBeGone(until, this.#options.now()))) return null;
    return [...this.source.primaryKey.map((at) => row[at]), value, until];
  }

  /** Where the row of a primary key is. */
  address(key: Key): RowAddress {
    this.#read(this.#rowOf(key));
    this.#key.write(this.#plan.keys, this.#fields);
    const redisKey = Buffer.from(this.#key.bytes.subarray(0, this.#key.length));
    return { redisKey, member: this.hasOwnKeys ? null : Buffer.from(this.#bytesOf(this.#memberColumn)) };
  }

  /** The primary key of the row that is there; null: no row of this table could be. */
  keyAt({ redisKey, member }: RowAddress): Key | null {
    const { keys } = this.#plan;
    const parts = keys.read(redisKey);
    if (parts === null) return null;
    const key: Value[] = [];
    for (const column of this.source.primaryKey) {
      const place = keys.columns.indexOf(column);
      const bytes = place < 0 ? member! : parts[place]!;
      if (!isValueText(this.source.columns[column]!.type, bytes)) return null;
      key.push(this.#readers[column]!(bytes));
    }
    // Another way to write the same value is nobody's.
    const written = this.address(key);
    return redisKey.equals(written.redisKey) && (member === null || member.equals(written.member!)) ? key : null;
  }

  matches(redisKey: Buffer): boolean {
    return this.#plan.keys.matches(redisKey);
  }

  get keys(): TablePlan['keys'] {
    return this.#plan.keys;
  }

  /** Asks for a row, in two commands. */
  ask(commands: CommandWriter, { redisKey, member }: RowAddress): void {
    if (this.shape.kind === 'set') commands.add('SISMEMBER', redisKey, member!);
    else if (this.shape.kind === 'sorted-set') commands.add('ZSCORE', redisKey, member!);
    else commands.add('GET', redisKey);
    commands.add('PEXPIRETIME', redisKey);
  }

  /** What the answers to `ask` hold of a row; null: nothing. A refusal is that something of another type stands there. */
  held(key: Key, value: Reply, until: Reply): Row | null {
    if (value instanceof ReplyError) return this.hasOwnKeys ? [...key, noBytes, otherType] : null;
    if (value === null || (this.shape.kind === 'set' && Number(value) === 0)) return null;
    const shown =
      this.shape.kind === 'sorted-set' ? Number(String(value)) : this.shape.kind === 'set' ? noBytes : value;
    // A server before 7.0 does not say when.
    const leaves = until instanceof ReplyError ? undefined : Number(until) < 0 ? null : Number(until);
    return [...key, shown as Value, leaves];
  }

  /** The commands that make a row so, as the sink would; null: gone. What readers bring keeps its time to live. */
  repair(key: Key, row: Row | null, now: number): readonly (readonly Buffer[])[] {
    const before = this.#rowOf(key);
    const context = { nest: this.#options.nest, now };
    if (row !== null && this.#plan.mode === 'hot')
      return sinkCommands(this.#plan, [{ op: 'update', before, after: row }], context);
    const removed = { op: 'delete', before, after: null } as const;
    const made = row === null || !this.#isMirror ? [] : [{ op: 'create', before: null, after: row } as const];
    return sinkCommands(this.#plan, [removed, ...made], context);
  }

  #rowOf(key: Key): Row {
    const row: (Value | undefined)[] = new Array(this.source.columns.length).fill(undefined);
    for (const [i, column] of this.source.primaryKey.entries()) row[column] = key[i];
    return row;
  }

  #read(row: Row): void {
    this.#fields.read(new ArrayRowImages(this.source, { before: null, after: [row] }), 0, 'after');
  }

  /** Of the row that was read last. */
  #valueOf(row: Row): Value {
    const { shape } = this;
    const has = (column: number): boolean => this.#fields.states[column] === fieldOf.value;
    switch (shape.kind) {
      case 'json':
        return Buffer.from(rowJson(this.source, row, this.#plan.allColumns));
      case 'string':
        return has(shape.column) ? Buffer.from(this.#bytesOf(shape.column)) : null;
      case 'set':
        return noBytes;
      case 'sorted-set':
        return has(shape.score) ? Number(this.#bytesOf(shape.score).toString('latin1')) : null;
    }
  }

  /** undefined: it cannot be told, or is left to readers. */
  #until(): HeldUntil {
    if (!this.#isMirror) return undefined;
    return this.#plan.expiry === null ? null : untilOf(this.source, this.#plan.expiry, this.#fields);
  }

  get #memberColumn(): number {
    return this.shape.kind === 'set' || this.shape.kind === 'sorted-set' ? this.shape.member : -1;
  }

  /** A view that stands until the next row is read. */
  #bytesOf(column: number): Buffer {
    const { bytes, valueStarts, valueEnds } = this.#fields;
    return bytes.subarray(valueStarts[column], valueEnds[column]);
  }
}

const readShape = (table: Table, { shape, keys, nests }: TableSettings): ReadShape => {
  if (shape.kind !== 'json' && shape.kind !== 'string' && shape.kind !== 'set' && shape.kind !== 'sorted-set') {
    return refuse(table, `are kept as ${shape.kind} in Redis, which is not read back`);
  }
  if (nests.length > 0) return refuse(table, 'hold rows of other tables in their JSON, which is not read back');
  const named = shape.kind === 'set' || shape.kind === 'sorted-set' ? [...keys.columns, shape.member] : keys.columns;
  if (named.length !== table.primaryKey.length || named.some((at) => !table.primaryKey.includes(at))) {
    return refuse(table, 'are kept under other columns than their primary key, by which they are looked up');
  }
  return shape;
};

const refuse = (table: Table, reason: string): never => {
  throw new MillraceError('VERIFY_NOTHING', { reason: `rows of ${qualifiedName(table)} ${reason}` });
};

const noBytes = Buffer.alloc(0);
