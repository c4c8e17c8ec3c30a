import { MillraceError } from '../../../core/errors.ts';
import type { ColumnType, Table } from '../../../core/table.ts';
import { applyDdl } from './apply-ddl.ts';
import { readDdl } from './read-ddl.ts';
import { emptySchema, type Schema } from './schema.ts';

/** The tables of CREATE TABLE statements, in MySQL words. `database`: of those that name none. Throws CONFIG_WRONG_VALUE. */
export const declaredTables = (sql: string, database: string): readonly Table[] => {
  const start = emptySchema({ flavor: 'mysql' });
  const schema = statementsOf(sql).reduce((so, statement) => declared(so, statement, database), start);
  const tables = [...schema.databases.values()].flatMap(({ tables: own }) =>
    [...own.values()].map(({ table }) => table),
  );
  if (tables.length === 0) throw wrong('it holds no CREATE TABLE statement');
  return tables;
};

/** A column's type by the words of MySQL's catalogue (`decimal(10,2) unsigned`); null: there is no such type. */
export const readTypeName = (declaration: string): ColumnType | null => {
  // Only a type may stand here: anything else would declare more than one column.
  if (/[;`#]|--|\/\*/.test(declaration)) return null;
  const effects = readDdl(`CREATE TABLE t (c ${declaration})`, context('d'));
  if (effects.some(({ kind }) => kind === 'unreadable')) return null;
  const { databases } = effects.reduce(
    (schema, effect) => applyDdl(schema, effect).schema,
    emptySchema({ flavor: 'mysql' }),
  );
  const columns = databases.get('d')?.tables.get('t')?.table.columns ?? [];
  return columns.length === 1 ? columns[0]!.type : null;
};

const context = (database: string) => ({ flavor: 'mysql', database, sqlMode: '' }) as const;

const declared = (schema: Schema, statement: string, database: string): Schema => {
  if (!/^create\s+table\b/i.test(statement))
    throw wrong(`only CREATE TABLE stands here, not ${statement.slice(0, 20)}…`);
  const effects = readDdl(statement, context(database));
  const unreadable = effects.find(({ kind }) => kind === 'unreadable');
  if (unreadable?.kind === 'unreadable') throw wrong(unreadable.reason);
  return effects.reduce((so, effect) => applyDdl(so, effect).schema, schema);
};

/** Cut at semicolons outside quotes. */
const statementsOf = (sql: string): readonly string[] =>
  (sql.match(/(?:'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`[^`]*`|[^;'"`])+/gs) ?? [])
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');

const wrong = (reason: string): MillraceError => new MillraceError('CONFIG_WRONG_VALUE', { key: 'schema', reason });
