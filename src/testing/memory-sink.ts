import assert from 'node:assert/strict';
import type { Batch, Lane, Position } from '../core/batch.ts';
import type { Change, RowsChange } from '../core/change.ts';
import type { Sink } from '../core/connector.ts';
import { MillraceError } from '../core/errors.ts';
import { qualifiedName, type Table } from '../core/table.ts';
import type { Row, Value } from '../core/value.ts';

/** What a MemorySink holds durably: survives the sink, as a server's data survive a client. */
export class MemoryStore {
  tables = new Map<string, readonly Row[]>();
  readonly lanes = new Map<Lane, { epoch: number; position: Position | null }>();
  /** By table: the rows that were there at the begin mark and that nothing has written since. */
  vanishing = new Map<string, readonly string[]>();

  rows(table: Pick<Table, 'database' | 'name'>): readonly Row[] {
    return this.tables.get(qualifiedName(table)) ?? [];
  }
}

/** A mirror in memory that keeps every rule of the contract; the reference for what other sinks should hold. */
export class MemorySink implements Sink {
  readonly inFlight?: number;
  readonly #store: MemoryStore;
  readonly #epochs = new Map<Lane, number>();
  #open: { readonly transaction: string; next: number; readonly changes: Change[] } | null = null;

  constructor(store: MemoryStore, options: { readonly inFlight?: number } = {}) {
    this.#store = store;
    if (options.inFlight !== undefined) this.inFlight = options.inFlight;
  }

  async claim(lane: Lane): Promise<Position | null> {
    const entry = this.#store.lanes.get(lane) ?? { epoch: 0, position: null };
    const claimed = { epoch: entry.epoch + 1, position: entry.position };
    this.#store.lanes.set(lane, claimed);
    this.#epochs.set(lane, claimed.epoch);
    return claimed.position;
  }

  async write(batch: Batch, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const changes = this.#wholeTransaction(batch);
    this.#checkFence();
    if (changes === null) return;
    const repeated = this.#isRepeated(batch);
    const draft = new Draft(this.#store);
    for (const change of changes) draft.apply(change, repeated);
    // From here to the end nothing can fail: rows and positions change together.
    draft.publish(this.#store);
    for (const [lane, position] of batch.positions) this.#store.lanes.get(lane)!.position = position;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#open = null;
  }

  /** The changes to apply now; null while parts are still to come. */
  #wholeTransaction(batch: Batch): readonly Change[] | null {
    const { part } = batch;
    if (part === undefined) {
      this.#open = null;
      return batch.changes;
    }
    if (part.index === 0) this.#open = { transaction: part.transaction, next: 0, changes: [] };
    const open = this.#open;
    assert(open?.transaction === part.transaction && open.next === part.index, 'parts follow each other from index 0');
    open.changes.push(...batch.changes);
    open.next += 1;
    if (!part.last) return null;
    this.#open = null;
    return open.changes;
  }

  #checkFence(): void {
    for (const [lane, epoch] of this.#epochs) {
      if (this.#store.lanes.get(lane)!.epoch !== epoch) {
        throw new MillraceError('SINK_FENCED', { sink: 'memory', pipeline: 'test', lane });
      }
    }
  }

  #isRepeated(batch: Batch): boolean {
    if (batch.positions.size === 0) return false;
    return [...batch.positions].every(([lane, position]) => this.#store.lanes.get(lane)?.position === position);
  }
}

/** The tables as they will be after a batch. */
class Draft {
  readonly #tables: Map<string, Row[]>;
  readonly #vanishing: Map<string, Set<string>>;

  constructor(store: MemoryStore) {
    this.#tables = new Map([...store.tables].map(([name, rows]) => [name, [...rows]]));
    this.#vanishing = new Map([...store.vanishing].map(([name, keys]) => [name, new Set(keys)]));
  }

  publish(store: MemoryStore): void {
    store.tables = this.#tables;
    store.vanishing = new Map([...this.#vanishing].map(([name, keys]) => [name, [...keys]]));
  }

  apply(change: Change, repeated: boolean): void {
    switch (change.kind) {
      case 'rows':
        if (!repeated || change.table.primaryKey.length > 0) this.#rows(change);
        break;
      case 'truncate':
        this.#tables.set(qualifiedName(change.table), []);
        break;
      case 'schema':
        this.#schema(change.before, change.after, change.renamedColumns ?? new Map());
        break;
      case 'snapshot':
        this.#mark(change.table, change.at);
        break;
    }
  }

  #rows({ table, op, rows }: RowsChange): void {
    const name = qualifiedName(table);
    const held = this.#tables.get(name) ?? [];
    this.#tables.set(name, held);
    for (let i = 0; i < rows.length; i += 1) {
      const before = rows.before(i);
      const after = rows.after(i);
      const old = op === 'read' || op === 'create' ? null : before;
      const found = held.findIndex((row) => (old ? sameRow(table, row, old) : after && sameKey(table, row, after)));
      const previous = found < 0 ? null : held.splice(found, 1)[0]!;
      if (previous) this.#vanishing.get(name)?.delete(keyOf(table, previous));
      if (after === null) continue;
      const whole = after.map((value, column) => (value === undefined ? (previous?.[column] ?? null) : value));
      // A changed primary key may meet a row that has the new key.
      const clash = held.findIndex((row) => sameKey(table, row, whole));
      if (clash >= 0) held.splice(clash, 1);
      held.push(whole);
      this.#vanishing.get(name)?.delete(keyOf(table, whole));
    }
  }

  #schema(before: Table | null, after: Table | null, renamed: ReadonlyMap<string, string>): void {
    const rows = (before && this.#tables.get(qualifiedName(before))) ?? [];
    if (before) this.#tables.delete(qualifiedName(before));
    if (!after) return;
    const sources = after.columns.map(({ name }) =>
      before ? before.columns.findIndex((column) => (renamed.get(column.name) ?? column.name) === name) : -1,
    );
    this.#tables.set(
      qualifiedName(after),
      rows.map((row) => sources.map((source) => (source < 0 ? null : (row[source] ?? null)))),
    );
  }

  #mark(table: Table, at: 'begin' | 'end'): void {
    const name = qualifiedName(table);
    const rows = this.#tables.get(name) ?? [];
    if (at === 'begin') {
      // Rows without a key cannot be told apart, so a new snapshot of them starts from nothing.
      if (table.primaryKey.length === 0) this.#tables.set(name, []);
      else this.#vanishing.set(name, new Set(rows.map((row) => keyOf(table, row))));
      return;
    }
    const vanishing = this.#vanishing.get(name);
    if (vanishing === undefined) return;
    this.#vanishing.delete(name);
    this.#tables.set(
      name,
      rows.filter((row) => !vanishing.has(keyOf(table, row))),
    );
  }
}

const keyOf = (table: Table, row: Row): string => table.primaryKey.map((column) => textOf(row[column])).join('\u0000');

const sameKey = (table: Table, left: Row, right: Row): boolean =>
  table.primaryKey.length > 0 && keyOf(table, left) === keyOf(table, right);

/** By key; without one, by every column that was logged. */
const sameRow = (table: Table, held: Row, wanted: Row): boolean =>
  table.primaryKey.length > 0
    ? sameKey(table, held, wanted)
    : wanted.every((value, column) => value === undefined || textOf(value) === textOf(held[column]));

const textOf = (value: Value | undefined): string =>
  value instanceof Uint8Array ? `bytes:${Buffer.from(value).toString('hex')}` : `${typeof value}:${value}`;
