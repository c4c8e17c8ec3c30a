import assert from 'node:assert/strict';
import { test } from 'node:test';
import mysql from 'mysql2/promise';
import { type Column, qualifiedName, type Table } from '../../../core/table.ts';
import { testServers } from '../../../testing/servers/test-servers.ts';
import { type CatalogueColumn, type CatalogueKeyColumn, tableFromCatalogue } from '../values/catalogue.ts';
import { applyDdl } from './apply-ddl.ts';
import { ddlCorpus } from './ddl-corpus.ts';
import { readDdl } from './read-ddl.ts';
import { emptySchema, findTable, type Schema, withoutTable } from './schema.ts';

for (const server of testServers()) {
  test(`after each statement of the corpus, the followed schema equals the catalogue of ${server.name}`, async () => {
    const { host, port, user, password } = server;
    const connection = await mysql.createConnection({ host, port, user, password });
    // The catalogue words expressions under the sql_mode of who asks.
    const observer = await mysql.createConnection({ host, port, user, password });
    try {
      await connection.query('DROP DATABASE IF EXISTS ddl_a');
      await connection.query('DROP DATABASE IF EXISTS ddl_b');
      let schema = await serverSchema(connection, server.flavor);
      let compared = 0;
      for (const { sql, only, logged } of ddlCorpus) {
        if (only !== undefined && only !== server.flavor) continue;
        const context = await statementContext(connection);
        await connection.query(sql).catch((cause: unknown) => {
          throw new Error(`${server.name} refuses the statement: ${sql}`, { cause });
        });
        const text = logged ? await lastLoggedStatement(connection) : sql;
        for (const effect of readDdl(text, { flavor: server.flavor, ...context })) {
          assert.notEqual(effect.kind, 'unreadable', `${text}\n${JSON.stringify(effect)}`);
          const outcome = applyDdl(schema, effect);
          assert.deepEqual(outcome.unresolved, [], text);
          schema = outcome.schema;
        }
        assert.deepEqual(followed(schema), await catalogue(observer, server.flavor), `${server.name}: ${text}`);
        if (/^SET sql_mode = ''$/.test(sql)) await compareWithShowCreate(observer, server.flavor, schema);
        compared += 1;
      }
      assert.ok(compared >= 150, `${compared} statements`);
    } finally {
      await connection.end();
      await observer.end();
    }
  });
}

const rows = async (connection: mysql.Connection, sql: string): Promise<readonly Record<string, string | null>[]> => {
  const [result] = await connection.query({
    sql,
    typeCast: (field, next) => (field.type === 'JSON' ? field.string() : next()),
  });
  return result as Record<string, string | null>[];
};

const serverSchema = async (connection: mysql.Connection, flavor: 'mysql' | 'mariadb'): Promise<Schema> => {
  const [variables] = await rows(
    connection,
    'SELECT @@character_set_server AS charset, @@collation_server AS collation, @@version AS version',
  );
  const charsets = await rows(
    connection,
    'SELECT CHARACTER_SET_NAME AS name, DEFAULT_COLLATE_NAME AS collation FROM information_schema.CHARACTER_SETS',
  );
  const defaults = new Map(charsets.map(({ name, collation }) => [String(name), String(collation)]));
  if (flavor === 'mariadb' && !variables!['version']!.startsWith('10.')) {
    const [row] = await rows(connection, 'SELECT @@character_set_collations AS pairs');
    for (const pair of row!['pairs']!.split(',')) {
      const [charset, collation] = pair.split('=');
      if (charset && collation) defaults.set(charset, collation);
    }
  }
  return emptySchema({
    flavor,
    charset: variables!['charset']!,
    collation: variables!['collation']!,
    defaultCollations: defaults,
  });
};

const statementContext = async (connection: mysql.Connection) => {
  const [row] = await rows(connection, 'SELECT DATABASE() AS db, @@sql_mode AS mode');
  return { database: row!['db'] ?? null, sqlMode: row!['mode'] ?? '' };
};

/** The last statement in the log that creates a table. */
const lastLoggedStatement = async (connection: mysql.Connection): Promise<string> => {
  const logs = await rows(connection, 'SHOW BINARY LOGS');
  const events = await rows(connection, `SHOW BINLOG EVENTS IN '${logs.at(-1)!['Log_name']}'`);
  const info = events.findLast(({ Info }) => /^(use `[^`]*`; )?CREATE TABLE/i.test(Info ?? ''))!['Info']!;
  return info.replace(/^use `[^`]*`; /, '');
};

interface ComparedTable {
  readonly table: unknown;
  readonly uniqueKeys: readonly string[];
  readonly collation: string;
}

const followed = (schema: Schema): Record<string, ComparedTable> => {
  const tables: Record<string, ComparedTable> = {};
  for (const name of ['ddl_a', 'ddl_b']) {
    for (const { table, collation } of schema.databases.get(name)?.tables.values() ?? []) {
      tables[qualifiedName(table)] = { ...compared(table), collation };
    }
  }
  return sorted(tables);
};

/**
 * Everything of a table but what the catalogue words its own way: the order of keys, and defaults that are expressions.
 */
const compared = ({ id: _id, uniqueKeys, columns, ...rest }: Table) => ({
  table: { ...rest, columns: columns.map((column) => ({ ...column, defaultExpression: comparedDefault(column) })) },
  uniqueKeys: uniqueKeys.map((key) => key.map((position) => columns[position]!.name).join()).sort(),
});

const comparedDefault = ({ defaultExpression, generated }: Column): string | null =>
  generated || (defaultExpression !== null && /[(+]|next ?val/i.test(defaultExpression))
    ? 'an expression'
    : defaultExpression;

const catalogue = async (
  connection: mysql.Connection,
  flavor: 'mysql' | 'mariadb',
): Promise<Record<string, ComparedTable>> => {
  const where = "TABLE_SCHEMA IN ('ddl_a', 'ddl_b')";
  const columns = await rows(
    connection,
    `SELECT * FROM information_schema.COLUMNS WHERE ${where} ORDER BY ORDINAL_POSITION`,
  );
  const checks =
    flavor === 'mysql'
      ? []
      : await rows(
          connection,
          "SELECT * FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA IN ('ddl_a', 'ddl_b') AND LEVEL = 'Column'",
        );
  const keys = await rows(connection, `SELECT * FROM information_schema.STATISTICS WHERE ${where}`);
  const found = await rows(
    connection,
    `SELECT * FROM information_schema.TABLES WHERE ${where} AND TABLE_TYPE = 'BASE TABLE'`,
  );
  const tables: Record<string, ComparedTable> = {};
  for (const row of found) {
    const of = (other: Record<string, string | null>) =>
      other['TABLE_SCHEMA'] === row['TABLE_SCHEMA'] && other['TABLE_NAME'] === row['TABLE_NAME'];
    const table = tableFromCatalogue({
      flavor,
      database: row['TABLE_SCHEMA']!,
      name: row['TABLE_NAME']!,
      columns: columns.filter(of).map((column) => ({
        ...(column as unknown as CatalogueColumn),
        CHECK_CLAUSE:
          checks.find(
            (check) =>
              check['CONSTRAINT_SCHEMA'] === row['TABLE_SCHEMA'] &&
              check['TABLE_NAME'] === row['TABLE_NAME'] &&
              check['CONSTRAINT_NAME'] === column['COLUMN_NAME'],
          )?.['CHECK_CLAUSE'] ?? null,
      })),
      keys: keys.filter(of) as unknown as readonly CatalogueKeyColumn[],
      charset: row['TABLE_COLLATION']!.split('_')[0]!,
      comment: row['TABLE_COMMENT']!,
    });
    tables[qualifiedName(table)] = { ...compared(table), collation: row['TABLE_COLLATION']! };
  }
  return sorted(tables);
};

/** The statement the server makes of a table means the same table. */
const compareWithShowCreate = async (
  connection: mysql.Connection,
  flavor: 'mysql' | 'mariadb',
  schema: Schema,
): Promise<void> => {
  for (const { tables } of schema.databases.values()) {
    for (const expected of tables.values()) {
      const { database, name } = expected.table;
      const sql = `SHOW CREATE TABLE ${connection.escapeId([database, name])}`.replace(', ', '.');
      const [row] = await rows(connection, sql);
      const created = readDdl(row!['Create Table']!, { flavor, database, sqlMode: '' }).reduce(
        (current, effect) => applyDdl(current, effect).schema,
        withoutTable(schema, { database, name }),
      );
      const actual = findTable(created, { database, name })!;
      assert.deepEqual(
        { ...compared(actual.table), collation: actual.collation },
        { ...compared(expected.table), collation: expected.collation },
        sql,
      );
      assert.deepEqual(actual.table.uniqueKeys, expected.table.uniqueKeys, sql);
    }
  }
};

const sorted = <Value>(record: Record<string, Value>): Record<string, Value> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
