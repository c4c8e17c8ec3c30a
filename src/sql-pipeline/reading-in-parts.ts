import type { Delta, SqlRow } from '../operators/incremental/delta.ts';
import { type RowKey, rowKey } from '../operators/incremental/row-key.ts';
import type { Plan } from '../sql/plan/plan.ts';

/**
 * How a query that ends reads its tables: whole, and then its result is computed; or so many rows at a time, which the steps take in and
 * forget, so that memory holds what they remember and the result, and not every row that was read.
 */
export interface ReadingInParts {
  readonly rowsPerTick: number;
  /** The result is whole once it has so many rows, whatever else there is to read. */
  readonly enough: number;
}

/** As many rows as are taken in at once: fewer tell each group of an aggregate more often. */
const manyRows = 200_000;

/**
 * Null: they come together. A result may depend on when its rows come (windows that close, tables as of a time), and what is computed
 * of groups or of missing partners may fail for half of the rows where it does not for all of them.
 */
export const readingInParts = (plan: Plan): ReadingInParts | null => {
  if (!isSafeHalfway(plan)) return null;
  const isFirstRows = plan.kind === 'top' && plan.order.length === 0 && plan.limit !== null && isRowByRow(plan.input);
  return isFirstRows
    ? { rowsPerTick: 1, enough: plan.limit! }
    : { rowsPerTick: manyRows, enough: Number.POSITIVE_INFINITY };
};

const isSafeHalfway = (plan: Plan): boolean => {
  switch (plan.kind) {
    case 'aggregate':
      return isOfPresentRows(plan.input);
    case 'top':
      return isSafeHalfway(plan.input);
    case 'project':
      if (plan.expressions.every(({ kind }) => kind === 'column')) return isSafeHalfway(plan.input);
      return isOfPresentRows(plan);
    default:
      return isOfPresentRows(plan);
  }
};

/** Each of its rows is made of rows that are there, and stays when others come. */
const isOfPresentRows = (plan: Plan): boolean => {
  switch (plan.kind) {
    case 'join':
      return plan.type === 'INNER' && isOfPresentRows(plan.left) && isOfPresentRows(plan.right);
    case 'union':
      return plan.inputs.every(isOfPresentRows);
    case 'filter':
    case 'project':
      return isOfPresentRows(plan.input);
    default:
      return isRowByRow(plan);
  }
};

/** What a row gives depends on no other row. */
const isRowByRow = (plan: Plan): boolean => {
  switch (plan.kind) {
    case 'scan':
      return plan.table.watermark === undefined;
    case 'filter':
    case 'project':
      return isRowByRow(plan.input);
    default:
      return false;
  }
};

/** Changes of several ticks as those of one. */
export class GatheredChanges {
  readonly #key: (row: SqlRow) => RowKey;
  readonly #rows = new Map<RowKey, { readonly row: SqlRow; weight: number }>();
  /** How many rows there are. */
  count = 0;

  constructor({ columns }: Plan) {
    this.#key = rowKey(
      columns.map((_, index) => index),
      columns.map(({ type }) => type),
    );
  }

  add({ rows, weights }: Delta): void {
    for (let i = 0; i < rows.length; i += 1) {
      const key = this.#key(rows[i]!);
      const [held, weight] = [this.#rows.get(key), weights[i]!];
      this.count += weight;
      if (held === undefined) this.#rows.set(key, { row: rows[i]!, weight });
      else if (held.weight + weight === 0) this.#rows.delete(key);
      else held.weight += weight;
    }
  }

  get all(): Delta {
    const held = [...this.#rows.values()];
    return { rows: held.map(({ row }) => row), weights: held.map(({ weight }) => weight) };
  }
}
