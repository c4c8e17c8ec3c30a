/**
 * Records the small binlogs that the simulation of a river reads: launches a real MySQL 9.7 for each, runs a few dozen transactions
 * on it, and keeps its binlog files, its answers to the statements the source sends, and what it says itself of every table after
 * each transaction.
 *
 *   node scripts/record-river.ts        writes src/testing/river-logs/
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { constants, zstdCompressSync } from 'node:zlib';
import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { statements } from '../src/connectors/mysql/statements.ts';
import type { TextResult } from '../src/protocol/mysql/server/answers.ts';
import { collationsQuery } from '../src/protocol/mysql/values/collations.ts';
import { normalStatement } from '../src/testing/replay-server/statement-answer.ts';
import { type RecordedMark, type RecordedRiver, riverFolder } from '../src/testing/river-log.ts';
import { flush, type RiverFeatures, riverActions } from '../src/testing/river-workload.ts';
import { launchServer } from '../src/testing/servers/launch-server.ts';

interface River {
  readonly name: string;
  readonly seed: number;
  readonly actions: number;
  readonly features: RiverFeatures;
  readonly options?: readonly string[];
}

const withoutGtids = ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF', '--binlog-row-metadata=MINIMAL'];

const rivers: readonly River[] = [
  { name: 'plain', seed: 1, actions: 50, features: {} },
  { name: 'definitions', seed: 2, actions: 60, features: { definitions: true, tags: true } },
  {
    name: 'compressed',
    seed: 3,
    actions: 40,
    features: { bulk: true },
    options: ['--binlog-transaction-compression=ON'],
  },
  { name: 'bulk', seed: 4, actions: 40, features: { bulk: true, definitions: true } },
  { name: 'prepared', seed: 5, actions: 60, features: { prepared: true, tags: true } },
  { name: 'offsets', seed: 6, actions: 50, features: { definitions: true, bulk: true }, options: withoutGtids },
  { name: 'prepared-offsets', seed: 7, actions: 50, features: { prepared: true }, options: withoutGtids },
];

const record = async ({ name, seed, actions, features, options = [] }: River): Promise<void> => {
  await using server = await launchServer({ flavor: 'mysql', options: ['--server-id=97', ...options] });
  const connection = await mysql.createConnection({
    host: server.host,
    port: server.port,
    user: server.user,
    multipleStatements: true,
    charset: 'utf8mb4',
    timezone: 'Z',
  });
  await connection.query("RESET BINARY LOGS AND GTIDS; SET SESSION time_zone = '+00:00', lock_wait_timeout = 5");
  const marks: RecordedMark[] = [];
  let tables: RecordedMark['tables'] = {};
  for (const action of riverActions(seed, actions, features)) {
    // Files are told apart by the second they were begun in.
    if (action === flush) await sleep(1_000);
    try {
      await connection.query(action);
    } catch (error) {
      throw new Error(`${name}: ${action}: ${(error as Error).message}`, { cause: error });
    }
    // A new file by itself is no place that a position names before something follows in it.
    if (action === flush) continue;
    const end = await readEnd(connection);
    // Some change nothing, so nothing is logged.
    if (end.file === marks.at(-1)?.file && end.offset === marks.at(-1)?.offset) continue;
    const now = await readTables(connection);
    marks.push({ action: action.slice(0, 120), ...end, tables: changed(tables, now) });
    tables = now;
  }
  const [[status]] = await connection.query<RowDataPacket[]>('SELECT VERSION() AS version, @@server_uuid AS uuid');
  const [logs] = await connection.query<RowDataPacket[]>('SHOW BINARY LOGS');
  const answers = await recordAnswers(connection);
  await connection.end();
  const files = logs.map(({ Log_name: file }) => ({
    name: String(file),
    hex: readFileSync(join(server.binlogFolder, file)).toString('hex'),
  }));
  const river: RecordedRiver = {
    serverVersion: status!['version'],
    serverUuid: status!['uuid'],
    answers,
    files,
    marks,
  };
  const packed = zstdCompressSync(JSON.stringify(river), {
    params: { [constants.ZSTD_c_compressionLevel]: 19, [constants.ZSTD_c_checksumFlag]: 1 },
  });
  writeFileSync(join(riverFolder, `${name}.json.zst`), packed);
  const bytes = files.reduce((sum, { hex }) => sum + hex.length / 2, 0);
  console.log(`${name}: ${marks.length} marks, ${files.length} files of ${bytes} bytes, ${packed.length} bytes packed`);
};

const readEnd = async (connection: Connection): Promise<Pick<RecordedMark, 'file' | 'offset' | 'gtids'>> => {
  const [[row]] = await connection.query<RowDataPacket[]>('SHOW BINARY LOG STATUS');
  return {
    file: row!['File'],
    offset: Number(row!['Position']),
    gtids: String(row!['Executed_Gtid_Set']).replaceAll('\n', ''),
  };
};

/** Every table of the captured database as the server tells it: its statement, and its rows as texts, bytes as hex. */
const readTables = async (connection: Connection): Promise<RecordedMark['tables']> => {
  const [columns] = await connection.query<RowDataPacket[]>(
    "SELECT TABLE_NAME AS tableName, COLUMN_NAME AS name, DATA_TYPE AS dataType FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'river' ORDER BY TABLE_NAME, ORDINAL_POSITION",
  );
  const tables: Record<string, RecordedMark['tables'][string]> = {};
  for (const [name, described] of Map.groupBy(columns, (row) => String(row['tableName']))) {
    const list = described.map(({ name: column, dataType }) =>
      /binary|blob/.test(dataType) ? `LOWER(HEX(\`${column}\`))` : `\`${column}\``,
    );
    const [rows] = await connection.query<RowDataPacket[][]>({
      sql: `SELECT ${list.join(', ')} FROM river.\`${name}\``,
      rowsAsArray: true,
      typeCast: (field) => field.string('utf8'),
    });
    const [[create]] = await connection.query<RowDataPacket[][]>({
      sql: statements.createTable('river', name),
      rowsAsArray: true,
    });
    tables[name] = { create: String(create![1]), rows: rows as unknown as (string | null)[][] };
  }
  return tables;
};

/** Only what is new, with null for what is gone. */
const changed = (before: RecordedMark['tables'], after: RecordedMark['tables']): RecordedMark['tables'] => {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const different = [...names].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  return Object.fromEntries(different.map((name) => [name, after[name] ?? null]));
};

/** The collations the workload uses: connecting anew must not be a matter of reading 286 of them each time. */
const used = /^(?:utf8mb4_(?:0900_ai_ci|bin|general_ci)|latin1_swedish_ci|utf8mb3_general_ci|binary)$/;

const recordAnswers = async (connection: Connection): Promise<Readonly<Record<string, TextResult>>> => {
  const asked = [...Object.values(statements).filter((text) => typeof text === 'string'), collationsQuery('mysql')];
  const answers: Record<string, TextResult> = {};
  for (const sql of asked) {
    if (/^(?:SET|START|COMMIT)/.test(sql) || sql === statements.tables) continue;
    try {
      const [rows, fields] = await connection.query<RowDataPacket[][]>({
        sql,
        rowsAsArray: true,
        typeCast: (field) => field.string('utf8'),
      });
      const texts = rows as unknown as (string | null)[][];
      const short = /CHARACTER_SET|COLLATION_NAME/.test(sql) && !sql.includes('SCHEMATA');
      answers[normalStatement(sql)] = {
        columns: fields.map(({ name }) => name),
        rows: short ? texts.filter((row) => row.some((value) => used.test(value ?? ''))) : texts,
      };
    } catch {
      // A statement of another version: the replay server answers that it does not know it, as this one did.
    }
  }
  return answers;
};

rmSync(riverFolder, { recursive: true, force: true });
mkdirSync(riverFolder, { recursive: true });
for (const river of rivers) await record(river);
