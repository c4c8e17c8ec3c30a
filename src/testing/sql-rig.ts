import { type Dataflow, dataflow } from '../operators/incremental/dataflow.ts';
import type { Delta, SqlRow } from '../operators/incremental/delta.ts';
import { parseQueryText, parseTypeText } from '../sql/parse/grammar.ts';
import { bindQuery } from '../sql/plan/bind-query.ts';
import type { Catalog, CatalogTable, Plan } from '../sql/plan/plan.ts';
import { fromTypeName } from '../sql/types/from-type-name.ts';

/** A table as statements declare it: `{ id: 'BIGINT NOT NULL', name: 'STRING' }`. */
export const sqlTable = (
  name: string,
  columns: Readonly<Record<string, string>>,
  more: Partial<CatalogTable> = {},
): CatalogTable => ({
  name,
  columns: Object.entries(columns).map(([column, type]) => ({ name: column, type: fromTypeName(parseTypeText(type)) })),
  primaryKey: [],
  appendOnly: false,
  ...more,
});

export const sqlCatalog = (tables: readonly CatalogTable[]): Catalog => ({
  table: (path) => tables.find(({ name }) => path.length === 1 && name === path[0]) ?? null,
  names: tables.map(({ name }) => name),
});

export const planOf = (query: string, catalog: Catalog): Plan => bindQuery(parseQueryText(query), catalog);

/** A change of a table, told to a dataflow. */
export type TableChange = readonly [table: string, row: SqlRow, weight: 1 | -1];

/** One query over tables that change, with its whole result at hand. */
export class LiveQuery {
  readonly plan: Plan;
  readonly flow: Dataflow;
  /** The result's rows by their texts, and how often each stands there. */
  readonly rows = new Map<string, number>();

  constructor(query: string | Plan, catalog: Catalog) {
    this.plan = typeof query === 'string' ? planOf(query, catalog) : query;
    this.flow = dataflow(new Map([['out', this.plan]]), { timeZone: 'UTC', random: () => 0.5 });
  }

  /** Ends a tick with these changes. Gives how the result changed: `+` or `-`, and the row. */
  tick(changes: readonly TableChange[], now = 0): readonly string[] {
    for (const [table, row, weight] of changes) this.flow.inputs.get(table)?.push(row, weight);
    const delta = this.flow.tick({ now }).get('out')!;
    this.#keep(delta);
    return delta.rows.flatMap((row, index) => {
      const weight = delta.weights[index]!;
      return new Array<string>(Math.abs(weight)).fill(`${weight > 0 ? '+' : '-'}${rowText(row)}`);
    });
  }

  /** The result's rows by their texts, sorted. */
  resultRows(): readonly string[] {
    return [...this.rows].flatMap(([text, count]) => new Array<string>(Math.max(count, 0)).fill(text)).sort();
  }

  #keep({ rows, weights }: Delta): void {
    for (const [index, row] of rows.entries()) {
      const text = rowText(row);
      const weight = (this.rows.get(text) ?? 0) + weights[index]!;
      if (weight === 0) this.rows.delete(text);
      else this.rows.set(text, weight);
    }
  }
}

/** A row as JSON reads it, bigints with an `n` behind. */
export const rowText = (row: SqlRow): string =>
  JSON.stringify(row, (_, value: unknown) => {
    if (typeof value === 'bigint') return `${value}n`;
    if (value instanceof Map) return [...value];
    return value;
  });
