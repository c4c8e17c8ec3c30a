import { Buffer } from 'node:buffer';
import type { Origin, RowsChange } from '../../../core/change.ts';
import type { RowImages } from '../../../core/row-images.ts';
import { CommandWriter, headerLength } from '../../../protocol/redis/command-writer.ts';
import { fieldOf, type HashFields } from '../hash-fields.ts';
import { ExpiryCommands } from './expiry-commands.ts';
import { IndexingCommands } from './indexing-commands.ts';
import { NestCommands } from './nest-commands.ts';
import { PackedRows } from './packed-rows.ts';
import { RowKey } from './row-key.ts';
import { type RowLimits, RowRefusal } from './row-refusal.ts';
import { SeenKeys } from './seen-keys.ts';
import { ShapedCommands } from './shaped-commands.ts';
import { SharedHashCommands } from './shared-hash-commands.ts';
import type { TablePlan } from './table-plan.ts';
import { TouchedKeys } from './touched-keys.ts';

export interface RowCommandOptions extends RowLimits {
  /** What a stream is cut to, about; null: nothing is cut. */
  readonly maxStreamLength: number | null;
  /** What the keys of nests begin with. */
  readonly nest: string;
}

/**
 * Writes changes of rows as commands, straight from their images; those of hashes that mirror their table here:
 *
 *     create, read      HSET key field value …      and HDEL of what is NULL; or RESTORE key, see PackedRows
 *     update            HSET of what changed, or of all
 *     delete            UNLINK key
 *     another key       UNLINK old, HSET new; RENAME where the images do not hold all of the row
 */
export class RowCommands {
  readonly commands: CommandWriter;
  /** Commands that may fail: a RENAME that was done before finds nothing to rename. By their index since `clear`. */
  readonly mayFail = new Set<number>();
  readonly touched = new TouchedKeys();
  readonly #refusal: RowRefusal;
  /** Whether new rows may be written as the server keeps them. */
  packs = false;
  readonly #seen = new SeenKeys();
  readonly #packed: PackedRows;
  readonly #shaped: ShapedCommands;
  readonly #shared: SharedHashCommands;
  readonly #indexes: IndexingCommands;
  readonly #nests: NestCommands;
  readonly #expiry: ExpiryCommands;
  readonly #key = new RowKey();
  readonly #old = new RowKey();
  #partial = false;
  #chosen = new Uint8Array(64);

  constructor({ maxStreamLength, nest, ...limits }: RowCommandOptions, capacity = 64 * 1024) {
    this.commands = new CommandWriter(capacity);
    this.#refusal = new RowRefusal(limits);
    this.#packed = new PackedRows(this.commands, this.#seen);
    this.#nests = new NestCommands(this.commands, this.#refusal, this.#seen, nest);
    this.#shaped = new ShapedCommands({
      commands: this.commands,
      refusal: this.#refusal,
      seen: this.#seen,
      nests: this.#nests,
      touched: this.touched,
      maxStreamLength,
    });
    this.#indexes = new IndexingCommands(this.commands, this.#refusal);
    this.#expiry = new ExpiryCommands(this.commands, this.#refusal);
    this.#shared = new SharedHashCommands({
      commands: this.commands,
      refusal: this.#refusal,
      seen: this.#seen,
      indexes: this.#indexes,
      touched: this.touched,
      mayFail: this.mayFail,
    });
  }

  /** Something was written that cannot be written as a whole: an update that does not hold all of its row, a member of a set. */
  get partial(): boolean {
    return this.#partial || this.#shaped.partial || this.#nests.partial;
  }

  /** Whether all of it may be done once more: entries of streams would come twice, and what was renamed is in the way of what is renamed. */
  get repeatable(): boolean {
    return this.mayFail.size === 0 && !this.#shaped.appends;
  }

  /** A row was written as the server keeps it. */
  get isPacked(): boolean {
    return this.#packed.isUsed;
  }

  clear(): void {
    this.packs = false;
    this.#packed.isUsed = false;
    this.commands.clear();
    this.mayFail.clear();
    this.touched.clear();
    this.#seen.clear();
    this.#partial = false;
    this.#shaped.partial = false;
    this.#shaped.appends = false;
    this.#nests.clear();
  }

  /** `wipe`: whatever stands at a row's key, of whatever type, is removed before the row is written as a whole. */
  add(change: RowsChange, plan: TablePlan, wipe: boolean): void {
    if (!plan.isMirroredHash) {
      this.#shaped.add(change, plan, wipe);
      return;
    }
    if (plan.owned.length > 0) {
      // Nothing there can be replaced as a whole: that would take what is not MySQL's.
      this.#partial = true;
      this.#shared.add(change, plan);
      return;
    }
    const { op, rows, origin } = change;
    // A snapshot over keys that were there before: what they hold besides is nobody's.
    const isKnown = plan.state.vanished !== null;
    const wipes = wipe || (op === 'read' && isKnown);
    // During such a snapshot a new row of the log comes to a key that is likely there.
    const packs = this.packs && plan.packing !== null && !wipe && (op === 'read' || !isKnown);
    for (let index = 0; index < rows.length; index += 1) {
      if (op === 'delete') this.#delete(rows, index, plan);
      else if (op === 'update') this.#update(rows, index, plan, wipe, origin);
      else if (packs && this.#packed.add(rows, index, plan, wipes)) continue;
      else if (plan.isRowAlone) this.#fresh(rows, index, plan, wipes);
      else this.#create(rows, index, plan, wipes, origin);
    }
  }

  /** Ends a block: rows that hold others are made anew, and what was written is struck from the sets of what has not been seen. */
  finish(): void {
    this.#nests.render();
    this.#seen.strike(this.commands);
  }

  /** A row as a whole. Its fields are written where they will stand, behind as much room as the row before took for what stands in front. */
  #fresh(rows: RowImages, index: number, plan: TablePlan, wipe: boolean): void {
    const { after } = plan;
    const { commands } = this;
    const fields = commands.byteLength + plan.lead;
    let bytes = after.readInto(commands.lend(), fields, rows, index, 'after');
    this.#writeKey(plan, after, bytes);
    this.#checkSize(plan, fields);
    const key = headerLength(this.#key.length) + this.#key.length + 2;
    const set = headerLength(2 + 2 * after.count) + hset.length + key;
    const lead = wipe ? set + headerLength(2) + unlink.length + key : set;
    const size = after.length - fields;
    const at = commands.byteLength + lead;
    if (at !== fields) {
      if (bytes.length < at + size + 16) bytes = Buffer.concat([bytes, Buffer.allocUnsafeSlow(bytes.length + lead)]);
      bytes.copyWithin(at, fields, fields + size);
      plan.lead = lead;
    }
    commands.adopt(bytes);
    if (wipe) this.#removeKey();
    this.#beginSet(after.count);
    commands.pass(size);
    if (!wipe) this.#removeNulls(plan, null);
    this.#seen.note(plan.state.vanished, this.#key);
  }

  #create(rows: RowImages, index: number, plan: TablePlan, wipe: boolean, origin: Origin): void {
    plan.after.read(rows, index, 'after');
    this.#writeKey(plan, plan.after);
    this.#whole(plan, wipe);
    this.#nests.placed(plan, this.#key);
    this.#expiry.add(plan, this.#key, origin);
    this.#indexes.created(plan, this.#key);
  }

  #delete(rows: RowImages, index: number, plan: TablePlan): void {
    const { before } = plan;
    before.read(rows, index, 'before');
    if (this.#refusal.isUnkept(plan.keys, before)) return;
    this.#writeKey(plan, before);
    this.touched.note(this.commands.commands, plan.mode);
    this.#removeKey();
    this.#nests.removed(plan, this.#key, null);
    this.#indexes.deleted(plan, this.#key);
  }

  #update(rows: RowImages, index: number, plan: TablePlan, wipe: boolean, origin: Origin): void {
    const { before, after } = plan;
    before.read(rows, index, 'before');
    after.read(rows, index, 'after');
    for (const column of plan.keys.columns) {
      if (after.states[column] === fieldOf.absent && before.states[column] === fieldOf.value) {
        after.binary(column, before.bytes, before.valueStarts[column]!, before.valueEnds[column]!);
      }
    }
    if (this.#refusal.isUnkept(plan.keys, before)) {
      this.#create(rows, index, plan, wipe, origin);
      return;
    }
    if (!this.#old.write(plan.keys, before)) throw this.#refusal.ofKey(plan.table, plan.label, plan.keys, before);
    this.#writeKey(plan, after);
    const isWhole = !after.states.includes(fieldOf.absent);
    if (!isWhole && plan.expires) {
      // The key may be gone by now, and what changed is not all of the row.
      throw this.#refusal.of(
        plan.label,
        'a row that lives for a time is written as a whole; set binlog_row_image=FULL',
      );
    }
    const moved = !this.#old.equals(this.#key);
    if (moved) {
      if (!isWhole && plan.nests.length > 0) {
        throw this.#refusal.of(plan.label, 'a row that holds others gets another key; set binlog_row_image=FULL');
      }
      if (!isWhole && !this.#refusal.limits.renames) {
        throw this.#refusal.of(
          plan.label,
          'in a cluster a changed key needs all of the row; set binlog_row_image=FULL',
        );
      }
      this.#nests.removed(plan, this.#old, this.#key);
      if (isWhole) this.touched.note(this.commands.commands, plan.mode);
      else this.mayFail.add(this.commands.commands);
      this.commands.begin(isWhole ? 2 : 3);
      this.commands.raw(isWhole ? unlink : rename, 0, isWhole ? unlink.length : rename.length);
      this.#old.put(this.commands);
      if (!isWhole) this.#key.put(this.commands);
    }
    const isSure = plan.state.complete && !wipe;
    if (isWhole && (moved || !isSure || plan.expires)) {
      this.#whole(plan, wipe || moved);
      this.#nests.placed(plan, this.#key);
    } else {
      if (!isWhole) this.#partial = true;
      this.#changed(plan, moved);
    }
    this.#expiry.add(plan, this.#key, origin);
    this.#indexes.updated(plan, this.#old, this.#key, isSure);
  }

  /** All fields of the after image; those that are NULL go, and what the image does not say stays. */
  #whole(plan: TablePlan, wipe: boolean): void {
    const { after } = plan;
    this.#checkSize(plan, 0);
    if (wipe) this.#removeKey();
    else this.#removeNulls(plan, null);
    this.#beginSet(after.count);
    this.commands.raw(after.bytes, 0, after.length);
    this.#seen.note(plan.state.vanished, this.#key);
  }

  #beginSet(fields: number): void {
    this.commands.begin(2 + 2 * fields);
    this.commands.raw(hset, 0, hset.length);
    this.#key.put(this.commands);
  }

  #removeKey(): void {
    this.commands.begin(2);
    this.commands.raw(unlink, 0, unlink.length);
    this.#key.put(this.commands);
  }

  /** Only the fields that are not what they were. `renamed`: the key is another, so its columns count as changed. */
  #changed(plan: TablePlan, renamed: boolean): void {
    const { before, after } = plan;
    this.#checkSize(plan, 0);
    const width = plan.table.columns.length;
    if (this.#chosen.length < width) this.#chosen = new Uint8Array(width);
    let values = 0;
    for (let column = 0; column < width; column += 1) {
      const state = after.states[column]!;
      const differs = state !== fieldOf.absent && !sameField(before, after, column);
      this.#chosen[column] = differs ? 1 : 0;
      if (differs && hasField(after, column)) values += 1;
    }
    if (renamed) {
      for (const column of plan.keys.columns) {
        if (this.#chosen[column] === 0) values += 1;
        this.#chosen[column] = 1;
      }
    }
    this.#removeNulls(plan, this.#chosen);
    if (values > 0) {
      this.#beginSet(values);
      for (let column = 0; column < width; column += 1) {
        if (this.#chosen[column] === 0 || !hasField(after, column)) continue;
        this.commands.raw(after.bytes, after.fieldStarts[column]!, after.valueEnds[column]! + 2);
      }
    }
    this.#seen.note(plan.state.vanished, this.#key);
  }

  /** `chosen` null: whichever column is NULL. */
  #removeNulls({ after, names }: TablePlan, chosen: Uint8Array | null): void {
    if (after.nulls === 0 || after.keepsNulls) return;
    let nulls = 0;
    for (let column = 0; column < names.length; column += 1) {
      if (after.states[column] === fieldOf.null && (chosen === null || chosen[column] === 1)) nulls += 1;
    }
    if (nulls === 0) return;
    this.commands.begin(2 + nulls);
    this.commands.raw(hdel, 0, hdel.length);
    this.#key.put(this.commands);
    for (let column = 0; column < names.length; column += 1) {
      if (after.states[column] !== fieldOf.null || (chosen !== null && chosen[column] === 0)) continue;
      this.commands.raw(names[column]!, 0, names[column]!.length);
    }
  }

  /** `bytes`: where the image was written, if not where it usually is. */
  #writeKey({ keys, label, table }: TablePlan, from: HashFields, bytes?: Buffer): void {
    if (!this.#key.write(keys, from, bytes)) throw this.#refusal.ofKey(table, label, keys, from);
    if (this.#key.length > this.#refusal.limits.maxValueBytes) throw this.#refusal.of(label, 'its key is too long');
  }

  /** `start`: where the fields of the image begin. */
  #checkSize({ table, label, after }: TablePlan, start: number): void {
    if (after.length - start > this.#refusal.limits.maxValueBytes) this.#refusal.checkColumns(table, label, after);
  }
}

const word = (name: string): Buffer => Buffer.from(`$${name.length}\r\n${name}\r\n`);
const hset = word('HSET');
const hdel = word('HDEL');
const unlink = word('UNLINK');
const rename = word('RENAME');

const hasField = ({ states, keepsNulls }: HashFields, column: number): boolean =>
  states[column] === fieldOf.value || (keepsNulls && states[column] === fieldOf.null);

/** Whether both images say the same of a column. What one of them does not say is not the same. */
const sameField = (before: HashFields, after: HashFields, column: number): boolean => {
  if (before.states[column] !== after.states[column]) return false;
  if (after.states[column] !== fieldOf.value) return true;
  const from = before.valueStarts[column]!;
  const to = after.valueStarts[column]!;
  const length = after.valueEnds[column]! - to;
  if (before.valueEnds[column]! - from !== length) return false;
  const { bytes: old } = before;
  const { bytes: now } = after;
  if (length > 64) return now.compare(old, from, from + length, to, to + length) === 0;
  for (let i = 0; i < length; i += 1) if (old[from + i] !== now[to + i]) return false;
  return true;
};
