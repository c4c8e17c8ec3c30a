import assert from 'node:assert/strict';
import type { Batch, Lane, Position } from '../core/batch.ts';
import type { Change, RowsChange, SchemaChange } from '../core/change.ts';
import type { Sink } from '../core/connector.ts';
import { MillraceError } from '../core/errors.ts';
import { qualifiedName, type Table } from '../core/table.ts';
import type { Row, Value } from '../core/value.ts';

/** Rows by their primary key; without one, by all their values, with as many entries as there are equal rows. */
type MemoryTable = ReadonlyMap<string, readonly Row[]>;

/** What a MemorySink holds durably: survives the sink, as a server's data survive a client. */
export class MemoryStore {
  readonly tables = new Map<string, MemoryTable>();
  readonly lanes = new Map<Lane, { epoch: number; position: Position | null }>();
  /** By table: the rows that were there at the begin mark and that nothing has written since. */
  readonly vanishing = new Map<string, ReadonlySet<string>>();

  rows(table: Pick<Table, 'database' | 'name'>): readonly Row[] {
    return [...(this.tables.get(qualifiedName(table))?.values() ?? [])].flat();
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

  release(lane: Lane): void {
    this.#epochs.delete(lane);
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
    draft.publish();
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

/** The tables as they will be after a batch; those it does not touch are not copied. */
class Draft {
  readonly #store: MemoryStore;
  readonly #tables = new Map<string, Map<string, readonly Row[]> | null>();
  readonly #vanishing = new Map<string, Set<string> | null>();

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  publish(): void {
    put(this.#store.tables, this.#tables);
    put(this.#store.vanishing, this.#vanishing);
  }

  apply(change: Change, repeated: boolean): void {
    switch (change.kind) {
      case 'rows':
        if (!repeated || change.table.primaryKey.length > 0) this.#rows(change);
        break;
      case 'truncate':
        this.#table(qualifiedName(change.table)).clear();
        break;
      case 'schema':
        this.#schema(change);
        break;
      case 'snapshot':
        this.#mark(change.table, change.at);
        break;
    }
  }

  #rows({ table, op, rows }: RowsChange): void {
    const name = qualifiedName(table);
    const held = this.#table(name);
    for (let i = 0; i < rows.length; i += 1) {
      const before = op === 'read' || op === 'create' ? null : rows.before(i);
      const after = rows.after(i);
      const previous = before === null ? null : take(held, table, before);
      if (after === null) continue;
      const whole =
        previous === null ? after : after.map((value, column) => (value === undefined ? previous[column] : value));
      // A partial image of a row that is not there says too little to make one.
      if (whole.includes(undefined)) continue;
      const key = keyOf(table, whole);
      held.set(key, table.primaryKey.length > 0 ? [whole] : [...(held.get(key) ?? []), whole]);
      this.#vanishingIn(name)?.delete(key);
    }
  }

  #schema({ before, after, renamedColumns = new Map() }: SchemaChange): void {
    const old = before === null ? null : this.#tableIfThere(qualifiedName(before));
    if (before !== null) this.#tables.set(qualifiedName(before), null);
    if (after === null) return;
    const name = qualifiedName(after);
    if (old === null || before === null) {
      // A rename that has been followed already finds nothing by the old name.
      if (before === null || this.#tableIfThere(name) === null) this.#tables.set(name, new Map());
      return;
    }
    const sources = after.columns.map((column) =>
      before.columns.findIndex((other) => (renamedColumns.get(other.name) ?? other.name) === column.name),
    );
    const follow = (row: Row): Row => sources.map((source) => (source < 0 ? null : (row[source] ?? null)));
    const rows = [...old.values()].flat().map(follow);
    this.#tables.set(
      name,
      Map.groupBy(rows, (row) => keyOf(after, row)),
    );
  }

  #mark(table: Table, at: 'begin' | 'end'): void {
    const name = qualifiedName(table);
    const held = this.#table(name);
    if (at === 'begin') {
      // Rows without a key cannot be told apart, so a new snapshot of them starts from nothing.
      if (table.primaryKey.length === 0) held.clear();
      else this.#vanishing.set(name, new Set(held.keys()));
      return;
    }
    for (const key of this.#vanishingIn(name) ?? []) held.delete(key);
    this.#vanishing.set(name, null);
  }

  #table(name: string): Map<string, readonly Row[]> {
    const table = this.#tableIfThere(name) ?? new Map<string, readonly Row[]>();
    this.#tables.set(name, table);
    return table;
  }

  #tableIfThere(name: string): Map<string, readonly Row[]> | null {
    const drafted = this.#tables.get(name);
    if (drafted !== undefined) return drafted;
    const held = this.#store.tables.get(name);
    if (held === undefined) return null;
    const copy = new Map(held);
    this.#tables.set(name, copy);
    return copy;
  }

  #vanishingIn(name: string): Set<string> | null {
    const drafted = this.#vanishing.get(name);
    if (drafted !== undefined) return drafted;
    const held = this.#store.vanishing.get(name);
    const copy = held === undefined ? null : new Set(held);
    this.#vanishing.set(name, copy);
    return copy;
  }
}

const put = <Value>(target: Map<string, Value>, draft: ReadonlyMap<string, Value | null>): void => {
  for (const [name, value] of draft) {
    if (value === null) target.delete(name);
    else target.set(name, value);
  }
};

/** Takes out one row that `image` names. */
const take = (held: Map<string, readonly Row[]>, table: Table, image: Row): Row | null => {
  const keyed = table.primaryKey.length > 0 || !image.includes(undefined);
  const key = keyed ? keyOf(table, image) : held.entries().find(([, [row]]) => agrees(row!, image))?.[0];
  const rows = key === undefined ? undefined : held.get(key);
  if (key === undefined || rows === undefined) return null;
  if (rows.length > 1) held.set(key, rows.slice(1));
  else held.delete(key);
  return rows[0]!;
};

const agrees = (row: Row, image: Row): boolean =>
  image.every((value, column) => value === undefined || textOf(value) === textOf(row[column]));

const keyOf = (table: Table, row: Row): string =>
  (table.primaryKey.length > 0 ? table.primaryKey.map((column) => row[column]) : row).map(textOf).join('\u0000');

const textOf = (value: Value | undefined): string =>
  value instanceof Uint8Array ? `bytes:${Buffer.from(value).toString('hex')}` : `${typeof value}:${value}`;
