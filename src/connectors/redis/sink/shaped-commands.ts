import { Buffer } from 'node:buffer';
import type { Op, Origin, RowsChange } from '../../../core/change.ts';
import type { RowImages } from '../../../core/row-images.ts';
import { rowJson } from '../../../formats/row-json.ts';
import type { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import { fieldOf, type HashFields } from '../hash-fields.ts';
import { ExpiryCommands } from './expiry-commands.ts';
import { IndexingCommands } from './indexing-commands.ts';
import type { NestCommands } from './nest-commands.ts';
import { RowKey } from './row-key.ts';
import type { RowRefusal } from './row-refusal.ts';
import type { SeenKeys } from './seen-keys.ts';
import type { TablePlan } from './table-plan.ts';
import { hasOwnKeys, isNested } from './table-settings.ts';
import type { TouchedKeys } from './touched-keys.ts';

interface Options {
  readonly commands: CommandWriter;
  readonly refusal: RowRefusal;
  readonly seen: SeenKeys;
  readonly nests: NestCommands;
  readonly touched: TouchedKeys;
  /** What a stream is cut to, about; null: nothing is cut. */
  readonly maxStreamLength: number | null;
}

/**
 * Writes changes of rows that are something else than mirrored hashes:
 *
 *     json, string      SET key value; UNLINK where it is deleted, moves, or is NULL
 *     redis-json        JSON.SET key $ value; UNLINK
 *     hot               SET key value XX KEEPTTL, or of a hash a script: only where the key is there, which keeps its time to live
 *     invalidate        UNLINK key, the old one and the new one
 *     set, sorted-set   SADD key member, ZADD key score member; SREM, ZREM of what the row was
 *     stream            XADD key * __op create id 7 …
 *     nested, list      NestCommands
 */
export class ShapedCommands {
  /** What was written cannot be put in place of something of another type. */
  partial = false;
  /** Entries were added to streams. */
  appends = false;
  readonly #commands: CommandWriter;
  readonly #refusal: RowRefusal;
  readonly #seen: SeenKeys;
  readonly #nests: NestCommands;
  readonly #touched: TouchedKeys;
  readonly #indexes: IndexingCommands;
  readonly #expiry: ExpiryCommands;
  readonly #maxStreamLength: number | null;
  #wipes = false;
  readonly #key = new RowKey();
  readonly #old = new RowKey();

  constructor({ commands, refusal, seen, nests, touched, maxStreamLength }: Options) {
    this.#commands = commands;
    this.#refusal = refusal;
    this.#seen = seen;
    this.#nests = nests;
    this.#touched = touched;
    this.#indexes = new IndexingCommands(commands, refusal);
    this.#expiry = new ExpiryCommands(commands, refusal);
    this.#maxStreamLength = maxStreamLength;
  }

  /** `wipe`: whatever stands at a row's key is removed before a value is put there that does not take its place by itself. */
  add(change: RowsChange, plan: TablePlan, wipe: boolean): void {
    this.#wipes = wipe;
    const { op, rows, origin } = change;
    const { shape, before, after } = plan;
    if (isNested(shape)) {
      this.#nests.add(change, plan, shape);
      return;
    }
    for (let index = 0; index < rows.length; index += 1) {
      if (op === 'update' || op === 'delete') before.read(rows, index, 'before');
      if (op !== 'delete') after.read(rows, index, 'after');
      if (op === 'update') completeKey(plan);
      if (shape.kind === 'stream') this.#append(op, plan);
      else if (hasOwnKeys(shape)) this.#row(op, rows, index, plan, origin);
      else this.#member(op, plan);
    }
  }

  #row(op: Op, rows: RowImages, index: number, plan: TablePlan, origin: Origin): void {
    const { keys, before, after, mode } = plan;
    const isKept = op !== 'create' && op !== 'read' && !this.#refusal.isUnkept(keys, before);
    if (op === 'delete') {
      if (!isKept) return;
      this.#writeKey(plan, before, this.#key);
      this.#touch(plan);
      this.#remove(this.#key);
      this.#nests.removed(plan, this.#key, null);
      this.#indexes.deleted(plan, this.#key);
      return;
    }
    this.#writeKey(plan, after, this.#key);
    if (isKept) {
      this.#writeKey(plan, before, this.#old);
      const moved = !this.#old.equals(this.#key);
      // A mirrored row that stays where it is takes the place of whatever is there.
      if (moved || mode !== 'mirror') this.#touch(plan);
      if (moved) {
        this.#remove(this.#old);
        this.#nests.removed(plan, this.#old, this.#key);
      }
    }
    if (mode === 'invalidate') this.#remove(this.#key);
    else if (plan.shape.kind === 'hash') this.#refreshHash(plan);
    else this.#set(rows, index, plan);
    if (mode === 'mirror') this.#expiry.add(plan, this.#key, origin);
    if (isKept) this.#indexes.updated(plan, this.#old, this.#key, plan.state.complete);
    else this.#indexes.created(plan, this.#key);
    this.#seen.note(plan.state.vanished, this.#key);
  }

  /** The next command tells whether the key was there that the row had before. A string that was NULL had none. */
  #touch({ shape, before, mode }: TablePlan): void {
    if (shape.kind === 'string' && before.states[shape.column] === fieldOf.null) return;
    this.#touched.note(this.#commands.commands, mode);
  }

  /** What does not hold all of the row cannot make it fresh, so the row goes. */
  #refreshHash(plan: TablePlan): void {
    const { after } = plan;
    if (after.states.includes(fieldOf.absent)) {
      this.#remove(this.#key);
      return;
    }
    this.#refusal.checkColumns(plan.table, plan.label, after);
    this.#commands.begin(4 + 2 * after.count);
    this.#commands.raw(refresh, 0, refresh.length);
    this.#key.put(this.#commands);
    this.#commands.raw(after.bytes, 0, after.length);
  }

  #set(rows: RowImages, index: number, plan: TablePlan): void {
    const { shape, after, mode, table, label } = plan;
    const isHot = mode === 'hot';
    if (shape.kind === 'string') {
      const state = after.states[shape.column]!;
      if (state !== fieldOf.value) {
        if (state === fieldOf.absent && !isHot) throw this.#incomplete(label);
        this.#remove(this.#key);
        return;
      }
      this.#refusal.checkColumns(table, label, after);
      this.#beginSet(isHot);
      this.#commands.bytes(after.bytes, after.valueStarts[shape.column]!, after.valueEnds[shape.column]!);
    } else {
      const row = rows.after(index)!;
      if (after.states.includes(fieldOf.absent)) {
        if (!isHot) throw this.#incomplete(label);
        this.#remove(this.#key);
        return;
      }
      const text = rowJson(table, row, plan.allColumns);
      const { maxValueBytes } = this.#refusal.limits;
      if (text.length * 3 > maxValueBytes && Buffer.byteLength(text) > maxValueBytes) {
        throw this.#refusal.of(label, `its JSON is longer than ${maxValueBytes} bytes (proto-max-bulk-len)`);
      }
      if (plan.nests.length > 0) {
        this.#nests.row(plan, this.#key, shape.kind as 'json' | 'redis-json', text);
        return;
      }
      if (shape.kind === 'redis-json') {
        if (this.#wipes) this.#remove(this.#key);
        this.#commands.begin(isHot ? 5 : 4);
        this.#commands.text('JSON.SET');
        this.#key.put(this.#commands);
        this.#commands.text('$');
        this.#commands.text(text);
        if (isHot) this.#commands.text('XX');
        return;
      }
      this.#beginSet(isHot);
      this.#commands.text(text);
    }
    if (!isHot) return;
    this.#commands.text('XX');
    this.#commands.text('KEEPTTL');
  }

  #beginSet(isHot: boolean): void {
    this.#commands.begin(isHot ? 5 : 3);
    this.#commands.text('SET');
    this.#key.put(this.#commands);
  }

  /** NULL is no member, and a member without a score is none either. */
  #member(op: Op, plan: TablePlan): void {
    const { keys, shape, before, after } = plan;
    if (shape.kind !== 'set' && shape.kind !== 'sorted-set') return;
    this.partial = true;
    const { member } = shape;
    if (op === 'update' || op === 'delete') {
      for (const column of [...keys.columns, member]) {
        if (before.states[column] === fieldOf.absent) throw this.#incomplete(plan.label);
      }
      if (isMember(plan, before)) {
        this.#old.write(keys, before);
        this.#commands.begin(3);
        this.#commands.text(shape.kind === 'set' ? 'SREM' : 'ZREM');
        this.#old.put(this.#commands);
        this.#put(before, member);
      }
    }
    if (op === 'delete') return;
    const wanted = shape.kind === 'set' ? [member] : [member, shape.score];
    if (wanted.some((column) => after.states[column] === fieldOf.absent)) throw this.#incomplete(plan.label);
    if (!isMember(plan, after) || wanted.some((column) => after.states[column] === fieldOf.null)) return;
    this.#key.write(keys, after);
    this.#commands.begin(shape.kind === 'set' ? 3 : 4);
    this.#commands.text(shape.kind === 'set' ? 'SADD' : 'ZADD');
    this.#key.put(this.#commands);
    if (shape.kind === 'sorted-set') this.#put(after, shape.score);
    this.#put(after, member);
  }

  #append(op: Op, plan: TablePlan): void {
    this.partial = true;
    this.appends = true;
    const image = op === 'delete' ? plan.before : plan.after;
    this.#refusal.checkColumns(plan.table, plan.label, image);
    this.#key.write(plan.keys, image);
    const limit = this.#maxStreamLength;
    this.#commands.begin((limit === null ? 5 : 8) + 2 * image.count);
    this.#commands.text('XADD');
    this.#key.put(this.#commands);
    if (limit !== null) {
      this.#commands.text('MAXLEN');
      this.#commands.text('~');
      this.#commands.text(String(limit));
    }
    this.#commands.text('*');
    this.#commands.text('__op');
    this.#commands.text(op);
    this.#commands.raw(image.bytes, 0, image.length);
  }

  #remove(key: RowKey): void {
    this.#commands.begin(2);
    this.#commands.text('UNLINK');
    key.put(this.#commands);
  }

  #writeKey({ keys, table, label }: TablePlan, image: HashFields, into: RowKey): void {
    if (!into.write(keys, image)) throw this.#refusal.ofKey(table, label, keys, image);
    if (into.length > this.#refusal.limits.maxValueBytes) throw this.#refusal.of(label, 'its key is too long');
  }

  #put(image: HashFields, column: number): void {
    this.#commands.bytes(image.bytes, image.valueStarts[column]!, image.valueEnds[column]!);
  }

  #incomplete(label: string): Error {
    return this.#refusal.of(label, 'the log does not hold all of the row; set binlog_row_image=FULL');
  }
}

/** Key columns that did not change may be in the image before alone. */
const completeKey = ({ keys, before, after }: TablePlan): void => {
  for (const column of keys.columns) {
    if (after.states[column] === fieldOf.absent && before.states[column] === fieldOf.value) {
      after.binary(column, before.bytes, before.valueStarts[column]!, before.valueEnds[column]!);
    }
  }
};

/** Whether the columns of its key and its member are there. */
const isMember = ({ keys, shape }: TablePlan, image: HashFields): boolean =>
  (shape.kind === 'set' || shape.kind === 'sorted-set') &&
  image.states[shape.member] === fieldOf.value &&
  keys.columns.every((column) => image.states[column] === fieldOf.value);

/** KEYS: row. ARGV: fields and values. MySQL's tables have at most 1017 columns, and Lua unpacks some 8000 values. */
const refreshScript = `local t = redis.call('PTTL', KEYS[1])
if t == -2 then return 0 end
redis.call('UNLINK', KEYS[1])
redis.call('HSET', KEYS[1], unpack(ARGV))
if t > 0 then redis.call('PEXPIRE', KEYS[1], t) end
return 1`;
/** `EVAL` and what stands in front of the key. */
const refresh = Buffer.from(`$4\r\nEVAL\r\n$${refreshScript.length}\r\n${refreshScript}\r\n$1\r\n1\r\n`);
