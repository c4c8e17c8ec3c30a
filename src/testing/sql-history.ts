import { ArrayRowImages } from '../core/array-row-images.ts';
import type { Batch, Lane, Position } from '../core/batch.ts';
import type { Change } from '../core/change.ts';
import type { Source } from '../core/connector.ts';
import { plainColumn } from '../core/plain-column.ts';
import { position } from '../core/position.ts';
import { type Column, type ColumnType, defineTable, qualifiedName, type Table } from '../core/table.ts';
import type { Row } from '../core/value.ts';
import { origin } from './sample-origin.ts';
import { SeededRandom } from './seeded-random.ts';

const int: ColumnType = { kind: 'integer', bits: 64, unsigned: false };
const text: ColumnType = { kind: 'text', fixed: false, maxBytes: 80, charset: 'utf8mb4', collation: null };

const table = (name: string, columns: Readonly<Record<string, ColumnType>>): Table =>
  defineTable({
    database: 'shop',
    name,
    columns: Object.entries(columns).map(([name, type]): Column => plainColumn(name, type)),
    primaryKey: [0],
    uniqueKeys: [],
    charset: 'utf8mb4',
    comment: null,
  });

const historyTables = {
  t: table('t', { id: int, a: int, b: int, s: text }),
  u: table('u', { id: int, v: text }),
} as const;

type Name = keyof typeof historyTables;

/** Two tables and all that happens to them, which follows from the seed: a first content, then transactions. */
export class SqlHistory {
  readonly #random: SeededRandom;
  readonly rows: Readonly<Record<Name, Map<number, Row>>> = { t: new Map(), u: new Map() };
  #ids = 0;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    for (let count = 0; count < 40; count += 1) this.#create('t');
    for (let id = -2; id <= 3; id += 1) this.rows.u.set(id, [id, `u${id}`]);
  }

  get tables(): readonly Table[] {
    return Object.values(historyTables);
  }

  /** What the next transaction does. */
  next(): readonly Change[] {
    return Array.from({ length: this.#random.integer(1, 5) }, () => this.#change());
  }

  #change(): Change {
    const random = this.#random;
    if (random.chance(0.1)) {
      const id = random.integer(-2, 3);
      return this.#update('u', id, [id, random.pick(['x', 'y', null])]);
    }
    if (this.rows.t.size === 0 || random.chance(0.4)) {
      const after = this.#create('t');
      return this.#rows('t', 'create', null, after);
    }
    const id = random.pick([...this.rows.t.keys()]);
    const before = this.rows.t.get(id)!;
    if (random.chance(0.5)) {
      this.rows.t.delete(id);
      return this.#rows('t', 'delete', before, null);
    }
    return this.#update('t', id, [id, ...this.#values()]);
  }

  #update(name: Name, id: number, after: Row): Change {
    const before = this.rows[name].get(id)!;
    this.rows[name].set(id, after);
    return this.#rows(name, 'update', before, after);
  }

  #create(name: 't'): Row {
    this.#ids += 1;
    const row: Row = [this.#ids, ...this.#values()];
    this.rows[name].set(this.#ids, row);
    return row;
  }

  #values(): Row {
    const random = this.#random;
    const small = (): number | null => (random.chance(0.2) ? null : random.integer(-2, 3));
    return [small(), small(), random.chance(0.2) ? null : random.pick(['', 'p', 'q', 'rr', 'é'])];
  }

  #rows(name: Name, op: 'create' | 'update' | 'delete', before: Row | null, after: Row | null): Change {
    const of = historyTables[name];
    const images = { before: before === null ? null : [before], after: after === null ? null : [after] };
    return { kind: 'rows', op, table: of, rows: new ArrayRowImages(of, images), origin };
  }
}

const logLane = 'history/log';
const snapshotLane = (table: Table): Lane => `history/snapshot:${qualifiedName(table)}`;

/** A history up to some number of transactions, read as a connector reads its server: cut into other batches each time. */
export class HistorySource implements Source {
  readonly #seed: number;
  readonly #transactions: number;
  readonly #random: () => number;
  readonly #numbers = new WeakMap<Change, number>();
  readonly #stays: boolean;
  readonly #tables: readonly string[];
  /** How many rows of each table snapshots brought. */
  readonly rowsRead = new Map<string, number>();

  /** `stays`: it does not end with the history, but when it is told to. `tables`: of which snapshots are taken. */
  constructor(
    seed: number,
    transactions: number,
    random: () => number,
    { stays = false, tables = ['t', 'u'] }: { readonly stays?: boolean; readonly tables?: readonly string[] } = {},
  ) {
    this.#seed = seed;
    this.#transactions = transactions;
    this.#random = random;
    this.#stays = stays;
    this.#tables = tables;
  }

  async *read(
    held: (lane: Lane) => Promise<Position | null>,
    signal: AbortSignal,
  ): AsyncGenerator<Batch, void, undefined> {
    const history = new SqlHistory(this.#seed);
    const from = Number((await held(logLane)) ?? 0);
    let done = 0;
    for (; done < from; done += 1) history.next();
    for (const table of history.tables.filter(({ name }) => this.#tables.includes(name)))
      if ((await held(snapshotLane(table))) === null) yield* this.#snapshot(history, table, done);
    while (done < this.#transactions && !signal.aborted) {
      const changes: Change[] = [];
      for (let count = 1 + Math.floor(this.#random() * 8); count > 0 && done < this.#transactions; count -= 1) {
        done += 1;
        for (const change of history.next()) {
          this.#numbers.set(change, done);
          changes.push(change);
        }
      }
      yield this.#batch(changes, done);
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (this.#stays && !signal.aborted)
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  }

  covers(held: Position, at: Position): boolean {
    return Number(held) >= Number(at);
  }

  holds(held: Position, change: Change): boolean {
    return this.#numbers.get(change)! <= Number(held);
  }

  beginsAnew(lane: Lane): boolean {
    return lane !== logLane;
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  *#snapshot(history: SqlHistory, table: Table, done: number): Generator<Batch, void, undefined> {
    const all = [...history.rows[table.name as Name].values()];
    yield this.#batch([{ kind: 'snapshot', at: 'begin', table, reason: 'initial' }], done);
    const half = Math.ceil(all.length / 2);
    for (const after of [all.slice(0, half), all.slice(half)]) {
      const rows = new ArrayRowImages(table, { before: null, after });
      this.rowsRead.set(table.name, (this.rowsRead.get(table.name) ?? 0) + after.length);
      yield this.#batch([{ kind: 'rows', op: 'read', table, rows, origin }], done);
    }
    yield this.#batch([{ kind: 'snapshot', at: 'end', table, reason: 'initial' }], done, table);
  }

  #batch(changes: readonly Change[], done: number, whole: Table | null = null): Batch {
    const positions = new Map([[logLane, position(String(done))]]);
    if (whole !== null) positions.set(snapshotLane(whole), position('0'));
    return { changes, positions, version: String(done).padStart(12, '0') };
  }
}

/** By a name that ends with the table's own. */
export const tableOf = (name: string): Table => historyTables[name.split('.').at(-1) as Name];
