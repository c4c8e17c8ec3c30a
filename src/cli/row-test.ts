/** Runs a file's `tests:`: rows through everything that stands between a source and its sinks, without a server. */
import type { PipelineFile } from '../config/pipeline-file.ts';
import type { RowTest, TestChange, TestRow, TestValue } from '../config/tests-section.ts';
import { ArrayRowImages } from '../core/array-row-images.ts';
import type { Batch } from '../core/batch.ts';
import type { Change, Origin, RowsChange } from '../core/change.ts';
import { MillraceError } from '../core/errors.ts';
import { plainColumn } from '../core/plain-column.ts';
import { type Column, type ColumnType, defineTable, qualifiedName, type Table } from '../core/table.ts';
import type { Row, Value } from '../core/value.ts';
import { applyDdl } from '../protocol/mysql/ddl/apply-ddl.ts';
import { readDdl } from '../protocol/mysql/ddl/read-ddl.ts';
import { emptySchema, findTable, type Schema } from '../protocol/mysql/ddl/schema.ts';
import { pipelineOperators, sourceOperators } from './pipeline-operators.ts';

export interface RowTestResult {
  readonly name: string;
  readonly passed: boolean;
  /** Lines of what was expected (`-`) and what came (`+`); equal ones begin with two spaces. */
  readonly difference: readonly string[];
}

/** Runs one test. Throws what the operators throw for its rows, and CONFIG_TEST for tables and values that cannot be read. */
export const runRowTest = async (file: PipelineFile, test: RowTest): Promise<RowTestResult> => {
  const tables = testTables(test);
  const changes = test.input.map((change) => rowsChange(change, tables));
  const operators = [...sourceOperators(file.sources[0]!.frame), ...(await pipelineOperators(file, startOfTime))];
  // Each row is a transaction of its own, so that what an operator remembers is put to the test, too.
  const out = changes.flatMap((change) => {
    const batch: Batch = { changes: [change], positions: new Map(), version: '0' };
    return operators.reduce((each, operator) => operator(each), batch).changes;
  });
  const came = out.flatMap((change) => (change.kind === 'rows' ? rowLines(change) : []));
  const wanted = test.output.map((change) => wantedLine(change, out));
  const difference = compare(wanted, came);
  return { name: test.name, passed: difference.every((line) => line.startsWith('  ')), difference };
};

/** A test says the same at any time: its CURRENT_TIMESTAMP is 1970. */
const startOfTime = { now: () => 0 };

const origin: Origin = {
  kind: 'mysql',
  flavor: 'mysql',
  serverId: 1,
  gtid: null,
  file: 'test',
  offset: 4,
  commitMicros: 0,
  thread: null,
  query: null,
};

const wrong = (test: RowTest, reason: string): MillraceError =>
  new MillraceError('CONFIG_TEST', { test: test.name, reason });

/** Tables by their names: as the statements make them, and the others as their rows look. */
const testTables = (test: RowTest): ReadonlyMap<string, Table> => {
  const tables = new Map<string, Table>();
  let schema: Schema = emptySchema({ flavor: 'mysql' });
  for (const statement of test.tables) {
    const [database] = test.input.map(({ table }) => table.split('.')[0]!);
    for (const effect of readDdl(statement, { flavor: 'mysql', database: database ?? null, sqlMode: '' })) {
      const outcome = applyDdl(schema, effect);
      const [unresolved] = outcome.unresolved;
      if (unresolved) throw wrong(test, `a statement of its tables cannot be read: ${unresolved.reason}`);
      schema = outcome.schema;
    }
  }
  for (const name of new Set(test.input.map(({ table }) => table))) {
    const [database = '', ...rest] = name.split('.');
    if (rest.length !== 1) throw wrong(test, `${name} is no table: write database.table`);
    const declared = findTable(schema, { database, name: rest[0]! });
    tables.set(
      name,
      declared?.table ??
        madeUp(
          database,
          rest[0]!,
          test.input.filter(({ table }) => table === name),
        ),
    );
  }
  return tables;
};

/** A table of every column that its rows have. */
const madeUp = (database: string, name: string, changes: readonly TestChange[]): Table => {
  const values = new Map<string, TestValue[]>();
  for (const row of changes.flatMap(({ before, after }) => [before, after])) {
    for (const [column, value] of row ?? []) values.set(column, [...(values.get(column) ?? []), value]);
  }
  const columns = [...values].map(([column, all]) => madeUpColumn(column, all));
  const key = columns.findIndex((column) => column.name.toLowerCase() === 'id');
  return defineTable({
    database,
    name,
    columns,
    primaryKey: key < 0 ? [] : [key],
    uniqueKeys: [],
    charset: 'utf8mb4',
    comment: null,
  });
};

const madeUpColumn = (name: string, values: readonly TestValue[]): Column =>
  plainColumn(name, madeUpType(values.filter(({ text }) => text !== null)));

const madeUpType = (values: readonly TestValue[]): ColumnType => {
  const every = (pattern: RegExp): boolean =>
    values.length > 0 && values.every(({ text, plain }) => plain && pattern.test(text!));
  if (every(/^[-+]?\d{1,18}$|^true$|^false$/)) return { kind: 'integer', bits: 64, unsigned: false };
  if (every(/^[-+]?\d+(\.\d+)?$/)) {
    const scale = Math.max(...values.map(({ text }) => text!.split('.')[1]?.length ?? 0));
    return { kind: 'decimal', precision: 65, scale, unsigned: false };
  }
  return { kind: 'text', fixed: false, maxBytes: 65_535, charset: 'utf8mb4', collation: null };
};

const rowsChange = (change: TestChange, tables: ReadonlyMap<string, Table>): RowsChange => {
  const table = tables.get(change.table)!;
  const row = (values: TestRow | null): readonly Row[] | null =>
    values === null ? null : [table.columns.map(({ name, type }) => typedValue(values.get(name), type))];
  for (const values of [change.before, change.after]) {
    for (const column of values?.keys() ?? []) {
      if (table.columns.some(({ name }) => name === column)) continue;
      throw new MillraceError('CONFIG_TEST', { test: change.table, reason: `the table has no column ${column}` });
    }
  }
  return {
    kind: 'rows',
    op: change.op,
    table,
    rows: new ArrayRowImages(table, { before: row(change.before), after: row(change.after) }),
    origin,
  };
};

/** A value that a test leaves out is NULL: a server logs every column. */
const typedValue = (value: TestValue | undefined, type: ColumnType): Value => {
  const text = value?.text ?? null;
  if (text === null) return null;
  switch (type.kind) {
    case 'integer':
    case 'year':
    case 'bit': {
      if (text === 'true' || text === 'false') return text === 'true' ? 1 : 0;
      const number = Number(text);
      return Number.isSafeInteger(number) ? number : BigInt(text);
    }
    case 'float':
    case 'double':
      return Number(text);
    case 'decimal':
      return withScale(text, type.scale);
    case 'binary':
    case 'geometry':
    case 'vector':
      return Buffer.from(text, 'utf8');
    default:
      return text;
  }
};

const withScale = (text: string, scale: number): string => {
  const [whole = '', fraction = ''] = text.replace(/^\+/, '').split('.');
  return scale === 0 ? whole : `${whole}.${fraction.padEnd(scale, '0')}`;
};

const rowLines = ({ op, table, rows }: RowsChange): readonly string[] =>
  Array.from({ length: rows.length }, (_, index) =>
    line(qualifiedName(table), op, namedRow(table, rows.before(index)), namedRow(table, rows.after(index))),
  );

const namedRow = (table: Table, row: Row | null): ReadonlyMap<string, string | null> | null =>
  row === null
    ? null
    : new Map(
        table.columns.flatMap(({ name }, at): [string, string | null][] => {
          const value = row[at];
          return value === undefined ? [] : [[name, shown(value)]];
        }),
      );

const shown = (value: Value): string | null =>
  value === null ? null : value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : String(value);

/** What is expected, with values as the columns that came out would hold them: `1.5` is `1.50` in a DECIMAL(10, 2). */
const wantedLine = (change: TestChange, out: readonly Change[]): string => {
  const table = out.find((each) => each.kind === 'rows' && qualifiedName(each.table) === change.table);
  const columns = table?.kind === 'rows' ? table.table.columns : [];
  const named = (row: TestRow | null) =>
    row === null
      ? null
      : new Map(
          [...row].map(([name, value]): [string, string | null] => {
            const column = columns.find((each) => each.name === name);
            return [name, column ? shown(typedValue(value, column.type)) : value.text];
          }),
        );
  return line(change.table, change.op, named(change.before), named(change.after));
};

/** Columns of NULL are as good as none: a test may leave them out. */
const line = (
  table: string,
  op: string,
  before: ReadonlyMap<string, string | null> | null,
  after: ReadonlyMap<string, string | null> | null,
): string => {
  const image = (row: ReadonlyMap<string, string | null> | null): string =>
    row === null
      ? '-'
      : JSON.stringify(
          Object.fromEntries(
            [...row].filter(([, value]) => value !== null).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
          ),
        );
  const images =
    before === null ? image(after) : after === null ? image(before) : `${image(before)} -> ${image(after)}`;
  return `${table} ${op} ${images}`;
};

/** The longest common run of lines stays; the others are missing or too many. */
const compare = (wanted: readonly string[], came: readonly string[]): readonly string[] => {
  const lengths = Array.from({ length: wanted.length + 1 }, () => new Array<number>(came.length + 1).fill(0));
  for (let i = wanted.length - 1; i >= 0; i -= 1) {
    for (let j = came.length - 1; j >= 0; j -= 1) {
      lengths[i]![j] =
        wanted[i] === came[j] ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
    }
  }
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < wanted.length || j < came.length) {
    if (i < wanted.length && j < came.length && wanted[i] === came[j]) {
      lines.push(`  ${wanted[i]}`);
      i += 1;
      j += 1;
    } else if (j >= came.length || (i < wanted.length && lengths[i + 1]![j]! >= lengths[i]![j + 1]!)) {
      lines.push(`- ${wanted[i]}`);
      i += 1;
    } else {
      lines.push(`+ ${came[j]}`);
      j += 1;
    }
  }
  return lines;
};
