import type { RowsChange } from '../../../core/change.ts';
import type { RowImages } from '../../../core/row-images.ts';
import type { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import { fieldOf, type HashFields } from '../hash-fields.ts';
import type { IndexingCommands } from './indexing-commands.ts';
import { RowKey } from './row-key.ts';
import type { RowRefusal } from './row-refusal.ts';
import type { SeenKeys } from './seen-keys.ts';
import type { TablePlan } from './table-plan.ts';
import type { TouchedKeys } from './touched-keys.ts';

interface Options {
  readonly commands: CommandWriter;
  readonly refusal: RowRefusal;
  readonly seen: SeenKeys;
  readonly indexes: IndexingCommands;
  readonly touched: TouchedKeys;
  readonly mayFail: Set<number>;
}

/**
 * Writes rows of hashes some of whose fields Redis owns (`owned.elsewhere`): those are written where there are none, and never else.
 *
 *     create, read      HDEL of what is NULL, HSET key field value …, and HSETNX key field value for each that Redis owns
 *     update            HSET and HDEL of what changed, or of all
 *     delete            UNLINK key: rows come and go with MySQL's
 *     another key       RENAME, as what Redis owns goes with the row
 */
export class SharedHashCommands {
  readonly #commands: CommandWriter;
  readonly #refusal: RowRefusal;
  readonly #seen: SeenKeys;
  readonly #indexes: IndexingCommands;
  readonly #touched: TouchedKeys;
  readonly #mayFail: Set<number>;
  readonly #key = new RowKey();
  readonly #old = new RowKey();

  constructor({ commands, refusal, seen, indexes, touched, mayFail }: Options) {
    this.#commands = commands;
    this.#refusal = refusal;
    this.#seen = seen;
    this.#indexes = indexes;
    this.#touched = touched;
    this.#mayFail = mayFail;
  }

  add({ op, rows }: RowsChange, plan: TablePlan): void {
    for (let index = 0; index < rows.length; index += 1) {
      if (op === 'delete') this.#delete(rows, index, plan);
      else if (op === 'update') this.#update(rows, index, plan);
      else {
        plan.after.read(rows, index, 'after');
        this.#create(plan);
      }
    }
  }

  /** The row whose image was read. */
  #create(plan: TablePlan): void {
    const { after, owned } = plan;
    this.#writeKey(plan, this.#key, after);
    this.#checkSize(plan);
    this.#set(plan, (column) => after.states[column] !== fieldOf.absent && !owned.includes(column));
    for (const column of owned) {
      if (!hasField(after, column)) continue;
      this.#begin('HSETNX', 4);
      this.#field(after, column);
    }
    this.#seen.note(plan.state.vanished, this.#key);
    this.#indexes.created(plan, this.#key);
  }

  #delete(rows: RowImages, index: number, plan: TablePlan): void {
    const { before } = plan;
    before.read(rows, index, 'before');
    if (this.#refusal.isUnkept(plan.keys, before)) return;
    this.#writeKey(plan, this.#key, before);
    this.#touched.note(this.#commands.commands, plan.mode);
    this.#begin('UNLINK', 2);
    this.#indexes.deleted(plan, this.#key);
  }

  #update(rows: RowImages, index: number, plan: TablePlan): void {
    const { before, after, keys, owned, state } = plan;
    before.read(rows, index, 'before');
    after.read(rows, index, 'after');
    for (const column of keys.columns) {
      if (after.states[column] === fieldOf.absent && before.states[column] === fieldOf.value)
        after.binary(column, before.bytes, before.valueStarts[column]!, before.valueEnds[column]!);
    }
    if (this.#refusal.isUnkept(keys, before)) {
      this.#create(plan);
      return;
    }
    this.#writeKey(plan, this.#old, before);
    this.#writeKey(plan, this.#key, after);
    this.#checkSize(plan);
    const moved = !this.#old.equals(this.#key);
    if (moved) {
      if (!this.#refusal.limits.renames)
        throw this.#refusal.of(plan.label, 'in a cluster a row of which Redis owns fields cannot get another key');
      this.#mayFail.add(this.#commands.commands);
      this.#commands.begin(3);
      this.#commands.text('RENAME');
      this.#old.put(this.#commands);
      this.#key.put(this.#commands);
    }
    const isSure = state.complete;
    this.#set(plan, (column) => {
      if (after.states[column] === fieldOf.absent || owned.includes(column)) return false;
      return !isSure || (moved && keys.columns.includes(column)) || !sameField(before, after, column);
    });
    this.#seen.note(state.vanished, this.#key);
    this.#indexes.updated(plan, this.#old, this.#key, isSure);
  }

  /** Makes the fields of some columns what the image after the change says of them. */
  #set({ after, names }: TablePlan, takes: (column: number) => boolean): void {
    const taken = [...names.keys()].filter(takes);
    const values = taken.filter((column) => hasField(after, column));
    if (values.length < taken.length) {
      this.#begin('HDEL', 2 + taken.length - values.length);
      for (const column of taken) {
        if (!hasField(after, column)) this.#commands.raw(names[column]!, 0, names[column]!.length);
      }
    }
    if (values.length === 0) return;
    this.#begin('HSET', 2 + 2 * values.length);
    for (const column of values) this.#field(after, column);
  }

  /** The name and the value. */
  #field({ bytes, fieldStarts, valueEnds }: HashFields, column: number): void {
    this.#commands.raw(bytes, fieldStarts[column]!, valueEnds[column]! + 2);
  }

  #begin(name: string, args: number): void {
    this.#commands.begin(args);
    this.#commands.text(name);
    this.#key.put(this.#commands);
  }

  #writeKey({ keys, label, table }: TablePlan, key: RowKey, from: HashFields): void {
    if (!key.write(keys, from)) throw this.#refusal.ofKey(table, label, keys, from);
    if (key.length > this.#refusal.limits.maxValueBytes) throw this.#refusal.of(label, 'its key is too long');
  }

  #checkSize({ table, label, after }: TablePlan): void {
    if (after.length > this.#refusal.limits.maxValueBytes) this.#refusal.checkColumns(table, label, after);
  }
}

const hasField = ({ states, keepsNulls }: HashFields, column: number): boolean =>
  states[column] === fieldOf.value || (keepsNulls && states[column] === fieldOf.null);

/** Whether both images say the same of a column. What one of them does not say is not the same. */
const sameField = (before: HashFields, after: HashFields, column: number): boolean => {
  if (before.states[column] !== after.states[column]) return false;
  if (after.states[column] !== fieldOf.value) return true;
  const [from, to] = [before.valueStarts[column]!, after.valueStarts[column]!];
  return before.bytes.compare(after.bytes, to, after.valueEnds[column], from, before.valueEnds[column]) === 0;
};
