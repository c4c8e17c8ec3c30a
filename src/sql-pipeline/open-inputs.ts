import { mysqlConfig } from '../connectors/mysql/config.ts';
import { mysql } from '../connectors/mysql/connector.ts';
import { readTables } from '../connectors/mysql/read-tables.ts';
import type { Context } from '../core/connector.ts';
import { MillraceError } from '../core/errors.ts';
import { nearestName } from '../core/nearest-name.ts';
import { qualifiedName, type Table } from '../core/table.ts';
import type { Dataflow, DataflowInput } from '../operators/incremental/dataflow.ts';
import type { EvaluationContext } from '../sql/evaluate/sql-value.ts';
import { sqlError } from '../sql/sql-error.ts';
import { DatagenInput } from './datagen-input.ts';
import { openFiles } from './files/open-files.ts';
import type { Input } from './input.ts';
import { openKafkaInput } from './kafka-input.ts';
import { placeRead } from './place-read.ts';
import type { QueryTable } from './query-tables.ts';
import { exactPattern, scanConfig } from './scan-config.ts';
import { ScanInput } from './scan-input.ts';
import { ScannedTable } from './scanned-table.ts';
import { SourceInput } from './source-input.ts';

export interface InputsOptions {
  /** By the names that the dataflow scans. */
  readonly tables: ReadonlyMap<string, QueryTable>;
  readonly evaluation: EvaluationContext;
  readonly context: Context;
  /** Tables are read as they are, and not followed. */
  readonly atOnce?: boolean;
}

/** A table of a query with where its rows go. */
export interface Scan {
  /** What the dataflow calls it. */
  readonly name: string;
  readonly table: QueryTable;
  readonly input: DataflowInput;
}

/** Opens what the dataflow's tables are read from; tables of one server in one order. All of it, or nothing. */
export const openInputs = async (flow: Dataflow, options: InputsOptions): Promise<readonly Input[]> => {
  const servers = new Map<string, Scan[]>();
  const opened: Input[] = [];
  try {
    for (const [name, input] of flow.inputs) {
      const table = options.tables.get(name)!;
      const scan = { name, table, input };
      const { source } = table;
      switch (source.kind) {
        case 'mysql': {
          // Of one table alone, what one statement sees is all there is to be in step with. Declared ones may ask where a change comes from.
          if (options.atOnce && flow.inputs.size === 1 && table.declared === null) {
            opened.push(await openScan(scan, source, options));
            break;
          }
          const key = JSON.stringify(source.settings);
          const scans = servers.get(key) ?? [];
          servers.set(key, [...scans, scan]);
          break;
        }
        case 'scan':
          opened.push(await openScan(scan, source, options));
          break;
        case 'kafka':
          opened.push(await openKafkaInput(scan, source, options));
          break;
        case 'filesystem':
          opened.push(openFiles(scan, source, options));
          break;
        case 'datagen':
          opened.push(new DatagenInput(scan, source.settings, options));
          break;
      }
    }
    for (const scans of servers.values()) opened.push(await openServer(scans, options));
    return opened;
  } catch (error) {
    await Promise.allSettled(opened.map((input) => input[Symbol.asyncDispose]()));
    throw error;
  }
};

const openServer = async (scans: readonly Scan[], { evaluation, context }: InputsOptions): Promise<Input> => {
  const sources = scans.map(({ table: { source } }) => source as Extract<QueryTable['source'], { kind: 'mysql' }>);
  const patterns = new Set(sources.map(({ database, table }) => `${exactPattern(database)}.${exactPattern(table)}`));
  // What was computed so far is brought in step with the tables, so nothing is lost with a log.
  const settings = { 'scan.lost-log': 'snapshot', ...sources[0]!.settings };
  const config = mysqlConfig.parse({ ...settings, tables: [...patterns] });
  const actual = await readTables(config, context.clock);
  const tables = new Map<string, ScannedTable[]>();
  for (const [at, { name, table, input }] of scans.entries()) {
    const found = tableNamed(actual, sources[at]!, table);
    const scanned = new ScannedTable(found, table.columns(found, evaluation), input, { name });
    const actualName = qualifiedName(found);
    tables.set(actualName, [...(tables.get(actualName) ?? []), scanned]);
  }
  const source = await mysql.openSource!(config, context);
  const readsTablesApart = config['scan.startup.mode'] === 'initial';
  return new SourceInput({
    identity: placeRead(sources[0]!.settings),
    source,
    tables,
    snapshots: true,
    readsTablesApart,
  });
};

type ServerTable = Extract<QueryTable['source'], { kind: 'scan' | 'mysql' }>;

/** A table that is read once, of which no row is kept. */
const openScan = async (scan: Scan, source: ServerTable, options: InputsOptions): Promise<Input> => {
  const actual = await describe(scan, source, options);
  const columns = scan.table.columns(actual, options.evaluation);
  const scanned = new ScannedTable(actual, columns, scan.input, { appends: true });
  return new ScanInput(scanned, source.settings, options.context);
};

const describe = async ({ table }: Scan, source: ServerTable, { context }: InputsOptions): Promise<Table> => {
  const config = scanConfig(source.settings, { database: source.database, name: source.table });
  return tableNamed(await readTables(config, context.clock), source, table);
};

/** Throws SQL_UNKNOWN_NAME, or MYSQL_NO_TABLES, where it is not among the tables. */
export const tableNamed = (
  tables: readonly Table[],
  { database, table: name }: { readonly database: string; readonly table: string },
  { span }: QueryTable,
): Table => {
  const found = tables.find((other) => other.database === database && other.name === name);
  if (found !== undefined) return found;
  if (span === null) throw new MillraceError('MYSQL_NO_TABLES', { patterns: `${database}.${name}` });
  throw sqlError('SQL_UNKNOWN_NAME', span, {
    what: 'table on the server:',
    name: `${database}.${name}`,
    suggestion: nearestName(
      name,
      tables.map((other) => other.name),
    ),
  });
};
