import { nearestName } from '../../core/nearest-name.ts';
import type { Describe, Show, Statement } from '../ast/statement.ts';
import type { DeclaredTable } from '../catalog/declared-table.ts';
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
export const answer = (statement: Statement, catalog: SessionCatalog): Answer | null => {
  if (statement.kind === 'describe') return describe(statement, catalog);
  return statement.kind === 'show' ? show(statement, catalog) : null;
};

/** As Flink prints it, a row for each column. */
const describe = (statement: Describe, catalog: SessionCatalog): Answer => {
  if (statement.what !== 'TABLE')
    throw sqlError('SQL_NOT_SUPPORTED', statement, {
      what: `DESCRIBE ${statement.what}`,
      reason: 'tables and views are described',
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

const show = (statement: Show, catalog: SessionCatalog): Answer => {
  const names = (column: string, found: readonly string[]): Answer => ({
    columns: [column],
    rows: matching(found, statement).map((name) => [name]),
  });
  switch (statement.what) {
    case 'TABLES':
      // Flink lists views among the tables.
      return names('table name', [...catalog.tableNames, ...catalog.viewNames].sort());
    case 'VIEWS':
      return names('view name', catalog.viewNames);
    case 'DATABASES':
      return names('database name', catalog.databases);
    case 'CATALOGS':
      return names('catalog name', [DEFAULT_CATALOG]);
    case 'FUNCTIONS':
      return names('function name', functionNames().toSorted());
    case 'CURRENT CATALOG':
      return { columns: ['current catalog name'], rows: [[DEFAULT_CATALOG]] };
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
      return { columns: ['result'], rows: [[createTableText(catalog.target(statement.path))]] };
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
        reason: 'there are TABLES, VIEWS, COLUMNS, DATABASES, CATALOGS, FUNCTIONS and CREATE TABLE to show',
      });
  }
};

const matching = (names: readonly string[], { like }: Show): readonly string[] => {
  if (like === null) return names;
  const fold = (text: string): string => (like.caseless ? text.toLowerCase() : text);
  const matches = likeMatcher(fold(like.pattern), null);
  return names.filter((name) => matches(fold(name)) !== like.negated);
};

/** The declaration, its secrets left out. */
const createTableText = ({ statement }: DeclaredTable): string =>
  statementText({
    ...statement,
    options: statement.options.map((option) =>
      /password|secret|token|jaas/i.test(option.key) ? { ...option, value: '******' } : option,
    ),
  });
