import { ArrayRowImages } from '../../core/array-row-images.ts';
import type { Batch } from '../../core/batch.ts';
import type { Change, RowsChange, SchemaChange } from '../../core/change.ts';
import { MillraceError } from '../../core/errors.ts';
import type { RowImages } from '../../core/row-images.ts';
import { qualifiedName, type Table } from '../../core/table.ts';
import type { Row } from '../../core/value.ts';
import type { EvaluationContext } from '../../sql/evaluate/sql-value.ts';
import type { Operator } from '../operator.ts';
import { ProjectedRowImages, type RowProjection } from '../projected-row-images.ts';
import { ProjectingWriter } from '../projecting-writer.ts';
import { aboutTable, type RowKind, type TableTransform, transformTable } from './table-transform.ts';
import type { TransformRule } from './transform-rule.ts';

/** A table's version with every rule that matches it. */
interface TablePlan {
  readonly table: Table;
  readonly transforms: readonly TableTransform[];
  readonly softDelete: boolean;
  /** Rows go through as the bytes they are: columns are left out and renamed only. */
  readonly passing: RowProjection | null;
}

/**
 * Computes columns and leaves out rows, by the entries of `transform:`. A row goes by the first rule that takes it; several rules
 * for one table give the same columns: TRANSFORM_DEFINITIONS_DIFFER. An update whose row was taken before and is not after is a
 * delete, the other way round a create. A change of a definition that shows in no column is left out.
 */
export const transformTables = (rules: readonly TransformRule[], surroundings: EvaluationContext): Operator => {
  const plans = new Map<string, TablePlan | null>();
  const planOf = (table: Table): TablePlan | null => {
    let plan = plans.get(table.id);
    if (plan === undefined) {
      plan = makePlan(table, rules);
      plans.set(table.id, plan);
    }
    return plan;
  };
  const tableOf = (table: Table): Table => planOf(table)?.table ?? table;

  const transformed = (change: Change, context: EvaluationContext): readonly Change[] => {
    if (change.kind === 'schema') return transformedSchema(change, tableOf);
    const plan = planOf(change.table);
    if (plan === null) return [change];
    if (change.kind !== 'rows') return [{ ...change, table: plan.table }];
    if (plan.passing !== null) {
      return [{ ...change, table: plan.table, rows: new ProjectedRowImages(change.rows, plan.passing) }];
    }
    return transformedRows(change, plan, context);
  };

  return (batch: Batch): Batch => {
    if (batch.changes.every((change) => change.kind !== 'schema' && planOf(change.table) === null)) return batch;
    // One time for all rows of a batch.
    const now = surroundings.now();
    const context = { ...surroundings, now: () => now };
    return { ...batch, changes: batch.changes.flatMap((change) => transformed(change, context)) };
  };
};

const makePlan = (table: Table, rules: readonly TransformRule[]): TablePlan | null => {
  const matching = rules.filter((rule) => rule.matches(table.database, table.name));
  if (matching.length === 0) return null;
  let transforms: readonly TableTransform[];
  try {
    transforms = matching.map((rule) => transformTable(table, rule));
  } catch (error) {
    throw aboutTable(error, table);
  }
  const [first, ...others] = transforms;
  if (others.some((other) => other.table.id !== first!.table.id)) {
    throw new MillraceError('TRANSFORM_DEFINITIONS_DIFFER', { table: qualifiedName(table) });
  }
  return {
    table: first!.table,
    transforms,
    softDelete: matching.some((rule) => rule.softDelete),
    passing: others.length === 0 && first!.plainSources !== null ? passingProjection(table, first!.plainSources) : null,
  };
};

/** Null: columns come in another order or twice, which bytes that pass through cannot. */
const passingProjection = (table: Table, sources: readonly number[]): RowProjection | null => {
  if (sources.some((source, place) => place > 0 && source <= sources[place - 1]!)) return null;
  const columns = sources.map((source) => ({ source, substitute: null }));
  return { columns, writer: new ProjectingWriter(table.columns.length, columns), replaces: false };
};

const transformedSchema = (change: SchemaChange, tableOf: (table: Table) => Table): readonly Change[] => {
  const before = change.before && tableOf(change.before);
  const after = change.after && tableOf(change.after);
  if (before === change.before && after === change.after) return [change];
  if (before !== null && after !== null && before.id === after.id) return [];
  const { renamedColumns, ...rest } = change;
  // A renamed column keeps its values where it goes on under both of its names.
  const renames = [...(renamedColumns ?? [])].filter(
    ([from, to]) => before?.columns.some(({ name }) => name === from) && after?.columns.some(({ name }) => name === to),
  );
  return [{ ...rest, before, after, ...(renames.length > 0 ? { renamedColumns: new Map(renames) } : {}) }];
};

/** One row's fate: what it is now, and its images. */
interface Outcome {
  readonly op: RowsChange['op'];
  readonly before: Row | null;
  readonly after: Row | null;
}

const transformedRows = (change: RowsChange, plan: TablePlan, context: EvaluationContext): readonly Change[] => {
  const { rows } = change;
  const outcomes: Outcome[] = [];
  for (let index = 0; index < rows.length; index += 1) {
    const outcome = outcomeOf(change, rows, index, plan, context);
    if (outcome !== null) outcomes.push(outcome);
  }
  // Rows with one fate after another stay one change.
  const changes: Change[] = [];
  let from = 0;
  for (let index = 1; index <= outcomes.length; index += 1) {
    if (index < outcomes.length && outcomes[index]!.op === outcomes[from]!.op) continue;
    const part = outcomes.slice(from, index);
    const { op } = part[0]!;
    const images = {
      before: op === 'update' || op === 'delete' ? part.map(({ before }) => before!) : null,
      after: op === 'delete' ? null : part.map(({ after }) => after!),
    };
    // What is left of a change took about its share of the bytes.
    const byteLength = Math.ceil((rows.byteLength * part.length) / rows.length);
    changes.push({ ...change, op, table: plan.table, rows: new ArrayRowImages(plan.table, images, byteLength) });
    from = index;
  }
  return changes;
};

const outcomeOf = (
  { op }: RowsChange,
  rows: RowImages,
  index: number,
  plan: TablePlan,
  context: EvaluationContext,
): Outcome | null => {
  const image = (row: Row | null, kind: RowKind): Row | null => {
    if (row === null) return null;
    const taking = plan.transforms.find((transform) => transform.takes(row, kind, context));
    return taking?.project(row, kind, context) ?? null;
  };
  switch (op) {
    case 'read':
    case 'create': {
      const after = image(rows.after(index), '+I');
      return after === null ? null : { op, before: null, after };
    }
    case 'delete': {
      const row = rows.before(index);
      if (plan.softDelete) {
        const [before, after] = [image(row, '-U'), image(row, '-D')];
        return after === null ? null : { op: 'update', before: before ?? after, after };
      }
      const before = image(row, '-D');
      return before === null ? null : { op, before, after: null };
    }
    case 'update': {
      const before = image(rows.before(index), '-U');
      const after = image(rows.after(index), '+U');
      if (before !== null && after !== null) return { op, before, after };
      if (before !== null) return { op: 'delete', before, after: null };
      return after === null ? null : { op: 'create', before: null, after };
    }
  }
};
