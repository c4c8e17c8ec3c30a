import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { after, test } from 'node:test';
import mysql from 'mysql2/promise';
import type { RowImages } from '../../../core/row-images.ts';
import type { Column, Table } from '../../../core/table.ts';
import type { Row, Value } from '../../../core/value.ts';
import { launchServer } from '../../../testing/servers/launch-server.ts';
import { testServers } from '../../../testing/servers/test-servers.ts';
import { dumpFlag, encodeBinlogDump } from '../dump-commands.ts';
import { eventType } from '../event-type.ts';
import { decodeRowsEvent, isRowsEvent, type RowsEvent } from '../events/rows-event.ts';
import { decodeTableMap, type TableMap } from '../events/table-map.ts';
import { NetworkFramer } from '../network-framer.ts';
import { rowReader } from './binlog-row-images.ts';
import { type CatalogueColumn, type CatalogueKeyColumn, tableFromCatalogue } from './catalogue.ts';
import { charsetOf } from './charsets/charset.ts';
import {
  builtinCollations,
  type CollationRow,
  type Collations,
  collationsFromRows,
  collationsQuery,
} from './collations.ts';
import { CollectingWriter } from './collecting-writer.ts';
import { selectExpression, selectSession } from './select-list.ts';
import { tableFromMap } from './table-definition.ts';
import { TextRowReader, TextRows } from './text-rows.ts';

interface Server {
  readonly name: string;
  readonly flavor: 'mysql' | 'mariadb';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

const database = 'millrace_values';

/** One server with a connection of its own. Sessions are UTC and let zero dates in. */
class Bench implements AsyncDisposable {
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
            written.push(built(table, images, i, 'after')!);
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

const built = (table: Table, images: RowImages, index: number, image: 'before' | 'after'): Row | null => {
  const builder = new CollectingWriter(table);
  images.write(index, image, builder);
  return builder.row();
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
const threeWays = async (
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
        assert.deepEqual(built(table, images, i, 'after'), images.after(i), 'written by the binlog reader');
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

/** A table with a column per type and the n-th value of each in its n-th row. */
const typedTable = (name: string, types: Readonly<Record<string, readonly string[]>>): string[] => {
  const columns = Object.keys(types).map((type, i) => `c${i} ${type}${/not null|null/i.test(type) ? '' : ' NULL'}`);
  const longest = Math.max(...Object.values(types).map((values) => values.length));
  // One row more, all NULL.
  const rows = Array.from(
    { length: longest + 1 },
    (_, n) =>
      `(${n + 1}, ${Object.values(types)
        .map((values) => values[n] ?? 'NULL')
        .join(', ')})`,
  );
  return [
    `DROP TABLE IF EXISTS ${name}`,
    `CREATE TABLE ${name} (id INT PRIMARY KEY, ${columns.join(', ')})`,
    `INSERT INTO ${name} VALUES ${rows.join(', ')}`,
  ];
};

const integers: Record<string, string[]> = {
  TINYINT: ['-128', '127', '0', '-1'],
  'TINYINT UNSIGNED': ['0', '255', '128'],
  'TINYINT(1)': ['0', '1', '-128'],
  SMALLINT: ['-32768', '32767', '-1'],
  'SMALLINT UNSIGNED': ['65535', '32768'],
  MEDIUMINT: ['-8388608', '8388607', '-1'],
  'MEDIUMINT UNSIGNED': ['16777215', '8388608'],
  INT: ['-2147483648', '2147483647', '-1'],
  'INT UNSIGNED': ['4294967295', '2147483648'],
  'INT(8) ZEROFILL': ['7', '4294967295'],
  BIGINT: [
    '-9223372036854775808',
    '9223372036854775807',
    '9007199254740991',
    '9007199254740992',
    '-9007199254740991',
    '-9007199254740992',
    '-1',
    '4294967296',
  ],
  'BIGINT UNSIGNED': [
    '18446744073709551615',
    '9223372036854775808',
    '9223372036854775807',
    '9007199254740991',
    '9007199254740992',
    '0',
  ],
};

const numbers: Record<string, string[]> = {
  'DECIMAL(65,30)': [
    '99999999999999999999999999999999999.999999999999999999999999999999',
    '-99999999999999999999999999999999999.999999999999999999999999999999',
    '0',
    '-0.000000000000000000000000000001',
    '1000000000',
    '-1',
  ],
  'DECIMAL(65,0)': [
    '99999999999999999999999999999999999999999999999999999999999999999',
    '-1',
    '1000000000000000000',
    '0',
  ],
  'DECIMAL(1,0)': ['9', '-9', '0'],
  'DECIMAL(4,4)': ['0.9999', '-0.9999', '0', '-0.0001'],
  'DECIMAL(30,30)': ['0.000000000000000000000000000001', '-0.1'],
  'DECIMAL(9,9)': ['0.123456789', '-0.000000001'],
  'DECIMAL(18,9)': ['999999999.999999999', '-999999999.999999999', '0.5', '-100000000.000000001'],
  'DECIMAL(15,3)': ['999999999999.999', '-1', '1000000000'],
  'DECIMAL(10,2) ZEROFILL': ['12.5', '0', '99999999.99'],
  'DECIMAL(20,5) UNSIGNED': ['999999999999999.99999', '0.00001'],
  'DECIMAL(12,2)': ['0', '-0.05', '-1234567890.12', '0.10', '9999999999.99'],
  FLOAT: ['1.1', '-3.4028234e38', '1e-45', "'-0'", '16777217', '0.1', '0'],
  'FLOAT UNSIGNED': ['1.1', '3.4028234e38'],
  'FLOAT(7,4)': ['1.23456', '-999.9999'],
  DOUBLE: [
    '1.7976931348623157e308',
    '-1.7976931348623157e308',
    '5e-324',
    '2.2250738585072014e-308',
    "'-0'",
    '0.1',
    '-1.2345678901234567e-300',
    '123456789012345680',
    '1e15',
    '1e22',
    '0',
  ],
  'DOUBLE(10,2)': ['12.5', '-99999999.99', '0.1'],
  'BIT(1)': ["b'1'", "b'0'"],
  'BIT(13)': ["b'1000000000101'", "b'0'"],
  'BIT(33)': ["b'111111111111111111111111111111111'", '1'],
  'BIT(54)': ['9007199254740991', '9007199254740992'],
  'BIT(64)': [
    "b'1111111111111111111111111111111111111111111111111111111111111111'",
    '9007199254740991',
    '9007199254740992',
    '1',
  ],
  YEAR: ['1901', '2155', '0', '2024'],
};

const temporals = (): Record<string, string[]> => {
  const types: Record<string, string[]> = {
    DATE: [
      "'1000-01-01'",
      "'9999-12-31'",
      "'0000-00-00'",
      "'2016-00-28'",
      "'0003-00-00'",
      "'2024-02-29'",
      "'2024-12-00'",
      "'0001-01-01'",
    ],
  };
  for (let fsp = 0; fsp <= 6; fsp += 1) {
    const digits = (text: string): string => (fsp === 0 ? '' : `.${text.slice(0, fsp)}`);
    types[`TIME(${fsp})`] = [
      "'-838:59:59'",
      "'838:59:59'",
      `'-00:00:00${digits('500000')}'`,
      `'-01:02:03${digits('004005')}'`,
      "'-00:00:01'",
      "'00:00:00'",
      `'23:59:59${digits('999999')}'`,
      `'-00:00:00${digits('999999')}'`,
      `'-100:00:00${digits('000001')}'`,
      `'838:59:58${digits('999999')}'`,
    ];
    types[`DATETIME(${fsp})`] = [
      "'1000-01-01 00:00:00'",
      `'9999-12-31 23:59:59${digits('999999')}'`,
      "'0000-00-00 00:00:00'",
      `'2024-00-00 01:02:03${digits('040506')}'`,
      `'2024-02-29 12:34:56${digits('000001')}'`,
      `'0000-01-01 00:00:00${digits('100000')}'`,
    ];
    types[`TIMESTAMP(${fsp}) NULL`] = [
      "'1970-01-01 00:00:01'",
      `'2038-01-19 03:14:07${digits('999999')}'`,
      "'0000-00-00 00:00:00'",
      `'2024-02-29 23:59:59${digits('123456')}'`,
      "'2000-12-31 23:59:59'",
      "'2001-03-01 00:00:00'",
    ];
  }
  return types;
};

const members = Array.from({ length: 64 }, (_, i) => `'m${i}'`).join(',');
const many = Array.from({ length: 300 }, (_, i) => `'v${i}'`).join(',');

const strings: Record<string, string[]> = {
  'CHAR(0)': ["''"],
  'CHAR(10)': ["'a  '", "''", "'日本語🎉'", "'  x'"],
  'CHAR(255)': ["REPEAT('🎉', 255)", "'short'", "REPEAT('x', 255)", "REPEAT('x', 250)"],
  'CHAR(10) CHARACTER SET latin1': ["'café€'", "''"],
  'VARCHAR(10)': ["'a  '", "''", "'twelve chars'", "'0123456789'"],
  'VARCHAR(63)': ["REPEAT('a', 63)", "REPEAT('é', 63)", "'exactly12345'", "'thirteen chars'"],
  'VARCHAR(300) CHARACTER SET latin1': ["'café €'", "REPEAT('ÿ', 300)", "'plain'"],
  'VARCHAR(20) CHARACTER SET utf8mb3': ["'日本'", "'x'"],
  'VARCHAR(20) CHARACTER SET ascii': ["'plain'"],
  'VARCHAR(20) CHARACTER SET swe7': ["'[\\\\]'", "'ÅÄÖ'"],
  'VARCHAR(20) CHARACTER SET utf16': ["'a🎉日'", "''"],
  'VARCHAR(20) CHARACTER SET utf16le': ["'a🎉日'", "''"],
  'VARCHAR(20) CHARACTER SET utf32': ["'a🎉日'", "''"],
  'VARCHAR(20) CHARACTER SET ucs2': ["'a日'", "''"],
  'VARCHAR(20) CHARACTER SET sjis': ["'表ソ能'", "'ｱa'"],
  'VARCHAR(20) CHARACTER SET cp932': ["'表①髙'"],
  'VARCHAR(20) CHARACTER SET ujis': ["'日本ｱ'"],
  'VARCHAR(20) CHARACTER SET eucjpms': ["'日本①'"],
  'VARCHAR(20) CHARACTER SET gbk': ["'中文€'", "'x'"],
  'VARCHAR(20) CHARACTER SET gb2312': ["'中文'"],
  'VARCHAR(20) CHARACTER SET big5': ["'中文'"],
  'VARCHAR(20) CHARACTER SET euckr': ["'한국'"],
  'VARCHAR(20) CHARACTER SET cp1251': ["'Привет'"],
  'VARCHAR(20) CHARACTER SET koi8r': ["'Привет'"],
  'VARCHAR(20) CHARACTER SET greek': ["'αβγ'"],
  'VARCHAR(20) CHARACTER SET hebrew': ["'שלום'"],
  'VARCHAR(20) CHARACTER SET tis620': ["'ไทย'"],
  TINYTEXT: ["REPEAT('x', 255)", "''", "'tab\\tnew\\nline\\0nul'"],
  TEXT: ["REPEAT('é', 20000)", "''"],
  MEDIUMTEXT: ["REPEAT('y', 70000)", "''"],
  LONGTEXT: ["REPEAT('z', 70000)", "''"],
  'TEXT CHARACTER SET latin1': ["REPEAT('é', 300)", "'€'"],
  'BINARY(4)': ["x'01020000'", "x'00000000'", "x'000000FF'", "''"],
  'BINARY(255)': ["REPEAT(x'FF', 255)", "x'00'"],
  'VARBINARY(20)': ["x'0100'", "x'00'", "''", "x'FFFE'"],
  'VARBINARY(300)': ["REPEAT(x'80', 300)", "x'0000'"],
  TINYBLOB: ["REPEAT(x'00', 255)", "''"],
  BLOB: ["REPEAT(x'0102', 30000)", "x'C3'"],
  MEDIUMBLOB: ["REPEAT(x'FF', 70000)"],
  LONGBLOB: ["REPEAT(x'00', 70000)", "''"],
  "ENUM('x','é','it''s','a,b','back\\\\slash')": ["'x'", "'é'", "'it''s'", "'a,b'", "'back\\\\slash'", "'no such'"],
  "ENUM('é','ß') CHARACTER SET latin1": ["'é'", "'ß'"],
  [`ENUM(${many})`]: ["'v0'", "'v299'", "'v255'", "'v256'"],
  "SET('p','q','é')": ["'p,q'", "''", "'é'", "'q,p'"],
  [`SET(${members})`]: ["'m0'", "'m63'", "'m31,m32'", "'m0,m31,m32,m63'", "''", '18446744073709551615'],
  "SET('a','b','c','d','e','f','g','h','i')": ["'a,i'", "'h'"],
};

const mysqlOnly: Record<string, string[]> = {
  JSON: [
    '\'{"a":[1,70000,-1.5,"é",null,true],"bb":{}}\'',
    "'null'",
    '\'"\\\\"q\\\\u0001\\\\n/"\'',
    "'18446744073709551615'",
    "'-9223372036854775808'",
    "JSON_ARRAY(DATE'2024-01-02', CAST('-12:34:56.789' AS TIME(3)), CAST(1.50 AS DECIMAL(5,2)), TIMESTAMP'2024-01-02 03:04:05.000006', x'00ff', b'1')",
  ],
  'VECTOR(2)': ["STRING_TO_VECTOR('[1,-2.5]')"],
  'VECTOR(2048)': ["STRING_TO_VECTOR(CONCAT('[', REPEAT('0.5,', 1999), '1]'))"],
  POINT: ["ST_GeomFromText('POINT(1 2)')", "ST_GeomFromText('POINT(10 20)', 4326)"],
  GEOMETRY: ["ST_GeomFromText('LINESTRING(0 0,1 1)')", "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1))')"],
  POLYGON: ["ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))')"],
  LINESTRING: ["ST_GeomFromText('LINESTRING(0 0,1 1)')"],
  MULTIPOINT: ["ST_GeomFromText('MULTIPOINT(0 0,1 1)')"],
  MULTILINESTRING: ["ST_GeomFromText('MULTILINESTRING((0 0,1 1))')"],
  MULTIPOLYGON: ["ST_GeomFromText('MULTIPOLYGON(((0 0,1 0,1 1,0 0)))')"],
  GEOMETRYCOLLECTION: ["ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1))')"],
  'VARCHAR(20) CHARACTER SET gb18030': ["'中文🎉€'"],
};

const mariadbOnly = (version: string): Record<string, string[]> => ({
  JSON: ['\'{"a": [1,  2]}\'', "'null'"],
  UUID: [
    "'123e4567-e89b-12d3-a456-426655440000'",
    "'00000000-0000-0000-0000-000000000000'",
    "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
    "'018f0000-0000-7000-8000-000000000000'",
  ],
  INET6: [
    "'::'",
    "'::1'",
    "'2001:db8::ff00:42:8329'",
    "'::ffff:192.0.2.1'",
    "'::192.0.2.1'",
    "'1:0:0:2::'",
    "'fe80::'",
    "'1:2:3:4:5:6:7:0'",
    "'::2:3:4:5:6:7:8'",
    "'1:0:3:0:5:0:7:8'",
    "'::ffff:0:0'",
    "'::1:0:0'",
  ],
  INET4: ["'10.0.0.0'", "'0.0.0.0'", "'255.255.255.255'", "'1.2.3.4'"],
  POINT: ["ST_GeomFromText('POINT(1 2)')"],
  GEOMETRY: ["ST_GeomFromText('LINESTRING(0 0,1 1)', 4326)"],
  GEOMETRYCOLLECTION: ["ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1))')"],
  'VARCHAR(1000) COMPRESSED': ["REPEAT('b', 200)", "''", "'x'", "REPEAT('é', 900)"],
  'VARCHAR(100) COMPRESSED CHARACTER SET latin1': ["REPEAT('é', 100)", "'x'"],
  'TEXT COMPRESSED': ["REPEAT('c', 300)", "''", "'short'"],
  'VARBINARY(1000) COMPRESSED': ["REPEAT(x'00', 900)", "x'00'"],
  'LONGBLOB COMPRESSED': ["REPEAT(x'0102', 50000)", "x'00'", "''"],
  ...(version.includes('11.8')
    ? { 'TIMESTAMP(6) NULL': ["'2106-02-07 06:28:15.999999'", "'2038-01-19 03:14:08'"] }
    : {}),
  ...(version.includes('11.8')
    ? { "VECTOR(3) NOT NULL DEFAULT x'000000000000000000000000'": Array(13).fill("VEC_FromText('[1,-2.5,3]')") }
    : {}),
});

const benches = new Map<string, Promise<Bench>>();
const benchOf = (server: Server): Promise<Bench> => {
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

for (const server of testServers()) {
  const on = `on ${server.name}`;
  const isMysql = server.flavor === 'mysql';

  test(`I-22: integers of every width are exact three ways, beyond 2^53 too, ${on}`, async () => {
    const { rows } = await threeWays(await benchOf(server), 'integers', typedTable('integers', integers));
    assert.equal(rows[0]!.at(-1), 18446744073709551615n);
  });

  test(`DECIMAL, FLOAT, DOUBLE, BIT and YEAR are the same three ways ${on}`, async () => {
    await threeWays(await benchOf(server), 'numbers', typedTable('numbers', numbers));
  });

  test(`I-23: dates and times at their limits, with fractions, negative and zero, are the same three ways ${on}`, async () => {
    await threeWays(await benchOf(server), 'temporals', typedTable('temporals', temporals()));
  });

  test(`random FLOAT and DOUBLE values are the same three ways ${on}`, async () => {
    const random = seeded(7);
    const bits = Buffer.alloc(8);
    const value = (read: () => number): string => {
      for (;;) {
        for (let i = 0; i < 8; i += 1) bits[i] = Math.floor(random() * 256);
        if (Number.isFinite(read())) return String(read());
      }
    };
    const rows = Array.from(
      { length: 1000 },
      (_, i) => `(${i}, ${value(() => bits.readDoubleLE(0))}, ${value(() => bits.readFloatLE(0))})`,
    );
    await threeWays(await benchOf(server), 'floats', [
      'DROP TABLE IF EXISTS floats',
      'CREATE TABLE floats (id INT PRIMARY KEY, d DOUBLE, f FLOAT)',
      `INSERT INTO floats VALUES ${rows.join(', ')}`,
    ]);
  });

  test(`text of every kind of charset, bytes, ENUM and SET are the same three ways ${on}`, async () => {
    await threeWays(await benchOf(server), 'strings', typedTable('strings', strings));
  });

  test(`types that only ${server.name} has are the same three ways`, async () => {
    const own = isMysql ? mysqlOnly : mariadbOnly(server.name);
    await threeWays(await benchOf(server), 'own_types', typedTable('own_types', own));
  });
}

for (const server of testServers()) {
  const on = `on ${server.name}`;
  const isMysql = server.flavor === 'mysql';

  test(`a log with full metadata needs no catalogue ${on}`, async () => {
    const bench = await benchOf(server);
    for (const [name, types] of [
      ['alone_integers', integers],
      ['alone_numbers', numbers],
      ['alone_temporals', temporals()],
    ] as const) {
      const statements = typedTable(name, types);
      const logged = await bench.logged(() => bench.run(...statements));
      const { rows } = await bench.selectText(await bench.describe(name), true);
      const fromLog = logged.flatMap(({ map, event }) => {
        const table = tableFromMap(map, builtinCollations(server.flavor), null);
        assert.deepEqual(table.primaryKey, [0]);
        assert.deepEqual(
          table.columns.map((column) => column.name),
          ['id', ...Object.keys(types).map((_, i) => `c${i}`)],
        );
        return afterRows(rowReader(table, map, builtinCollations(server.flavor)).images(event));
      });
      assert.deepEqual(fromLog, rows);
    }
  });

  test(`I-25: columns that were not logged are absent, never NULL, ${on}`, async () => {
    const bench = await benchOf(server);
    await bench.run(
      'DROP TABLE IF EXISTS images',
      `CREATE TABLE images (id INT PRIMARY KEY, t TEXT, n INT, v VARCHAR(20)${isMysql ? ', j JSON' : ''})`,
      `INSERT INTO images VALUES (1, 'text', NULL, 'v'${isMysql ? `, '{"a": 1}'` : ''})`,
    );
    const json = isMysql ? 1 : 0;
    const read = async (
      image: string,
      sql: string,
    ): Promise<{ before: Row | null; after: Row | null; images: RowImages }> => {
      const logged = await bench.logged(() => bench.run(`SET SESSION binlog_row_image = '${image}'`, sql));
      assert.equal(logged.length, 1);
      const { map, event } = logged[0]!;
      const table = tableFromMap(map, bench.collations, null);
      const images = rowReader(table, map, bench.collations).images(event);
      const plain = rowReader(table, map, bench.collations, { compile: false }).images(event);
      for (const side of ['before', 'after'] as const) {
        assert.deepEqual(images[side](0), plain[side](0));
        if (images[side](0) !== null) assert.deepEqual(built(table, images, 0, side), images[side](0));
        for (let column = 0; column < 4 + json; column += 1) {
          assert.equal(
            images.has(0, side, column),
            (images[side](0)?.[column] ?? undefined) !== undefined || images[side](0)?.[column] === null,
          );
        }
      }
      return { before: images.before(0), after: images.after(0), images };
    };
    const none = undefined;
    const padded = (row: (Value | undefined)[], last: Value | undefined): (Value | undefined)[] =>
      isMysql ? [...row, last] : row;
    const minimal = await read('MINIMAL', "UPDATE images SET v = 'w' WHERE id = 1");
    assert.deepEqual(minimal.before, padded([1, none, none, none], none));
    assert.deepEqual(minimal.after, padded([none, none, none, 'w'], none));
    const toNull = await read('MINIMAL', 'UPDATE images SET t = NULL WHERE id = 1');
    assert.deepEqual(toNull.after, padded([none, null, none, none], none));
    const noblob = await read('NOBLOB', 'UPDATE images SET n = 5 WHERE id = 1');
    assert.equal(noblob.before![1], none);
    assert.deepEqual(noblob.after!.slice(0, 4), [1, none, 5, 'w']);
    const inserted = await read('MINIMAL', 'INSERT INTO images (id, n) VALUES (2, 7)');
    assert.deepEqual([inserted.before, inserted.after!.slice(0, 4)], [null, [2, none, 7, none]]);
    const deleted = await read('MINIMAL', 'DELETE FROM images WHERE id = 2');
    assert.deepEqual([deleted.before, deleted.after], [padded([2, none, none, none], none), null]);
    await bench.run("SET SESSION binlog_row_image = 'FULL'");
  });

  test(`I-29: one UPDATE of 3000 small rows comes as few events and reads as 3000 rows ${on}`, async () => {
    const bench = await benchOf(server);
    const values = Array.from({ length: 3000 }, (_, i) => `(${i}, ${i * 3}, 'row ${i}')`).join(', ');
    await bench.run(
      'DROP TABLE IF EXISTS small',
      'CREATE TABLE small (id INT PRIMARY KEY, n INT, s VARCHAR(20))',
      `INSERT INTO small VALUES ${values}`,
    );
    const logged = await bench.logged(() => bench.run('UPDATE small SET n = n + 1'));
    assert.ok(logged.length > 1 && logged.length < 100, `${logged.length} events`);
    const table = tableFromMap(logged[0]!.map, bench.collations, null);
    const reader = rowReader(table, logged[0]!.map, bench.collations);
    let row = 0;
    for (const { event } of logged) {
      const images = reader.images(event);
      for (let i = 0; i < images.length; i += 1, row += 1) {
        assert.deepEqual(images.before(i), [row, row * 3, `row ${row}`]);
        assert.deepEqual(images.after(i), [row, row * 3 + 1, `row ${row}`]);
      }
    }
    assert.equal(row, 3000);
  });

  test(`I-30: ENUM and SET values are those of the definition that was in force at the event ${on}`, async () => {
    const bench = await benchOf(server);
    const logged = await bench.logged(() =>
      bench.run(
        'DROP TABLE IF EXISTS orders_of_values',
        "CREATE TABLE orders_of_values (id INT PRIMARY KEY, e ENUM('a','b','c'), s SET('x','y'))",
        "INSERT INTO orders_of_values VALUES (1, 'a', 'y')",
        "ALTER TABLE orders_of_values MODIFY e ENUM('c','b','a'), MODIFY s SET('y','x','z')",
        "UPDATE orders_of_values SET s = 'y,z' WHERE id = 1",
      ),
    );
    const rows = logged.map(({ map, event }) => {
      const table = tableFromMap(map, bench.collations, null);
      const images = rowReader(table, map, bench.collations).images(event);
      return [images.before(0), images.after(0)];
    });
    assert.deepEqual(rows, [
      [null, [1, 'a', 'y']],
      [
        [1, 'a', 'y'],
        [1, 'a', 'y,z'],
      ],
    ]);
    // The catalogue's later definition must not win over what the log says.
    const later = await bench.describe('orders_of_values');
    const first = logged[0]!;
    const corrected = tableFromMap(first.map, bench.collations, later);
    assert.deepEqual(afterRows(rowReader(corrected, first.map, bench.collations).images(first.event)), [[1, 'a', 'y']]);
    assert.notEqual(corrected.id, later.id);
  });

  test(`a definition that the log contradicts is refused, naming both, ${on}`, async () => {
    const bench = await benchOf(server);
    const logged = await bench.logged(() =>
      bench.run(
        'DROP TABLE IF EXISTS changed',
        'CREATE TABLE changed (id INT PRIMARY KEY, a INT)',
        'INSERT INTO changed VALUES (1, 2)',
      ),
    );
    const known = await bench.describe('changed');
    const { map } = logged[0]!;
    const column = known.columns[1]!;
    const refuses = (columns: Column[], details: object): void => {
      assert.throws(() => tableFromMap(map, bench.collations, { ...known, columns }), {
        code: 'VALUES_TABLE_MISMATCH',
        details,
      });
    };
    const table = `${database}.changed`;
    refuses([known.columns[0]!], { table, logged: '2 columns', known: '1 columns' });
    refuses([known.columns[0]!, { ...column, name: 'b' }], { table, logged: 'column a at place 2', known: 'column b' });
    refuses([known.columns[0]!, { ...column, type: { kind: 'date' }, declaration: 'date' }], {
      table,
      logged: 'column a with wire type 3, meta 0',
      known: 'column a as date',
    });
    refuses(
      [known.columns[0]!, { ...column, type: { kind: 'integer', bits: 64, unsigned: false }, declaration: 'bigint' }],
      {
        table,
        logged: 'column a with wire type 3, meta 0',
        known: 'column a as bigint',
      },
    );
  });

  test(`the built-in collations are those of the server ${on}`, async () => {
    const bench = await benchOf(server);
    const own = builtinCollations(server.flavor);
    for (const [id, collation] of bench.collations) {
      assert.deepEqual(own.get(id), collation, `collation ${id}`);
    }
  });
}

const afterRows = (images: RowImages): Row[] => Array.from({ length: images.length }, (_, i) => images.after(i)!);

/** Documents that stress the text rules: numbers around every limit, strings with escapes, temporal and opaque values. */
const randomJson = (random: () => number, depth: number): string => {
  const pick = Math.floor(random() * (depth > 4 ? 8 : 11));
  const text = (): string => {
    const pieces = [
      'a',
      'key',
      'é',
      '日本',
      '🎉',
      '\\u0000',
      '\\u001f',
      '\\"',
      '\\\\',
      '/',
      '\\n',
      '\\b\\f\\r\\t',
      ' ',
      '.',
      '[0]',
      '$',
      '\u007f',
    ];
    return Array.from({ length: Math.floor(random() * 4) }, () => pieces[Math.floor(random() * pieces.length)]).join(
      '',
    );
  };
  switch (pick) {
    case 0:
      return ['null', 'true', 'false'][Math.floor(random() * 3)]!;
    case 1:
      return String(Math.floor((random() - 0.5) * 2 ** Math.floor(random() * 34)));
    case 2:
      return [
        '-32768',
        '32767',
        '32768',
        '65535',
        '65536',
        '-2147483648',
        '4294967295',
        '4294967296',
        '9223372036854775807',
        '18446744073709551615',
        '-9223372036854775808',
        '18446744073709551616',
      ][Math.floor(random() * 12)]!;
    case 3:
      return randomDouble(random);
    case 4:
    case 5:
      return `"${text()}"`;
    case 6:
      return `"${'x'.repeat(Math.floor(random() * 300))}"`;
    case 7:
      return random() < 0.5 ? '{}' : '[]';
    case 8:
      return `[${Array.from({ length: Math.floor(random() * 6) }, () => randomJson(random, depth + 1)).join(',')}]`;
    default:
      return `{${Array.from({ length: Math.floor(random() * 6) }, () => `"${text()}${Math.floor(random() * 30)}":${randomJson(random, depth + 1)}`).join(',')}}`;
  }
};

const randomDouble = (random: () => number): string => {
  const digits = 1 + Math.floor(random() * 17);
  const mantissa = Array.from({ length: digits }, (_, i) =>
    i === 0 ? 1 + Math.floor(random() * 9) : Math.floor(random() * 10),
  ).join('');
  const exponent = Math.floor((random() - 0.5) * (random() < 0.3 ? 600 : 44));
  return `${random() < 0.5 ? '-' : ''}${mantissa[0]}.${mantissa.slice(1)}0e${exponent}`;
};

/** mulberry32: the same documents in every run. */
const seeded = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
};

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

for (const server of testServers().filter((one) => one.flavor === 'mysql')) {
  const on = `on ${server.name}`;

  test(`I-31: JSON of every kind, over 64 KB and 100 levels deep, is the server's own text ${on}`, async () => {
    const bench = await benchOf(server);
    const random = seeded(31);
    const documents = Array.from({ length: 1500 }, () => randomJson(random, 0));
    for (let i = 0; i < 800; i += 1) documents.push(`[${randomDouble(random)}, ${randomDouble(random)}]`);
    documents.push(`${'['.repeat(99)}{"a": 1}${']'.repeat(99)}`);
    documents.push(`[${Array.from({ length: 20_000 }, (_, i) => `{"k${i}": ${i * 7_919}}`).join(',')}]`);
    documents.push(`{${Array.from({ length: 9_000 }, (_, i) => `"key ${i}": [${i}, "${i}", ${i / 8}]`).join(',')}}`);
    documents.push(`"${'é'.repeat(70_000)}"`, `["${'x'.repeat(127)}", "${'x'.repeat(128)}", "${'x'.repeat(16_384)}"]`);
    const rows = documents.map((document, i) => `(${i}, ${quoted(document)})`);
    const inserts: string[] = [];
    for (let i = 0; i < rows.length; i += 400)
      inserts.push(`INSERT INTO documents VALUES ${rows.slice(i, i + 400).join(', ')}`);
    await threeWays(bench, 'documents', [
      'DROP TABLE IF EXISTS documents',
      'CREATE TABLE documents (id INT PRIMARY KEY, j JSON)',
      ...inserts,
    ]);
  });

  test(`changes to parts of JSON documents give what the server then selects ${on}`, async () => {
    const bench = await benchOf(server);
    const random = seeded(39);
    const any = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    await bench.run(
      'DROP TABLE IF EXISTS partial',
      'CREATE TABLE partial (id INT PRIMARY KEY, a JSON, n INT, b JSON, c JSON)',
      "SET SESSION binlog_row_value_options = 'PARTIAL_JSON'",
    );
    const filler = `"filler": "${'f'.repeat(400)}"`;
    const start = `{${filler}, "a": {"x": [1, 2, {"deep": [true]}], "k y": "v", "é": 1}, "list": [0, 1, 2, 3, 4, 5, 6, 7], "z": 1.5, "q\\"uote": {}}`;
    for (let id = 0; id < 20; id += 1)
      await bench.run(`INSERT INTO partial VALUES (${id}, ${quoted(start)}, 0, ${quoted(start)}, NULL)`);
    const paths = [
      '$.a',
      '$.a.x',
      '$.a.x[0]',
      '$.a.x[1]',
      '$.a.x[2].deep',
      '$.a.x[2].deep[0]',
      '$.a."k y"',
      '$.a."é"',
      '$.list[0]',
      '$.list[3]',
      '$.list[7]',
      '$.list[20]',
      '$.z',
      '$."q\\"uote"',
      '$."q\\"uote".new',
      '$.fresh',
      '$.a.fresh',
      '$.list',
      '$.z[0]',
      '$.z[1]',
      '$.a.x[last]',
      '$.list[last-1]',
    ];
    const values = [
      '1',
      '"short"',
      'NULL',
      'true',
      '123456789012',
      '1.5',
      "JSON_OBJECT('n', JSON_ARRAY(1, 'two'))",
      'JSON_ARRAY()',
      "REPEAT('y', 200)",
      "CAST('2024-01-02' AS DATE)",
    ];
    const change = (column: string): string => {
      const path = quoted(any(paths));
      switch (Math.floor(random() * 6)) {
        case 0:
          return `JSON_SET(${column}, ${path}, ${any(values)})`;
        case 1:
          return `JSON_REPLACE(${column}, ${path}, ${any(values)}, ${quoted(any(paths))}, ${any(values)})`;
        case 2:
          return `JSON_REMOVE(${column}, ${path})`;
        case 3:
          return `JSON_SET(${column}, ${path}, ${any(values)}, ${quoted(any(paths))}, ${any(values)})`;
        case 4:
          return `JSON_SET(JSON_REMOVE(${column}, ${path}), ${quoted(any(paths))}, ${any(values)})`;
        default:
          return `JSON_ARRAY_INSERT(${column}, ${quoted(any(['$.list[0]', '$.list[3]', '$.list[30]', '$.a.x[1]']))}, ${any(values)})`;
      }
    };
    const selected: string[] = [];
    const logged = await bench.logged(async () => {
      for (let step = 0; step < 600; step += 1) {
        const sets = [`a = ${change('a')}`];
        if (random() < 0.5) sets.push(`b = ${change('b')}`);
        if (random() < 0.2) sets.push(`n = ${step}`);
        if (random() < 0.1) sets.push(`c = ${any(['NULL', 'JSON_ARRAY(1)', 'JSON_SET(a, "$.z", 1)'])}`);
        const id = step % 20;
        const [, changed] = await Promise.all([
          null,
          bench.connection.query(`UPDATE partial SET ${sets.join(', ')} WHERE id = ${id}`),
        ]);
        if ((changed[0] as mysql.ResultSetHeader).changedRows === 1) {
          const [[a, b, c]] = (await bench.query(
            `SELECT CAST(a AS CHAR), CAST(b AS CHAR), CAST(c AS CHAR) FROM partial WHERE id = ${id}`,
          )) as [[string, string, string]];
          selected.push(JSON.stringify([a, b, c]));
        }
      }
    });
    await bench.run("SET SESSION binlog_row_value_options = ''");
    const partial = logged.filter(({ event }) => event.partialJson).length;
    assert.ok(partial > 300, `${partial} partial events`);
    const seen: string[] = [];
    for (const { map, event } of logged) {
      const table = tableFromMap(map, bench.collations, null);
      const images = rowReader(table, map, bench.collations).images(event);
      for (let i = 0; i < images.length; i += 1) {
        const row = images.after(i)!;
        assert.deepEqual(built(table, images, i, 'after'), row);
        assert.deepEqual(built(table, images, i, 'before'), images.before(i));
        seen.push(JSON.stringify([row[1], row[3], row[4]]));
      }
    }
    assert.equal(seen.length, selected.length);
    for (const [i, text] of seen.entries()) assert.equal(text, selected[i], `update ${i}`);
  });

  test(`a partial JSON value without the document before it is refused with a remedy ${on}`, async () => {
    const bench = await benchOf(server);
    const logged = await bench.logged(() =>
      bench.run(
        'DROP TABLE IF EXISTS unresolvable',
        'CREATE TABLE unresolvable (id INT PRIMARY KEY, j JSON)',
        `INSERT INTO unresolvable VALUES (1, JSON_OBJECT('a', 1, 'filler', REPEAT('f', 200)))`,
        "SET SESSION binlog_row_image = 'MINIMAL', binlog_row_value_options = 'PARTIAL_JSON'",
        "UPDATE unresolvable SET j = JSON_SET(j, '$.a', 2)",
        "SET SESSION binlog_row_image = 'FULL', binlog_row_value_options = ''",
      ),
    );
    const { map, event } = logged.at(-1)!;
    assert.equal(event.partialJson, true);
    const table = tableFromMap(map, bench.collations, null);
    assert.throws(() => rowReader(table, map, bench.collations).images(event), {
      code: 'VALUES_JSON_BASE_MISSING',
      details: { table: `${database}.unresolvable`, column: 'j' },
      hint: /binlog_row_image=FULL/,
    });
  });

  test(`rows over 16 MB are read whole, from the log and from a SELECT, ${on}`, async () => {
    const bench = await benchOf(server);
    const { rows } = await threeWays(bench, 'huge', [
      'DROP TABLE IF EXISTS huge',
      'CREATE TABLE huge (id INT PRIMARY KEY, b LONGBLOB, t LONGTEXT)',
      "INSERT INTO huge VALUES (1, REPEAT(x'00FF', 9000000), 'after'), (2, x'01', REPEAT('é', 100))",
      `INSERT INTO huge VALUES (3, REPEAT('x', ${0xffffff - 6}), '')`,
    ]);
    assert.equal((rows[0]![1] as Uint8Array).length, 18_000_000);
  });
}

for (const server of testServers()) {
  test(`every charset decodes as the server converts it, code by code, on ${server.name}`, async () => {
    const bench = await benchOf(server);
    const charsets = (await bench.query(
      'SELECT CHARACTER_SET_NAME, MAXLEN FROM information_schema.CHARACTER_SETS',
    )) as [string, string | number][];
    const state: string[] = [];
    const sequences: Buffer[] = [];
    for (let first = 0; first < 256; first += 1) sequences.push(Buffer.of(first));
    for (let first = 0x80; first < 256; first += 1) {
      for (let second = 0x20; second < 256; second += 1) sequences.push(Buffer.of(first, second));
    }
    for (let second = 0xa0; second < 256; second += 1) {
      for (let third = 0xa0; third < 256; third += 1) sequences.push(Buffer.of(0x8f, second, third));
    }
    await bench.run('DROP TABLE IF EXISTS codes', 'CREATE TEMPORARY TABLE codes (v VARBINARY(4))');
    for (let i = 0; i < sequences.length; i += 20_000) {
      await bench.run(
        `INSERT INTO codes VALUES ${sequences
          .slice(i, i + 20_000)
          .map((code) => `(x'${code.toString('hex')}')`)
          .join(',')}`,
      );
    }
    for (const [charset, maxBytes] of charsets) {
      if (charset === 'binary') continue;
      const decoder = charsetOf(charset, 'c');
      // What the server takes for text of this charset: others cannot be in a column.
      const where =
        Number(maxBytes) === 1
          ? 'LENGTH(v) = 1'
          : charset === 'ujis' || charset === 'eucjpms'
            ? 'TRUE'
            : 'LENGTH(v) <= 2';
      const rows = (await bench.query(
        `SELECT HEX(v), HEX(CONVERT(CONVERT(v USING ${charset}) USING utf8mb4)), HEX(CONVERT(v USING ${charset})) FROM codes WHERE ${where}`,
      )) as [string, string | null, string | null][];
      let compared = 0;
      const wrong: string[] = [];
      for (const [code, converted, taken] of rows) {
        // MariaDB answers '?' for bytes that are not well-formed, MySQL NULL; neither can be in a column.
        if (converted === null || taken !== code) continue;
        if (server.flavor === 'mariadb' && converted.includes('3F') && !code.includes('3F')) continue;
        const bytes = Buffer.from(code, 'hex');
        const expected = Buffer.from(converted, 'hex').toString('utf8');
        // Neither are bytes that the server turns into nothing or into half a surrogate pair.
        // MySQL lets one half of a pair through in ujis.
        if (expected === '' || expected === '??' || (charset === 'ucs2' && expected.includes('\ufffd'))) continue;
        const decoded = decoder.decode(bytes, 0, bytes.length);
        compared += 1;
        if (decoded !== expected)
          wrong.push(`${code}: ${JSON.stringify(decoded)} instead of ${JSON.stringify(expected)}`);
      }
      assert.deepEqual(wrong.slice(0, 10), [], `${charset}: ${wrong.length} of ${compared}`);
      state.push(`${charset} ${compared}`);
    }
    assert.ok(state.length >= 39, state.join(', '));
  });

  test(`text of up to four bytes a character decodes as the server converts it on ${server.name}`, async () => {
    const bench = await benchOf(server);
    const random = seeded(4);
    const texts = Array.from({ length: 300 }, () =>
      String.fromCodePoint(
        ...Array.from(
          { length: 5 },
          () =>
            [
              0x20 + random() * 0x5f,
              0xa0 + random() * 0x700,
              0x4e00 + random() * 0x5000,
              0x1f300 + random() * 0x300,
              0xe000 + random() * 0x1900,
            ][Math.floor(random() * 5)]! | 0,
        ),
      ),
    );
    const charsets = ['utf8mb4', 'utf16', 'utf16le', 'utf32', ...(server.flavor === 'mysql' ? ['gb18030'] : [])];
    for (const charset of charsets) {
      for (const text of texts) {
        const [[hex]] = (await bench.query(
          `SELECT HEX(CONVERT(CONVERT(x'${Buffer.from(text).toString('hex')}' USING utf8mb4) USING ${charset}))`,
        )) as [[string]];
        const bytes = Buffer.from(hex, 'hex');
        assert.equal(charsetOf(charset, 'c').decode(bytes, 0, bytes.length), text, charset);
      }
    }
  });
}

test('MariaDB tables in the old temporal format, and logs without any metadata, are read by the catalogue', async () => {
  await using server = await launchServer({
    flavor: 'mariadb',
    version: '11.8',
    options: ['--mysql56-temporal-format=OFF', '--binlog-row-metadata=NO_LOG'],
  });
  const { host, port, user, password } = server;
  await using bench = await Bench.open({ name: 'old', flavor: 'mariadb', host, port, user, password });
  await threeWays(bench, 'old_temporals', typedTable('old_temporals', temporals()));
  await threeWays(bench, 'unlabelled', typedTable('unlabelled', { ...integers, ...strings, ...mariadbOnly('11.8') }));
  const logged = await bench.logged(() => bench.run("INSERT INTO old_temporals (id, c1) VALUES (1000, '01:02:03')"));
  assert.throws(() => tableFromMap(logged[0]!.map, bench.collations, null), {
    code: 'VALUES_TABLE_UNKNOWN',
    details: { table: `${database}.old_temporals`, columns: 23 },
    hint: /binlog_row_metadata=FULL/,
  });
  await bench.run('SET GLOBAL binlog_row_metadata = FULL');
  const named = await bench.logged(() => bench.run("INSERT INTO old_temporals (id, c1) VALUES (1001, '01:02:03')"));
  assert.throws(() => tableFromMap(named[0]!.map, bench.collations, null), {
    code: 'VALUES_FRACTION_UNKNOWN',
    details: { table: `${database}.old_temporals`, column: 'c1' },
  });
});
