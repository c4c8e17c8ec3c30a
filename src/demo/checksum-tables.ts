import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { ExpectedTable } from './recording.ts';
import { type ChecksumColumn, checksumStatement } from './table-checksum.ts';

/** Lets the server count and sum up each table of `database`. The connection's time zone becomes UTC. */
export const checksumTables = async (connection: Connection, database: string): Promise<readonly ExpectedTable[]> => {
  await connection.query("SET time_zone = '+00:00', NAMES utf8mb4");
  const [rows] = await connection.query<RowDataPacket[]>(
    'SELECT TABLE_NAME AS tableName, COLUMN_NAME AS name, DATA_TYPE AS dataType, COLUMN_KEY AS columnKey FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? ORDER BY TABLE_NAME, ORDINAL_POSITION',
    [database],
  );
  const byTable = Map.groupBy(rows, (row) => String(row['tableName']));
  const tables: ExpectedTable[] = [];
  for (const [name, described] of byTable) {
    const columns = described.map((row): ChecksumColumn => ({ name: row['name'], dataType: row['dataType'] }));
    const key = described.filter((row) => row['columnKey'] === 'PRI').map((row) => String(row['name']));
    const [[sums]] = await connection.query<RowDataPacket[][]>({
      sql: checksumStatement(database, name, columns),
      rowsAsArray: true,
    });
    const [count, ...groups] = sums as unknown as string[];
    tables.push({ database, name, columns, key, rows: Number(count), checksum: groups.join('.') });
  }
  return tables;
};
