import { isMillraceError, MillraceError } from '../../core/errors.ts';
import { plainColumn } from '../../core/plain-column.ts';
import { type Column, defineTable, qualifiedName, type Table } from '../../core/table.ts';
import type { Row, Value } from '../../core/value.ts';
import { bindExpression } from '../../sql/bind/expression.ts';
import { asTruth } from '../../sql/bind/operators.ts';
import { Scope, type ScopeColumn } from '../../sql/bind/scope.ts';
import type { Bound, Evaluator } from '../../sql/evaluate/bound.ts';
import { columnsOf, substitute } from '../../sql/evaluate/bound-tree.ts';
import { compile } from '../../sql/evaluate/compile.ts';
import type { EvaluationContext, SqlValue } from '../../sql/evaluate/sql-value.ts';
import { sqlError } from '../../sql/sql-error.ts';
import { shortText, string, withNullable } from '../../sql/types/sql-type.ts';
import { type ColumnReading, columnReading, columnWriting } from './column-values.ts';
import type { TransformRule } from './transform-rule.ts';

/** What becomes of one version of a table by one rule. */
export interface TableTransform {
  readonly table: Table;
  /** Where each column comes from when none is computed and no row is left out; null: rows have to be computed. */
  readonly plainSources: readonly number[] | null;
  /** Whether the rule takes the row. TRANSFORM_COLUMN_ABSENT when the log left out what the filter needs. */
  takes(row: Row, kind: RowKind, context: EvaluationContext): boolean;
  project(row: Row, kind: RowKind, context: EvaluationContext): Row;
}

/** Flink's letters for what happened to a row. */
export type RowKind = '+I' | '-U' | '+U' | '-D';

/** Columns that every row has beside its table's, under Flink CDC's names. */
const metadataNames = ['__namespace_name__', '__schema_name__', '__table_name__', '__data_event_type__'] as const;

interface OutputColumn {
  readonly column: Column;
  /** The source column that is handed on as it is; null: it is computed. */
  readonly source: number | null;
  readonly compute: ComputedColumn | null;
}

interface ComputedColumn {
  readonly bound: Bound;
  readonly evaluate: Evaluator;
  readonly write: (value: Exclude<SqlValue, null>, context: EvaluationContext) => Value;
  /** The source columns it needs. */
  readonly needs: readonly number[];
}

/** Settles a rule's texts for a table. Throws SQL_ errors, PROJECTION_KEY_LOST and PROJECTION_COLUMN_CLASH. */
export const transformTable = (table: Table, rule: TransformRule): TableTransform => {
  const readings = table.columns.map(({ type }) => columnReading(type));
  const scopeColumns = scopeOf(table, readings);
  const output = outputColumns(table, rule, new Scope(scopeColumns));
  const filter = rule.filter === null ? null : bindFilter(rule.filter, scopeColumns, output);
  const projected = projectedTable(table, rule, output);
  const keyPlaces = projected.primaryKey;

  const width = table.columns.length;
  const values: SqlValue[] = new Array(width + metadataNames.length).fill(null);
  values[width] = '';
  values[width + 1] = table.database;
  values[width + 2] = table.name;
  const name = qualifiedName(table);

  /** Reads the columns that are needed; false: one of them was not logged. */
  const load = (row: Row, needs: readonly number[], kind: RowKind): boolean => {
    for (const index of needs) {
      if (index >= width) continue;
      const value = row[index];
      if (value === undefined) return false;
      values[index] = value === null ? null : readings[index]!.read(value);
    }
    values[width + 3] = kind;
    return true;
  };

  const isPlain = filter === null && !rule.softDelete && output.every(({ source }) => source !== null);
  return {
    table: projected,
    plainSources: isPlain ? output.map(({ source }) => source!) : null,
    takes: (row, kind, context) => {
      if (filter === null) return true;
      if (!load(row, filter.needs, kind)) throw new MillraceError('TRANSFORM_COLUMN_ABSENT', { table: name });
      return filter.evaluate(values, context) === true;
    },
    project: (row, kind, context) => {
      const result: (Value | undefined)[] = new Array(output.length);
      for (let place = 0; place < output.length; place += 1) {
        const { source, compute } = output[place]!;
        result[place] = undefined;
        if (source !== null) result[place] = row[source];
        else if (load(row, compute!.needs, kind)) {
          const value = compute!.evaluate(values, context);
          result[place] = value === null ? null : compute!.write(value, context);
        }
      }
      for (const place of keyPlaces) {
        if (result[place] === null) {
          throw new MillraceError('TRANSFORM_KEY_NULL', { table: name, column: projected.columns[place]!.name });
        }
      }
      return result;
    },
  };
};

const scopeOf = (table: Table, readings: readonly ColumnReading[]): readonly ScopeColumn[] => [
  ...table.columns.map((column, index): ScopeColumn => {
    const { type } = readings[index]!;
    // A zero date reads as NULL, so the column's own word does not hold.
    const isTime = type.kind === 'DATE' || type.kind === 'TIMESTAMP' || type.kind === 'TIMESTAMP_LTZ';
    return {
      qualifier: [table.database, table.name],
      name: column.name,
      type: withNullable(type, column.nullable || isTime),
    };
  }),
  ...metadataNames.map((name): ScopeColumn => ({ qualifier: [], name, type: string(false), hidden: true })),
];

const outputColumns = (table: Table, rule: TransformRule, scope: Scope): readonly OutputColumn[] => {
  const all = (): OutputColumn[] => table.columns.map((column, source) => ({ column, source, compute: null }));
  if (rule.projection === null) return all();
  const output: OutputColumn[] = [];
  let fromStar = 0;
  for (const { expression, alias } of rule.projection) {
    if (expression.kind === 'star') {
      if (output.length > 0 && fromStar > 0)
        throw sqlError('SQL_INVALID', expression, { reason: '* stands once in a projection' });
      output.push(...all());
      fromStar = output.length;
      continue;
    }
    const bound = bindExpression(expression, scope);
    const isColumn = bound.kind === 'column' && bound.index < table.columns.length;
    const name = alias?.name ?? (expression.kind === 'name' ? expression.path.at(-1)!.name : '');
    const item = isColumn
      ? { column: { ...table.columns[bound.index]!, name }, source: bound.index, compute: null }
      : computed(name, bound, expression);
    // What is computed under the name of a column that * brings stands in its place.
    const replaced = output.findIndex((other, index) => index < fromStar && other.column.name === name);
    if (replaced >= 0) output[replaced] = item;
    else output.push(item);
  }
  const seen = new Set<string>();
  for (const { column } of output) {
    const name = column.name.toLowerCase();
    if (seen.has(name))
      throw new MillraceError('PROJECTION_COLUMN_CLASH', { table: qualifiedName(table), column: column.name });
    seen.add(name);
  }
  return output;
};

const computed = (name: string, bound: Bound, span: { readonly start: number; readonly end: number }): OutputColumn => {
  const writing = columnWriting(bound.type);
  if (writing === null) {
    const expected = 'a value that a column holds; CAST it to STRING';
    throw sqlError('SQL_TYPE_MISMATCH', span, { what: `the column ${name}`, found: shortText(bound.type), expected });
  }
  return {
    // A number that does not fit its type is NULL, whatever the type says.
    column: plainColumn(name, writing.type, { declaration: writing.declaration }),
    source: null,
    compute: { bound, evaluate: compile(bound), write: writing.write, needs: columnsOf(bound) },
  };
};

const bindFilter = (
  filter: NonNullable<TransformRule['filter']>,
  scopeColumns: readonly ScopeColumn[],
  output: readonly OutputColumn[],
): { readonly evaluate: Evaluator; readonly needs: readonly number[] } => {
  const known = new Set(scopeColumns.map(({ name }) => name));
  const extra = output.filter(({ column, compute }) => compute !== null && !known.has(column.name));
  const scope = new Scope([
    ...scopeColumns,
    ...extra.map(
      ({ column, compute }): ScopeColumn => ({ qualifier: [], name: column.name, type: compute!.bound.type }),
    ),
  ]);
  const bound = substitute(asTruth(bindExpression(filter, scope), filter, 'filter'), (index) =>
    index < scopeColumns.length ? null : extra[index - scopeColumns.length]!.compute!.bound,
  );
  return { evaluate: compile(bound), needs: columnsOf(bound) };
};

const projectedTable = (table: Table, rule: TransformRule, output: readonly OutputColumn[]): Table => {
  const name = qualifiedName(table);
  const placeOf = (source: number): number => output.findIndex((each) => each.source === source);
  const primaryKey = (rule.primaryKeys ?? []).map((key) => {
    const place = output.findIndex(({ column }) => column.name === key);
    if (place < 0) throw new MillraceError('TRANSFORM_KEY_UNKNOWN', { table: name, column: key });
    return place;
  });
  if (rule.primaryKeys === null) {
    for (const source of table.primaryKey) {
      const place = placeOf(source);
      if (place < 0) {
        const column = table.columns[source]!.name;
        throw new MillraceError('PROJECTION_KEY_LOST', { table: name, column, action: 'leaving out' });
      }
      primaryKey.push(place);
    }
  }
  const { id: _, ...definition } = table;
  return defineTable({
    ...definition,
    columns: output.map(({ column }, place) => (primaryKey.includes(place) ? { ...column, nullable: false } : column)),
    primaryKey,
    uniqueKeys: table.uniqueKeys.map((key) => key.map(placeOf)).filter((key) => !key.includes(-1)),
  });
};

/** Says which table a text did not fit, where the error itself cannot know. */
export const aboutTable = (error: unknown, table: Table): unknown =>
  isMillraceError(error) && error.code.startsWith('SQL_')
    ? new MillraceError(
        'TRANSFORM_DOES_NOT_FIT',
        { table: qualifiedName(table), reason: error.message },
        { cause: error },
      )
    : error;
