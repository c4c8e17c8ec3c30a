import type { SqlValue } from '../sql/evaluate/sql-value.ts';
import type { SqlType } from '../sql/types/sql-type.ts';
import { type Flow, Grouped } from './grouped.ts';
import { type AnyRow, parametersOf, RowPassage, rowFunction, truth } from './row-function.ts';
import { type ColumnOf, picked, type RowOf, type RowSchema } from './row-schema.ts';
import { named, quoted, type Topology } from './topology.ts';

/** Options of a connector, as WITH names them: `{ connector: 'kafka', topic: 'orders', format: 'json' }`. */
export type ConnectorOptions = Readonly<Record<string, string | number | boolean>> & { readonly connector: string };

/** Columns of the left side, and those of the right side that are equal to them. */
type On<Left extends RowSchema, Right extends RowSchema> = {
  readonly [Column in ColumnOf<Left>]?: ColumnOf<Right>;
};

/** A function of the program. */
type Code = (row: never) => unknown;

/** The columns of both sides. A name that both have must be one that they are joined by. */
type Joined<Left extends RowSchema, Right extends RowSchema> = Left & Omit<Right, keyof Left>;

/** How many rows `flatMap` makes of one at most, when nothing is said. */
const mostRows = 8;

/**
 * Rows of a stream, which are only added (`appends`), or of a table, which change and go. Each step is a step of a query, and nothing runs
 * before the topology does.
 */
export class Rows<Schema extends RowSchema, Of extends Flow> {
  readonly #topology: Topology;
  readonly #view: string;
  readonly #schema: Schema;
  readonly #key: readonly string[];

  constructor(
    topology: Topology,
    { view, schema, key }: { readonly view: string; readonly schema: Schema; readonly key: readonly string[] },
  ) {
    this.#topology = topology;
    this.#view = view;
    this.#schema = schema;
    this.#key = key;
  }

  /** The rows for which `keeps` is true. */
  filter(keeps: (row: RowOf<Schema>) => boolean): Rows<Schema, Of> {
    return this.#filtered(keeps, (row) => keeps(row as RowOf<Schema>) === true);
  }

  filterNot(drops: (row: RowOf<Schema>) => boolean): Rows<Schema, Of> {
    return this.#filtered(drops, (row) => !drops(row as RowOf<Schema>));
  }

  /** Another row for each. Of a table, the key is lost: `mapValues` keeps it. */
  map<const To extends RowSchema>(to: To, mapper: (row: RowOf<Schema>) => RowOf<To>): Rows<To, Of> {
    const view = this.#computed(to, mapper as never, []);
    return new Rows(this.#topology, { view, schema: to, key: [] });
  }

  /** Other columns beside those of the key, which stay as they are. */
  mapValues<const To extends RowSchema>(
    to: To,
    mapper: (row: RowOf<Schema>) => RowOf<To>,
  ): Rows<To & Partial<Schema>, Of> {
    const view = this.#computed(to, mapper as never, this.#key);
    const schema = { ...picked(this.#schema, this.#key as never), ...to } as unknown as To & Partial<Schema>;
    return new Rows(this.#topology, { view, schema, key: this.#key });
  }

  /** Any number of rows for each, up to `most`; more stop the pipeline before the row. */
  flatMap<const To extends RowSchema>(
    to: To,
    mapper: (row: RowOf<Schema>) => readonly RowOf<To>[],
    { most = mostRows }: { readonly most?: number } = {},
  ): Rows<To, Of> {
    const passage = new RowPassage(to);
    const type = { kind: 'ARRAY', element: passage.type, nullable: false } as const;
    const name = this.#function('flatMap', mapper, type, (row, own) => {
      const rows = mapper(row as RowOf<Schema>);
      if (rows.length > most) throw new RangeError(`it gave more than ${most} rows`);
      return rows.map((each) => passage.take(each, own));
    });
    const all = this.#topology.view('all', `SELECT ${name}(${this.#columns()}) AS made FROM ${this.#view}`);
    const fields = passage.names.map((field) => `made_row.${named(field)} AS ${named(field)}`).join(', ');
    const one = (place: number): string =>
      `SELECT ${fields} FROM (SELECT made[${place}] AS made_row FROM ${all} WHERE CARDINALITY(made) >= ${place}) AS made_${place}`;
    const query = Array.from({ length: most }, (_, at) => one(at + 1)).join(' UNION ALL ');
    return new Rows(this.#topology, { view: this.#topology.view('flat', query), schema: to, key: [] });
  }

  /** Some of the columns. */
  select<const Name extends ColumnOf<Schema>>(...columns: readonly Name[]): Rows<Pick<Schema, Name>, Of> {
    const query = `SELECT ${columns.map(named).join(', ')} FROM ${this.#view}`;
    const key = this.#key.every((name) => columns.includes(name as Name)) ? this.#key : [];
    return new Rows(this.#topology, {
      view: this.#topology.view('selected', query),
      schema: picked(this.#schema, columns),
      key,
    });
  }

  /** The rows of both, whose columns have to be the same. */
  merge(other: Rows<Schema, Of>): Rows<Schema, Of> {
    const query = `SELECT ${this.#columns()} FROM ${this.#view} UNION ALL SELECT ${this.#columns()} FROM ${other.#view}`;
    return new Rows(this.#topology, { view: this.#topology.view('merged', query), schema: this.#schema, key: [] });
  }

  /** Which columns tell rows apart, for the key of a table that they are written to. The plan is refused where they do not. */
  keyedBy<const Name extends ColumnOf<Schema>>(...columns: readonly Name[]): Rows<Schema, Of> {
    return new Rows(this.#topology, { view: this.#view, schema: this.#schema, key: columns });
  }

  /** Rows with the same values in these columns; none: all rows are one group. */
  groupBy<const Name extends ColumnOf<Schema>>(...columns: readonly Name[]): Grouped<Schema, Pick<Schema, Name>, Of> {
    const groups = { own: picked(this.#schema, columns), keys: columns, window: null };
    return new Grouped(
      this.#topology,
      { view: this.#view, schema: this.#schema },
      groups,
      (made) => new Rows(this.#topology, made),
    );
  }

  /** Each row beside those of the other side that have the same values: `orders.join(customers, { customer: 'id' })`. Stays up to date when either side changes. */
  join<Other extends RowSchema>(
    other: Rows<Other, Flow>,
    on: On<Schema, Other>,
  ): Rows<Joined<Schema, Other>, 'changes'> {
    return this.#joined('JOIN', other, on);
  }

  /** The same, with null in place of a row that is not there on the other side. */
  leftJoin<Other extends RowSchema>(
    other: Rows<Other, Flow>,
    on: On<Schema, Other>,
  ): Rows<Joined<Schema, Other>, 'changes'> {
    return this.#joined('LEFT JOIN', other, on);
  }

  /** The same, of rows of either side that have none on the other. */
  outerJoin<Other extends RowSchema>(
    other: Rows<Other, Flow>,
    on: On<Schema, Other>,
  ): Rows<Joined<Schema, Other>, 'changes'> {
    return this.#joined('FULL JOIN', other, on);
  }

  /** Keeps the rows in a table that a connector writes. Its key is that of these rows. */
  to(table: string, options: ConnectorOptions): void {
    const name = this.#topology.free(table.replaceAll(/\W/g, '_'));
    const sizes = Object.entries(this.#schema).map(([column, type]) => `${named(column)} ${type}`);
    const key = this.#key.length === 0 ? [] : [`PRIMARY KEY (${this.#key.map(named).join(', ')}) NOT ENFORCED`];
    const placed = {
      ...(defaultNames[options.connector] === undefined ? {} : { [defaultNames[options.connector]!]: table }),
      ...options,
    };
    this.#topology.table(name, [...sizes, ...key], optionsText(placed));
    this.#topology.insert(name, `SELECT ${this.#columns()} FROM ${this.#view}`);
  }

  /** Writes a line for each row that comes or goes. */
  print(label = ''): void {
    this.to('printed', { connector: 'print', 'print-identifier': label });
  }

  #filtered(code: Code, keeps: (row: AnyRow) => boolean): Rows<Schema, Of> {
    const name = this.#function('filter', code, truth, keeps);
    const query = `SELECT * FROM ${this.#view} WHERE ${name}(${this.#columns()})`;
    const view = this.#topology.view('filtered', query);
    return new Rows(this.#topology, { view, schema: this.#schema, key: this.#key });
  }

  #columns(): string {
    return Object.keys(this.#schema).map(named).join(', ');
  }

  /** A view of rows that `mapper` makes, behind the columns that are kept. */
  #computed(to: RowSchema, mapper: (row: AnyRow) => unknown, kept: readonly string[]): string {
    const passage = new RowPassage(to);
    const name = this.#function('map', mapper, passage.type, (row, own) => passage.take(mapper(row), own));
    const before = [...kept.map(named), `${name}(${this.#columns()}) AS made_row`].join(', ');
    const made = this.#topology.view('made', `SELECT ${before} FROM ${this.#view}`);
    const fields = passage.names
      .filter((field) => !kept.includes(field))
      .map((field) => `made_row.${named(field)} AS ${named(field)}`);
    return this.#topology.view('mapped', `SELECT ${[...kept.map(named), ...fields].join(', ')} FROM ${made}`);
  }

  /** `code`: what the program gave, which `run` calls. */
  #function(what: string, code: Code, type: SqlType, run: (row: AnyRow, name: string) => SqlValue): string {
    const passage = new RowPassage(this.#schema);
    const name = this.#topology.free(what);
    const parameters = parametersOf(passage);
    this.#topology.function(
      (made) => rowFunction(name, { parameters, type, made }, (values) => run(passage.give(values), name)),
      [code],
    );
    return name;
  }

  #joined<Other extends RowSchema>(
    how: string,
    other: Rows<Other, Flow>,
    on: On<Schema, Other>,
  ): Rows<Joined<Schema, Other>, 'changes'> {
    const pairs = Object.entries(on) as [string, string][];
    const more = Object.keys(other.#schema).filter((column) => !(column in this.#schema));
    const own = Object.keys(this.#schema).map((column) => {
      // A row of the right side alone has its key in the column of both.
      const right = how === 'FULL JOIN' ? pairs.find(([left]) => left === column)?.[1] : undefined;
      const value = `l.${named(column)}`;
      return right === undefined
        ? `${value} AS ${named(column)}`
        : `COALESCE(${value}, r.${named(right)}) AS ${named(column)}`;
    });
    const columns = [...own, ...more.map((column) => `r.${named(column)} AS ${named(column)}`)];
    const condition = pairs.map(([left, right]) => `l.${named(left)} = r.${named(right)}`).join(' AND ');
    const query = `SELECT ${columns.join(', ')} FROM ${this.#view} AS l ${how} ${other.#view} AS r ON ${condition}`;
    const schema = { ...picked(other.#schema, more as never), ...this.#schema } as unknown as Joined<Schema, Other>;
    const ordered = Object.fromEntries(
      [...Object.keys(this.#schema), ...more].map((column) => [column, (schema as RowSchema)[column]!]),
    );
    return new Rows(this.#topology, {
      view: this.#topology.view('joined', query),
      schema: ordered as unknown as Joined<Schema, Other>,
      key: this.#key,
    });
  }
}

/** The option by which a connector names what it writes. */
const defaultNames: Readonly<Record<string, string>> = {
  mysql: 'table-name',
  jdbc: 'table-name',
  sqlite: 'table-name',
  kafka: 'topic',
  'upsert-kafka': 'topic',
};

/** `WITH (...)` */
export const optionsText = (options: ConnectorOptions): string =>
  `WITH (${Object.entries(options)
    .map(([key, value]) => `${quoted(key)} = ${quoted(String(value))}`)
    .join(', ')})`;
