import type { Delta, SqlRow } from '../../operators/incremental/delta.ts';
import { rowKey } from '../../operators/incremental/row-key.ts';
import { rowOrder } from '../../operators/incremental/row-order.ts';
import type { EvaluationContext, SqlValue } from '../../sql/evaluate/sql-value.ts';
import { changelogOf } from '../../sql/plan/changelog.ts';
import type { Plan, PlanColumn, SortKey } from '../../sql/plan/plan.ts';
import type { SqlType } from '../../sql/types/sql-type.ts';
import { rowJson } from '../../sql-pipeline/row-json.ts';
import { cellText, type RowKind } from '../../sql-pipeline/row-text.ts';
import { textTable } from '../text-table.ts';

export interface RowChange {
  readonly op: RowKind;
  readonly row: SqlRow;
}

/** Changes of a query's result, row by row: where rows have a key, the one that goes and the one that comes are an update. */
export const rowChanges = (plan: Plan): ((delta: Delta) => readonly RowChange[]) => {
  const [key] = changelogOf(plan).upsertKeys;
  const keyOf = key === undefined ? null : rowKey(key, typesOf(key, plan));
  return ({ rows, weights }) => {
    const gone = new Map<unknown, SqlRow>();
    if (keyOf !== null) for (const [at, row] of rows.entries()) if (weights[at]! < 0) gone.set(keyOf(row), row);
    const changes: RowChange[] = [];
    const replaced = new Set<SqlRow>();
    const updates = new Map<SqlRow, SqlRow>();
    if (keyOf !== null) {
      for (const [at, row] of rows.entries()) {
        const old = weights[at]! > 0 ? gone.get(keyOf(row)) : undefined;
        if (old === undefined || replaced.has(old)) continue;
        replaced.add(old);
        updates.set(row, old);
      }
    }
    for (const [at, row] of rows.entries()) {
      const weight = weights[at]!;
      if (weight > 0 || replaced.has(row)) continue;
      for (let times = -weight; times > 0; times -= 1) changes.push({ op: '-D', row });
    }
    for (const [at, row] of rows.entries()) {
      const weight = weights[at]!;
      if (weight < 0) continue;
      const old = updates.get(row);
      if (old !== undefined) changes.push({ op: '-U', row: old }, { op: '+U', row });
      for (let times = old === undefined ? weight : 0; times > 0; times -= 1) changes.push({ op: '+I', row });
    }
    return changes;
  };
};

const typesOf = (columns: readonly number[], plan: Plan): readonly SqlType[] =>
  columns.map((column) => plan.columns[column]!.type);

/** A query as it is shown whole: the plan whose rows are kept, how they are sorted, and how many columns are the query's. */
export interface ShownResult {
  readonly plan: Plan;
  readonly order: readonly SortKey[] | null;
  readonly columns: readonly PlanColumn[];
}

/** ORDER BY may sort by columns that the query does not give: they are kept, and not shown. */
export const shownResult = (plan: Plan): ShownResult => {
  const { columns } = plan;
  if (plan.kind === 'top') return { plan, order: plan.order, columns };
  const isCut =
    plan.kind === 'project' &&
    plan.input.kind === 'top' &&
    plan.expressions.every((expression, index) => expression.kind === 'column' && expression.index === index);
  return isCut && plan.input.kind === 'top'
    ? { plan: plan.input, order: plan.input.order, columns }
    : { plan, order: null, columns };
};

/** A result's rows as they stand now. */
export class CurrentRows {
  readonly #rows = new Map<unknown, { readonly row: SqlRow; count: number }>();
  readonly #key: (row: SqlRow) => unknown;
  readonly #order: ShownResult['order'];

  constructor({ plan, order }: ShownResult) {
    const all = plan.columns.map((_, index) => index);
    this.#key = rowKey(all, typesOf(all, plan));
    this.#order = order;
  }

  apply({ rows, weights }: Delta): void {
    for (const [at, row] of rows.entries()) {
      const key = this.#key(row);
      const held = this.#rows.get(key) ?? { row, count: 0 };
      held.count += weights[at]!;
      if (held.count === 0) this.#rows.delete(key);
      else this.#rows.set(key, held);
    }
  }

  list(): readonly SqlRow[] {
    const rows = Array.from(this.#rows.values(), ({ row, count }) => new Array<SqlRow>(count).fill(row)).flat();
    return this.#order === null ? rows : rows.sort(rowOrder(this.#order));
  }
}

/** How rows with these columns are printed. */
export class RowText {
  readonly #columns: readonly PlanColumn[];
  readonly #texts: readonly ((value: SqlValue) => string)[];
  readonly #json: (row: SqlRow) => string;

  constructor(columns: readonly PlanColumn[], context: EvaluationContext) {
    this.#columns = columns;
    this.#texts = columns.map(({ type }) => cellText(type, context));
    this.#json = rowJson(columns, context);
  }

  /** `+I[1, paid, NULL]` */
  change({ op, row }: RowChange): string {
    return `${op}[${this.#texts.map((text, at) => text(row[at]!)).join(', ')}]\n`;
  }

  /** `{"op":"+I","row":{"id":1}}` */
  json({ op, row }: RowChange): string {
    return `{"op":"${op}","row":${this.#json(row)}}\n`;
  }

  table(rows: readonly SqlRow[]): string {
    const cells = rows.map((row) => this.#texts.map((text, at) => text(row[at]!)));
    const head = this.#columns.map(({ name }) => name);
    return `${textTable(head, cells)}\n(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})\n`;
  }
}
