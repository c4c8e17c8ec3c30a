import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { Change, RowsChange } from '../../../core/change.ts';
import { MillraceError } from '../../../core/errors.ts';
import type { RowImages } from '../../../core/row-images.ts';
import type { MysqlSinkConfig } from './config.ts';
import type { LiteralWriter } from './literal-writer.ts';
import { hashOfKey, NetChanges, writerHashOf } from './net-changes.ts';
import { matchCondition } from './row-match.ts';
import type { Sweeps } from './snapshot-sweep.ts';
import { StatementBuffer, type StatementFacts } from './statement-buffer.ts';
import type { TablePlan } from './table-plan.ts';

export interface EncodeOptions {
  readonly planOf: (change: Exclude<Change, { readonly kind: 'schema' }>) => TablePlan;
  readonly sweeps: Sweeps;
  /** All rows go to the first writer. */
  readonly alone: boolean;
  /** The position says that all of this has been written, which rows without a key cannot tell themselves. */
  readonly again: boolean;
  readonly maxPacket: number;
}

/** An image left columns out of a table whose rows were being spread: the group is encoded once more, on one writer. */
class NotSpread extends Error {}

/**
 * Makes a group of changes into statements, one list per writer. Of each key only the outcome is written: first what is gone is
 * deleted, then what is there is upserted, many rows to a statement. What a net outcome cannot say (images that left columns
 * out, rows without a key) is written in its place, after what came before it for the same table.
 */
export class GroupEncoder {
  readonly writers: readonly StatementBuffer[];
  readonly #config: MysqlSinkConfig;
  readonly #nets = new Map<TablePlan, NetChanges[]>();
  readonly #spare: NetChanges[] = [];
  #options: EncodeOptions | null = null;

  constructor(config: MysqlSinkConfig) {
    this.#config = config;
    this.writers = Array.from({ length: config['sink.parallelism'] }, () => new StatementBuffer());
  }

  encode(changes: readonly Change[], options: EncodeOptions): void {
    this.#options = options;
    for (;;) {
      this.#clear();
      try {
        for (let at = 0; at < changes.length; at += 1) this.#add(changes[at]!, at);
        for (const plan of this.#nets.keys()) this.#flush(plan);
        for (const change of changes) {
          if (change.kind !== 'snapshot' || change.at !== 'end') continue;
          for (const text of options.sweeps.endStatements(change.table))
            this.writers[0]!.add(Buffer.from(text), factsOf(options.planOf(change)));
        }
        return;
      } catch (error) {
        if (!(error instanceof NotSpread)) throw error;
      }
    }
  }

  #clear(): void {
    for (const writer of this.writers) writer.clear();
    for (const nets of this.#nets.values()) {
      for (const net of nets) {
        net.clear();
        this.#spare.push(net);
      }
    }
    this.#nets.clear();
  }

  #add(change: Change, index: number): void {
    assert(change.kind !== 'schema', 'definitions are changed outside of groups');
    const { planOf, again } = this.#options!;
    const plan = planOf(change);
    switch (change.kind) {
      case 'rows':
        if (plan.key.length > 0) this.#addKeyed(plan, change, index);
        else if (!again) this.#addKeyless(plan, change, index);
        break;
      case 'truncate':
        if (!this.#config['delete.enabled']) break;
        this.#flush(plan);
        this.writers[0]!.add(Buffer.from(`DELETE FROM ${plan.name}`), factsOf(plan, index));
        break;
      case 'snapshot':
        // Rows without a key cannot be told apart, so their snapshot starts from nothing.
        if (change.at === 'begin' && plan.key.length === 0 && !again) {
          this.writers[0]!.add(Buffer.from(`DELETE FROM ${plan.name}`), factsOf(plan, index));
        }
        break;
    }
  }

  #addKeyed(plan: TablePlan, { op, rows, everyMatch }: RowsChange, index: number): void {
    if (everyMatch) {
      for (let i = 0; i < rows.length; i += 1) this.#removeEvery(plan, rows, i, index);
      return;
    }
    const inOrder = this.#config['foreign-key.checks'] || this.#config['insert.mode'] !== 'upsert';
    for (let i = 0; i < rows.length; i += 1) {
      if (inOrder) this.#addInOrder(plan, op, rows, i, index);
      else if (op === 'delete') this.#remove(plan, rows, i, index);
      else if (op === 'update') this.#update(plan, rows, i, index);
      else this.#create(plan, rows, i, index);
    }
  }

  #create(plan: TablePlan, rows: RowImages, i: number, index: number): void {
    const { after } = plan;
    after.read(rows, i, 'after');
    if (after.missing > 0) {
      this.#createPartly(plan, after, index);
      return;
    }
    const hash = hashOfKey(after, plan.key);
    this.#netOf(plan, after).put(hash, plan.key, after, index);
  }

  #update(plan: TablePlan, rows: RowImages, i: number, index: number): void {
    const { after, keyBefore } = plan;
    after.read(rows, i, 'after');
    keyBefore.read(rows, i, 'before');
    const hasBefore = hasKey(keyBefore, plan.key);
    if (after.missing > 0) {
      this.#updatePartly(plan, after, hasBefore ? keyBefore : after, index);
      return;
    }
    const hash = hashOfKey(after, plan.key);
    if (hasBefore && !sameKey(keyBefore, after, plan.key)) {
      const oldHash = hashOfKey(keyBefore, plan.key);
      this.#netOf(plan, keyBefore).remove(oldHash, plan.key, keyBefore, index);
    }
    this.#netOf(plan, after).put(hash, plan.key, after, index);
  }

  #remove(plan: TablePlan, rows: RowImages, i: number, index: number): void {
    if (!this.#config['delete.enabled']) return;
    const { keyBefore } = plan;
    keyBefore.read(rows, i, 'before');
    checkKey(plan, keyBefore);
    const hash = hashOfKey(keyBefore, plan.key);
    this.#netOf(plan, keyBefore).remove(hash, plan.key, keyBefore, index);
  }

  /** Every row that has what the image holds of the key. */
  #removeEvery(plan: TablePlan, rows: RowImages, i: number, index: number): void {
    if (!this.#config['delete.enabled']) return;
    const { writer } = this.#inPlace(plan);
    const { keyBefore } = plan;
    keyBefore.read(rows, i, 'before');
    const held = plan.key.filter((column) => keyBefore.ends[column]! > 0);
    assert(held.length > 0, 'a delete of every match says what matches');
    const where = held.map((column) => `${plan.columns[column]!} = ${literalOf(keyBefore, column)}`);
    writer.add(Buffer.from(`DELETE FROM ${plan.name} WHERE ${where.join(' AND ')}`), factsOf(plan, index));
  }

  /** With foreign keys checked, or creates that must meet no row: nothing overtakes anything. */
  #addInOrder(plan: TablePlan, op: RowsChange['op'], rows: RowImages, i: number, index: number): void {
    const mode = this.#config['insert.mode'];
    const net = this.#netOf(plan, plan.after);
    const deletes = op === 'delete';
    const others = [...this.#nets.keys()].filter((other) => other !== plan);
    for (const other of others) this.#flush(other);
    if (deletes ? net.count > net.removed : net.removed > 0) this.#flush(plan);
    if (deletes) {
      this.#remove(plan, rows, i, index);
      return;
    }
    if (op !== 'update' && mode !== 'update') {
      this.#create(plan, rows, i, index);
      // A second row of one key must meet the first one in the server.
      if (mode === 'insert' && this.#netOf(plan, plan.after).count % this.#config['sink.statement.max-rows'] === 0)
        this.#flush(plan);
      return;
    }
    const { after, keyBefore } = plan;
    after.read(rows, i, 'after');
    keyBefore.read(rows, i, 'before');
    this.#updatePartly(plan, after, hasKey(keyBefore, plan.key) ? keyBefore : after, index);
  }

  /** An image of a new row that left columns out, which get their defaults. */
  #createPartly(plan: TablePlan, row: LiteralWriter, index: number): void {
    const { writer } = this.#inPlace(plan);
    const present = presentColumns(plan, row);
    const names = present.map((column) => plan.columns[column]!);
    const values = present.map((column) => literalOf(row, column));
    if (plan.unique) this.#deleteKey(writer, plan, row, index);
    const others = names.filter((_, i) => !plan.key.includes(present[i]!));
    const set = (others.length > 0 ? others : names).map((name) => `${name} = VALUES(${name})`);
    const onDuplicate = this.#config['insert.mode'] === 'insert' ? '' : ` ON DUPLICATE KEY UPDATE ${set.join(', ')}`;
    writer.add(
      Buffer.from(`INSERT INTO ${plan.name} (${names.join(', ')}) VALUES (${values.join(', ')})${onDuplicate}`),
      factsOf(plan, index),
    );
    this.#strike(writer, plan, row, index);
  }

  /**
   * Sets the columns that were logged and leaves the others as they are. A row that is not there stays away: it was deleted by a
   * later change of a group that is written a second time.
   */
  #updatePartly(plan: TablePlan, row: LiteralWriter, key: LiteralWriter, index: number): void {
    const { writer } = this.#inPlace(plan);
    checkKey(plan, key);
    const present = presentColumns(plan, row);
    if (present.length === 0) return;
    const set = present.map((column) => `${plan.columns[column]!} = ${literalOf(row, column)}`);
    const names = new Set(present.map((column) => plan.columns[column]!));
    for (const name of plan.selfUpdating) if (!names.has(name)) set.push(`${name} = ${name}`);
    const where = plan.key.map((column) => `${plan.columns[column]!} = ${literalOf(key, column)}`);
    writer.add(
      Buffer.from(`UPDATE ${plan.name} SET ${set.join(', ')} WHERE ${where.join(' AND ')}`),
      factsOf(plan, index),
    );
    this.#strike(writer, plan, hasKey(row, plan.key) ? row : key, index);
  }

  #deleteKey(writer: StatementBuffer, plan: TablePlan, row: LiteralWriter, index: number): void {
    const where = plan.key.map((column) => `${plan.columns[column]!} = ${literalOf(row, column)}`);
    writer.add(Buffer.from(`DELETE FROM ${plan.name} WHERE ${where.join(' AND ')}`), factsOf(plan, index));
  }

  #strike(writer: StatementBuffer, plan: TablePlan, row: LiteralWriter, index: number): void {
    const head = this.#options!.sweeps.strikeHead(plan.table);
    if (head === null) return;
    const values = plan.key.map((column) => literalOf(row, column));
    const tuple = values.length === 1 ? values[0]! : `(${values.join(', ')})`;
    writer.add(Buffer.from(`${head}${tuple})`), factsOf(plan, index));
  }

  /** Rows that only their values name: a delete or update takes exactly one of those that are equal. */
  #addKeyless(plan: TablePlan, { op, rows }: RowsChange, index: number): void {
    const writer = this.writers[0]!;
    const { after, before } = plan;
    if (op === 'create' || op === 'read') {
      this.#insertKeyless(writer, plan, rows, index);
      return;
    }
    for (let i = 0; i < rows.length; i += 1) {
      if (op === 'delete' && !this.#config['delete.enabled']) continue;
      before.read(rows, i, 'before');
      const where = matchCondition(plan, presentColumns(plan, before), (column) => literalOf(before, column));
      if (op === 'delete') {
        writer.add(Buffer.from(`DELETE FROM ${plan.name} WHERE ${where} LIMIT 1`), factsOf(plan, index));
        continue;
      }
      after.read(rows, i, 'after');
      const set = presentColumns(plan, after).map((column) => `${plan.columns[column]!} = ${literalOf(after, column)}`);
      if (set.length === 0) continue;
      writer.add(Buffer.from(`UPDATE ${plan.name} SET ${set.join(', ')} WHERE ${where} LIMIT 1`), factsOf(plan, index));
    }
  }

  #insertKeyless(writer: StatementBuffer, plan: TablePlan, rows: RowImages, index: number): void {
    const { after } = plan;
    const limit = this.#statementLimit();
    let held = 0;
    const end = (): void => {
      if (held === 0) return;
      writer.unwrite();
      writer.end(factsOf(plan, index));
      held = 0;
    };
    for (let i = 0; i < rows.length; i += 1) {
      after.read(rows, i, 'after');
      if (after.missing > 0) {
        end();
        const present = presentColumns(plan, after);
        const names = present.map((column) => plan.columns[column]!);
        const values = present.map((column) => literalOf(after, column));
        writer.add(
          Buffer.from(`INSERT INTO ${plan.name} (${names.join(', ')}) VALUES (${values.join(', ')})`),
          factsOf(plan, index),
        );
        continue;
      }
      this.#checkSize(plan, after.length + plan.insert.length);
      if (held > 0 && (held >= this.#config['sink.statement.max-rows'] || writer.size + after.length + 3 > limit))
        end();
      if (held === 0) writer.begin(plan.insert);
      writer.append(open);
      writer.appendRange(after.bytes, 0, after.length - 1);
      writer.append(closeAndGoOn);
      held += 1;
    }
    end();
  }

  /** Writes what came so far for a table, and gives the writer that what comes now goes to. */
  #inPlace(plan: TablePlan): { readonly writer: StatementBuffer } {
    if (plan.spread && this.writers.length > 1) {
      plan.spread = false;
      throw new NotSpread();
    }
    this.#flush(plan);
    return { writer: this.writers[this.#homeOf(plan)]! };
  }

  /** The writer of a table that is not spread. */
  #homeOf(plan: TablePlan): number {
    if (this.writers.length === 1 || this.#options!.alone || plan.key.length === 0) return 0;
    let sum = 0;
    for (let i = 0; i < plan.label.length; i += 1) sum = (sum * 31 + plan.label.charCodeAt(i)) >>> 0;
    return sum % this.writers.length;
  }

  #netOf(plan: TablePlan, row: LiteralWriter): NetChanges {
    let nets = this.#nets.get(plan);
    if (nets === undefined) {
      nets = this.writers.map(() => this.#spare.pop() ?? new NetChanges());
      this.#nets.set(plan, nets);
    }
    if (nets.length === 1 || this.#options!.alone) return nets[0]!;
    if (!plan.spread) return nets[this.#homeOf(plan)]!;
    return nets[(writerHashOf(row, plan.key, plan.neighbourDigits) >>> 16) % nets.length]!;
  }

  #flush(plan: TablePlan): void {
    const nets = this.#nets.get(plan);
    if (nets === undefined) return;
    for (let i = 0; i < nets.length; i += 1) {
      const net = nets[i]!;
      if (net.count === 0) continue;
      this.#write(this.writers[i]!, plan, net);
      net.clear();
    }
  }

  #write(writer: StatementBuffer, plan: TablePlan, net: NetChanges): void {
    const insertOnly = this.#config['insert.mode'] === 'insert';
    // Rows that stand in each other's way are all taken out before the first comes in again.
    const isGone = (entry: number): boolean => (plan.unique && !insertOnly) || net.rowStart(entry) < 0;
    if (net.removed > 0 || (plan.unique && !insertOnly)) this.#writeKeys(writer, plan, net, plan.delete, isGone);
    if (net.count > net.removed) {
      this.#writeRows(writer, plan, net, plan.unique || insertOnly ? nothing : plan.onDuplicate);
      const strike = this.#options!.sweeps.strikeHead(plan.table);
      if (strike !== null) this.#writeKeys(writer, plan, net, Buffer.from(strike), (entry) => net.rowStart(entry) >= 0);
    }
  }

  #writeKeys(
    writer: StatementBuffer,
    plan: TablePlan,
    net: NetChanges,
    head: Buffer,
    takes: (entry: number) => boolean,
  ): void {
    const limit = this.#statementLimit();
    const maxRows = this.#config['sink.statement.max-rows'];
    let held = 0;
    let change = 0;
    const end = (): void => {
      if (held === 0) return;
      writer.unwrite();
      writer.append(close);
      writer.end(factsOf(plan, change));
      held = 0;
    };
    for (let entry = 0; entry < net.count; entry += 1) {
      if (!takes(entry)) continue;
      const start = net.keyStart(entry);
      const size = net.keyEnd(entry) - start;
      if (held > 0 && (held >= maxRows || writer.size + size + 3 > limit)) end();
      if (held === 0) {
        writer.begin(head);
        change = net.change(entry);
      }
      writer.appendRange(net.keys, start, start + size);
      writer.append(comma);
      held += 1;
    }
    end();
  }

  #writeRows(writer: StatementBuffer, plan: TablePlan, net: NetChanges, tail: Buffer): void {
    const limit = this.#statementLimit() - tail.length;
    const maxRows = this.#config['sink.statement.max-rows'];
    for (let entry = 0; entry < net.count; ) {
      while (entry < net.count && net.rowStart(entry) < 0) entry += 1;
      if (entry === net.count) return;
      this.#checkSize(plan, net.rowEnd(entry) - net.rowStart(entry) + plan.insert.length + tail.length);
      writer.begin(plan.insert);
      const changes = new Int32Array(Math.min(maxRows, net.count - entry));
      let held = 0;
      // Rows that lie one behind the other are copied together.
      let from = net.rowStart(entry);
      let to = from;
      for (; entry < net.count && held < maxRows; entry += 1) {
        const start = net.rowStart(entry);
        if (start < 0) continue;
        const rowEnd = net.rowEnd(entry);
        if (held > 0 && writer.size + (to - from) + (rowEnd - start) > limit) break;
        if (start !== to) {
          writer.appendRange(net.rows, from, to);
          from = start;
        }
        to = rowEnd;
        changes[held] = net.change(entry);
        held += 1;
      }
      writer.appendRange(net.rows, from, to);
      writer.unwrite();
      writer.append(tail);
      writer.end({ table: plan.label, change: null, changes: changes.subarray(0, held) });
    }
  }

  /** Bytes that a statement of several rows may have. */
  #statementLimit(): number {
    return Math.min(this.#config['sink.statement.max-size'], this.#options!.maxPacket - 1024);
  }

  #checkSize(plan: TablePlan, bytes: number): void {
    if (bytes <= this.#options!.maxPacket - 64) return;
    const reason = `its statement has ${bytes} bytes, and max_allowed_packet is ${this.#options!.maxPacket}`;
    throw new MillraceError('SINK_ROW_REFUSED', { sink: 'mysql', table: plan.label, reason });
  }
}

const nothing = Buffer.alloc(0);
const open = Buffer.from('(');
const close = Buffer.from(')');
const comma = Buffer.from(',');
const closeAndGoOn = Buffer.from('),');

const factsOf = (plan: TablePlan, change: number | null = null): StatementFacts => ({
  table: plan.label,
  change,
  changes: null,
});

const presentColumns = (plan: TablePlan, row: LiteralWriter): number[] =>
  plan.wanted.flatMap((wanted, column) => (wanted && row.ends[column]! > 0 ? [column] : []));

/** A literal as text: for statements of one row. */
const literalOf = (row: LiteralWriter, column: number): string =>
  row.bytes.utf8Slice(row.starts[column]!, row.ends[column]!);

const hasKey = (row: LiteralWriter, key: readonly number[]): boolean => key.every((column) => row.ends[column]! > 0);

/** A change that does not say which row it is about cannot be written. */
const checkKey = (plan: TablePlan, row: LiteralWriter): void => {
  if (hasKey(row, plan.key)) return;
  const reason = 'the change does not hold its primary key';
  throw new MillraceError('SINK_ROW_REFUSED', { sink: 'mysql', table: plan.label, reason });
};

const sameKey = (left: LiteralWriter, right: LiteralWriter, key: readonly number[]): boolean => {
  for (let i = 0; i < key.length; i += 1) {
    const column = key[i]!;
    const at = left.starts[column]!;
    const other = right.starts[column]!;
    const length = left.ends[column]! - at;
    if (right.ends[column]! - other !== length) return false;
    for (let byte = 0; byte < length; byte += 1) if (left.bytes[at + byte] !== right.bytes[other + byte]) return false;
  }
  return true;
};
