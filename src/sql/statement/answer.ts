import { nearestName } from '../../core/nearest-name.ts';
import type { CreateCatalog, CreateTable, Describe, Show, Statement } from '../ast/statement.ts';
import type { DeclaredTable } from '../catalog/declared-table.ts';
import type { ExternalCatalog } from '../catalog/external-catalog.ts';
import { DEFAULT_CATALOG, type SessionCatalog } from '../catalog/session-catalog.ts';
import { likeMatcher } from '../evaluate/like.ts';
import { functionNames } from '../functions/function-table.ts';
import { sqlError } from '../sql-error.ts';
import { typeText } from '../types/sql-type.ts';
import { expressionText } from '../unparse/expression.ts';
import { queryText } from '../unparse/query.ts';
import { statementText } from '../unparse/statement.ts';

/** What DESCRIBE and SHOW answer: rows of texts; null stands for nothing to say. */
export interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** Null: the statement asks nothing that the catalogue knows. Throws SQL_UNKNOWN_NAME and SQL_NOT_SUPPORTED with the place. */
export const answer = (
  statement: Statement,
  catalog: SessionCatalog,
  ownFunctions: readonly string[] = [],
): Answer | null => {
  if (statement.kind === 'describe') return describe(statement, catalog);
  return statement.kind === 'show' ? show(statement, catalog, ownFunctions) : null;
};

/** As Flink prints it, a row for each column. */
const describe = (statement: Describe, catalog: SessionCatalog): Answer => {
  if (statement.what === 'CATALOG') return describeCatalog(statement, catalog);
  if (statement.what !== 'TABLE')
    throw sqlError('SQL_NOT_SUPPORTED', statement, {
      what: `DESCRIBE ${statement.what}`,
      reason: 'tables, views and catalogs are described',
    });
  const table = catalog.declared(statement.path);
  const path = statement.path.map(({ name }) => name);
  const columns = table?.plan.columns ?? catalog.plan(path)?.columns ?? catalog.table(path)?.columns;
  if (columns === undefined) {
    const name = path.join('.');
    const span = { start: statement.path[0]!.start, end: statement.path.at(-1)!.end };
    throw sqlError('SQL_UNKNOWN_NAME', span, { what: 'table', name, suggestion: nearestName(name, catalog.names) });
  }
  const serverTable = catalog.table(path);
  const keyNames = table === null ? (serverTable?.primaryKey ?? []).map((place) => columns[place]!.name) : keyOf(table);
  return {
    columns: ['name', 'type', 'null', 'key', 'extras', 'watermark'],
    rows: columns.map(({ name, type }) => [
      name,
      typeText({ ...type, nullable: true }),
      type.nullable ? 'TRUE' : 'FALSE',
      keyNames.includes(name) ? `PRI(${keyNames.join(', ')})` : null,
      table === null ? null : extrasOf(table, name),
      table !== null && table?.watermark != null && table.plan.columns[table.watermark.column]!.name === name
        ? expressionText(table.statement.watermark!.expression, queryText)
        : null,
    ]),
  };
};

const describeCatalog = (statement: Describe, catalog: SessionCatalog): Answer => {
  const { name } = statement.path[0]!;
  const isDefault = name === DEFAULT_CATALOG;
  const { type, comment } = isDefault
    ? { type: 'generic_in_memory', comment: null }
    : { type: catalogOf(statement, catalog).type, comment: catalogOf(statement, catalog).statement.comment };
  return {
    columns: ['info name', 'info value'],
    rows: [
      ['name', name],
      ['type', type],
      ['comment', comment ?? ''],
    ],
  };
};

const keyOf = ({ primaryKey, stored }: DeclaredTable): readonly string[] =>
  primaryKey.map((place) => stored[place]!.name);

const extrasOf = ({ statement }: DeclaredTable, name: string): string | null => {
  const column = statement.columns.find((other) => other.name.name === name);
  switch (column?.kind) {
    case 'computed':
      return `AS ${expressionText(column.expression, queryText)}`;
    case 'metadata':
      return `METADATA${column.from === null ? '' : ` FROM '${column.from}'`}${column.virtual ? ' VIRTUAL' : ''}`;
    default:
      return null;
  }
};

const show = (statement: Show, catalog: SessionCatalog, ownFunctions: readonly string[]): Answer => {
  const names = (column: string, found: readonly string[]): Answer => ({
    columns: [column],
    rows: matching(found, statement).map((name) => [name]),
  });
  switch (statement.what) {
    case 'TABLES':
      // Flink lists views among the tables.
      return names(
        'table name',
        [...catalog.tableNamesIn(statement.path), ...catalog.viewNamesIn(statement.path)].sort(),
      );
    case 'VIEWS':
      return names('view name', catalog.viewNamesIn(statement.path));
    case 'DATABASES':
      return names('database name', databasesOf(statement, catalog));
    case 'CATALOGS':
      return names('catalog name', catalog.catalogs.toSorted());
    case 'FUNCTIONS':
      return names('function name', [...new Set([...functionNames(), ...ownFunctions])].toSorted());
    case 'USER FUNCTIONS':
      return names('function name', ownFunctions.toSorted());
    case 'CURRENT CATALOG':
      return { columns: ['current catalog name'], rows: [[catalog.catalog]] };
    case 'CURRENT DATABASE':
      return { columns: ['current database name'], rows: [[catalog.database]] };
    case 'COLUMNS': {
      const { columns, rows } = describe({ ...statement, kind: 'describe', what: 'TABLE', extended: false }, catalog);
      const found = new Set(
        matching(
          rows.map(([name]) => name!),
          statement,
        ),
      );
      return { columns, rows: rows.filter(([name]) => found.has(name!)) };
    }
    case 'CREATE TABLE':
      return { columns: ['result'], rows: [[withoutSecrets(catalog.target(statement.path).statement)]] };
    case 'CREATE CATALOG':
      return { columns: ['result'], rows: [[withoutSecrets(catalogOf(statement, catalog).statement)]] };
    case 'CREATE VIEW': {
      const view = catalog.view(statement.path);
      const name = statement.path.map((part) => part.name).join('.');
      if (view === null)
        throw sqlError('SQL_UNKNOWN_NAME', statement.path[0]!, {
          what: 'view',
          name,
          suggestion: nearestName(name, catalog.viewNames),
        });
      return { columns: ['result'], rows: [[statementText(view.statement)]] };
    }
    default:
      throw sqlError('SQL_NOT_SUPPORTED', statement, {
        what: `SHOW ${statement.what}`,
        reason:
          'there are TABLES, VIEWS, COLUMNS, DATABASES, CATALOGS, FUNCTIONS, USER FUNCTIONS and CREATE TABLE, VIEW and CATALOG to show',
      });
  }
};

const matching = (names: readonly string[], { like }: Show): readonly string[] => {
  if (like === null) return names;
  const fold = (text: string): string => (like.caseless ? text.toLowerCase() : text);
  const matches = likeMatcher(fold(like.pattern), null);
  return names.filter((name) => matches(fold(name)) !== like.negated);
};

/** The catalog that a statement names, which has to be a system's. */
const catalogOf = (statement: Pick<Show, 'path'>, catalog: SessionCatalog): ExternalCatalog => {
  const { name, ...span } = statement.path[0]!;
  const found = catalog.external(name);
  if (found !== null) return found;
  if (name === DEFAULT_CATALOG)
    throw sqlError('SQL_INVALID', span, { reason: `${name} is there from the beginning, and holds what is declared` });
  throw sqlError('SQL_UNKNOWN_NAME', span, { what: 'catalog', name, suggestion: nearestName(name, catalog.catalogs) });
};

const databasesOf = (statement: Show, catalog: SessionCatalog): readonly string[] =>
  statement.path.length === 0 || statement.path[0]!.name === catalog.catalog
    ? catalog.databases
    : catalogOf(statement, catalog).databases;

/** The declaration, its secrets left out. */
const withoutSecrets = (statement: CreateTable | CreateCatalog): string => {
  const isWebhook = statement.options.some(({ key, value }) => key === 'connector' && value === 'webhook');
  return statementText({
    ...statement,
    options: statement.options.map((option) =>
      /password|secret|token|jaas|authorization/i.test(option.key) || (isWebhook && option.key === 'url')
        ? { ...option, value: '******' }
        : option,
    ),
  });
};
