import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { type LaunchedServer, launchServer } from '../../testing/servers/launch-server.ts';
import { decodeEvent } from './decode-event.ts';
import { dumpFlag, encodeBinlogDump, encodeBinlogDumpGtid, encodeRegisterReplica } from './dump-commands.ts';
import { type EventFrame, eventFlag, keepFrame } from './event-frame.ts';
import { eventType, eventTypeName } from './event-type.ts';
import type { ChecksumAlgorithm } from './events/format-description.ts';
import { decodeGtid, isGtidEvent } from './events/gtid.ts';
import { decodeGtidList } from './events/gtid-list.ts';
import { decodeMariadbGtid } from './events/mariadb-gtid.ts';
import { decodeQuery } from './events/query.ts';
import { decodeRotate } from './events/rotate.ts';
import { decodeRowsEvent, isRowsEvent } from './events/rows-event.ts';
import { decodeTableMap, type TableMap } from './events/table-map.ts';
import { decodeTransactionPayload } from './events/transaction-payload.ts';
import { decodeXaPrepare, xaIdText } from './events/xa-prepare.ts';
import { decodeXid } from './events/xid.ts';
import { FileFramer } from './file-framer.ts';
import { MariadbGtidPosition } from './gtid/mariadb-gtid-position.ts';
import { MysqlGtidSet } from './gtid/mysql-gtid-set.ts';
import { NetworkFramer } from './network-framer.ts';
import { encodePacket } from './packet.ts';
import { readSmallPayload } from './payload-framer.ts';

const run = promisify(execFile);

/** What fills a log with every kind of event that the server can write here. */
const common = [
  'CREATE DATABASE wire',
  'USE wire',
  `CREATE TABLE t (id int unsigned PRIMARY KEY AUTO_INCREMENT, a tinyint, b bigint unsigned, c decimal(14,4), d double, y year,
     v varchar(30) CHARACTER SET latin1, w varchar(30), x text CHARACTER SET ucs2, bin varbinary(9), bl blob, e enum('x','é'),
     s set('p','q') CHARACTER SET latin1, g point, j json, tm time(3), dt datetime(2), ts timestamp(6) NULL, bits bit(13))`,
  `INSERT INTO t (a, b, c, v, w, e, s, j, dt) VALUES (-1, 18446744073709551615, -1.5, 'é', 'é', 'é', 'p,q', '{"a": [1, 2], "b": "x"}', '2024-02-29 01:02:03.04'), (2, 2, 2, 'b', 'b', 'x', 'p', '{"a": 1}', NULL)`,
  "UPDATE t SET v = 'longer', w = repeat('w', 30), g = point(1, 2)",
  'SET SESSION binlog_row_image = MINIMAL',
  'UPDATE t SET a = 7 WHERE id = 1',
  'DELETE FROM t WHERE id = 2',
  'SET SESSION binlog_row_image = FULL',
  'CREATE TABLE m (id int) ENGINE = MyISAM',
  'INSERT INTO m VALUES (1), (2)',
  'BEGIN',
  "INSERT INTO t (a, w) VALUES (3, 'kept')",
  'SAVEPOINT s',
  "INSERT INTO t (a, w) VALUES (4, 'undone')",
  'ROLLBACK TO s',
  'COMMIT',
  "XA START 'gt', 'bq', 7",
  'INSERT INTO t (a) VALUES (5)',
  "XA END 'gt', 'bq', 7",
  "XA PREPARE 'gt', 'bq', 7",
  "XA COMMIT 'gt', 'bq', 7",
  `CREATE TABLE wide (${Array.from({ length: 300 }, (_, i) => `column_${i} int`).join(', ')})`,
  'INSERT INTO wide (column_299) VALUES (1)',
  'ALTER TABLE t ADD COLUMN late int DEFAULT 5, DROP COLUMN bl',
  'SET SESSION binlog_format = STATEMENT',
  "SET @v = 'é', @n = NULL",
  'INSERT INTO m VALUES (rand() * 10)',
  'INSERT INTO t (w) VALUES (@v), (@n), (last_insert_id())',
  'SET SESSION binlog_format = ROW',
  'TRUNCATE t',
  'DROP TABLE wide',
  'FLUSH BINARY LOGS',
];

const corpus = {
  mysql: [
    ...common.slice(0, -3),
    'SET SESSION binlog_rows_query_log_events = ON',
    'SET SESSION binlog_row_value_options = PARTIAL_JSON',
    `INSERT INTO t (id, w, j) VALUES (100, 'tagged', '{"a": [1, 2, 3], "b": "${'b'.repeat(100)}"}')`,
    "UPDATE t SET j = json_set(j, '$.a[1]', 99) WHERE id = 100",
    "SET SESSION gtid_next = 'AUTOMATIC:mill_tag'",
    "UPDATE t SET w = 'under a tag' WHERE id = 100",
    "SET SESSION gtid_next = '11111111-2222-3333-4444-555555555555:other:9007199254740993'",
    "UPDATE t SET w = 'far out' WHERE id = 100",
    "SET SESSION gtid_next = 'AUTOMATIC'",
    'SET SESSION binlog_transaction_compression = ON',
    'INSERT INTO t (w) SELECT repeat(char(65 + seq), 20) FROM (WITH RECURSIVE n (seq) AS (SELECT 0 UNION ALL SELECT seq + 1 FROM n WHERE seq < 25) SELECT seq FROM n) AS list',
    'SET SESSION binlog_transaction_compression = OFF',
    'CREATE TABLE vectors (v vector(3)) SELECT 1 AS one',
    "INSERT INTO vectors VALUES (string_to_vector('[1,2,3]'), 2)",
    ...common.slice(-3),
  ],
  mariadb: [
    ...common.slice(0, -3),
    'CREATE SEQUENCE q',
    "INSERT INTO t (w, x) VALUES ('a', repeat('x', 500))",
    "DELETE FROM t WHERE w = 'a'",
    'SELECT NEXT VALUE FOR q',
    ...common.slice(-3),
  ],
} as const;

/** One event as mysqlbinlog tells it. */
interface Printed {
  readonly at: number;
  readonly end: number;
  readonly checksum: string | null;
  readonly label: string;
  /** All that is printed up to the next event. */
  readonly text: string;
}

const printed = async (server: LaunchedServer, file: string): Promise<Printed[]> => {
  const [program, ...args] = server.tools.mysqlbinlog;
  const options = [...args, '-vv', '--base64-output=decode-rows', '--verify-binlog-checksum', file];
  const { stdout } = await run(program, options, { maxBuffer: 2 ** 28 });
  // Some events are held back until a later one, which prints their places first: so places and events are paired in order.
  const places = [...stdout.matchAll(/^# at (\d+)$/gm)].map((match) => Number(match[1]));
  const events = stdout.split(/^#\d{6} {1,2}\d\d?:\d\d:\d\d server id \d+ +/m).slice(1);
  assert.equal(events.length, places.length);
  return events.map((event, i) => {
    const [, end, checksum, text] = /^end_log_pos (\d+) (?:CRC32 0x([0-9a-f]{8}) )?[ \t]*(.*)$/s.exec(event)!;
    return { at: places[i]!, end: Number(end), checksum: checksum ?? null, label: text!.split('\n')[0]!, text: text! };
  });
};

/** The start of mysqlbinlog's line for an event, where it is the same for both flavors. */
const label = (frame: EventFrame, flavor: 'mysql' | 'mariadb'): RegExp => {
  const word = (text: string): RegExp => new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(\\s|$)`);
  switch (frame.type) {
    case eventType.FORMAT_DESCRIPTION:
      return word('Start: binlog v 4, server v');
    case eventType.QUERY:
    case eventType.QUERY_COMPRESSED: {
      const { thread, execTimeSeconds, error } = decodeQuery(frame);
      const name = frame.type === eventType.QUERY ? 'Query' : 'Query_compressed';
      return new RegExp(`^${name}\\tthread_id=${thread}\\texec_time=${execTimeSeconds}\\terror_code=${error}`);
    }
    case eventType.XID:
      return word(`Xid = ${decodeXid(frame).xid}`);
    case eventType.TABLE_MAP: {
      const map = decodeTableMap(frame, flavor);
      return word(`Table_map: \`${map.database}\`.\`${map.name}\` mapped to number ${map.tableId}`);
    }
    case eventType.ROTATE: {
      const { file, position } = decodeRotate(frame);
      return word(`Rotate to ${file}  pos: ${position}`);
    }
    case eventType.XA_PREPARE:
      return word(`${flavor === 'mysql' ? 'XA PREPARE ' : 'XID = '}${xaIdText(decodeXaPrepare(frame).xa)}`);
    case eventType.MARIADB_GTID: {
      const gtid = decodeMariadbGtid(frame);
      return word(`GTID ${gtid.domain}-${gtid.server}-${gtid.sequence}`);
    }
    case eventType.GTID_LIST:
      return new RegExp(`^Gtid list \\[${MariadbGtidPosition.fromList(decodeGtidList(frame).gtids)}\\]`);
    case eventType.GTID:
    case eventType.GTID_TAGGED: {
      const gtid = decodeGtid(frame);
      const rest = [
        `original_committed_timestamp=${gtid.originalCommitMicros}`,
        `immediate_commit_timestamp=${gtid.immediateCommitMicros}`,
        `transaction_length=${gtid.transactionLength}`,
      ].join('.*');
      return new RegExp(
        `^GTID.*last_committed=${gtid.lastCommitted}\\s+sequence_number=${gtid.sequenceNumber}\\s.*${rest}`,
      );
    }
    case eventType.TRANSACTION_PAYLOAD: {
      const { payload, inflatedBytes } = decodeTransactionPayload(frame);
      return new RegExp(
        `Transaction_Payload.*payload_size=${payload.length}\\s+compression_type=ZSTD\\s+uncompressed_size=${inflatedBytes}`,
      );
    }
    default: {
      const name = labels.get(frame.type);
      assert.ok(name !== undefined, `no label for ${eventTypeName(frame.type)}`);
      return new RegExp(
        isRowsEvent(frame.type) ? `^${name}: table id ${decodeRowsEvent(frame).tableId}\\b` : `^${name}`,
      );
    }
  }
};

const labels = new Map<number, string>([
  [eventType.STOP, 'Stop'],
  [eventType.PREVIOUS_GTIDS, 'Previous-GTIDs'],
  [eventType.ROWS_QUERY, 'Rows_query'],
  [eventType.ANNOTATE_ROWS, 'Annotate_rows'],
  [eventType.BINLOG_CHECKPOINT, 'Binlog checkpoint'],
  [eventType.INTVAR, 'Intvar'],
  [eventType.RAND, 'Rand'],
  [eventType.USER_VAR, 'User_var'],
  [eventType.WRITE_ROWS, 'Write_rows'],
  [eventType.UPDATE_ROWS, 'Update_rows'],
  [eventType.DELETE_ROWS, 'Delete_rows'],
  [eventType.PARTIAL_UPDATE_ROWS, 'Update_rows_partial'],
  [eventType.WRITE_ROWS_V1, 'Write_rows'],
  [eventType.UPDATE_ROWS_V1, 'Update_rows'],
  [eventType.DELETE_ROWS_V1, 'Delete_rows'],
  [eventType.WRITE_ROWS_COMPRESSED_V1, 'Write_compressed_rows'],
  [eventType.UPDATE_ROWS_COMPRESSED_V1, 'Update_compressed_rows'],
  [eventType.DELETE_ROWS_COMPRESSED_V1, 'Delete_compressed_rows'],
]);

interface Placed {
  readonly frame: EventFrame;
  /** Where the event starts in its file; for one inside a payload, where the payload ends, as mysqlbinlog prints it. */
  readonly at: number;
  /** Inside a TRANSACTION_PAYLOAD. */
  readonly inside: boolean;
}

const eventsOfFile = async (path: string, chunkBytes = 65_536): Promise<Placed[]> => {
  const bytes = await readFile(path);
  const framer = new FileFramer();
  const events: Placed[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    framer.push(bytes.subarray(at, at + chunkBytes), (frame) => {
      events.push({ frame: keepFrame(frame), at: framer.position - frame.size, inside: false });
    });
  }
  assert.equal(framer.finish(), null);
  return events;
};

const eventsInside = ({ frame, at }: Placed): Placed[] => {
  const events: Placed[] = [];
  if (frame.type === eventType.TRANSACTION_PAYLOAD) {
    readSmallPayload(decodeTransactionPayload(frame), (inner) => {
      events.push({ frame: keepFrame(inner), at: at + frame.size, inside: true });
    });
  }
  return events;
};

const connect = async (server: LaunchedServer): Promise<Connection> =>
  await mysql.createConnection({
    host: server.host,
    port: server.port,
    user: server.user,
    supportBigNumbers: true,
    charset: 'utf8mb4',
  });

/** Runs a non-blocking dump to its end and gives every event of it. */
const dump = async (
  server: LaunchedServer,
  payload: Buffer,
  checksum: ChecksumAlgorithm,
  settings: readonly string[] = [],
): Promise<EventFrame[]> => {
  const connection = await connect(server);
  try {
    const value = checksum === 'crc32' ? 'CRC32' : 'NONE';
    await connection.query(`SET @source_binlog_checksum = '${value}', @master_binlog_checksum = '${value}'`);
    for (const statement of ['SET @mariadb_slave_capability = 4', ...settings]) await connection.query(statement);
    const { stream } = (connection as unknown as { connection: { stream: Socket } }).connection;
    stream.removeAllListeners('data');
    const framer = new NetworkFramer({ checksum });
    const events: EventFrame[] = [];
    stream.write(encodePacket(payload, 0));
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      framer.push(chunk, (frame) => events.push(keepFrame(frame)));
      if (framer.ended) break;
    }
    assert.equal(framer.ended, true);
    return events;
  } finally {
    connection.destroy();
  }
};

const logged = (events: readonly EventFrame[]): string[] =>
  events
    .filter(({ flags, type }) => (flags & eventFlag.ARTIFICIAL) === 0 && type !== eventType.HEARTBEAT)
    .map(({ bytes, type, body, end }) => `${eventTypeName(type)} ${bytes.toString('hex', body, end)}`);

const versions = [
  { flavor: 'mysql', version: '9.7' },
  { flavor: 'mariadb', version: '11.8' },
  { flavor: 'mariadb', version: '10.11' },
] as const;

for (const { flavor, version } of versions) {
  describe(`${flavor} ${version}`, () => {
    let server: LaunchedServer;
    /** The file that the corpus filled. */
    let file: string;

    before(async () => {
      const options =
        flavor === 'mariadb'
          ? ['--log-bin-compress=ON', '--log-bin-compress-min-len=64', '--binlog-annotate-row-events=ON']
          : [];
      server = await launchServer({ flavor, version, options });
      const connection = await connect(server);
      await connection.query('FLUSH BINARY LOGS');
      const [logs] = await connection.query<RowDataPacket[]>('SHOW BINARY LOGS');
      file = logs.at(-1)!['Log_name'];
      for (const statement of corpus[flavor]) await connection.query(statement);
      await connection.end();
    });
    after(async () => await server[Symbol.asyncDispose]());

    test('every event of a file is what mysqlbinlog prints at its place', async () => {
      const path = join(server.binlogFolder, file);
      const events = (await eventsOfFile(path)).flatMap((event) => [event, ...eventsInside(event)]);
      const lines = await printed(server, path);
      assert.deepEqual(
        lines.map(({ at }) => at),
        events.map(({ at }) => at),
      );
      for (const [i, { frame, inside }] of events.entries()) {
        const line = lines[i]!;
        assert.match(line.label, label(frame, flavor), `${eventTypeName(frame.type)} at ${line.at}`);
        if (!inside) {
          assert.equal(frame.logPos, line.end, `end of ${eventTypeName(frame.type)} at ${line.at}`);
          assert.equal(frame.bytes.readUInt32LE(frame.end).toString(16).padStart(8, '0'), line.checksum);
        }
        if (isGtidEvent(frame.type)) {
          const { uuid, tag, gno } = decodeGtid(frame);
          assert.ok(line.text.includes(`GTID_NEXT= '${uuid}:${tag === '' ? '' : `${tag}:`}${gno}'`), line.text);
        }
        if (frame.type === eventType.QUERY && flavor === 'mysql') {
          assert.ok(line.text.includes(decodeQuery(frame).sql), line.text);
        }
        assert.doesNotThrow(() => decodeEvent(frame, flavor));
      }
      const types = new Set(events.map(({ frame }) => eventTypeName(frame.type)));
      const wanted =
        flavor === 'mysql'
          ? [
              'GTID',
              'GTID_TAGGED',
              'TRANSACTION_PAYLOAD',
              'PARTIAL_UPDATE_ROWS',
              'ROWS_QUERY',
              'WRITE_ROWS',
              'XA_PREPARE',
            ]
          : [
              'MARIADB_GTID',
              'GTID_LIST',
              'ANNOTATE_ROWS',
              'QUERY_COMPRESSED',
              'WRITE_ROWS_COMPRESSED_V1',
              'XA_PREPARE',
            ];
      for (const name of [...wanted, 'TABLE_MAP', 'QUERY', 'XID', 'ROTATE', 'USER_VAR', 'INTVAR', 'RAND']) {
        assert.ok(types.has(name), `the log holds no ${name}: ${[...types]}`);
      }
    });

    test('table maps say of columns what the catalogue says', async () => {
      const connection = await connect(server);
      await connection.query('DROP DATABASE IF EXISTS facts');
      await connection.query('CREATE DATABASE facts CHARACTER SET utf8mb4');
      await connection.query('USE facts');
      const types = [
        'int',
        'bigint unsigned',
        'decimal(9,2) unsigned',
        'year',
        'varchar(20)',
        'varchar(20) CHARACTER SET latin1',
        'text CHARACTER SET ucs2',
        'varbinary(20)',
        'blob',
        'char(5) CHARACTER SET latin1 COLLATE latin1_bin',
        'binary(3)',
        "enum('a','é,')",
        "enum('b') CHARACTER SET latin1",
        "set('x','y','zz')",
        "set('q') CHARACTER SET latin1",
        'point',
        'json',
        'geometrycollection',
        'bit(9)',
        'time(6)',
        'double unsigned',
        'float',
        'tinyint unsigned',
      ];
      await connection.query(
        `CREATE TABLE everything (${types.map((type, i) => `c${i} ${type}`).join(', ')}, PRIMARY KEY (c4(3), c0))`,
      );
      // Every table takes other columns in another order, so that the compact charset forms differ.
      for (let table = 0; table < 30; table += 1) {
        const chosen = types.filter((_, i) => (i * 7 + table * 5) % 11 < 3 + (table % 8));
        const rotated = [...chosen.slice(table % 5), ...chosen.slice(0, table % 5)];
        await connection.query(`CREATE TABLE t${table} (${rotated.map((type, i) => `c${i} ${type} NULL`).join(', ')})`);
        await connection.query(`INSERT INTO t${table} () VALUES ()`);
      }
      await connection.query("INSERT INTO everything (c4, c0) VALUES ('a', 1)");
      const [[log]] = await connection.query<RowDataPacket[]>(
        flavor === 'mysql' ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS',
      );
      await connection.query('FLUSH BINARY LOGS');
      const [columns] = await connection.query<RowDataPacket[]>(
        "SELECT * FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'facts' ORDER BY TABLE_NAME, ORDINAL_POSITION",
      );
      const collationIds = new Map<string, number>();
      const [collations] = await connection.query<RowDataPacket[]>(
        flavor === 'mysql' || version === '10.11'
          ? 'SELECT COLLATION_NAME AS name, ID AS id FROM information_schema.COLLATIONS WHERE ID IS NOT NULL'
          : 'SELECT FULL_COLLATION_NAME AS name, ID AS id FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY',
      );
      for (const { name, id } of collations) collationIds.set(name, Number(id));
      await connection.end();

      const maps = new Map<string, TableMap>();
      for (const { frame } of await eventsOfFile(join(server.binlogFolder, log!['File']))) {
        if (frame.type !== eventType.TABLE_MAP) continue;
        const map = decodeTableMap(frame, flavor);
        if (map.database === 'facts') maps.set(map.name, map);
      }
      assert.equal(maps.size, 31);
      for (const [name, map] of maps) {
        const facts = columns.filter((column) => column['TABLE_NAME'] === name);
        assert.deepEqual(
          map.names,
          facts.map((column) => column['COLUMN_NAME']),
        );
        for (const [i, column] of facts.entries()) {
          const about = `${name}.${column['COLUMN_NAME']} ${column['COLUMN_TYPE']}`;
          const type: string = column['COLUMN_TYPE'];
          assert.equal(map.nullable[i], column['IS_NULLABLE'] === 'YES', about);
          assert.equal(map.unsigned?.[i] ?? false, /unsigned|^year/.test(type), about);
          const collation = column['COLLATION_NAME'] === null ? null : collationIds.get(column['COLLATION_NAME'])!;
          if (/^(enum|set)/.test(type)) {
            assert.equal(map.enumSetCollations![i], collation, about);
            assert.equal(map.collations?.[i] ?? null, null, about);
            const members = (type.startsWith('enum') ? map.enumValues : map.setValues)![i]!;
            assert.equal(`${type.slice(0, type.indexOf('('))}('${members.join("','")}')`, type, about);
          } else if (collation !== null) {
            assert.equal(map.collations![i], collation, about);
          } else if (/binary|blob/.test(type)) {
            assert.equal(map.collations![i], 63, about);
          }
          if (type === 'point') assert.equal(map.geometryShapes![i], 1, about);
          if (/^geo?m(etry)?collection/.test(type)) assert.equal(map.geometryShapes![i], 7, about);
        }
      }
      assert.deepEqual(maps.get('everything')!.primaryKey, [
        { column: 4, prefix: 3 },
        { column: 0, prefix: 0 },
      ]);
    });

    test('a dump gives the events of the file, whatever is said about checksums', async () => {
      const inFile = logged((await eventsOfFile(join(server.binlogFolder, file))).map(({ frame }) => frame));
      const payload = encodeBinlogDump({
        file,
        position: 4,
        flags: dumpFlag.NON_BLOCK | dumpFlag.HEARTBEAT_V2_OR_ANNOTATE,
        serverId: 7,
      });
      const events = logged(await dump(server, payload, 'crc32'));
      assert.deepEqual(events.slice(0, inFile.length), inFile);
    });

    test('a dump from inside a file without checksums starts with a description that is taken, whatever is said about checksums', async () => {
      // After a restart the description says when the server started, which a dump clears; after a rotation it does not.
      const connection = async (statement: string): Promise<RowDataPacket[]> => {
        const opened = await connect(server);
        const [rows] = await opened.query<RowDataPacket[]>(statement);
        await opened.end();
        return rows;
      };
      await server.restart(['--binlog-checksum=NONE']);
      const status = flavor === 'mysql' ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS';
      for (const id of [1, 2]) {
        await connection(`CREATE TABLE wire.unsummed${id} (id int PRIMARY KEY)`);
        await connection(`INSERT INTO wire.unsummed${id} VALUES (${id}), (258)`);
        const name: string = (await connection(status))[0]!['File'];
        await connection('FLUSH BINARY LOGS');
        const events = await eventsOfFile(join(server.binlogFolder, name));
        const map = events.find(({ frame }) => frame.type === eventType.TABLE_MAP)!;
        const start = events.findLast(({ frame, at }) => at < map.at && /GTID/.test(eventTypeName(frame.type)))!;
        for (const checksum of ['crc32', 'none'] as const) {
          const request = { file: name, flags: dumpFlag.NON_BLOCK, serverId: 7 };
          const commands = [4, start.at].map((position) => encodeBinlogDump({ ...request, position }));
          if (flavor === 'mysql') {
            const { uuid, tag, gno } = decodeGtid(start.frame);
            const executed = MysqlGtidSet.parse(
              (await connection('SELECT @@gtid_executed AS executed'))[0]!['executed'],
            );
            const before = MysqlGtidSet.parse(`${uuid}:${tag === '' ? '' : `${tag}:`}${gno}-${2n ** 62n}`);
            const known = executed.subtract(before);
            commands.push(encodeBinlogDumpGtid({ ...request, file: '', position: 4, executed: known, tagged: true }));
          }
          for (const command of commands) {
            const rows = (await dump(server, command, checksum)).find(({ type }) => isRowsEvent(type))!;
            const { bytes, start: from, end } = decodeRowsEvent(rows);
            assert.match(bytes.toString('hex', from, end), new RegExp(`^(00|fe)0${id}000000(00|fe)02010000$`));
          }
        }
      }
    });
  });
}

describe('mysql 9.7', () => {
  let server: LaunchedServer;
  before(async () => {
    server = await launchServer({ flavor: 'mysql', version: '9.7' });
  });
  after(async () => await server[Symbol.asyncDispose]());

  test('a transaction is as long as its GTID event says', async () => {
    const connection = await connect(server);
    const [[log]] = await connection.query<RowDataPacket[]>('SHOW BINARY LOG STATUS');
    for (const statement of corpus.mysql) await connection.query(statement);
    await connection.end();
    const events = await eventsOfFile(join(server.binlogFolder, log!['File']));
    const starts = events.filter(({ frame }) => isGtidEvent(frame.type));
    assert.ok(starts.length > 20);
    for (const [i, { frame, at }] of starts.entries()) {
      assert.equal(at + decodeGtid(frame).transactionLength, starts[i + 1]?.at ?? events.at(-1)!.at);
    }
  });

  test('a dump by GTID set, tags included, sends exactly the transactions that are missing', async () => {
    const connection = await connect(server);
    await connection.query('CREATE DATABASE gtids');
    await connection.query('CREATE TABLE gtids.t (id int PRIMARY KEY)');
    const expected = new MysqlGtidSet();
    for (let id = 0; id < 12; id += 1) {
      if (id % 3 === 1) await connection.query(`SET gtid_next = 'AUTOMATIC:tag_${id % 2}'`);
      await connection.query(`INSERT INTO gtids.t VALUES (${id})`);
      await connection.query("SET gtid_next = 'AUTOMATIC'");
    }
    const [[row]] = await connection.query<RowDataPacket[]>('SELECT @@gtid_executed AS executed');
    const executed = MysqlGtidSet.parse(row!['executed']);
    assert.equal(executed.hasTags, true);
    assert.equal(executed.toString(), row!['executed'].replaceAll('\n', ''));
    const [[known]] = await connection.query<RowDataPacket[]>(
      `SELECT GTID_SUBTRACT('${executed}', '${executed
        .toString()
        .replace(/:1-(\d+)/, ':3-5')
        .replaceAll(/tag_1:[^:,]+/g, 'tag_1:1')}') AS missing`,
    );
    const missing = MysqlGtidSet.parse(known!['missing']);
    const request = { file: '', position: 4, flags: dumpFlag.NON_BLOCK | dumpFlag.THROUGH_GTID, serverId: 7 };
    const payload = encodeBinlogDumpGtid({ ...request, executed: executed.subtract(missing), tagged: true });
    for (const frame of await dump(server, payload, 'crc32')) {
      if (!isGtidEvent(frame.type)) continue;
      const { uuid, tag, gno } = decodeGtid(frame);
      expected.add(uuid, tag, gno);
    }
    assert.equal(expected.toString(), missing.toString());
    await connection.end();
  });

  test('a registered replica is listed', async () => {
    const connection = await connect(server);
    const { stream } = (connection as unknown as { connection: { stream: Socket } }).connection;
    stream.removeAllListeners('data');
    stream.write(encodePacket(encodeRegisterReplica({ serverId: 4242, host: 'mill.example', port: 1 }), 0));
    const [answer] = (await new Promise((resolve) => stream.once('data', (chunk) => resolve([chunk])))) as [Buffer];
    assert.equal(answer[4], 0);
    const other = await connect(server);
    const [replicas] = await other.query<RowDataPacket[]>('SHOW REPLICAS');
    assert.deepEqual(
      replicas.map((replica) => [replica['Server_Id'], replica['Host'], replica['Port']]),
      [[4242, 'mill.example', 1]],
    );
    await other.end();
    connection.destroy();
  });

  test('sets relate as GTID_SUBSET and GTID_SUBTRACT say', async () => {
    const connection = await connect(server);
    const uuids = ['00000000-0000-0000-0000-00000000000a', '11111111-2222-3333-4444-555555555555'];
    const tags = ['', 'tag_a', 'b'];
    // A small generator with a fixed seed: the server is asked a few hundred times, so cases are not shrunk.
    let state = 12_345;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % below;
    };
    const randomSet = (): MysqlGtidSet => {
      const set = new MysqlGtidSet();
      for (let n = random(20); n > 0; n -= 1) {
        set.add(uuids[random(2)]!, tags[random(3)]!, random(10) === 0 ? 2n ** 53n + BigInt(random(4)) : 1 + random(9));
      }
      return set;
    };
    const pairs = Array.from({ length: 300 }, () => [randomSet(), randomSet()] as const);
    const select = pairs.map(
      ([a, b]) =>
        `SELECT GTID_SUBSET('${b}', '${a}') AS subset, GTID_SUBTRACT('${a}', '${b}') AS difference, GTID_SUBTRACT('${a}', '') AS same`,
    );
    const [rows] = await connection.query<RowDataPacket[]>(select.join(' UNION ALL '));
    for (const [i, [a, b]] of pairs.entries()) {
      const row = rows[i]!;
      assert.equal(a.contains(b), row['subset'] === 1, `${b} in ${a}`);
      assert.equal(a.subtract(b).toString(), row['difference'].replaceAll('\n', ''), `${a} without ${b}`);
      assert.equal(a.toString(), row['same'].replaceAll('\n', ''));
    }
    await connection.end();
  });

  test('the events of a compressed transaction are those of the same transaction uncompressed', async () => {
    const connection = await connect(server);
    await connection.query('CREATE DATABASE payloads');
    await connection.query('CREATE TABLE payloads.t (id int PRIMARY KEY, v text)');
    const bodies: string[][] = [];
    for (const compression of ['OFF', 'ON']) {
      await connection.query(`SET SESSION binlog_transaction_compression = ${compression}`);
      await connection.query('FLUSH BINARY LOGS');
      await connection.query(
        "INSERT INTO payloads.t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT i, repeat('v', i) FROM n",
      );
      await connection.query('SET SESSION binlog_transaction_compression = OFF');
      await connection.query('DELETE FROM payloads.t');
      const [[log]] = await connection.query<RowDataPacket[]>('SHOW BINARY LOG STATUS');
      const rows: string[] = [];
      const keep = (frame: EventFrame): void => {
        if (frame.type === eventType.WRITE_ROWS) {
          const { bytes, start, end } = decodeRowsEvent(frame);
          rows.push(bytes.toString('hex', start, end));
        } else if (frame.type === eventType.TRANSACTION_PAYLOAD) {
          readSmallPayload(decodeTransactionPayload(frame), keep);
        }
      };
      for (const { frame } of await eventsOfFile(join(server.binlogFolder, log!['File']))) keep(frame);
      bodies.push(rows);
    }
    assert.ok(bodies[0]!.length > 1);
    assert.deepEqual(bodies[1], bodies[0]);
    await connection.end();
  });

  test('events at and around whole packets of 16 MiB come as they are in the file', async () => {
    const connection = await connect(server);
    await connection.query('SET GLOBAL max_allowed_packet = 67108864');
    await connection.end();
    const writer = await connect(server);
    await writer.query('CREATE DATABASE large');
    await writer.query('CREATE TABLE large.t (id int PRIMARY KEY, v longblob)');
    await writer.query("INSERT INTO large.t VALUES (0, repeat('x', 1000))");
    const [[log]] = await writer.query<RowDataPacket[]>('SHOW BINARY LOG STATUS');
    const sizes = async (): Promise<number[]> =>
      (await eventsOfFile(join(server.binlogFolder, log!['File'])))
        .filter(({ frame }) => frame.type === eventType.WRITE_ROWS)
        .map(({ frame }) => frame.size);
    // Beside its value, a row's event has a fixed size; the status byte takes one byte of the first packet.
    const overhead = (await sizes()).at(-1)! - 1000;
    const wanted = [0xfffffe - 1, 0xfffffe, 0xfffffe + 1, 2 * 0xffffff - 1];
    for (const [i, size] of wanted.entries()) {
      await writer.query(`INSERT INTO large.t VALUES (${i + 1}, repeat('x', ${size - overhead}))`);
    }
    await writer.end();
    const file: string = log!['File'];
    assert.deepEqual((await sizes()).slice(-wanted.length), wanted);
    const inFile = await eventsOfFile(join(server.binlogFolder, file), 1_000_003);
    const command = encodeBinlogDump({ file, position: 4, flags: dumpFlag.NON_BLOCK, serverId: 7 });
    const sent = (await dump(server, command, 'crc32')).filter(({ flags }) => (flags & eventFlag.ARTIFICIAL) === 0);
    for (const [i, { frame }] of inFile.entries()) {
      const { bytes, start, end } = sent[i]!;
      assert.ok(bytes.subarray(start, end).equals(frame.bytes.subarray(frame.start, frame.end)) || i === 0);
    }
  });
});
