import { isMillraceError, MillraceError } from '../../core/errors.ts';
import { applyDdl } from '../../protocol/mysql/ddl/apply-ddl.ts';
import { readDdl } from '../../protocol/mysql/ddl/read-ddl.ts';
import {
  emptySchema,
  type FollowedTable,
  findTable,
  type Schema,
  withDatabase,
  withTable,
} from '../../protocol/mysql/ddl/schema.ts';
import { type Collations, collationsFromRows, collationsQuery } from '../../protocol/mysql/values/collations.ts';
import type { MysqlConnection } from './connection.ts';
import { isServerError } from './mysql-failure.ts';
import type { ServerFacts } from './server-facts.ts';
import { statements } from './statements.ts';

/** The end of a server's log. */
export interface LogEnd {
  readonly file: string;
  readonly offset: number;
  /** What the server executed; null without GTIDs. */
  readonly gtids: string | null;
}

export const readCollations = async (connection: MysqlConnection, server: ServerFacts): Promise<Collations> => {
  const rows = await connection.query(collationsQuery(server.flavor));
  return collationsFromRows(
    rows.map(([id, name, charset]) => ({ ID: id!, COLLATION_NAME: name!, CHARACTER_SET_NAME: charset! })),
  );
};

/** Patterns that are the name of one table. */
export const namedTables = (
  patterns: readonly string[],
): readonly { readonly database: string; readonly name: string }[] =>
  patterns.flatMap((pattern) => {
    const [, database, name] = /^(\w+)\.(\w+)$/.exec(pattern) ?? [];
    return database === undefined || name === undefined ? [] : [{ database, name }];
  });

/**
 * Throws MYSQL_MISSING_GRANT for a table that may not be read. The server does not even list such a table, so only those whose
 * names are written out can be told from tables that do not exist.
 */
export const requireReadable = async (
  connection: MysqlConnection,
  tables: readonly { readonly database: string; readonly name: string }[],
): Promise<void> => {
  for (const { database, name } of tables) {
    try {
      await exists(connection, statements.holdDefinition(database, name));
    } catch (error) {
      if (!isMillraceError(error, 'MYSQL_MISSING_GRANT')) throw error;
      throw new MillraceError(
        'MYSQL_MISSING_GRANT',
        { ...error.details, on: `${database}.${name}` },
        { cause: error.cause },
      );
    }
  }
};

/** Names of the captured tables that exist, in order. */
export const capturedTables = async (
  connection: MysqlConnection,
  captures: (database: string, table: string) => boolean,
): Promise<readonly { readonly database: string; readonly name: string }[]> =>
  (await connection.query(statements.tables))
    .map(([database, name]) => ({ database: database!, name: name! }))
    .filter(({ database, name }) => captures(database, name));

/**
 * The captured tables' definitions and the log's end, as of one moment: the definitions are held still (writes go on) while the
 * log's end is asked for, so that every DDL is either in the definitions or behind that place.
 */
export const readDefinitions = async (
  connection: MysqlConnection,
  server: ServerFacts,
  captures: (database: string, table: string) => boolean,
): Promise<{ readonly schema: Schema; readonly end: LogEnd }> => {
  let schema = await readDatabases(connection, server);
  let tables = await capturedTables(connection, captures);
  for (;;) {
    await connection.run(statements.begin);
    const held: (typeof tables)[number][] = [];
    for (const table of tables) {
      if (await exists(connection, statements.holdDefinition(table.database, table.name))) held.push(table);
    }
    const end = await readLogEnd(connection, server);
    // A table that was made after the first look and before the log's end would be in neither.
    const known = new Set(tables.map(({ database, name }) => `${database}.${name}`));
    tables = await capturedTables(connection, captures);
    if (tables.some(({ database, name }) => !known.has(`${database}.${name}`))) {
      await connection.run(statements.commit);
      continue;
    }
    for (const { database, name } of held) {
      const followed = await readDefinition(connection, server, schema, database, name);
      if (followed !== null) schema = withTable(schema, followed);
    }
    await connection.run(statements.commit);
    return { schema, end };
  }
};

/** The table's present definition; null: there is no such table. */
export const readDefinition = async (
  connection: MysqlConnection,
  server: ServerFacts,
  schema: Schema,
  database: string,
  name: string,
): Promise<FollowedTable | null> => {
  let sql: string | null | undefined;
  try {
    const [row] = await connection.query(statements.createTable(database, name));
    sql = row?.[1];
  } catch (error) {
    if (isServerError(error, noSuchTable)) return null;
    throw error;
  }
  const effects = readDdl(sql ?? '', { flavor: server.flavor, database, sqlMode: '' });
  const outcome = effects.length === 1 ? applyDdl(schema, effects[0]!) : null;
  const followed = outcome === null ? null : findTable(outcome.schema, { database, name });
  if (followed !== null) return followed;
  const reason = outcome?.unresolved[0]?.reason ?? 'its CREATE TABLE statement could not be read';
  throw new MillraceError('MYSQL_DEFINITION_UNREADABLE', { table: `${database}.${name}`, reason });
};

export const readLogEnd = async (connection: MysqlConnection, server: ServerFacts): Promise<LogEnd> => {
  const [row] = await readLogStatus(connection);
  const file = row?.[0] ?? '';
  const offset = Number(row?.[1] ?? 0);
  if (file === '') throw new MillraceError('MYSQL_BINLOG_OFF', { address: server.address });
  if (server.flavor === 'mysql') {
    return { file, offset, gtids: server.hasGtids ? (row?.[4] ?? '').replaceAll('\n', '') : null };
  }
  const [position] = await connection.query(statements.gtidPositionAt(file, offset));
  return { file, offset, gtids: position?.[0] ?? '' };
};

const readLogStatus = async (connection: MysqlConnection): Promise<readonly (readonly (string | null)[])[]> => {
  try {
    return await connection.query(statements.logStatus);
  } catch (error) {
    if (!isServerError(error, syntaxError)) throw error;
    return await connection.query(statements.masterStatus);
  }
};

/** An empty schema with the server's databases and defaults: what new tables inherit. */
export const readDatabases = async (connection: MysqlConnection, server: ServerFacts): Promise<Schema> => {
  const defaults = (await connection.query(statements.charsets)).flatMap(([charset, collation]): [string, string][] =>
    charset == null || collation == null ? [] : [[charset, collation]],
  );
  let schema = emptySchema({ flavor: server.flavor, ...server.tableDefaults, defaultCollations: new Map(defaults) });
  for (const [name, charset, collation] of await connection.query(statements.databaseCharsets)) {
    schema = withDatabase(schema, name!, charset!, collation!);
  }
  return schema;
};

const exists = async (connection: MysqlConnection, probe: string): Promise<boolean> => {
  try {
    await connection.run(probe);
    return true;
  } catch (error) {
    if (isServerError(error, noSuchTable) || isServerError(error, noSuchDatabase)) return false;
    throw error;
  }
};

const syntaxError = 1064;
const noSuchDatabase = 1049;
const noSuchTable = 1146;
