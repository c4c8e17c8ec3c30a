import { parseQueryText, parseTypeText } from '../parse/grammar.ts';
import { bindQuery } from '../plan/bind-query.ts';
import { changelogOf } from '../plan/changelog.ts';
import type { Catalog, CatalogTable } from '../plan/plan.ts';
import { fromTypeName } from '../types/from-type-name.ts';
import { typeText } from '../types/sql-type.ts';
import recording from './queries.json' with { type: 'json' };

const table = (name: string, columns: Readonly<Record<string, string>>, more: Partial<CatalogTable> = {}): CatalogTable => ({
  name,
  columns: Object.entries(columns).map(([column, type]) => ({ name: column, type: fromTypeName(parseTypeText(type)) })),
  primaryKey: [],
  appendOnly: true,
  ...more,
});

const tables: readonly CatalogTable[] = [
  table('orders', {
    id: 'BIGINT NOT NULL',
    customer: 'BIGINT',
    total: 'DECIMAL(10, 2)',
    qty: 'INT',
    note: 'STRING',
    placed: 'TIMESTAMP(3)',
  }),
  table('lines', { order_id: 'BIGINT', sku: 'STRING', amount: 'DOUBLE' }),
  table('customers', { id: 'BIGINT NOT NULL', name: 'STRING', country: 'STRING' }, { primaryKey: [0], appendOnly: false }),
];

/** The tables that the recorded queries are about. */
export const shop: Catalog = {
  table: (path) => tables.find(({ name }) => path.length === 1 && name === path[0]) ?? null,
  names: tables.map(({ name }) => name),
};

/** Every recorded query about whose columns, changes or validity Flink and we disagree. */
export const queryDisagreements = (): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  for (const result of recording.results) {
    const flink =
      result.columns === undefined
        ? 'refused'
        : `${result.columns.map((column) => column.replaceAll('VARCHAR(2147483647)', 'STRING').replaceAll('`', '')).join(', ')} [${result.changelog.replace(',UB', '')}]`;
    let ours: string;
    try {
      const plan = bindQuery(parseQueryText(result.query), shop);
      ours = `${plan.columns.map(({ name, type }) => `${name} ${typeText(type)}`).join(', ')} [${changelogOf(plan).kinds.join(',')}]`;
    } catch (error) {
      const { code, message } = error as { readonly code?: string; readonly message: string };
      ours = code?.startsWith('SQL_') ? 'refused' : `crash ${message}`;
    }
    if (flink !== ours) found.set(result.query, `flink ${flink}; millrace ${ours}`);
  }
  return found;
};
