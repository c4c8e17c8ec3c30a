import { canonicalCharset } from './charset-facts.ts';
import type { DdlEffect, TableName } from './effect.ts';
import { readAlterTable } from './read-alter.ts';
import { type Reading, readCreateTable, readKeyColumns, readTableName, readTableOption } from './read-table.ts';
import { TokenCursor, UnreadableStatement } from './token-cursor.ts';

/** Under what a statement ran, as the log's query event says. */
export interface DdlContext {
  readonly flavor: 'mysql' | 'mariadb';
  /** The default database; null when there was none. */
  readonly database: string | null;
  /** @@sql_mode as text, or as the number of the query event's status variable 1. */
  readonly sqlMode: string | number | bigint;
}

/**
 * Reads one statement of the log for what it does to tables. The list is empty when no table's shape can have changed (users,
 * views, routines, triggers, temporary tables, data). A statement about tables that is not understood gives one `unreadable`
 * effect. Never throws, whatever the text; takes time linear in its length, and looks at the first words only of most statements.
 */
export const readDdl = (sql: string, context: DdlContext): readonly DdlEffect[] => {
  const mode = readSqlMode(context.sqlMode);
  const cursor = new TokenCursor(sql, { flavor: context.flavor, ...mode });
  const reading: Reading = { cursor, database: context.database ?? '', realAsFloat: mode.realAsFloat, named: [] };
  try {
    return readStatement(reading);
  } catch (error) {
    if (!(error instanceof UnreadableStatement)) throw error;
    return [{ kind: 'unreadable', tables: reading.named, reason: error.message }];
  }
};

interface SqlMode {
  readonly ansiQuotes: boolean;
  readonly noBackslashEscapes: boolean;
  readonly realAsFloat: boolean;
}

/** Bits as `sql/query_options.h` and MariaDB's `sql/sql_class.h` number them. */
const readSqlMode = (mode: string | number | bigint): SqlMode => {
  if (typeof mode === 'string') {
    const words = mode.toUpperCase();
    return {
      ansiQuotes: words.includes('ANSI'),
      noBackslashEscapes: words.includes('NO_BACKSLASH_ESCAPES'),
      realAsFloat: words.includes('REAL_AS_FLOAT'),
    };
  }
  const bits = BigInt(mode);
  return {
    realAsFloat: (bits & 1n) !== 0n,
    ansiQuotes: (bits & 4n) !== 0n,
    noBackslashEscapes: (bits & 0x100000n) !== 0n,
  };
};

const readStatement = (reading: Reading): readonly DdlEffect[] => {
  const { cursor } = reading;
  if (cursor.skip('CREATE')) return readCreate(reading);
  if (cursor.skip('ALTER')) return readAlter(reading);
  if (cursor.skip('DROP')) return readDrop(reading);
  if (cursor.skip('RENAME')) return readRenameTables(reading);
  if (cursor.skip('TRUNCATE')) return readTruncate(reading);
  if (cursor.at('IMPORT', 'TABLE')) return [{ kind: 'unreadable', tables: [], reason: 'the tables stand in a file' }];
  // MariaDB's SET STATEMENT name = value, ... FOR statement.
  if (cursor.skip('SET', 'STATEMENT')) return readSetStatement(reading);
  return [];
};

const readSetStatement = (reading: Reading): readonly DdlEffect[] => {
  const { cursor } = reading;
  while (!cursor.ended && !cursor.skip('FOR')) cursor.take();
  return readStatement(reading);
};

const readCreate = (reading: Reading): readonly DdlEffect[] => {
  const { cursor } = reading;
  const replace = cursor.skip('OR', 'REPLACE');
  if (cursor.at('TEMPORARY')) return [];
  if (cursor.skip('TABLE')) return [readCreateTable(reading, replace)];
  if (cursor.skipAny('DATABASE', 'SCHEMA') !== null) {
    cursor.skip('IF', 'NOT', 'EXISTS');
    const database = cursor.name();
    const created = { kind: 'create-database' as const, database, ...readDatabaseOptions(cursor) };
    return replace ? [{ kind: 'drop-database', database }, created] : [created];
  }
  cursor.skipAny('ONLINE', 'OFFLINE');
  return cursor.at('UNIQUE') ? readCreateUniqueIndex(reading) : [];
};

/** UNIQUE INDEX name USING BTREE ON table (columns), read as the key it adds. */
const readCreateUniqueIndex = (reading: Reading): readonly DdlEffect[] => {
  const { cursor } = reading;
  cursor.expect('UNIQUE');
  cursor.skip('INDEX') || cursor.expect('KEY');
  const ifNotExists = cursor.skip('IF', 'NOT', 'EXISTS');
  const name = cursor.name();
  if (cursor.skipAny('USING', 'TYPE') !== null) cursor.take();
  cursor.expect('ON');
  const table = readTableName(reading);
  const columns = readKeyColumns(cursor);
  return [{ kind: 'alter-table', table, actions: [{ kind: 'add-unique-key', name, columns, ifNotExists }] }];
};

const readDatabaseOptions = (
  cursor: TokenCursor,
): { readonly charset: string | null; readonly collation: string | null } => {
  let charset: string | null = null;
  let collation: string | null = null;
  while (!cursor.ended) {
    const option = readTableOption(cursor);
    if (option === null) cursor.take();
    charset = option?.charset === undefined ? charset : option.charset;
    collation = option?.collation === undefined ? collation : option.collation;
  }
  return { charset: charset === null ? null : canonicalCharset(charset), collation };
};

const readAlter = (reading: Reading): readonly DdlEffect[] => {
  const { cursor } = reading;
  while (cursor.skipAny('ONLINE', 'OFFLINE', 'IGNORE') !== null);
  if (cursor.skip('TABLE')) return readAlterTable(reading);
  if (cursor.skipAny('DATABASE', 'SCHEMA') === null) return [];
  const named = readDatabaseName(cursor);
  if (named === null && reading.database === '') return [];
  return [{ kind: 'alter-database', database: named ?? reading.database, ...readDatabaseOptions(cursor) }];
};

/** ALTER DATABASE may leave the name out, and every option's first word may also be a name. */
const readDatabaseName = (cursor: TokenCursor): string | null => {
  const following = cursor.peek(1);
  const option = ['DEFAULT', 'CHARACTER', 'CHARSET', 'COLLATE', 'READ', 'ENCRYPTION', 'COMMENT', 'UPGRADE'];
  if (cursor.peek().kind === 'word' && option.includes(cursor.peek().keyword) && following.kind !== 'end') {
    if (!(following.kind === 'word' && option.includes(following.keyword)) || cursor.at('DEFAULT')) return null;
  }
  return cursor.name();
};

const readDrop = (reading: Reading): readonly DdlEffect[] => {
  const { cursor } = reading;
  if (cursor.skipAny('TABLE', 'TABLES') !== null) {
    cursor.skip('IF', 'EXISTS');
    const effects: DdlEffect[] = [];
    do effects.push({ kind: 'drop-table', table: readTableName(reading) });
    while (cursor.skipSymbol(','));
    return effects;
  }
  if (cursor.skipAny('DATABASE', 'SCHEMA') !== null) {
    cursor.skip('IF', 'EXISTS');
    return [{ kind: 'drop-database', database: cursor.name() }];
  }
  cursor.skipAny('ONLINE', 'OFFLINE');
  if (!cursor.skip('INDEX')) return [];
  cursor.skip('IF', 'EXISTS');
  const name = cursor.name();
  cursor.expect('ON');
  const table = readTableName(reading);
  const action =
    name.toUpperCase() === 'PRIMARY' ? { kind: 'drop-primary-key' as const } : { kind: 'drop-key' as const, name };
  return [{ kind: 'alter-table', table, actions: [action] }];
};

const readRenameTables = (reading: Reading): readonly DdlEffect[] => {
  const { cursor } = reading;
  // RENAME USER and the rest.
  if (cursor.skipAny('TABLE', 'TABLES') === null) return [];
  cursor.skip('IF', 'EXISTS');
  const effects: DdlEffect[] = [];
  do {
    const from: TableName = readTableName(reading);
    if (cursor.skip('WAIT')) cursor.take();
    cursor.skip('NOWAIT');
    cursor.expect('TO');
    effects.push({ kind: 'rename-table', from, to: readTableName(reading) });
  } while (cursor.skipSymbol(','));
  return effects;
};

const readTruncate = (reading: Reading): readonly DdlEffect[] => {
  reading.cursor.skip('TABLE');
  return [{ kind: 'truncate-table', table: readTableName(reading) }];
};
