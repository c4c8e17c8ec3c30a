import { ArrayRowImages } from '../core/array-row-images.ts';
import type { Batch } from '../core/batch.ts';
import type { MysqlOrigin } from '../core/change.ts';
import { MillraceError } from '../core/errors.ts';
import { qualifiedName, type Table } from '../core/table.ts';
import type { Row, Value } from '../core/value.ts';

/** What a pipeline does to a batch between source and sink. */
export type Step = (batch: Batch) => Batch | Promise<Batch>;

/** Rows of one source table as the pipeline's steps hand them to a sink. */
export class ExpectedRows {
  /** The definition that sinks are given. */
  readonly table: Table;
  /** For each column of `table`, the source's column whose values it holds unchanged; null: it is computed. */
  readonly copies: readonly (number | null)[];
  readonly #source: Table;
  readonly #steps: readonly Step[];

  private constructor(source: Table, steps: readonly Step[], table: Table, copies: readonly (number | null)[]) {
    this.#source = source;
    this.#steps = steps;
    this.table = table;
    this.copies = copies;
  }

  /** One for each table of the sinks that the steps hand rows of this one to; none: they hand nothing of it on. */
  static async of(source: Table, steps: readonly Step[]): Promise<readonly ExpectedRows[]> {
    if (steps.length === 0) return [new ExpectedRows(source, steps, source, [...source.columns.keys()])];
    const found: ExpectedRows[] = [];
    for (const change of (await pass(source, steps, [])).changes) {
      if (change.kind !== 'rows') continue;
      const copies = await findCopies(source, steps, change.table);
      found.push(new ExpectedRows(source, steps, change.table, copies));
    }
    return found;
  }

  /** `database.table` in the sinks. */
  get name(): string {
    return qualifiedName(this.table);
  }

  /** The sinks are given the source's rows as they are. */
  get isUnchanged(): boolean {
    return this.#steps.length === 0;
  }

  /** One row for each of `rows`, by the columns of `table`; null: it does not reach the sinks. */
  async from(rows: readonly Row[]): Promise<readonly (Row | null)[]> {
    if (this.#steps.length === 0) return rows;
    if (rows.length === 0) return [];
    const together = afterRows(await pass(this.#source, this.#steps, rows), this.name);
    if (together.length === rows.length) return together;
    // Some were left out: one by one says which.
    const found: (Row | null)[] = [];
    for (const row of rows) {
      const [first = null, ...more] = afterRows(await pass(this.#source, this.#steps, [row]), this.name);
      if (more.length > 0) throw new MillraceError('VERIFY_ROWS_MULTIPLY', { table: qualifiedName(this.#source) });
      found.push(first);
    }
    return found;
  }
}

const afterRows = (batch: Batch, name: string): readonly Row[] =>
  batch.changes.flatMap((change) =>
    change.kind === 'rows' && qualifiedName(change.table) === name
      ? Array.from({ length: change.rows.length }, (_, i) => change.rows.after(i)!)
      : [],
  );

const pass = async (table: Table, steps: readonly Step[], rows: readonly Row[]): Promise<Batch> => {
  const images = new ArrayRowImages(table, { before: null, after: rows });
  let batch: Batch = {
    changes: [{ kind: 'rows', op: 'read', table, rows: images, origin }],
    positions: new Map(),
    version: '',
  };
  for (const step of steps) batch = await step(batch);
  return batch;
};

/** Rows are compared, not their origin. */
const origin: MysqlOrigin = {
  kind: 'mysql',
  flavor: 'mysql',
  serverId: 0,
  gtid: null,
  file: '',
  offset: 0,
  commitMicros: 0,
  thread: null,
  query: null,
};

/** Sends two values of each column alone through the steps, and looks where both come out. */
const findCopies = async (source: Table, steps: readonly Step[], table: Table): Promise<readonly (number | null)[]> => {
  const copies: (number | null)[] = table.columns.map(() => null);
  for (const [at, { type }] of source.columns.entries()) {
    const probes = probesOf(type.kind);
    const rows = probes.map((probe): Row => source.columns.map((_, column) => (column === at ? probe : undefined)));
    let results: readonly Row[];
    try {
      results = afterRows(await pass(source, steps, rows), qualifiedName(table));
    } catch {
      // A step that cannot do with one column alone computes something of it.
      continue;
    }
    if (results.length !== probes.length) continue;
    const place = table.columns.findIndex((_, to) => results.every((row, i) => row[to] === probes[i]));
    if (place >= 0) copies[place] = at;
  }
  return copies;
};

const probesOf = (kind: Table['columns'][number]['type']['kind']): readonly Value[] => {
  switch (kind) {
    case 'integer':
    case 'float':
    case 'double':
    case 'bit':
    case 'year':
      return [1, 0];
    case 'binary':
    case 'geometry':
    case 'vector':
      return [new Uint8Array([1, 2]), new Uint8Array([3])];
    case 'date':
      return ['2001-02-03', '2011-12-13'];
    case 'time':
      return ['01:02:03', '11:12:13'];
    case 'datetime':
    case 'timestamp':
      return ['2001-02-03 04:05:06', '2011-12-13 14:15:16'];
    case 'decimal':
      return ['1', '2'];
    case 'json':
      return ['[1]', '[2]'];
    default:
      return ['one', 'two'];
  }
};
