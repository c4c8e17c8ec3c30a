import { nearestName } from '../../core/nearest-name.ts';
import type { Identifier } from '../ast/identifier.ts';
import type { CreateCatalog, CreateDatabase, CreateTable, CreateView, Drop, Statement, Use } from '../ast/statement.ts';
import { bindQuery } from '../plan/bind-query.ts';
import type { Catalog, CatalogTable, Plan } from '../plan/plan.ts';
import { type Span, sqlError } from '../sql-error.ts';
import { type DeclaredTable, declareTable, mergeLike } from './declared-table.ts';
import type { ExternalCatalog } from './external-catalog.ts';
import type { BindTable, TableBinding } from './table-binding.ts';

/** A query by a name. */
export interface DeclaredView {
  readonly name: string;
  readonly statement: CreateView;
  readonly plan: Plan;
}

export const DEFAULT_CATALOG = 'default_catalog';
const DEFAULT_DATABASE = 'default_database';

/**
 * What the statements of one session have declared, under Flink's names: `default_catalog.default_database.orders`, or from the
 * database in use on. Other catalogs are those of systems, whose tables need no declaration; so do those of `server`, to which names lead
 * that are not declared while the default catalog is in use.
 */
export class SessionCatalog<Binding extends TableBinding = TableBinding> implements Catalog {
  readonly #bind: BindTable<Binding>;
  readonly #server: Catalog | null;
  readonly #tables = new Map<string, DeclaredTable<Binding>>();
  readonly #views = new Map<string, DeclaredView>();
  /** Tables of systems that a plan may scan, by the names it has for them. */
  readonly #found = new Map<string, DeclaredTable<Binding>>();
  readonly #databases = new Set([DEFAULT_DATABASE]);
  readonly #catalogs = new Map<string, ExternalCatalog<Binding>>();
  #catalog = DEFAULT_CATALOG;
  /** Empty: none of the catalog is in use. */
  #database = DEFAULT_DATABASE;

  /** `server`: null when there is none. */
  constructor(bind: BindTable<Binding>, server: Catalog | null) {
    this.#bind = bind;
    this.#server = server;
  }

  get catalog(): string {
    return this.#catalog;
  }

  get catalogs(): readonly string[] {
    return [DEFAULT_CATALOG, ...this.#catalogs.keys()];
  }

  /** Null: it is the default catalog, or none. */
  external(name: string): ExternalCatalog<Binding> | null {
    return this.#catalogs.get(name) ?? null;
  }

  get database(): string {
    return this.#database;
  }

  /** Of the catalog in use. */
  get databases(): readonly string[] {
    return this.external(this.#catalog)?.databases ?? [...this.#databases];
  }

  /** Nothing was declared, and no catalog made. */
  get isEmpty(): boolean {
    return this.#tables.size === 0 && this.#views.size === 0 && this.#catalogs.size === 0;
  }

  /** Names within the database in use: those that were declared, in their order, then those of the system's own tables. */
  get tableNames(): readonly string[] {
    return this.tableNamesIn([]);
  }

  /** Of a database as SHOW TABLES FROM names it; without a name, of the one in use. */
  tableNamesIn(path: readonly Identifier[]): readonly string[] {
    const [catalog, database] = this.#databasePath(path);
    const declared = this.#within(this.#tables.keys(), catalog, database);
    const own = this.external(catalog)?.tableNames(database) ?? [];
    const isServers = catalog === DEFAULT_CATALOG && path.length === 0;
    const servers = isServers ? (this.#server?.names.filter((name) => !name.includes('.')) ?? []) : [];
    return [...new Set([...declared, ...own, ...servers])];
  }

  viewNamesIn(path: readonly Identifier[]): readonly string[] {
    const [catalog, database] = this.#databasePath(path);
    return this.#within(this.#views.keys(), catalog, database);
  }

  get viewNames(): readonly string[] {
    return this.viewNamesIn([]);
  }

  get names(): readonly string[] {
    const servers = this.#catalog === DEFAULT_CATALOG ? (this.#server?.names ?? []) : [];
    return [...new Set([...this.tableNames, ...this.viewNames, ...servers])];
  }

  table(path: readonly string[]): CatalogTable | null {
    return this.#catalog === DEFAULT_CATALOG ? (this.#server?.table(path) ?? null) : null;
  }

  plan(path: readonly string[]): Plan | null {
    const name = this.#wholePath(path).join('.');
    return this.#tableAt(path)?.plan ?? this.#views.get(name)?.plan ?? null;
  }

  /** By the name that plans scan it under. */
  scanned(name: string): DeclaredTable<Binding> | null {
    return this.#tables.get(name) ?? this.#found.get(name) ?? null;
  }

  /** Catalog, database and table of a name, as far as it says them; the rest as they are in use. */
  wholePath(path: readonly Identifier[]): readonly string[] {
    return this.#wholePath(path.map(({ name }) => name));
  }

  view(path: readonly Identifier[]): DeclaredView | null {
    return this.#views.get(this.#nameOf(path.map(({ name }) => name))) ?? null;
  }

  /** A table that was declared, or that a system's catalog has. */
  declared(path: readonly Identifier[]): DeclaredTable<Binding> | null {
    return this.#tableAt(path.map(({ name }) => name));
  }

  /** The declared table of that name. Throws SQL_UNKNOWN_NAME, and SQL_INVALID for what can be read but not declared. */
  target(path: readonly Identifier[]): DeclaredTable<Binding> {
    const table = this.declared(path);
    if (table !== null) return table;
    const names = path.map(({ name }) => name);
    const span = spanOf(path);
    if (this.view(path) !== null)
      throw sqlError('SQL_INVALID', span, { reason: `${names.join('.')} is a view, and rows go into tables` });
    if (this.#server !== null && this.#server.table(names) !== null) {
      throw sqlError('SQL_INVALID', span, {
        reason: `${names.join('.')} is a table of the server that is read; declare where rows go with CREATE TABLE ... WITH ('connector' = 'mysql', ...)`,
      });
    }
    throw unknown('table', names.join('.'), this.tableNames, span);
  }

  /** Takes a catalog that CREATE CATALOG has made. Throws SQL_INVALID for a name that is taken. */
  takeCatalog({ name: { name, ...span }, ifNotExists }: CreateCatalog, made: ExternalCatalog<Binding>): void {
    if (this.catalogs.includes(name)) {
      if (ifNotExists) return;
      throw sqlError('SQL_INVALID', span, { reason: `there is a catalog ${name} already` });
    }
    this.#catalogs.set(name, made);
  }

  /** Takes a statement that declares or drops something, or chooses a database; false: it does neither. */
  take(statement: Statement): boolean {
    switch (statement.kind) {
      case 'create-table':
        this.#createTable(statement);
        return true;
      case 'create-view':
        this.#createView(statement);
        return true;
      case 'create-database':
        this.#createDatabase(statement);
        return true;
      case 'drop':
        this.#drop(statement);
        return true;
      case 'use':
        this.#use(statement);
        return true;
      default:
        return false;
    }
  }

  #createTable(statement: CreateTable): void {
    const name = this.#freeName(statement);
    if (name === null) return;
    const { like } = statement;
    const base = like === null ? null : this.declared(like.path);
    if (like !== null && base === null) {
      const names = like.path.map((part) => part.name);
      throw unknown('declared table', names.join('.'), this.tableNames, spanOf(like.path));
    }
    const whole = base === null ? statement : mergeLike(statement, base.statement);
    this.#tables.set(name, declareTable(name, whole, this.#bind));
  }

  #createView(statement: CreateView): void {
    const name = this.#freeName(statement);
    if (name === null) return;
    const plan = bindQuery(statement.query, this);
    const { columns } = statement;
    if (columns.length > 0 && columns.length !== plan.columns.length) {
      throw sqlError('SQL_INVALID', spanOf(columns), {
        reason: `${columns.length} names are given to ${plan.columns.length} columns`,
      });
    }
    const named = plan.columns.map((column, index) => ({ ...column, name: columns[index]?.name ?? column.name }));
    this.#views.set(name, { name, statement, plan: columns.length === 0 ? plan : { ...plan, columns: named } });
  }

  #createDatabase({ path, ifNotExists }: CreateDatabase): void {
    const [catalog, name] = this.#databasePath(path);
    if (catalog !== DEFAULT_CATALOG) throw this.#notHere('CREATE DATABASE', catalog, spanOf(path));
    if (this.#databases.has(name) && !ifNotExists)
      throw sqlError('SQL_INVALID', spanOf(path), { reason: `there is a database ${name} already` });
    this.#databases.add(name);
  }

  #drop({ what, path, ifExists, behavior, ...statement }: Drop): void {
    const names = path.map(({ name }) => name);
    const name = this.#nameOf(names);
    switch (what) {
      case 'TABLE':
      case 'VIEW': {
        const held = what === 'TABLE' ? this.#tables : this.#views;
        if (!held.delete(name) && !ifExists) {
          const known = what === 'TABLE' ? this.tableNames : this.viewNames;
          throw unknown(what.toLowerCase(), names.join('.'), known, spanOf(path));
        }
        return;
      }
      case 'DATABASE': {
        const [catalog, database] = this.#databasePath(path);
        if (catalog !== DEFAULT_CATALOG) throw this.#notHere('DROP DATABASE', catalog, spanOf(path));
        if (!this.#databases.has(database)) {
          if (ifExists) return;
          throw unknown('database', database, this.#databases, spanOf(path));
        }
        if (database === this.#database)
          throw sqlError('SQL_INVALID', spanOf(path), { reason: `${database} is in use` });
        const prefix = `${DEFAULT_CATALOG}.${database}.`;
        const inside = [...this.#tables.keys(), ...this.#views.keys()].filter((key) => key.startsWith(prefix));
        if (inside.length > 0 && behavior !== 'CASCADE')
          throw sqlError('SQL_INVALID', spanOf(path), { reason: `${database} is not empty; write CASCADE` });
        for (const key of inside) {
          this.#tables.delete(key);
          this.#views.delete(key);
        }
        this.#databases.delete(database);
        return;
      }
      case 'CATALOG':
        this.#dropCatalog(names[0]!, ifExists, spanOf(path));
        return;
      default:
        throw sqlError('SQL_NOT_SUPPORTED', statement, {
          what: `DROP ${what}`,
          reason: 'tables, views, databases and catalogs are declared',
        });
    }
  }

  #dropCatalog(name: string, ifExists: boolean, span: Span): void {
    if (name === this.#catalog) throw sqlError('SQL_INVALID', span, { reason: `${name} is in use` });
    if (!this.#catalogs.delete(name) && !ifExists) throw unknown('catalog', name, this.catalogs, span);
  }

  #use({ what, path }: Use): void {
    const span = spanOf(path);
    if (what === 'CATALOG') {
      const { name } = path[0]!;
      if (!this.catalogs.includes(name)) throw unknown('catalog', name, this.catalogs, span);
      this.#catalog = name;
      this.#database = name === DEFAULT_CATALOG ? DEFAULT_DATABASE : (this.external(name)!.defaultDatabase ?? '');
      return;
    }
    const [catalog, database] = this.#databasePath(path);
    const known = this.external(catalog)?.databases ?? [...this.#databases];
    if (!known.includes(database)) throw unknown('database', database, known, span);
    this.#catalog = catalog;
    this.#database = database;
  }

  /** The whole name; null: it is taken, and that is no mistake. */
  #freeName({ path, ifNotExists, temporary }: Pick<CreateTable, 'path' | 'ifNotExists' | 'temporary'>): string | null {
    const names = path.map(({ name }) => name);
    const [catalog = '', database = '', ...rest] = this.#wholePath(names);
    const name = [catalog, database, ...rest].join('.');
    const system = this.external(catalog);
    if (system !== null && !temporary) throw this.#notHere('CREATE TABLE or VIEW', catalog, spanOf(path));
    if (system === null && catalog !== DEFAULT_CATALOG) throw unknown('catalog', catalog, this.catalogs, path[0]!);
    const databases = system?.databases ?? [...this.#databases];
    if (!databases.includes(database)) throw unknown('database', database, databases, spanOf(path));
    if (!this.#tables.has(name) && !this.#views.has(name)) return name;
    if (ifNotExists) return null;
    throw sqlError('SQL_INVALID', spanOf(path), { reason: `there is a table or view ${names.join('.')} already` });
  }

  #notHere(what: string, catalog: string, span: Span): Error {
    return sqlError('SQL_NOT_SUPPORTED', span, {
      what: `${what} in ${catalog}`,
      reason: `its tables are made in the system itself; CREATE TEMPORARY TABLE, or name ${DEFAULT_CATALOG}`,
    });
  }

  /** Of a name of a database. Throws SQL_UNKNOWN_NAME for a catalog that there is not. */
  #databasePath(path: readonly Identifier[]): readonly [catalog: string, database: string] {
    const [first, second] = path;
    if (first === undefined) return [this.#catalog, this.#database];
    if (second === undefined) return [this.#catalog, first.name];
    if (!this.catalogs.includes(first.name)) throw unknown('catalog', first.name, this.catalogs, first);
    return [first.name, second.name];
  }

  #tableAt(path: readonly string[]): DeclaredTable<Binding> | null {
    const [catalog = '', database = '', ...rest] = this.#wholePath(path);
    const name = [catalog, database, ...rest].join('.');
    const declared = this.#tables.get(name);
    if (declared !== undefined) return declared;
    const found = rest.length === 1 ? (this.external(catalog)?.table(database, rest[0]!) ?? null) : null;
    if (found !== null) this.#found.set(name, found);
    return found;
  }

  #nameOf(path: readonly string[]): string {
    return this.#wholePath(path).join('.');
  }

  #wholePath(path: readonly string[]): readonly string[] {
    if (path.length >= 3) return path;
    return path.length === 2 ? [this.#catalog, ...path] : [this.#catalog, this.#database, ...path];
  }

  #within(keys: Iterable<string>, catalog: string, database: string): readonly string[] {
    const prefix = `${catalog}.${database}.`;
    return [...keys].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  }
}

const spanOf = (path: readonly Identifier[]): Span => ({ start: path[0]!.start, end: path.at(-1)!.end });

const unknown = (what: string, name: string, known: Iterable<string>, span: Span) =>
  sqlError('SQL_UNKNOWN_NAME', span, { what, name, suggestion: nearestName(name, known) });
