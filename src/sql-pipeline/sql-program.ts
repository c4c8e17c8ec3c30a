import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { DataflowSettings } from '../operators/incremental/dataflow.ts';
import type { Identifier } from '../sql/ast/identifier.ts';
import type { CreateCatalog, CreateFunction, Explain, Insert, SetOption, Statement } from '../sql/ast/statement.ts';
import type { DeclaredTable } from '../sql/catalog/declared-table.ts';
import { SessionCatalog } from '../sql/catalog/session-catalog.ts';
import { SessionFunctions } from '../sql/catalog/session-functions.ts';
import type { SqlFunction } from '../sql/functions/define.ts';
import { bindQuery } from '../sql/plan/bind-query.ts';
import { explainText, explainTexts } from '../sql/plan/explain.ts';
import { digestOf } from '../sql/plan/fingerprint.ts';
import type { Catalog, Plan } from '../sql/plan/plan.ts';
import { sqlError } from '../sql/sql-error.ts';
import { type Answer, answer } from '../sql/statement/answer.ts';
import { type BoundInsert, bindInsert } from '../sql/statement/bind-insert.ts';
import { scannedTables } from '../sql/statement/scanned-tables.ts';
import { type BindingSurroundings, bindOptions } from './bind-options.ts';
import type { ConnectedTable } from './connected-table.ts';
import { loadFunction } from './functions/load-function.ts';
import type { SqlJob } from './job.ts';
import { mentionedPaths } from './mentioned-paths.ts';
import { type MysqlCatalog, openMysqlCatalog } from './mysql-catalog.ts';
import { declaredQueryTable, type QueryTable } from './query-tables.ts';
import { type ResultMode, SessionSettings } from './session-settings.ts';

/** A server whose tables queries can name without declaring them. */
export interface ServerTables {
  readonly catalog: Catalog;
  /** By the names that plans scan. */
  readonly table: (name: string, bounded: boolean) => QueryTable;
  /** Looks up the tables that statements may name, as far as they are not known. */
  readonly load: (statements: readonly Statement[]) => Promise<void>;
  /** What is known may be old: the next `load` looks again. */
  readonly forget: () => void;
}

/** A query to be shown. */
export interface SqlQuery {
  readonly plan: Plan;
  readonly tables: ReadonlyMap<string, QueryTable>;
  readonly settings: DataflowSettings;
  readonly bounded: boolean;
  readonly resultMode: ResultMode | null;
}

/** What a statement comes to. */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'plan'; readonly text: string }
  | { readonly kind: 'query'; readonly query: SqlQuery }
  | { readonly kind: 'job'; readonly job: SqlJob };

export interface ProgramOptions extends BindingSurroundings {
  readonly bounded: boolean;
  readonly server: ServerTables | null;
  /** What paths of modules are relative to; left out: the working directory. */
  readonly folder?: string;
}

/**
 * Statements one after another: each is settled against what those before it declared. `take` connects to nothing; what it needs of servers and
 * modules, `prepare` has brought before.
 */
export class SqlProgram {
  readonly #catalog: SessionCatalog<ConnectedTable>;
  readonly #settings: SessionSettings;
  readonly #server: ServerTables | null;
  readonly #functions = new SessionFunctions();
  readonly #surroundings: BindingSurroundings;
  readonly #folder: string;
  readonly #catalogs = new Map<string, MysqlCatalog>();
  readonly #opened = new Map<CreateCatalog, MysqlCatalog>();
  readonly #loaded = new Map<CreateFunction, SqlFunction>();
  /** Statements that names may lead to, and what the modules say that they load. */
  readonly #saidBefore: unknown[] = [];

  constructor({ bounded, server, folder = '.', ...surroundings }: ProgramOptions) {
    this.#settings = new SessionSettings({ bounded });
    this.#server = server;
    this.#surroundings = surroundings;
    this.#folder = folder;
    this.#catalog = new SessionCatalog(bindOptions(surroundings), server?.catalog ?? null);
  }

  /** Nothing is declared. */
  get isEmpty(): boolean {
    return this.#catalog.isEmpty;
  }

  /** Names of what can be read from here, for whoever types a statement. */
  get names(): { readonly tables: readonly string[]; readonly columns: readonly string[] } {
    const tables = this.#catalog.names;
    const columns = tables.flatMap((name) => {
      const path = name.split('.');
      return this.#catalog.plan(path)?.columns ?? this.#catalog.table(path)?.columns ?? [];
    });
    return { tables, columns: [...new Set(columns.map(({ name }) => name))] };
  }

  /** What SET 'pipeline.name' said; null: nothing. */
  get pipelineName(): string | null {
    return this.#settings.pipelineName;
  }

  /**
   * Asks the servers of catalogs, and loads modules, as far as `take` needs them for this statement. Throws SQL_ errors with the place, and
   * what a server says.
   */
  async prepare(statement: Statement): Promise<void> {
    if (statement.kind === 'create-catalog') {
      const made = await openMysqlCatalog(statement, this.#surroundings);
      this.#opened.set(statement, made);
      return;
    }
    if (statement.kind === 'create-function') {
      this.#loaded.set(statement, await loadFunction(statement, this.#folder));
      this.#saidBefore.push(await readFile(resolve(this.#folder, statement.implementation), 'utf8'));
      return;
    }
    if (this.#catalogs.size === 0) return;
    for (const path of mentionedPaths(statement)) {
      const [catalog = '', database = ''] = this.#catalog.wholePath(path);
      await this.#catalogs.get(catalog)?.load(database);
    }
    // SHOW TABLES FROM and the like name a database, which stands where a table's name ends otherwise.
    if (statement.kind !== 'show') return;
    const [first = this.#catalog.catalog, second] = statement.path.map(({ name }) => name);
    if (second !== undefined) await this.#catalogs.get(first)?.load(second);
    else await this.#catalogs.get(this.#catalog.catalog)?.load(statement.path[0]?.name ?? this.#catalog.database);
  }

  /** What is known of catalogs may be old: it is looked up again. */
  async refresh(): Promise<void> {
    for (const catalog of this.#catalogs.values()) await catalog.refresh();
  }

  /** The table that CREATE TABLE declared, LIKE resolved; null: there is none of that name. */
  declared(path: readonly Identifier[]): DeclaredTable<ConnectedTable> | null {
    return this.#catalog.declared(path);
  }

  /** Takes a function that the program around defines, under a name that it alone uses. */
  declareFunction(definition: SqlFunction): void {
    this.#functions.declare(definition);
  }

  /** Throws SQL_ errors with the place. */
  take(written: Statement): Outcome {
    if (this.#declared(written)) {
      this.#saidBefore.push(written);
      return { kind: 'done' };
    }
    const statement = this.#functions.resolved(written, this.#catalog.database);
    if (this.#catalog.take(statement)) {
      this.#saidBefore.push(statement);
      return { kind: 'done' };
    }
    const answered = answer(statement, this.#catalog, this.#functions.names);
    if (answered !== null) return { kind: 'answer', answer: answered };
    switch (statement.kind) {
      case 'set':
      case 'reset':
        return this.#set(statement);
      case 'select':
        return { kind: 'query', query: this.#query(bindQuery(statement.query, this.#catalog)) };
      case 'insert':
        return { kind: 'job', job: this.#job([statement]) };
      case 'statement-set':
        return { kind: 'job', job: this.#job(statement.inserts) };
      case 'explain':
        return { kind: 'plan', text: this.#explain(statement) };
      default:
        throw sqlError('SQL_NOT_SUPPORTED', statement, {
          what: statement.kind.toUpperCase().replaceAll('-', ' '),
          reason: 'tables, views and databases are declared; docs/sql/statements.md lists what runs',
        });
    }
  }

  /** Takes what was prepared: catalogs and functions. */
  #declared(statement: Statement): boolean {
    switch (statement.kind) {
      case 'create-catalog': {
        const made = this.#opened.get(statement);
        if (made === undefined) throw notHere(statement, 'CREATE CATALOG');
        this.#catalog.takeCatalog(statement, made);
        if (this.#catalog.external(statement.name.name) === made) this.#catalogs.set(statement.name.name, made);
        return true;
      }
      case 'create-function': {
        const definition = this.#loaded.get(statement);
        if (definition === undefined) throw notHere(statement, 'CREATE FUNCTION');
        this.#functions.take(statement, definition);
        return true;
      }
      case 'drop':
        if (statement.what !== 'FUNCTION') return false;
        this.#functions.drop(statement);
        return true;
      default:
        return false;
    }
  }

  #set(statement: SetOption): Outcome {
    if (statement.kind === 'set' && statement.key === null) {
      return { kind: 'answer', answer: { columns: ['key', 'value'], rows: this.#settings.entries } };
    }
    this.#settings.take(statement);
    return { kind: 'done' };
  }

  #explain({ statement, details }: Explain): string {
    const withState = details.includes('ESTIMATED_COST');
    switch (statement.kind) {
      case 'select':
        return explainText(bindQuery(statement.query, this.#catalog), { withState });
      case 'insert':
        return this.#explainInserts([statement], withState);
      case 'statement-set':
        return this.#explainInserts(statement.inserts, withState);
      default:
        throw sqlError('SQL_NOT_SUPPORTED', statement, { what: 'EXPLAIN', reason: 'queries and INSERT have a plan' });
    }
  }

  #explainInserts(inserts: readonly Insert[], withState: boolean): string {
    const bound = inserts.map((insert) => bindInsert(insert, this.#catalog));
    const trees = explainTexts(
      bound.map(({ plan }) => plan),
      { withState },
    );
    const texts = bound.map(({ target, plan, key, appends }, at) => {
      const by = key.length === 0 ? 'no key' : `key (${key.map((column) => plan.columns[column]!.name).join(', ')})`;
      const how = appends ? 'adds rows' : `changes rows by ${by}`;
      return `insert into ${target.name} ('${target.binding.connector}'), ${how}\n${trees[at]}`;
    });
    return texts.join('\n\n');
  }

  #query(plan: Plan): SqlQuery {
    const { bounded, resultMode } = this.#settings;
    return { plan, tables: this.#tables([plan]), settings: this.#dataflow(), bounded, resultMode };
  }

  #job(statements: readonly Insert[]): SqlJob {
    const inserts = statements.map((insert) => bindInsert(insert, this.#catalog));
    const tables = this.#tables(inserts.map(({ plan }) => plan));
    for (const [index, insert] of inserts.entries()) refuseFeedback(insert, statements[index]!, tables);
    const written = statements.map(({ path }) => path.at(-1)!.name);
    const name = this.#settings.pipelineName ?? `insert-into_${[...new Set(written)].join('_')}`.slice(0, 100);
    const identity = digestOf([this.#saidBefore, statements, this.#dataflow()].map(withoutPlaces));
    const { bounded, state } = this.#settings;
    return { name, inserts, tables, settings: this.#dataflow(), identity, state, bounded };
  }

  #tables(plans: readonly Plan[]): ReadonlyMap<string, QueryTable> {
    const names = new Set(plans.flatMap((plan) => [...scannedTables(plan)]));
    return new Map(
      [...names].map((name) => {
        const declared = this.#catalog.scanned(name);
        const { bounded } = this.#settings;
        return [
          name,
          declared === null ? this.#server!.table(name, bounded) : declaredQueryTable(declared, bounded),
        ] as const;
      }),
    );
  }

  #dataflow(): DataflowSettings {
    const { timeZone, idleTimeoutMs, stateTtlMs } = this.#settings;
    return { timeZone, idleTimeoutMs, stateTtlMs, random: Math.random };
  }
}

const notHere = (statement: Statement, what: string): Error =>
  sqlError('SQL_NOT_SUPPORTED', statement, {
    what: `${what} here`,
    reason:
      'statements for a cluster are settled without modules and servers; `millrace sql -f` and pipeline files run it',
  });

/** What statements say, wherever it stands in the text. */
const withoutPlaces = (tree: unknown): string =>
  JSON.stringify(tree, (key, value: unknown) => {
    if (key === 'start' || key === 'end') return undefined;
    return typeof value === 'bigint' ? `${value}n` : value;
  });

/** A job that reads what it writes would never come to rest, unless reading ends before writing begins. */
const refuseFeedback = (
  { target }: BoundInsert<ConnectedTable>,
  { path }: Insert,
  tables: ReadonlyMap<string, QueryTable>,
): void => {
  const { store } = target.binding;
  if (store === null) return;
  for (const table of tables.values()) {
    if (table.store !== store || table.bounded) continue;
    throw sqlError(
      'SQL_FEEDS_ITSELF',
      { start: path[0]!.start, end: path.at(-1)!.end },
      { table: path.at(-1)!.name, store },
    );
  }
};
