import { z } from 'zod';
import { mysqlConfig } from '../connectors/mysql/config.ts';
import { listDatabases } from '../connectors/mysql/list-databases.ts';
import { readTables } from '../connectors/mysql/read-tables.ts';
import { secret } from '../core/settings.ts';
import type { Table } from '../core/table.ts';
import { columnReading } from '../operators/transform/column-values.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import type { CreateCatalog, CreateTable, Option } from '../sql/ast/statement.ts';
import { type DeclaredTable, declareTable } from '../sql/catalog/declared-table.ts';
import type { ExternalCatalog } from '../sql/catalog/external-catalog.ts';
import { parseScript } from '../sql/parse/script.ts';
import { sqlError } from '../sql/sql-error.ts';
import { typeText, withNullable } from '../sql/types/sql-type.ts';
import { nameText } from '../sql/unparse/names.ts';
import { type BindingSurroundings, checkedOptions } from './bind-options.ts';
import type { ConnectedTable, Settings } from './connected-table.ts';
import { jdbcTable, mysqlTable } from './connectors/mysql.ts';
import { mysqlCdc } from './connectors/mysql-cdc.ts';
import { exactPattern } from './scan-config.ts';

const shape = mysqlConfig.shape;

/** `mysql`: tables are read with their changes. `jdbc`, by Flink's options: they are read once. Both can be written. */
const catalogTypes = {
  mysql: z.strictObject({
    hostname: z.string().min(1),
    port: shape.port,
    username: shape.username,
    password: shape.password,
    'ssl.mode': shape['ssl.mode'],
    'ssl.ca': shape['ssl.ca'],
    'default-database': z.string().min(1).optional(),
  }),
  jdbc: z.strictObject({
    'base-url': z.string().regex(/^jdbc:(mysql|mariadb):\/\/[^/:?#]+(:\d+)?\/?$/, 'write jdbc:mysql://host:3306'),
    username: z.string().default(''),
    password: secret().default(''),
    'default-database': z.string().min(1),
  }),
} as const;

type CatalogType = keyof typeof catalogTypes;

/** Asks the server that the options name. Throws SQL_ errors with the place, and what the server says. */
export const openMysqlCatalog = async (
  statement: CreateCatalog,
  surroundings: BindingSurroundings,
): Promise<MysqlCatalog> => {
  const named = statement.options.find(({ key }) => key === 'type');
  const types = Object.keys(catalogTypes).map((name) => `'${name}'`);
  if (named === undefined)
    throw sqlError('SQL_INVALID', statement, {
      reason: `a catalog needs 'type' among its options: ${types.join(', ')}`,
    });
  if (!(named.value in catalogTypes))
    throw sqlError('SQL_NOT_SUPPORTED', named, {
      what: `a catalog of the type '${named.value}'`,
      reason: `there are ${types.join(', ')}`,
    });
  const type = named.value as CatalogType;
  const own = statement.options.filter((option) => option !== named);
  const { values } = checkedOptions({ name: type, options: catalogTypes[type] }, own, named, surroundings);
  const settings = addressOf(values as Settings);
  const { 'default-database': defaultDatabase = null } = values as { readonly 'default-database'?: string };
  const databases = await listDatabases(mysqlConfig.parse({ ...settings, tables: 'any.table' }), systemClock);
  if (defaultDatabase !== null && !databases.includes(defaultDatabase)) {
    const at = own.find(({ key }) => key === 'default-database')!;
    throw sqlError('SQL_UNKNOWN_NAME', at, { what: 'database', name: defaultDatabase, suggestion: null });
  }
  return new MysqlCatalog({ statement, type, settings, databases, defaultDatabase });
};

/** How the server is reached, in the words of the connectors. */
const addressOf = (values: Settings): Settings => {
  const { 'default-database': _, 'base-url': url, ...rest } = values;
  if (url === undefined) return rest;
  const [, host, port = '3306'] = /\/\/([^/:]+)(?::(\d+))?/.exec(url as string)!;
  return { ...rest, hostname: host, port: Number(port) };
};

interface Opened {
  readonly statement: CreateCatalog;
  readonly type: CatalogType;
  readonly settings: Settings;
  readonly databases: readonly string[];
  readonly defaultDatabase: string | null;
}

/** The databases of a server. A database's tables are looked up when a statement speaks of it for the first time. */
export class MysqlCatalog implements ExternalCatalog<ConnectedTable> {
  readonly statement: CreateCatalog;
  readonly type: CatalogType;
  readonly defaultDatabase: string | null;
  #databases: readonly string[];
  readonly #settings: Settings;
  readonly #tables = new Map<string, ReadonlyMap<string, Table>>();
  readonly #declared = new Map<Table, DeclaredTable<ConnectedTable>>();

  constructor({ statement, type, settings, databases, defaultDatabase }: Opened) {
    this.statement = statement;
    this.type = type;
    this.defaultDatabase = defaultDatabase;
    this.#databases = databases;
    this.#settings = settings;
  }

  get databases(): readonly string[] {
    return this.#databases;
  }

  tableNames(database: string): readonly string[] {
    return [...(this.#tables.get(database)?.keys() ?? [])];
  }

  table(database: string, name: string): DeclaredTable<ConnectedTable> | null {
    const table = this.#tables.get(database)?.get(name);
    if (table === undefined) return null;
    const declared = this.#declared.get(table) ?? this.#declare(table);
    this.#declared.set(table, declared);
    return declared;
  }

  /** Looks up the tables of a database, unless they are known. */
  async load(database: string): Promise<void> {
    if (this.#tables.has(database) || !this.#databases.includes(database)) return;
    const config = mysqlConfig.parse({ ...this.#settings, tables: [`${exactPattern(database)}.\\.*`] });
    const tables = await readTables(config, systemClock);
    this.#tables.set(database, new Map(tables.map((table) => [table.name, table])));
  }

  /** What is known may be old: it is looked up again. */
  async refresh(): Promise<void> {
    this.#tables.clear();
    this.#declared.clear();
    this.#databases = await listDatabases(mysqlConfig.parse({ ...this.#settings, tables: 'any.table' }), systemClock);
  }

  #declare(table: Table): DeclaredTable<ConnectedTable> {
    const { database, name } = table;
    const settings = { ...this.#settings, 'database-name': database, 'table-name': name };
    const statement = declarationOf(table, this.#optionTexts(settings), this.statement);
    const path = [this.statement.name.name, database, name];
    return declareTable(path.join('.'), statement, (declared) => this.#bind(settings, declared.hasKey));
  }

  #optionTexts(settings: Settings): Readonly<Record<string, string>> {
    if (this.type === 'mysql') return { connector: 'mysql-cdc', ...texts(settings) };
    const { hostname, port, username, password, 'database-name': database, 'table-name': table } = texts(settings);
    const url = `jdbc:mysql://${hostname}:${port}/${database}`;
    return { connector: 'jdbc', url, 'table-name': table!, username: username!, password: password! };
  }

  #bind(settings: Settings, hasKey: boolean): ConnectedTable {
    const declared = { table: String(settings['table-name']), hasKey, given: settings, prefixed: {} };
    const written = mysqlTable.connect(settings as never, declared);
    if (this.type === 'jdbc') return { metadata: new Map(), ...written, connector: jdbcTable.name };
    const read = mysqlCdc.connect({ 'scan.startup.mode': 'initial', ...settings } as never, declared);
    return { metadata: new Map(), ...read, writes: written.writes, sink: written.sink, connector: mysqlCdc.name };
  }
}

const texts = (settings: Settings): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(settings).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  );

/** CREATE TABLE as somebody would write it who wants this table. Its place is that of the catalog's own statement. */
const declarationOf = (
  table: Table,
  options: Readonly<Record<string, string>>,
  { start, end }: CreateCatalog,
): CreateTable => {
  const name = (text: string): string => nameText({ kind: 'identifier', name: text, start: 0, end: 0 });
  const columns = table.columns.map((column) => {
    const { type } = columnReading(column.type);
    // A zero date reads as NULL, so the column's own word does not hold.
    const isTime = type.kind === 'DATE' || type.kind === 'TIMESTAMP' || type.kind === 'TIMESTAMP_LTZ';
    return `${name(column.name)} ${typeText(withNullable(type, column.nullable || isTime))}`;
  });
  const key = table.primaryKey.map((place) => name(table.columns[place]!.name));
  if (key.length > 0) columns.push(`PRIMARY KEY (${key.join(', ')}) NOT ENFORCED`);
  const [statement] = parseScript(`CREATE TABLE ${name(table.name)} (${columns.join(', ')})`);
  const placed = withPlace(statement as CreateTable, start, end);
  return {
    ...placed,
    options: Object.entries(options).map(([optionKey, value]): Option => ({ key: optionKey, value, start, end })),
  };
};

/** The same with every place in it at another. */
const withPlace = <Node>(node: Node, start: number, end: number): Node => {
  if (Array.isArray(node)) return node.map((each: unknown) => withPlace(each, start, end)) as Node;
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      key,
      key === 'start' && typeof value === 'number'
        ? start
        : key === 'end' && typeof value === 'number'
          ? end
          : withPlace(value, start, end),
    ]),
  ) as Node;
};
