import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { after } from 'node:test';
import mysql from 'mysql2/promise';
import type { Column, Table } from '../core/table.ts';
import type { Row, Value } from '../core/value.ts';
import { dumpFlag, encodeBinlogDump } from '../protocol/mysql/dump-commands.ts';
import { eventType } from '../protocol/mysql/event-type.ts';
import { decodeRowsEvent, isRowsEvent, type RowsEvent } from '../protocol/mysql/events/rows-event.ts';
import { decodeTableMap, type TableMap } from '../protocol/mysql/events/table-map.ts';
import { NetworkFramer } from '../protocol/mysql/network-framer.ts';
import { rowReader } from '../protocol/mysql/values/binlog-row-images.ts';
import {
  type CatalogueColumn,
  type CatalogueKeyColumn,
  tableFromCatalogue,
} from '../protocol/mysql/values/catalogue.ts';
import {
  type CollationRow,
  type Collations,
  collationsFromRows,
  collationsQuery,
} from '../protocol/mysql/values/collations.ts';
import { selectExpression, selectSession } from '../protocol/mysql/values/select-list.ts';
import { tableFromMap } from '../protocol/mysql/values/table-definition.ts';
import { TextRowReader, TextRows } from '../protocol/mysql/values/text-rows.ts';
import { writtenRow } from './written-row.ts';

interface Server {
  readonly name: string;
  readonly flavor: 'mysql' | 'mariadb';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** Each test file has a database of its own: they run side by side. */
export const database = `millrace_values_${process.pid}`;

/** One server with a connection of its own. Sessions are UTC and let zero dates in. */
export class Bench implements AsyncDisposable {
  readonly server: Server;
  readonly connection: mysql.Connection;
  readonly collations: Collations;

  constructor(server: Server, connection: mysql.Connection, collations: Collations) {
    this.server = server;
    this.connection = connection;
    this.collations = collations;
  }

  static async open(server: Server): Promise<Bench> {
    const connection = await connect(server);
    await connection.query(`CREATE DATABASE IF NOT EXISTS ${database}`);
    await connection.query(`USE ${database}`);
    const mode = server.flavor === 'mysql' ? 'TIME_TRUNCATE_FRACTIONAL' : '';
    await connection.query(`SET SESSION sql_mode = '${mode}', time_zone = '+00:00'`);
    await connection.query('SET NAMES utf8mb4');
    const [rows] = await connection.query(collationsQuery(server.flavor));
    return new Bench(server, connection, collationsFromRows(rows as CollationRow[]));
  }

  async query(sql: string): Promise<unknown[][]> {
    const [rows] = await this.connection.query({ sql, rowsAsArray: true });
    return rows as unknown as unknown[][];
  }

  async run(...statements: string[]): Promise<void> {
    for (const sql of statements) await this.connection.query(sql);
  }

  /** The table as the catalogue has it. */
  async describe(name: string): Promise<Table> {
    const where = `WHERE TABLE_SCHEMA = '${database}' AND TABLE_NAME = '${name}'`;
    const columns = await this.connection.query(
      `SELECT * FROM information_schema.COLUMNS ${where} ORDER BY ORDINAL_POSITION`,
    );
    const keys = await this.connection.query(`SELECT * FROM information_schema.STATISTICS ${where}`);
    let checks = new Map<string, string>();
    if (this.server.flavor === 'mariadb') {
      const rows = await this.query(
        `SELECT CONSTRAINT_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = '${database}' AND TABLE_NAME = '${name}' AND LEVEL = 'Column'`,
      );
      checks = new Map(rows as [string, string][]);
    }
    return tableFromCatalogue({
      flavor: this.server.flavor,
      database,
      name,
      columns: (columns[0] as CatalogueColumn[]).map((column) => ({
        ...column,
        CHECK_CLAUSE: checks.get(column.COLUMN_NAME) ?? null,
      })),
      keys: keys[0] as CatalogueKeyColumn[],
      charset: null,
      comment: null,
    });
  }

  /** What the server logs for `work`. */
  async logged(work: () => Promise<void>): Promise<Logged[]> {
    const status = this.server.flavor === 'mysql' ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS';
    const [[file, position]] = (await this.query(status)) as [[string, number]];
    await work();
    return await dump(this.server, file, Number(position));
  }

  /** The table's rows by id, as the snapshot path reads them. */
  async selectText(table: Table, compile: boolean): Promise<{ rows: Row[]; written: Row[] }> {
    const list = table.columns.map((column) => selectExpression(column)).join(', ');
    const reader = new TextRowReader(table, { compile });
    const result = new TextRows(reader, { deprecateEof: false });
    const rows: Row[] = [];
    const written: Row[] = [];
    await exchange(
      this.server,
      [selectSession],
      Buffer.from(`\u0003SELECT ${list} FROM ${database}.${table.name} ORDER BY id`),
      (chunk) => {
        result.push(chunk, (images) => {
          for (let i = 0; i < images.length; i += 1) {
            rows.push(images.after(i)!);
            written.push(writtenRow(table, images, i, 'after')!);
          }
        });
        return result.ended;
      },
    );
    return { rows, written };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.end();
  }
}

interface Logged {
  readonly map: TableMap;
  readonly event: RowsEvent;
}

const connect = (server: Server, flags: string[] = []): Promise<mysql.Connection> =>
  mysql.createConnection({
    host: server.host,
    port: server.port,
    user: server.user,
    password: server.password,
    charset: 'utf8mb4',
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    flags,
  });

/** Sends one command over a connection of its own, and gives `onChunk` what comes back until it says that it is enough. */
const exchange = async (
  server: Server,
  session: readonly string[],
  command: Buffer,
  onChunk: (chunk: Buffer) => boolean,
): Promise<void> => {
  // With query attributes the statement would have a head of its own.
  const connection = await connect(server, ['-CLIENT_QUERY_ATTRIBUTES']);
  for (const sql of session) await connection.query(sql);
  const { stream } = (connection as unknown as { connection: { stream: Socket } }).connection;
  stream.removeAllListeners('data');
  const head = Buffer.alloc(4);
  head.writeUIntLE(command.length, 0, 3);
  const answered = new Promise<void>((resolve, reject) => {
    stream.on('data', (chunk: Buffer) => {
      try {
        if (onChunk(chunk)) resolve();
      } catch (error) {
        reject(error);
      }
    });
    stream.on('error', reject);
    stream.on('close', () => reject(new Error('the server closed the connection')));
    stream.write(Buffer.concat([head, command]));
  });
  try {
    await answered;
  } finally {
    connection.destroy();
  }
};

let replicaId = 24_110_000;

const dump = async (server: Server, file: string, position: number): Promise<Logged[]> => {
  const framer = new NetworkFramer({ checksum: 'crc32' });
  const maps = new Map<number, TableMap>();
  const logged: Logged[] = [];
  replicaId += 1;
  await exchange(
    server,
    ["SET @source_binlog_checksum = 'CRC32', @master_binlog_checksum = 'CRC32'", 'SET @mariadb_slave_capability = 4'],
    encodeBinlogDump({ file, position, flags: dumpFlag.NON_BLOCK, serverId: replicaId }),
    (chunk) => {
      framer.push(chunk, (frame) => {
        if (frame.type === eventType.TABLE_MAP) {
          const map = decodeTableMap(frame, server.flavor);
          maps.set(map.tableId, map);
        } else if (isRowsEvent(frame.type)) {
          const event = decodeRowsEvent(frame);
          const map = maps.get(event.tableId);
          if (map !== undefined && map.database === database) logged.push({ map, event });
        }
      });
      return framer.ended;
    },
  );
  return logged;
};

/** What a SELECT must show for a column, and how the canonical value compares with it. */
const oracle = (column: Column): { readonly sql: string; readonly show: (value: Value) => string | null } => {
  const name = `\`${column.name}\``;
  const hex = (value: Value): string | null =>
    value === null
      ? null
      : Buffer.from(value as Uint8Array)
          .toString('hex')
          .toUpperCase();
  const text = (value: Value): string | null => (value === null ? null : String(value));
  const double = (value: Value): string | null => {
    if (value === null) return null;
    return Object.is(value, -0) ? '-0' : String(value);
  };
  switch (column.type.kind) {
    case 'binary':
    case 'geometry':
    case 'vector':
      return { sql: `HEX(${name})`, show: hex };
    case 'bit':
      return { sql: `CAST(${name} + 0 AS CHAR)`, show: text };
    case 'integer':
      return { sql: `CAST(${name} AS ${column.type.unsigned ? 'UNSIGNED' : 'SIGNED'})`, show: text };
    case 'decimal':
      return {
        sql: column.declaration?.includes('zerofill') ? `CAST(${name} + 0 AS CHAR)` : `CAST(${name} AS CHAR)`,
        show: text,
      };
    case 'float':
      return { sql: `${name} * 1e0`, show: double };
    case 'double':
      return { sql: name, show: double };
    case 'year':
      return { sql: `CAST(${name} AS UNSIGNED)`, show: text };
    default:
      return { sql: `CAST(${name} AS CHAR)`, show: text };
  }
};

/** Fills a table and reads it three ways. */
export const threeWays = async (
  bench: Bench,
  name: string,
  inserts: readonly string[],
): Promise<{ table: Table; rows: Row[] }> => {
  const logged = await bench.logged(() => bench.run(...inserts));
  const known = await bench.describe(name);
  const oracles = known.columns.map((column) => oracle(column));
  const [shown] = await bench.connection.query({
    sql: `SELECT ${oracles.map((one) => one.sql).join(', ')} FROM ${name} ORDER BY id`,
    rowsAsArray: true,
    typeCast: (field: { type: string; string(): string | null; buffer(): Buffer | null }) => {
      const value = field.string();
      return value !== null && field.type === 'DOUBLE' ? canonicalDouble(value) : value;
    },
  } as mysql.QueryOptions);
  const expected = shown as unknown as (string | null)[][];
  const sayRow = (row: Row): (string | null)[] => row.map((value, i) => oracles[i]!.show(value as Value));

  const { rows, written } = await bench.selectText(known, true);
  for (const [i, row] of rows.entries()) assert.deepEqual(sayRow(row), expected[i], `snapshot row ${i} of ${name}`);
  assert.equal(rows.length, expected.length);
  assert.deepEqual(written, rows, 'written by the snapshot reader');
  assert.deepEqual((await bench.selectText(known, false)).rows, rows, 'interpreted');

  for (const compile of [true, false]) {
    const fromLog: Row[] = [];
    for (const { map, event } of logged) {
      const table = tableFromMap(map, bench.collations, known);
      assert.equal(table, known, 'the log and the catalogue describe one table');
      const images = rowReader(table, map, bench.collations, { compile }).images(event);
      for (let i = 0; i < images.length; i += 1) {
        fromLog.push(images.after(i)!);
        assert.deepEqual(writtenRow(table, images, i, 'after'), images.after(i), 'written by the binlog reader');
      }
    }
    assert.deepEqual(fromLog, rows, `${compile ? 'compiled' : 'interpreted'} binlog rows equal the snapshot's`);
  }
  return { table: known, rows };
};

const canonicalDouble = (text: string): string => {
  const value = Number(text);
  return Object.is(value, -0) ? '-0' : String(value);
};

const benches = new Map<string, Promise<Bench>>();
export const benchOf = (server: Server): Promise<Bench> => {
  let bench = benches.get(server.name);
  if (bench === undefined) {
    bench = Bench.open(server);
    benches.set(server.name, bench);
  }
  return bench;
};
after(async () => {
  for (const opened of benches.values()) {
    await using bench = await opened;
    await bench.run(`DROP DATABASE ${database}`);
  }
});
