import { isAtLeast, type ServerVersion } from '../../../protocol/mysql/server-version.ts';
import type { MysqlConnection } from '../connection.ts';
import { quoteText } from '../statements.ts';
import type { IndexPart } from './chunk-key.ts';

/** What a snapshot asks of a table beyond its definition. */
export interface TableFacts {
  /** The parts of its unique indexes, each index's in key order. */
  readonly uniqueIndexes: readonly IndexPart[];
  /** Whether its engine shows a transaction one state of the table (InnoDB, RocksDB). */
  readonly transactional: boolean;
  /** The server's estimate; null: it has none. */
  readonly estimatedRows: number | null;
}

/** null: there is no such table. */
export const readTableFacts = async (
  connection: MysqlConnection,
  version: ServerVersion,
  database: string,
  name: string,
): Promise<TableFacts | null> => {
  const is = `TABLE_SCHEMA = ${quoteText(database)} AND TABLE_NAME = ${quoteText(name)}`;
  const [table] = await connection.query(
    `SELECT TABLE_ROWS, (SELECT MAX(TRANSACTIONS) FROM information_schema.ENGINES WHERE ENGINES.ENGINE = TABLES.ENGINE) FROM information_schema.TABLES WHERE ${is}`,
  );
  if (table === undefined) return null;
  const parts = await connection.query(
    `SELECT INDEX_NAME, COLUMN_NAME, SUB_PART, COLLATION, ${visibility(version)} FROM information_schema.STATISTICS WHERE ${is} AND NON_UNIQUE = 0 ORDER BY INDEX_NAME, SEQ_IN_INDEX`,
  );
  return {
    uniqueIndexes: parts.map(([index, column, prefix, collation, visible]) => ({
      index: index!,
      column: column ?? null,
      prefix: prefix === null ? null : Number(prefix),
      descending: collation === 'D',
      visible: visible === 'YES',
    })),
    transactional: table[1] === 'YES',
    estimatedRows: table[0] === null ? null : Number(table[0]),
  };
};

/** Whether FORCE INDEX may name an index: MySQL's can be invisible, MariaDB's ignored. */
const visibility = (version: ServerVersion): string => {
  if (version.flavor === 'mysql') return isAtLeast(version, 8, 0) ? 'IS_VISIBLE' : "'YES'";
  return isAtLeast(version, 10, 6) ? "IF(IGNORED = 'NO', 'YES', 'NO')" : "'YES'";
};
