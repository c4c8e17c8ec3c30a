import assert from 'node:assert/strict';
import { mysqlConfig } from '../connectors/mysql/config.ts';
import { readTables } from '../connectors/mysql/read-tables.ts';
import type { Batch } from '../core/batch.ts';
import type { Table } from '../core/table.ts';
import { type Dataflow, dataflow } from '../operators/incremental/dataflow.ts';
import type { Delta } from '../operators/incremental/delta.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { textOf } from '../sql/evaluate/cast.ts';
import type { EvaluationContext, SqlValue } from '../sql/evaluate/sql-value.ts';
import type { Catalog, Plan } from '../sql/plan/plan.ts';
import { serverColumns } from '../sql-pipeline/scanned-columns.ts';
import { ScannedTable } from '../sql-pipeline/scanned-table.ts';
import type { Shape } from './like-sqlite.ts';
import { type Address, MysqlRig } from './mysql-rig.ts';
import type { SeededRandom } from './seeded-random.ts';
import { planOf, sqlCatalog } from './sql-rig.ts';

const settings = { timeZone: 'UTC', random: () => 0.5 };
const context: EvaluationContext = { ...settings, now: () => 0 };

/** Tables, queries over them, and how the tables change. */
export interface Workload {
  /** CREATE TABLE and first rows, as MySQL has them. */
  readonly setup: readonly string[];
  readonly queries: readonly Shape[];
  /** Queries that MySQL does not read are left out, and not an error. */
  readonly lenient: boolean;
  /** A statement that changes some rows; called several times for each transaction. */
  readonly change: (random: SeededRandom) => string;
}

/** A query that is kept up to date, and MySQL's words for it. */
interface CheckedQuery {
  readonly query: string;
  readonly mysql: string;
  readonly plan: Plan;
  /** The rows of the result by their texts, and how often each stands there. */
  readonly rows: Map<string, number>;
}

export interface OracleFigures {
  readonly shapes: number;
  readonly ticks: number;
  /** Results that were compared with MySQL's answers. */
  readonly comparisons: number;
  /** Queries that had rows in one of these. */
  readonly answered: number;
}

/**
 * Runs random transactions on a MySQL server, some of whose changes are taken back, follows its log with every query in one
 * dataflow, and compares results with what MySQL answers to the same queries at the same place: `perTick` of them after each
 * tick, in turn, and all of them at the end. Throws at the first difference, with the query.
 */
export const compareWithMysql = async (
  server: Address,
  workload: Workload,
  random: SeededRandom,
  { ticks, perTick, progress = () => {} }: OracleOptions,
): Promise<OracleFigures> => {
  await using rig = await MysqlRig.open(server);
  await rig.run(...workload.setup, 'CREATE TABLE mark (id INT PRIMARY KEY, n INT)', 'INSERT INTO mark VALUES (1, 0)');
  const queries = await checkedQueries(rig, workload);
  const plans = new Map(queries.map(({ query, plan }) => [query, plan]));
  const flow = dataflow(new Map([...plans, ['mark', planOf('SELECT n FROM mark', await catalogOf(rig))]]), settings);
  const scanned = await scannedTables(rig, flow);
  const missing = new Set(scanned.keys());
  const answered = new Set<CheckedQuery>();
  let [tick, comparisons] = [0, 0];
  const patience = AbortSignal.timeout(3_600_000);
  for await (const batch of rig.source({}).read(async () => null, patience)) {
    take(batch, scanned, missing);
    if (batch.part !== undefined && !batch.part.last) continue;
    if (missing.size > 0 || !isMarked(batch, tick)) continue;
    const results = flow.tick({ now: 0 });
    for (const checked of queries) keep(checked, results.get(checked.query)!);
    for (let count = tick === ticks ? queries.length : perTick; count > 0; count -= 1) {
      const checked = queries[comparisons % queries.length]!;
      if ((await compare(rig, checked, tick)) > 0) answered.add(checked);
      comparisons += 1;
    }
    if (tick === ticks) break;
    tick += 1;
    progress(`tick ${tick}, ${comparisons} results compared`);
    await transact(rig, workload, random, tick);
  }
  assert.equal(tick, ticks, 'the log ended');
  return { shapes: queries.length, ticks, comparisons, answered: answered.size };
};

export interface OracleOptions {
  readonly ticks: number;
  readonly perTick: number;
  readonly progress?: (line: string) => void;
}

const catalogOf = async (rig: MysqlRig): Promise<Catalog> =>
  sqlCatalog(
    (await tablesOf(rig)).map((table) => {
      const types = serverColumns(table);
      const columns = table.columns.map(({ name }, index) => ({ name, type: types[index]!.type }));
      return { name: table.name, columns, primaryKey: table.primaryKey, appendOnly: false };
    }),
  );

const tablesOf = ({ server, database }: MysqlRig): Promise<readonly Table[]> => {
  const { host: hostname, port, user: username, password } = server;
  return readTables(mysqlConfig.parse({ hostname, port, username, password, tables: `${database}.\\.*` }), systemClock);
};

/** What SQLite reads instead is tried on MySQL first: where the two differ from us, they mostly do alike. */
const checkedQueries = async (rig: MysqlRig, { queries, lenient }: Workload): Promise<readonly CheckedQuery[]> => {
  const catalog = await catalogOf(rig);
  const checked: CheckedQuery[] = [];
  const left: string[] = [];
  for (const shape of queries) {
    const [query, sqlite, mysql = sqlite] = typeof shape === 'string' ? [shape, shape] : shape;
    const read = await firstRead(rig, [mysql, query]);
    if (read === null) left.push(query);
    else checked.push({ query, mysql: read, plan: planOf(query, catalog), rows: new Map() });
  }
  assert.ok(lenient || left.length === 0, `MySQL does not read ${left.join('; ')}`);
  return checked;
};

const firstRead = async (rig: MysqlRig, texts: readonly string[]): Promise<string | null> => {
  for (const text of texts) {
    const isRead = await rig.query(text).then(
      () => true,
      () => false,
    );
    if (isRead) return text;
  }
  return null;
};

const scannedTables = async (rig: MysqlRig, flow: Dataflow): Promise<ReadonlyMap<string, ScannedTable>> =>
  new Map(
    (await tablesOf(rig)).map((table) => [
      table.name,
      new ScannedTable(table, serverColumns(table), flow.inputs.get(table.name)!),
    ]),
  );

const take = (batch: Batch, scanned: ReadonlyMap<string, ScannedTable>, missing: Set<string>): void => {
  for (const change of batch.changes) {
    if (change.kind !== 'rows' && change.kind !== 'snapshot') continue;
    const { name } = change.table;
    if (change.kind === 'rows') scanned.get(name)!.rows(change);
    else {
      scanned.get(name)!.mark(change);
      if (change.at === 'end') missing.delete(name);
    }
  }
};

/** Whether the batch brings the transaction of this tick; the first comes with the snapshot. */
const isMarked = (batch: Batch, tick: number): boolean =>
  tick === 0 ||
  batch.changes.some((change) => {
    if (change.kind !== 'rows' || change.table.name !== 'mark') return false;
    return Array.from({ length: change.rows.length }, (_, index) => change.rows.after(index)?.[1]).includes(tick);
  });

const keep = ({ plan, rows }: CheckedQuery, { rows: changed, weights }: Delta): void => {
  const texts = plan.columns.map(({ type }) => textOf(type) ?? String);
  for (const [index, row] of changed.entries()) {
    const cells = row.map((value: SqlValue, at) => (value === null ? null : texts[at]!(value as never, context)));
    const text = JSON.stringify(cells);
    const count = (rows.get(text) ?? 0) + weights[index]!;
    if (count === 0) rows.delete(text);
    else rows.set(text, count);
  }
};

/** Gives how many rows the result has. */
const compare = async (rig: MysqlRig, { query, mysql, rows }: CheckedQuery, tick: number): Promise<number> => {
  const expected = comparable(await rig.query(mysql));
  const found = [...rows].flatMap(([text, count]) =>
    new Array<readonly (string | null)[]>(Math.max(count, 0)).fill(JSON.parse(text) as (string | null)[]),
  );
  assert.deepEqual(comparable(found), expected, `tick ${tick}: ${query}`);
  return expected.length;
};

/** Rows by their texts, sorted. Fractions are compared to the third digit: the two give quotients with different numbers of them. */
const comparable = (rows: readonly (readonly (string | null)[])[]): readonly string[] =>
  rows
    .map((row) =>
      JSON.stringify(row.map((cell) => (cell !== null && /^-?\d+\.\d+$/.test(cell) ? rounded(cell) : cell))),
    )
    .sort();

/** Cut, with a little added so that 0.1999999 and 0.2 are one. */
const rounded = (cell: string): string => String(Math.floor((Number(cell) + 3e-5) * 1000) / 1000);

const transact = async (rig: MysqlRig, { change }: Workload, random: SeededRandom, number: number): Promise<void> => {
  const statements = ['BEGIN'];
  for (let count = random.integer(1, 6); count > 0; count -= 1) statements.push(change(random));
  if (random.chance(0.1)) statements.push('SAVEPOINT back', change(random), 'ROLLBACK TO back');
  statements.push(`UPDATE mark SET n = ${number} WHERE id = 1`, 'COMMIT');
  await rig.run(statements.join('; '));
};
