/**
 * Records the binlog that the demo and the tests replay: launches a real MySQL 9.7, runs the shop's workload on it, and keeps its
 * binlog files, its answers to the statements the source sends, and what it says itself of its tables at the end.
 *
 *   node scripts/record-shop.ts [TRANSACTIONS] && npm run format        writes src/demo/recording/
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { constants, zstdCompressSync } from 'node:zlib';
import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { statements } from '../src/connectors/mysql/statements.ts';
import { checksumTables } from '../src/demo/checksum-tables.ts';
import { closingStatement } from '../src/demo/demo-source.ts';
import { type ExpectedTables, type RecordedChanges, recordingFolder } from '../src/demo/recording.ts';
import { ShopWorkload } from '../src/demo/shop-workload.ts';
import type { TextResult } from '../src/protocol/mysql/server/answers.ts';
import { collationsQuery } from '../src/protocol/mysql/values/collations.ts';
import { normalStatement } from '../src/testing/replay-server/statement-answer.ts';
import { launchServer } from '../src/testing/servers/launch-server.ts';
import type { Command } from '../src/testing/servers/run-program.ts';

const seed = 20_260_105;
const database = 'shop';
const filesOfLog = 4;

const main = async (transactions: number): Promise<void> => {
  await using server = await launchServer({ flavor: 'mysql', options: ['--server-id=97'] });
  const connection = await mysql.createConnection({
    host: server.host,
    port: server.port,
    user: server.user,
    multipleStatements: true,
  });
  await connection.query('RESET BINARY LOGS AND GTIDS');
  const rows = await runShop(connection, transactions);
  const [[status]] = await connection.query<RowDataPacket[]>('SELECT VERSION() AS version, @@server_uuid AS uuid');
  const tables = await checksumTables(connection, database);
  const answers = await recordAnswers(
    connection,
    tables.map(({ name }) => name),
  );
  const [logs] = await connection.query<RowDataPacket[]>('SHOW BINARY LOGS');
  await connection.end();

  rmSync(recordingFolder, { recursive: true, force: true });
  mkdirSync(recordingFolder, { recursive: true });
  const files = logs.map(({ Log_name: name }) => join(server.binlogFolder, String(name)));
  const changes = await countChanges(server.tools.mysqlbinlog, files);
  const expected: ExpectedTables = { serverVersion: status!['version'], transactions, changes, tables };
  writeJson('expected.json', expected);
  writeJson('server.json', { serverVersion: status!['version'], serverUuid: status!['uuid'], answers });
  let total = 0;
  for (const { Log_name: name } of logs) {
    const packed = zstdCompressSync(readFileSync(join(server.binlogFolder, name)), {
      params: { [constants.ZSTD_c_compressionLevel]: 19, [constants.ZSTD_c_checksumFlag]: 1 },
    });
    writeFileSync(join(recordingFolder, `${name}.zst`), packed);
    total += packed.length;
  }
  console.log(`${transactions} transactions, about ${rows} row changes, ${logs.length} files, ${total} bytes packed`);
};

const runShop = async (connection: Connection, transactions: number): Promise<number> => {
  const shop = new ShopWorkload(seed, { vectors: true, partialJson: true, compression: true });
  await connection.query(`CREATE DATABASE ${database}`);
  await connection.query(`USE ${database}`);
  let rows = 0;
  const run = async (transaction: { readonly sql: string; readonly rows: number } | null): Promise<void> => {
    if (transaction === null) return;
    await connection.query(transaction.sql);
    rows += transaction.rows;
  };
  for (const transaction of shop.opening()) await run(transaction);
  for (let i = 1; i <= transactions; i += 1) {
    if (i % Math.ceil(transactions / 4) === 0) await run(shop.nextSchemaChange());
    if (i % Math.ceil((transactions + 1) / filesOfLog) === 0) await connection.query('FLUSH BINARY LOGS');
    await run(shop.next());
  }
  await run({ sql: closingStatement, rows: 1 });
  return rows;
};

const countChanges = async (mysqlbinlog: Command, files: readonly string[]): Promise<RecordedChanges> => {
  const [program, ...prefix] = mysqlbinlog;
  const options = ['--no-defaults', '--verbose', '--base64-output=DECODE-ROWS'];
  const child = spawn(program, [...prefix, ...options, ...files], { stdio: ['ignore', 'pipe', 'inherit'] });
  const counts = { inserts: 0, updates: 0, deletes: 0 };
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('### INSERT INTO')) counts.inserts += 1;
    else if (line.startsWith('### UPDATE')) counts.updates += 1;
    else if (line.startsWith('### DELETE FROM')) counts.deletes += 1;
  }
  return counts;
};

/** The answers to everything the source may ask; what this server does not know is left out. */
const recordAnswers = async (
  connection: Connection,
  tables: readonly string[],
): Promise<Readonly<Record<string, TextResult>>> => {
  const asked = [
    ...Object.values(statements).filter((statement) => typeof statement === 'string'),
    collationsQuery('mysql'),
    ...tables.flatMap((table) => [statements.createTable(database, table), statements.holdDefinition(database, table)]),
  ];
  const answers: Record<string, TextResult> = {};
  for (const sql of asked) {
    if (/^(?:SET|START|COMMIT)/.test(sql)) continue;
    try {
      const [rows, fields] = await connection.query<RowDataPacket[][]>({
        sql,
        rowsAsArray: true,
        typeCast: (field) => field.string('utf8'),
      });
      answers[normalStatement(sql)] = {
        columns: fields.map(({ name }) => name),
        rows: rows as unknown as (string | null)[][],
      };
    } catch (error) {
      console.error(`not recorded: ${sql.slice(0, 60)}: ${(error as Error).message}`);
    }
  }
  return answers;
};

const writeJson = (name: string, value: unknown): void =>
  writeFileSync(join(recordingFolder, name), `${JSON.stringify(value)}\n`);

await main(Number(process.argv[2] ?? 4_000));
