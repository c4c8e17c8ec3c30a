import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { RowsChange } from '../../../core/change.ts';
import { MillraceError } from '../../../core/errors.ts';
import type { RowImages } from '../../../core/row-images.ts';
import { CommandWriter, headerLength } from '../../../protocol/redis/command-writer.ts';
import { fieldOf, type HashFields } from '../hash-fields.ts';
import type { TablePlan } from './table-plan.ts';

export interface RowCommandOptions {
  /** host:port, for errors. */
  readonly sink: string;
  /** Redis takes no longer argument (`proto-max-bulk-len`). */
  readonly maxValueBytes: number;
}

/**
 * Writes changes of rows as commands, straight from their images:
 *
 *     create, read      HSET key field value …      and HDEL of what is NULL
 *     update            HSET of what changed, or of all
 *     delete            UNLINK key
 *     another key       UNLINK old, HSET new; RENAME where the images do not hold all of the row
 */
export class RowCommands {
  readonly commands: CommandWriter;
  /** Commands that may fail: a RENAME that was done before finds nothing to rename. By their index since `clear`. */
  readonly mayFail = new Set<number>();
  /** An update that does not hold all of its row was written: it cannot be written as a whole. */
  partial = false;
  readonly #options: RowCommandOptions;
  /** Keys that were written, by the set of keys to be struck from. */
  readonly #seen = new Map<string, { count: number; readonly keys: CommandWriter }>();
  #key = Buffer.allocUnsafe(256);
  #keyLength = 0;
  #old = Buffer.allocUnsafe(256);
  #oldLength = 0;
  #chosen = new Uint8Array(64);

  constructor(options: RowCommandOptions, capacity = 64 * 1024) {
    this.#options = options;
    this.commands = new CommandWriter(capacity);
  }

  clear(): void {
    this.commands.clear();
    this.mayFail.clear();
    this.#seen.clear();
    this.partial = false;
  }

  /** `wipe`: whatever stands at a row's key, of whatever type, is removed before the row is written as a whole. */
  add({ op, rows }: RowsChange, plan: TablePlan, wipe: boolean): void {
    for (let index = 0; index < rows.length; index += 1) {
      if (op === 'delete') this.#delete(rows, index, plan);
      else if (op === 'update') this.#update(rows, index, plan, wipe);
      else {
        // A snapshot over keys that were there before: what they hold besides is nobody's.
        this.#fresh(rows, index, plan, wipe || (op === 'read' && plan.state.vanished !== null));
      }
    }
  }

  /** Strikes the keys that were written from the sets of those that have not been seen. */
  strikeSeen(): void {
    for (const [set, { count, keys }] of this.#seen) {
      this.commands.begin(2 + count);
      this.commands.text('SREM');
      this.commands.text(set);
      const bytes = keys.view();
      this.commands.raw(bytes, 0, bytes.length);
    }
    this.#seen.clear();
  }

  /** A row as a whole. Its fields are written where they will stand, behind as much room as the row before took for what stands in front. */
  #fresh(rows: RowImages, index: number, plan: TablePlan, wipe: boolean): void {
    const { after } = plan;
    const { commands } = this;
    const fields = commands.byteLength + plan.lead;
    let bytes = after.readInto(commands.lend(), fields, rows, index, 'after');
    this.#writeKey(plan, after, bytes);
    if (after.length - fields > this.#options.maxValueBytes) this.#checkSize(plan, after);
    const key = headerLength(this.#keyLength) + this.#keyLength + 2;
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
    this.#note(plan);
  }

  #delete(rows: RowImages, index: number, plan: TablePlan): void {
    plan.before.read(rows, index, 'before');
    this.#writeKey(plan, plan.before);
    this.#removeKey();
  }

  #update(rows: RowImages, index: number, plan: TablePlan, wipe: boolean): void {
    const { before, after } = plan;
    before.read(rows, index, 'before');
    after.read(rows, index, 'after');
    for (const column of plan.keys.columns) {
      if (after.states[column] === fieldOf.absent && before.states[column] === fieldOf.value) {
        after.binary(column, before.bytes, before.valueStarts[column]!, before.valueEnds[column]!);
      }
    }
    this.#writeKey(plan, before);
    this.#swapKeys();
    this.#writeKey(plan, after);
    const isWhole = !after.states.includes(fieldOf.absent);
    const moved = this.#old.compare(this.#key, 0, this.#keyLength, 0, this.#oldLength) !== 0;
    if (moved) {
      if (!isWhole) this.mayFail.add(this.commands.commands);
      this.commands.begin(isWhole ? 2 : 3);
      this.commands.raw(isWhole ? unlink : rename, 0, isWhole ? unlink.length : rename.length);
      this.commands.bytes(this.#old, 0, this.#oldLength);
      if (!isWhole) this.commands.bytes(this.#key, 0, this.#keyLength);
    }
    if (isWhole && (moved || wipe || !plan.state.complete)) {
      this.#whole(plan, wipe || moved);
      return;
    }
    if (!isWhole) this.partial = true;
    this.#changed(plan, moved);
  }

  /** All fields of the after image; those that are NULL go, and what the image does not say stays. */
  #whole(plan: TablePlan, wipe: boolean): void {
    const { after } = plan;
    this.#checkSize(plan, after);
    if (wipe) this.#removeKey();
    else this.#removeNulls(plan, null);
    this.#beginSet(after.count);
    this.commands.raw(after.bytes, 0, after.length);
    this.#note(plan);
  }

  #beginSet(fields: number): void {
    this.commands.begin(2 + 2 * fields);
    this.commands.raw(hset, 0, hset.length);
    this.commands.bytes(this.#key, 0, this.#keyLength);
  }

  #removeKey(): void {
    this.commands.begin(2);
    this.commands.raw(unlink, 0, unlink.length);
    this.commands.bytes(this.#key, 0, this.#keyLength);
  }

  /** Only the fields that are not what they were. `renamed`: the key is another, so its columns count as changed. */
  #changed(plan: TablePlan, renamed: boolean): void {
    const { before, after } = plan;
    this.#checkSize(plan, after);
    const width = plan.table.columns.length;
    if (this.#chosen.length < width) this.#chosen = new Uint8Array(width);
    let values = 0;
    for (let column = 0; column < width; column += 1) {
      const state = after.states[column]!;
      const differs = state !== fieldOf.absent && !sameField(before, after, column);
      this.#chosen[column] = differs ? 1 : 0;
      if (differs && state === fieldOf.value) values += 1;
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
        if (this.#chosen[column] === 0 || after.states[column] !== fieldOf.value) continue;
        this.commands.raw(after.bytes, after.fieldStarts[column]!, after.valueEnds[column]! + 2);
      }
    }
    this.#note(plan);
  }

  /** `chosen` null: whichever column is NULL. */
  #removeNulls({ after, names }: TablePlan, chosen: Uint8Array | null): void {
    if (after.nulls === 0) return;
    let nulls = 0;
    for (let column = 0; column < names.length; column += 1) {
      if (after.states[column] === fieldOf.null && (chosen === null || chosen[column] === 1)) nulls += 1;
    }
    if (nulls === 0) return;
    this.commands.begin(2 + nulls);
    this.commands.raw(hdel, 0, hdel.length);
    this.commands.bytes(this.#key, 0, this.#keyLength);
    for (let column = 0; column < names.length; column += 1) {
      if (after.states[column] !== fieldOf.null || (chosen !== null && chosen[column] === 0)) continue;
      this.commands.raw(names[column]!, 0, names[column]!.length);
    }
  }

  #note({ state: { vanished } }: TablePlan): void {
    if (vanished === null) return;
    let seen = this.#seen.get(vanished);
    if (seen === undefined) {
      seen = { count: 0, keys: new CommandWriter(16 * 1024) };
      this.#seen.set(vanished, seen);
    }
    seen.count += 1;
    seen.keys.bytes(this.#key, 0, this.#keyLength);
  }

  /** `bytes`: where the image was written, if not where it usually is. */
  #writeKey({ keys, label }: TablePlan, from: HashFields, bytes: Buffer = from.bytes): void {
    let length = 0;
    const { columns } = keys;
    for (let i = 0; i < columns.length; i += 1) {
      const column = columns[i]!;
      assert(from.states[column] === fieldOf.value, 'an image holds the columns of its key');
      length += from.valueEnds[column]! - from.valueStarts[column]!;
    }
    const longest = keys.longest(length);
    if (longest > this.#key.length) this.#key = Buffer.allocUnsafe(longest * 2);
    this.#keyLength = keys.write(this.#key, 0, bytes, from.valueStarts, from.valueEnds);
    if (this.#keyLength > this.#options.maxValueBytes) throw this.#refused(label, 'its key is too long');
  }

  #swapKeys(): void {
    const key = this.#key;
    this.#key = this.#old;
    this.#old = key;
    this.#oldLength = this.#keyLength;
  }

  #checkSize({ table, label }: TablePlan, { length, states, valueStarts, valueEnds }: HashFields): void {
    if (length <= this.#options.maxValueBytes) return;
    for (let column = 0; column < states.length; column += 1) {
      const size = states[column] === fieldOf.value ? valueEnds[column]! - valueStarts[column]! : 0;
      if (size <= this.#options.maxValueBytes) continue;
      throw this.#refused(
        label,
        `column ${table.columns[column]!.name} has ${size} bytes, and the server takes ${this.#options.maxValueBytes} (proto-max-bulk-len)`,
      );
    }
  }

  #refused(table: string, reason: string): MillraceError {
    return new MillraceError('SINK_ROW_REFUSED', { sink: this.#options.sink, table, reason });
  }
}

const word = (name: string): Buffer => Buffer.from(`$${name.length}\r\n${name}\r\n`);
const hset = word('HSET');
const hdel = word('HDEL');
const unlink = word('UNLINK');
const rename = word('RENAME');

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
