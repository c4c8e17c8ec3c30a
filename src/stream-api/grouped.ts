import { type FoldSteps, foldFunction } from './fold.ts';
import type { ColumnOf, RowOf, RowSchema } from './row-schema.ts';
import type { Rows } from './rows.ts';
import { named, type Topology } from './topology.ts';
import type { Window } from './window.ts';

/** Makes the rows of a result. */
export type MakeRows = <Schema extends RowSchema>(made: {
  readonly view: string;
  readonly schema: Schema;
  readonly key: readonly string[];
}) => Rows<Schema, 'changes'>;

/** Whether rows are only ever added, or change and go as well. */
export type Flow = 'appends' | 'changes';

type Times = { readonly window_start: 'TIMESTAMP(3)'; readonly window_end: 'TIMESTAMP(3)' };
const times: Times = { window_start: 'TIMESTAMP(3)', window_end: 'TIMESTAMP(3)' };

/** What takes a row back out of an aggregate: needed where rows change or go. */
type TakeBack<Of extends Flow, Aggregate, Row> = Of extends 'appends'
  ? []
  : [subtract: (aggregate: Aggregate, row: Row) => Aggregate];

/** Rows in groups. `Own` are the columns that a result has of the groups themselves: their keys, and the window's edges. */
export class Grouped<Schema extends RowSchema, Own extends RowSchema, Of extends Flow> {
  readonly #topology: Topology;
  readonly #view: string;
  readonly #schema: Schema;
  readonly #own: Own;
  readonly #keys: readonly string[];
  readonly #window: Window<string> | null;
  readonly #rows: MakeRows;

  constructor(
    topology: Topology,
    rows: { readonly view: string; readonly schema: Schema },
    groups: { readonly own: Own; readonly keys: readonly string[]; readonly window: Window<string> | null },
    make: MakeRows,
  ) {
    this.#rows = make;
    this.#topology = topology;
    this.#view = rows.view;
    this.#schema = rows.schema;
    this.#own = groups.own;
    this.#keys = groups.keys;
    this.#window = groups.window;
  }

  /** The same groups, apart by windows of time. */
  windowedBy(window: Window<ColumnOf<Schema>>): Grouped<Schema, Own & Times, Of> {
    const groups = { own: { ...this.#own, ...times }, keys: this.#keys, window };
    return new Grouped(this.#topology, { view: this.#view, schema: this.#schema }, groups, this.#rows);
  }

  /** How many rows each group has. */
  count<const Name extends string = 'count'>(
    name: Name = 'count' as Name,
  ): Rows<Own & { readonly [Column in Name]: 'BIGINT' }, 'changes'> {
    const columns = [...this.#ownColumns(), `COUNT(*) AS ${named(name)}`];
    const schema = { ...this.#own, [name]: 'BIGINT' } as Own & { readonly [Column in Name]: 'BIGINT' };
    return this.#result('counted', columns, schema);
  }

  /** Each group as one row of the same columns: its first row, then what `add` makes of that and the next. */
  reduce(
    add: (aggregate: RowOf<Schema>, row: RowOf<Schema>) => RowOf<Schema>,
    ...[subtract]: TakeBack<Of, RowOf<Schema>, RowOf<Schema>>
  ): Rows<Schema & Own, 'changes'> {
    return this.#folded(this.#schema, { start: null, add: add as never, subtract: (subtract ?? null) as never });
  }

  /** Each group as one row: `start`, then what `add` makes of that and each of its rows. Beside it stand the group's keys. */
  aggregate<const To extends RowSchema>(
    to: To,
    start: () => RowOf<To>,
    add: (aggregate: RowOf<To>, row: RowOf<Schema>) => RowOf<To>,
    ...[subtract]: TakeBack<Of, RowOf<To>, RowOf<Schema>>
  ): Rows<To & Own, 'changes'> {
    return this.#folded(to, { start, add: add as never, subtract: (subtract ?? null) as never });
  }

  #folded<To extends RowSchema>(to: To, steps: FoldSteps): Rows<To & Own, 'changes'> {
    const name = this.#topology.free('fold');
    const code = [steps.start, steps.add, steps.subtract].filter((step) => step !== null);
    this.#topology.function((made) => foldFunction(name, { from: this.#schema, to, steps }, made), code);
    const call = `${name}(${Object.keys(this.#schema).map(named).join(', ')})`;
    const view = this.#topology.view('folded', this.#query([...this.#ownColumns(), `${call} AS folded`]));
    const values = Object.keys(to).filter((column) => !(column in this.#own));
    const columns = [...this.#ownColumns(), ...values.map((column) => `folded.${named(column)} AS ${named(column)}`)];
    const result = this.#topology.view('result', `SELECT ${columns.join(', ')} FROM ${view}`);
    const schema = {
      ...this.#own,
      ...Object.fromEntries(values.map((column) => [column, to[column]])),
    } as unknown as To & Own;
    return this.#rows({ view: result, schema, key: Object.keys(this.#own) });
  }

  #result<To extends RowSchema>(what: string, columns: readonly string[], schema: To): Rows<To, 'changes'> {
    const view = this.#topology.view(what, this.#query(columns));
    return this.#rows({ view, schema, key: Object.keys(this.#own) });
  }

  #ownColumns(): readonly string[] {
    return Object.keys(this.#own).map(named);
  }

  #query(columns: readonly string[]): string {
    const groups = this.#ownColumns();
    const grouped = groups.length === 0 ? '' : ` GROUP BY ${groups.join(', ')}`;
    return `SELECT ${columns.join(', ')} FROM ${this.#source()}${grouped}`;
  }

  #source(): string {
    const window = this.#window;
    if (window === null) return this.#view;
    const time = `DESCRIPTOR(${named(window.time)})`;
    switch (window.kind) {
      case 'TUMBLE':
        return `TABLE(TUMBLE(TABLE ${this.#view}, ${time}, ${interval(window.sizeMs)}))`;
      case 'HOP':
        return `TABLE(HOP(TABLE ${this.#view}, ${time}, ${interval(window.advanceMs)}, ${interval(window.sizeMs)}))`;
      case 'SESSION': {
        const partition = this.#keys.length === 0 ? '' : ` PARTITION BY (${this.#keys.map(named).join(', ')})`;
        return `TABLE(SESSION(TABLE ${this.#view}${partition}, ${time}, ${interval(window.gapMs)}))`;
      }
    }
  }
}

/** A length of time as SQL writes it. */
const interval = (ms: number): string => {
  if (!Number.isSafeInteger(ms) || ms <= 0) throw new RangeError('a window is a whole number of milliseconds, above 0');
  const [days, rest] = [Math.floor(ms / 86_400_000), ms % 86_400_000];
  const clock = new Date(rest).toISOString().slice(11, 23);
  return `INTERVAL '${days} ${clock}' DAY(9) TO SECOND(3)`;
};
