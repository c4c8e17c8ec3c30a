import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { ExpectedTable } from './recording.ts';
import { type ChecksumColumn, checksumStatement } from './table-checksum.ts';

/** Lets the server count and sum up each table of `database`. The connection's time zone becomes UTC. */
export const checksumTables = async (connection: Connection, database: string): Promise<readonly ExpectedTable[]> => {
  await connection.query("SET time_zone = '+00:00', NAMES utf8mb4");
  const [rows] = await connection.query<RowDataPacket[]>(
    'SELECT TABLE_NAME AS tableName, COLUMN_NAME AS name, DATA_TYPE AS dataType FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? ORDER BY TABLE_NAME, ORDINAL_POSITION',
    [database],
  );
  const columns = new Map<string, ChecksumColumn[]>();
  for (const row of rows) {
    const column = { name: String(row['name']), dataType: String(row['dataType']) };
    columns.set(row['tableName'], [...(columns.get(row['tableName']) ?? []), column]);
  }
  const tables: ExpectedTable[] = [];
  for (const [name, columnsOfTable] of columns) {
    const [[sums]] = await connection.query<RowDataPacket[][]>({
      sql: checksumStatement(database, name, columnsOfTable),
      rowsAsArray: true,
    });
    const [count, ...groups] = sums as unknown as string[];
    tables.push({ database, name, columns: columnsOfTable, rows: Number(count), checksum: groups.join('.') });
  }
  return tables;
};
