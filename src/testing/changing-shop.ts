import { bindExpression } from '../sql/bind/expression.ts';
import { Scope } from '../sql/bind/scope.ts';
import { decimalText } from '../sql/evaluate/decimal-arithmetic.ts';
import type { SqlValue } from '../sql/evaluate/sql-value.ts';
import { timestampText } from '../sql/evaluate/times.ts';
import { parseExpressionText } from '../sql/parse/grammar.ts';
import type { Catalog } from '../sql/plan/plan.ts';
import type { SqlType } from '../sql/types/sql-type.ts';
import { SeededRandom } from './seeded-random.ts';
import { planOf, sqlCatalog, sqlTable, type TableChange } from './sql-rig.ts';
import { oracleCatalog, SqliteOracle } from './sqlite-oracle.ts';

/**
 * Changes of small tables that queries are computed over here and on Flink, the same at each call: t and u hold rows twice and NULLs, orders and
 * customers have keys, and bids only come, with a time.
 */
export const shopChanges = (): readonly TableChange[] => {
  const random = new SeededRandom(11);
  using oracle = new SqliteOracle(random);
  const changes = [...oracle.change(90)];
  const orders = new Map<number, TableChange>();
  const customers = new Map<number, TableChange>();
  const change = (rows: Map<number, TableChange>, id: number, after: TableChange | null): void => {
    const before = rows.get(id);
    if (before !== undefined) changes.push([before[0], before[1], -1]);
    rows.delete(id);
    if (after === null) return;
    changes.push(after);
    rows.set(id, after);
  };
  for (let turn = 0; turn < 120; turn += 1) {
    const id = random.integer(1, 25);
    const cents = random.integer(-999, 99_999);
    const note = random.pick([null, 'new', 'paid', 'gone', 'a,b,c']);
    const order: TableChange = ['orders', [id, random.integer(1, 6), cents, random.pick([null, 1, 2, 3]), note], 1];
    change(orders, id, random.chance(0.2) ? null : order);
    if (!random.chance(0.4)) continue;
    const customer = random.integer(1, 6);
    const named: TableChange = [
      'customers',
      [customer, random.pick(['Ada', 'Bo', 'Cy']), random.pick(['AT', 'DE', null])],
      1,
    ];
    change(customers, customer, random.chance(0.2) ? null : named);
  }
  for (let id = 1; id <= 40; id += 1) {
    const seconds = 1_700_000_000 + id * 7 + random.integer(0, 4);
    changes.push(['bids', [id, random.integer(1, 4), random.integer(1, 20) * 50, seconds * 1_000_000], 1]);
  }
  return changes;
};

/** The tables, as queries over them are bound here. */
export const shopTables: Catalog = {
  table: (path) => oracleCatalog.table(path) ?? keyed.table(path),
  names: [...oracleCatalog.names, 'orders', 'customers', 'bids'],
};

const bids = sqlTable(
  'bids',
  { id: 'BIGINT', auction: 'BIGINT', price: 'DECIMAL(10, 2)', ts: 'TIMESTAMP(3)' },
  { appendOnly: true },
);
const scope = new Scope(bids.columns.map(({ name, type }) => ({ qualifier: ['bids'], name, type })));
const bound = (expression: string) => bindExpression(parseExpressionText(expression), scope);

const keyed = sqlCatalog([
  sqlTable(
    'orders',
    { id: 'BIGINT NOT NULL', customer: 'BIGINT', total: 'DECIMAL(10, 2)', qty: 'INT', note: 'STRING' },
    { primaryKey: [0] },
  ),
  sqlTable('customers', { id: 'BIGINT NOT NULL', name: 'STRING', country: 'STRING' }, { primaryKey: [0] }),
  { ...bids, watermark: { time: bound('ts'), mark: bound("ts - INTERVAL '5' SECOND") } },
]);

const filesOf = (table: string, columns: string, folder: string, format: string): string =>
  `CREATE TABLE ${table} (${columns}) WITH ('connector' = 'filesystem', 'path' = '${folder}/${table}.json', 'format' = '${format}')`;

/** The same for Flink, over a file of changes each in a folder. */
export const flinkShop = (folder: string): readonly string[] => [
  filesOf('t', 'id INT, a INT, b INT, s STRING', folder, 'debezium-json'),
  filesOf('u', 'id INT, k INT, v STRING', folder, 'debezium-json'),
  filesOf(
    'orders',
    'id BIGINT, customer BIGINT, total DECIMAL(10, 2), qty INT, note STRING, PRIMARY KEY (id) NOT ENFORCED',
    folder,
    'debezium-json',
  ),
  filesOf(
    'customers',
    'id BIGINT, name STRING, country STRING, PRIMARY KEY (id) NOT ENFORCED',
    folder,
    'debezium-json',
  ),
  filesOf(
    'bids',
    "id BIGINT, auction BIGINT, price DECIMAL(10, 2), ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND",
    folder,
    'json',
  ),
];

/** The lines of such a file. */
export const flinkLines = (table: string): readonly string[] => {
  const { columns } = shopTables.table([table])!;
  return shopChanges().flatMap(([name, row, weight]) => {
    if (name !== table) return [];
    const named = Object.fromEntries(
      columns.map(({ name: column, type }, place) => [column, jsonValue(row[place]!, type)]),
    );
    if (table === 'bids') return [JSON.stringify(named)];
    return [
      JSON.stringify(weight > 0 ? { before: null, after: named, op: 'c' } : { before: named, after: null, op: 'd' }),
    ];
  });
};

/** A value as Flink's JSON format reads it. */
const jsonValue = (value: SqlValue, type: SqlType): unknown => {
  if (value === null) return null;
  if (type.kind === 'DECIMAL') return decimalText(value as number, type.scale);
  return type.kind === 'TIMESTAMP' ? timestampText(value as number, 3) : value;
};

/** A query with every value as the text that CAST makes of it, so that both sides write it alike. */
export const asTexts = (query: string): string => {
  const names = planOf(query, shopTables).columns.map((_, place) => `c${place}`);
  const texts = names.map((name) => `CAST(${name} AS STRING) AS ${name}`);
  return `SELECT ${texts.join(', ')} FROM (${query}) AS q (${names.join(', ')})`;
};
