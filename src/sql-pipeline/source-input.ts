import type { Batch, Lane, Position } from '../core/batch.ts';
import type { Change, Origin } from '../core/change.ts';
import type { Source } from '../core/connector.ts';
import { MillraceError } from '../core/errors.ts';
import type { LogFigures } from '../core/operating.ts';
import { qualifiedName } from '../core/table.ts';
import type { Input, InputStep, ResumableInput } from './input.ts';
import type { ScannedTable } from './scanned-table.ts';
import type { InputPlace } from './tick-record.ts';

export interface SourceInputOptions {
  readonly identity: string;
  readonly source: Source;
  /** By `database.table`; several scans may read one table. */
  readonly tables: ReadonlyMap<string, readonly ScannedTable[]>;
  /** Tables begin with a snapshot that a mark ends. */
  readonly snapshots: boolean;
  /** Each table's snapshot has a lane of its own, and is taken whenever nothing is held of it. */
  readonly readsTablesApart?: boolean;
}

/** Tables that a connector's source reads: from the beginning, or from a place where they stood before. */
export class SourceInput implements Input, ResumableInput {
  readonly wholeAtEnd = false;
  readonly missing: Set<string>;
  readonly identity: string;
  readonly tables: readonly ScannedTable[];
  readonly readsTablesApart: boolean;
  place: InputPlace = { lanes: {}, rows: 0 };
  readonly #source: Source;
  readonly #scans: SourceInputOptions['tables'];
  /** Where ticks ended that are to run again, and are not reached yet. */
  #recorded: InputPlace[] = [];
  /** How far was read meanwhile, and what of that is behind the next of those places. */
  #seen: Readonly<Record<Lane, Position>> = {};
  #ahead: readonly Change[] = [];

  constructor({ identity, source, tables, snapshots, readsTablesApart = false }: SourceInputOptions) {
    this.readsTablesApart = readsTablesApart;
    this.identity = identity;
    this.#source = source;
    this.#scans = tables;
    this.tables = [...tables.values()].flat();
    this.missing = new Set(snapshots ? tables.keys() : []);
  }

  get resumable(): ResumableInput {
    return this;
  }

  resume(from: InputPlace, recorded: readonly InputPlace[], again: readonly ScannedTable[] = []): void {
    this.place = { rows: from.rows, lanes: this.#lanesWithout(from, again) };
    this.#recorded = [...recorded];
    this.#seen = this.place.lanes;
    for (const [name, scans] of this.#scans) if (scans.every((scan) => scan.isRestored)) this.missing.delete(name);
  }

  /** Without those of the tables' snapshots, so that they are taken anew. */
  #lanesWithout({ lanes }: InputPlace, tables: readonly ScannedTable[]): InputPlace['lanes'] {
    if (tables.length === 0) return lanes;
    const ends = tables.map(({ table }) => `:${qualifiedName(table)}`);
    const isOf = (lane: Lane): boolean =>
      this.#source.beginsAnew?.(lane) === true && ends.some((end) => lane.endsWith(end));
    return Object.fromEntries(Object.entries(lanes).filter(([lane]) => !isOf(lane)));
  }

  async *read(signal: AbortSignal): AsyncGenerator<InputStep, void, undefined> {
    const { lanes } = this.place;
    yield* this.#reachedAlready();
    for await (const batch of this.#source.read(async (lane) => lanes[lane] ?? null, signal)) {
      if (this.#recorded.length > 0) yield* this.#again(batch);
      else yield this.#step(batch, batch.changes);
    }
    if (this.#recorded.length > 0 && !signal.aborted) this.#lost('it ended before the place that was reached');
  }

  figures(): readonly LogFigures[] {
    return this.#source.figures?.(new Map(Object.entries(this.place.lanes))) ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source[Symbol.asyncDispose]();
  }

  #step(batch: Batch, changes: readonly Change[], lanes = Object.fromEntries(batch.positions)): InputStep {
    return { inside: batch.part !== undefined && !batch.part.last, apply: () => this.#apply(changes, lanes) };
  }

  /** Cuts a batch where ticks ended before. Of several lanes one may be further on than the tick: that waits for the others. */
  *#again(batch: Batch): Generator<InputStep, void, undefined> {
    this.#refuseSnapshot(batch.changes);
    let rest = [...this.#ahead, ...batch.changes];
    this.#seen = { ...this.#seen, ...Object.fromEntries(batch.positions) };
    for (let [target] = this.#recorded; target !== undefined; [target] = this.#recorded) {
      const isHeld = this.#heldAt(target, batch);
      const held = rest.filter(isHeld);
      const rows = this.place.rows + this.#countOf(held);
      if (rows > target.rows || (rows < target.rows && this.#isPast(target))) {
        this.#lost('the log holds other changes than it did');
      }
      rest = rest.filter((change) => !isHeld(change));
      if (rows < target.rows) {
        yield this.#step(batch, held);
        this.#ahead = rest;
        return;
      }
      yield this.#reached(held);
      yield* this.#reachedAlready();
    }
    this.#ahead = [];
    yield this.#step(batch, rest, this.#seen);
  }

  /** Ticks that brought no row of this input, but moved its places on. */
  *#reachedAlready(): Generator<InputStep, void, undefined> {
    while (this.#recorded[0]?.rows === this.place.rows) yield this.#reached([]);
  }

  #reached(changes: readonly Change[]): InputStep {
    const { lanes } = this.#recorded.shift()!;
    return { inside: false, reaches: true, apply: () => this.#apply(changes, lanes) };
  }

  /** What of a batch, and of those before it, is held at a place. */
  #heldAt({ lanes }: InputPlace, { part, positions }: Batch): (change: Change) => boolean {
    const isCovered = ([lane, at]: readonly [Lane, Position]): boolean =>
      lanes[lane] !== undefined && (lanes[lane] === at || this.#source.covers(lanes[lane], at));
    if (part === undefined && this.#ahead.length === 0 && positions.entries().every(isCovered)) return () => true;
    const places = Object.values(lanes);
    return (change) => places.some((at) => this.#source.holds(at, change));
  }

  /** Everything up to a place was read. */
  #isPast({ lanes }: InputPlace): boolean {
    return Object.entries(lanes).every(([lane, at]) => {
      const seen = this.#seen[lane];
      return seen !== undefined && (seen === at || this.#source.covers(seen, at));
    });
  }

  #refuseSnapshot(changes: readonly Change[]): void {
    if (changes.some(({ kind }) => kind === 'snapshot')) this.#lost('its tables are read again, from a later place');
  }

  #lost(reason: string): never {
    throw new MillraceError('STATE_LOG_LOST', { input: this.#scans.keys().toArray().join(', '), reason });
  }

  #countOf(changes: readonly Change[]): number {
    let rows = 0;
    for (const change of changes) if (this.#scansOf(change) !== undefined) rows += rowsOf(change);
    return rows;
  }

  #scansOf(change: Change): readonly ScannedTable[] | undefined {
    return this.#scans.get(nameOf(change));
  }

  #apply(changes: readonly Change[], moved: Readonly<Record<Lane, Position>>): Origin | null {
    let first: Origin | null = null;
    let { rows } = this.place;
    for (const change of changes) {
      const tables = this.#scansOf(change);
      if (tables === undefined) continue;
      for (const table of tables) applyChange(table, change);
      rows += rowsOf(change);
      if (change.kind !== 'snapshot') first ??= change.origin;
      // Read again, a table is whole again only at the end.
      else if (change.at === 'begin') this.missing.add(nameOf(change));
      else this.missing.delete(nameOf(change));
    }
    this.place = { lanes: { ...this.place.lanes, ...moved }, rows };
    return first;
  }
}

const nameOf = (change: Change): string =>
  qualifiedName(change.kind === 'schema' ? (change.before ?? change.after)! : change.table);

const rowsOf = (change: Change): number => (change.kind === 'rows' ? change.rows.length : 1);

const applyChange = (table: ScannedTable, change: Change): void => {
  switch (change.kind) {
    case 'rows':
      table.rows(change);
      break;
    case 'truncate':
      table.truncate();
      break;
    case 'schema':
      table.schema(change);
      break;
    case 'snapshot':
      table.mark(change);
  }
};
