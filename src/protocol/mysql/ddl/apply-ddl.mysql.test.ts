import assert from 'node:assert/strict';
import { test } from 'node:test';
import mysql from 'mysql2/promise';
import type { Column } from '../../../core/table.ts';
import { testServers } from '../../../testing/servers/test-servers.ts';
import { applyDdl } from './apply-ddl.ts';
import { ddlCorpus } from './ddl-corpus.ts';
import { readDdl } from './read-ddl.ts';
import { emptySchema, type Schema } from './schema.ts';

for (const server of testServers()) {
  test(`after each statement of the corpus, the followed schema equals the catalogue of ${server.name}`, async () => {
    const { host, port, user, password } = server;
    const connection = await mysql.createConnection({ host, port, user, password });
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
        assert.deepEqual(followed(schema), await catalogue(connection), `${server.name}: ${text}`);
        compared += 1;
      }
      assert.ok(compared >= 150, `${compared} statements`);
    } finally {
      await connection.end();
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
  readonly columns: readonly unknown[];
  readonly primaryKey: readonly string[];
  readonly uniqueKeys: readonly string[];
  readonly charset: string | null;
  readonly collation: string;
  readonly comment: string | null;
}

const followed = (schema: Schema): Record<string, ComparedTable> => {
  const tables: Record<string, ComparedTable> = {};
  for (const name of ['ddl_a', 'ddl_b']) {
    for (const { table, collation, uniqueKeyNames } of schema.databases.get(name)?.tables.values() ?? []) {
      const names = (positions: readonly number[]) => positions.map((position) => table.columns[position]!.name);
      tables[`${table.database}.${table.name}`] = {
        columns: table.columns.map(comparedColumn),
        primaryKey: names(table.primaryKey),
        uniqueKeys: table.uniqueKeys.map((key, index) => `${uniqueKeyNames[index]}: ${names(key)}`).sort(),
        charset: table.charset,
        collation,
        comment: table.comment,
      };
    }
  }
  return sorted(tables);
};

const comparedColumn = (column: Column) => ({
  name: column.name,
  declaration: column.declaration,
  nullable: column.nullable,
  charset: 'charset' in column.type ? column.type.charset : null,
  collation: column.type.kind === 'text' ? column.type.collation : null,
  maxBytes: column.type.kind === 'text' ? column.type.maxBytes : null,
  generated: column.generated,
  invisible: column.invisible,
  autoIncrement: column.autoIncrement,
  comment: column.comment,
});

const catalogue = async (connection: mysql.Connection): Promise<Record<string, ComparedTable>> => {
  const where = "TABLE_SCHEMA IN ('ddl_a', 'ddl_b')";
  const columns = await rows(
    connection,
    `SELECT * FROM information_schema.COLUMNS WHERE ${where} ORDER BY ORDINAL_POSITION`,
  );
  const keys = await rows(
    connection,
    `SELECT * FROM information_schema.STATISTICS WHERE ${where} AND NON_UNIQUE = 0 ORDER BY SEQ_IN_INDEX`,
  );
  const found = await rows(
    connection,
    `SELECT * FROM information_schema.TABLES WHERE ${where} AND TABLE_TYPE = 'BASE TABLE'`,
  );
  const tables: Record<string, ComparedTable> = {};
  for (const row of found) {
    const of = (other: Record<string, string | null>) =>
      other['TABLE_SCHEMA'] === row['TABLE_SCHEMA'] && other['TABLE_NAME'] === row['TABLE_NAME'];
    const unique = new Map<string, (string | null)[]>();
    for (const key of keys.filter(of)) {
      const list = unique.get(key['INDEX_NAME']!) ?? [];
      list.push(key['COLUMN_NAME'] ?? null);
      unique.set(key['INDEX_NAME']!, list);
    }
    const primaryKey = (unique.get('PRIMARY') ?? []).map(String);
    unique.delete('PRIMARY');
    tables[`${row['TABLE_SCHEMA']}.${row['TABLE_NAME']}`] = {
      columns: columns.filter(of).map(catalogueColumn),
      primaryKey,
      uniqueKeys: [...unique]
        .filter(([, names]) => !names.includes(null))
        .map(([name, names]) => `${name}: ${names}`)
        .sort(),
      charset: row['TABLE_COLLATION']!.split('_')[0]!,
      collation: row['TABLE_COLLATION']!,
      comment: row['TABLE_COMMENT'] === '' ? null : row['TABLE_COMMENT']!,
    };
  }
  return sorted(tables);
};

const catalogueColumn = (row: Record<string, string | null>) => {
  const extra = row['EXTRA'] ?? '';
  const members = /^(enum|set)\(/.test(row['COLUMN_TYPE']!);
  const text = row['CHARACTER_SET_NAME'] !== null && !members;
  return {
    name: row['COLUMN_NAME'],
    declaration: row['COLUMN_TYPE'],
    nullable: row['IS_NULLABLE'] === 'YES',
    // The catalogue gives no charset for members in `binary`.
    charset: row['CHARACTER_SET_NAME'] ?? (members ? 'binary' : null),
    collation: text ? row['COLLATION_NAME'] : null,
    maxBytes: text ? Number(row['CHARACTER_OCTET_LENGTH']) : null,
    generated: /VIRTUAL GENERATED|STORED GENERATED|PERSISTENT/.test(extra),
    invisible: extra.includes('INVISIBLE'),
    autoIncrement: extra.includes('auto_increment'),
    comment: row['COLUMN_COMMENT'] === '' ? null : row['COLUMN_COMMENT'],
  };
};

const sorted = <Value>(record: Record<string, Value>): Record<string, Value> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
