import { nearestName } from '../../core/nearest-name.ts';
import type { Identifier } from '../ast/identifier.ts';
import type { CreateDatabase, CreateTable, CreateView, Drop, Statement, Use } from '../ast/statement.ts';
import { bindQuery } from '../plan/bind-query.ts';
import type { Catalog, CatalogTable, Plan } from '../plan/plan.ts';
import { type Span, sqlError } from '../sql-error.ts';
import { type DeclaredTable, declareTable, mergeLike } from './declared-table.ts';
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
 * database in use on. Names that are not declared lead to `server`, whose tables need no declaration.
 */
export class SessionCatalog<Binding extends TableBinding = TableBinding> implements Catalog {
  readonly #bind: BindTable<Binding>;
  readonly #server: Catalog | null;
  readonly #tables = new Map<string, DeclaredTable<Binding>>();
  readonly #views = new Map<string, DeclaredView>();
  readonly #databases = new Set([DEFAULT_DATABASE]);
  #database = DEFAULT_DATABASE;

  /** `server`: null when there is none. */
  constructor(bind: BindTable<Binding>, server: Catalog | null) {
    this.#bind = bind;
    this.#server = server;
  }

  get database(): string {
    return this.#database;
  }

  get databases(): readonly string[] {
    return [...this.#databases];
  }

  /** Names within the database in use, in the order of their declarations. */
  get tableNames(): readonly string[] {
    return this.#own(this.#tables.keys());
  }

  get viewNames(): readonly string[] {
    return this.#own(this.#views.keys());
  }

  get names(): readonly string[] {
    return [...this.tableNames, ...this.viewNames, ...(this.#server?.names ?? [])];
  }

  table(path: readonly string[]): CatalogTable | null {
    return this.#server?.table(path) ?? null;
  }

  plan(path: readonly string[]): Plan | null {
    const name = this.#nameOf(path);
    return this.#tables.get(name)?.plan ?? this.#views.get(name)?.plan ?? null;
  }

  /** By the name that plans scan it under. */
  scanned(name: string): DeclaredTable<Binding> | null {
    return this.#tables.get(name) ?? null;
  }

  view(path: readonly Identifier[]): DeclaredView | null {
    return this.#views.get(this.#nameOf(path.map(({ name }) => name))) ?? null;
  }

  declared(path: readonly Identifier[]): DeclaredTable<Binding> | null {
    return this.#tables.get(this.#nameOf(path.map(({ name }) => name))) ?? null;
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
    const name = this.#databaseOf(path);
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
        const database = this.#databaseOf(path);
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
      default:
        throw sqlError('SQL_NOT_SUPPORTED', statement, {
          what: `DROP ${what}`,
          reason: 'tables, views and databases are declared',
        });
    }
  }

  #use({ what, path }: Use): void {
    const span = spanOf(path);
    if (what === 'CATALOG') {
      if (path[0]!.name !== DEFAULT_CATALOG) throw unknown('catalog', path[0]!.name, [DEFAULT_CATALOG], span);
      return;
    }
    const database = this.#databaseOf(path);
    if (!this.#databases.has(database)) throw unknown('database', database, this.#databases, span);
    this.#database = database;
  }

  /** The whole name; null: it is taken, and that is no mistake. */
  #freeName({ path, ifNotExists }: Pick<CreateTable, 'path' | 'ifNotExists'>): string | null {
    const names = path.map(({ name }) => name);
    const name = this.#nameOf(names);
    const database = name.split('.', 2)[1]!;
    if (!this.#databases.has(database)) throw unknown('database', database, this.#databases, spanOf(path));
    if (!this.#tables.has(name) && !this.#views.has(name)) return name;
    if (ifNotExists) return null;
    throw sqlError('SQL_INVALID', spanOf(path), { reason: `there is a table or view ${names.join('.')} already` });
  }

  #databaseOf(path: readonly Identifier[]): string {
    if (path.length > 1 && path[0]!.name !== DEFAULT_CATALOG)
      throw unknown('catalog', path[0]!.name, [DEFAULT_CATALOG], path[0]!);
    return path.at(-1)!.name;
  }

  #nameOf(path: readonly string[]): string {
    const whole =
      path.length >= 3
        ? path
        : path.length === 2
          ? [DEFAULT_CATALOG, ...path]
          : [DEFAULT_CATALOG, this.#database, ...path];
    return whole.join('.');
  }

  #own(keys: Iterable<string>): readonly string[] {
    const prefix = `${DEFAULT_CATALOG}.${this.#database}.`;
    return [...keys].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  }
}

const spanOf = (path: readonly Identifier[]): Span => ({ start: path[0]!.start, end: path.at(-1)!.end });

const unknown = (what: string, name: string, known: Iterable<string>, span: Span) =>
  sqlError('SQL_UNKNOWN_NAME', span, { what, name, suggestion: nearestName(name, known) });
