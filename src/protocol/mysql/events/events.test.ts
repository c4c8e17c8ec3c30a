import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { deflateSync, inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { MillraceError } from '../../../core/errors.ts';
import { decodeEvent } from '../decode-event.ts';
import { encodeEvent } from '../encode-event.ts';
import { type EventFrame, eventFlag, keepFrame } from '../event-frame.ts';
import { EventReader } from '../event-reader.ts';
import { eventType, eventTypeName } from '../event-type.ts';
import type { Flavor } from '../flavor.ts';
import { MariadbGtidPosition } from '../gtid/mariadb-gtid-position.ts';
import type { MysqlGtidSet } from '../gtid/mysql-gtid-set.ts';
import { readSmallPayload } from '../payload-framer.ts';
import { skipIgnorable } from '../unknown-event.ts';
import type { FormatDescription } from './format-description.ts';
import { decodeGtid, type Gtid, GtidReader } from './gtid.ts';
import type { GtidList } from './gtid-list.ts';
import { decodeMariadbGtid, mariadbGtidFlag } from './mariadb-gtid.ts';
import { PartialRows } from './partial-row-data.ts';
import { decodeQuery, isBegin, isCommit, type Query } from './query.ts';
import { decodeRowsEvent, type RowsEvent } from './rows-event.ts';
import { decodeTableMap, type TableMap } from './table-map.ts';
import type { TransactionPayload } from './transaction-payload.ts';
import { type XaPrepare, xaIdText } from './xa-prepare.ts';

/** Events as real servers wrote them, with what `mysqlbinlog -vv` printed for each. */
interface Sample {
  readonly server: string;
  readonly sql: string;
  readonly event: string;
  readonly hex: string;
  readonly expect: string;
}

const samples = readFileSync(new URL('../testdata/captured-events.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Sample);

const flavorOf = (sample: Sample): Flavor => (sample.server.startsWith('MariaDB') ? 'mariadb' : 'mysql');

const frameOf = (event: Buffer, checksum: 'none' | 'crc32' = 'crc32'): EventFrame =>
  keepFrame(new EventReader(checksum).read(event, 0, event.length));

const sample = (event: string, server: string, index = 0): Sample =>
  samples.filter((s) => s.event === event && s.server.startsWith(server))[index]!;

const decoded = <T>(event: string, server: string, index = 0): T => {
  const found = sample(event, server, index);
  return decodeEvent(frameOf(Buffer.from(found.hex, 'hex')), flavorOf(found)) as T;
};

/** An event of `type` around a body written as hex, spaces ignored. */
const made = (type: number, hex: string, more: Partial<EventFrame> = {}): EventFrame =>
  frameOf(
    encodeEvent(
      { type, timestamp: 0, serverId: 7, logPos: 0, flags: 0, ...more },
      Buffer.from(hex.replaceAll(' ', ''), 'hex'),
      'none',
    ),
    'none',
  );

test('headers of captured events say what mysqlbinlog prints', () => {
  let compared = 0;
  for (const { hex, expect, event } of samples) {
    const frame = frameOf(Buffer.from(hex, 'hex'));
    assert.equal(`${frame.type} ${eventTypeName(frame.type)}`, event);
    const printed = /^#\d{6} {1,2}\d\d?:\d\d:\d\d server id (\d+) {2}end_log_pos (\d+) CRC32 0x([0-9a-f]{8})/.exec(
      expect,
    );
    if (printed === null) continue;
    compared += 1;
    assert.deepEqual([frame.serverId, frame.logPos], [Number(printed[1]), Number(printed[2])]);
    assert.equal(frame.bytes.readUInt32LE(frame.end).toString(16).padStart(8, '0'), printed[3]);
  }
  assert.ok(compared >= 25, `only ${compared} compared`);
});

test('reads format descriptions of both flavors', () => {
  const mysql = decoded<FormatDescription>('15 FORMAT_DESCRIPTION', 'MySQL');
  assert.deepEqual(
    [mysql.flavor, mysql.serverVersion.text, mysql.postHeaderLengths.length, mysql.checksum, mysql.created],
    ['mysql', '9.7.4-2', 42, 'crc32', 0],
  );
  const mariadb = decoded<FormatDescription>('15 FORMAT_DESCRIPTION', 'MariaDB');
  const { flavor, major, minor, patch } = mariadb.serverVersion;
  assert.deepEqual([flavor, major, minor, patch], ['mariadb', 11, 8, 6]);
  assert.deepEqual([mariadb.postHeaderLengths.length, mariadb.checksum], [171, 'crc32']);
});

test('refuses format descriptions of servers before 5.6', () => {
  const old = Buffer.from(sample('15 FORMAT_DESCRIPTION', 'MySQL').hex, 'hex').subarray(19, -4);
  const body = Buffer.from(old);
  body.fill(0, 2, 52);
  body.write('5.5.62-log', 2);
  const frame = frameOf(encodeEvent({ type: 15, timestamp: 0, serverId: 1, logPos: 0, flags: 0 }, body, 'crc32'));
  assert.throws(() => decodeEvent(frame, 'mysql'), {
    code: 'BINLOG_UNSUPPORTED_SERVER',
    details: { version: '5.5.62-log' },
  });
});

test('reads the transactions before a file', () => {
  assert.equal(
    decoded<MysqlGtidSet>('35 PREVIOUS_GTIDS', 'MySQL').toString(),
    '65ef84cb-e4e9-11f1-b839-02fc00000001:1-212:tagx:1-2,aaaaaaaa-bbbb-cccc-dddd-eeeeffff0001:7:my_tag:5',
  );
  const list = decoded<GtidList>('163 GTID_LIST', 'MariaDB');
  assert.equal(MariadbGtidPosition.fromList(list.gtids).toString(), '0-8-61');
});

const plainGtid: Gtid = {
  flags: 1,
  uuid: '65ef84cb-e4e9-11f1-b839-02fc00000001',
  tag: '',
  gno: 213,
  lastCommitted: 0,
  sequenceNumber: 1,
  immediateCommitMicros: 1795183587859968,
  originalCommitMicros: 1795183587859968,
  transactionLength: 425,
  immediateServerVersion: 90704,
  originalServerVersion: 90704,
};

test('reads GTID events with and without tag', () => {
  assert.deepEqual(decoded<Gtid>('33 GTID', 'MySQL'), plainGtid);
  assert.deepEqual(decoded<Gtid>('42 GTID_TAGGED', 'MySQL'), {
    ...plainGtid,
    flags: 0,
    tag: 'tagx',
    gno: 3,
    lastCommitted: 2,
    sequenceNumber: 3,
    immediateCommitMicros: 1795183587871405,
    originalCommitMicros: 1795183587871405,
    transactionLength: 393,
  });
});

test('one reader for many GTID events gives each its own values', () => {
  const reader = new GtidReader();
  const plain = frameOf(Buffer.from(sample('33 GTID', 'MySQL').hex, 'hex'));
  const tagged = frameOf(Buffer.from(sample('42 GTID_TAGGED', 'MySQL').hex, 'hex'));
  for (const frame of [tagged, plain, tagged, plain]) {
    assert.deepEqual({ ...reader.read(frame).fields }, decodeGtid(frame));
  }
  const anonymous = made(
    eventType.ANONYMOUS_GTID,
    `00 ${'00'.repeat(16)} ${'00'.repeat(8)} 02 ${'01000000 00000000'.repeat(2)}`,
  );
  assert.equal(reader.read(anonymous).fields.uuid, '00000000-0000-0000-0000-000000000000');
});

test('reads GTID events of every age: fields are there while bytes remain', () => {
  const uuid = '65ef84cbe4e911f1b83902fc00000001';
  const v56 = `01 ${uuid} 0300000000000000`;
  const v57 = `${v56} 02 0a00000000000000 0b00000000000000`;
  const v80 = `${v57} 188424a6b56006 fc2201 50620100`;
  const replicated = `${v57} e88e24a6b56086 40222018240a06 fc2d01 50620180 a2380100`;
  const ticket = `${replicated} 0100000000000000`;
  const read = (hex: string): Gtid => decodeGtid(made(eventType.GTID, hex));
  const head = { ...plainGtid, gno: 3, immediateCommitMicros: 0, originalCommitMicros: 0, transactionLength: 0 };
  const none = { immediateServerVersion: 0, originalServerVersion: 0 };
  assert.deepEqual(read(v56), { ...head, ...none, lastCommitted: 0, sequenceNumber: 0 });
  assert.deepEqual(read(v57), { ...head, ...none, lastCommitted: 10, sequenceNumber: 11 });
  assert.deepEqual(read(v80), {
    ...plainGtid,
    gno: 3,
    lastCommitted: 10,
    sequenceNumber: 11,
    immediateCommitMicros: 1795183153021976,
    originalCommitMicros: 1795183153021976,
    transactionLength: 290,
  });
  for (const hex of [replicated, ticket]) {
    const gtid = read(hex);
    assert.deepEqual(
      [gtid.originalCommitMicros, gtid.transactionLength, gtid.immediateServerVersion, gtid.originalServerVersion],
      [1700000000123456, 301, 90704, 80034],
    );
  }
});

test('reads the tagged GTID of the format description, and one field more than it knows only when that may be skipped', () => {
  const fields =
    '00 00 02 ca bd03 1102 2d03 9103 a503 22 c503 e102 72 04 f103 00 00 00 02 04 04 06 08 74616778 08 04 0a 08 0c 7f278724a6b56006 10 9104 12 83120b';
  const gtid = decodeGtid(made(eventType.GTID_TAGGED, `02 74 00 ${fields}`));
  assert.deepEqual(
    [gtid.uuid, gtid.tag, gtid.gno, gtid.lastCommitted, gtid.sequenceNumber, gtid.transactionLength],
    [plainGtid.uuid, 'tagx', 1, 1, 2, 292],
  );
  assert.equal(gtid.immediateCommitMicros, 1795183153022759);
  const later = `${fields} 18 ff`;
  assert.deepEqual(decodeGtid(made(eventType.GTID_TAGGED, `02 78 00 ${later}`)), gtid);
  assert.throws(() => decodeGtid(made(eventType.GTID_TAGGED, `02 78 18 ${later}`)), /field 12 must be understood/);
  assert.throws(() => decodeGtid(made(eventType.GTID_TAGGED, `02 76 00 ${fields}`)), { code: 'BYTES_MALFORMED' });
});

test('reads MariaDB GTID events with all that may follow their flags', () => {
  const captured = decoded('162 MARIADB_GTID', 'MariaDB');
  assert.deepEqual(captured, { domain: 0, server: 8, sequence: 62, flags: 0x29, xa: null, thread: 5, alter: null });
  const read = (hex: string) => decodeMariadbGtid(made(eventType.MARIADB_GTID, hex));
  assert.deepEqual(read('2d00000000000000 00000000 0c 10 13000000 00'), {
    ...{ domain: 0, server: 7, sequence: 45, flags: 0x0c, xa: null, thread: 19, alter: null },
  });
  // Of MariaDB 11.8 with binlog_alter_two_phase: START ALTER, COMMIT ALTER of it, ROLLBACK ALTER.
  const alters = ['21 12 13000000', '21 14 0500000000000000 13000000', '21 18 0500000000000000 13000000'];
  assert.deepEqual(
    alters.map((extra) => read(`0600000000000000 00000000 ${extra}`)).map(({ alter, thread }) => [alter, thread]),
    [
      ['start', 19],
      ['commit', 19],
      ['rollback', 19],
    ],
  );
  const prepared = read('1600000000000000 00000000 4c 07000000 02 02 67746271 11 ff 0f000000');
  assert.deepEqual([prepared.sequence, prepared.flags, prepared.thread], [22, 0x4c, 15]);
  assert.equal(xaIdText(prepared.xa!), "X'6774',X'6271',7");
  const old = read('0500000000000000 01000000 02 2a00000000000000');
  assert.deepEqual(
    [old.domain, old.sequence, old.flags & mariadbGtidFlag.GROUP_COMMIT_ID, old.thread],
    [1, 5, 2, null],
  );
  assert.deepEqual(read('0500000000000000 01000000 01 000000000000').thread, null);
});

test('reads statements with the settings they ran under', () => {
  const create = decoded<Query>('2 QUERY', 'MySQL');
  assert.equal(create.sql, sample('2 QUERY', 'MySQL').sql);
  assert.deepEqual([create.database, create.databaseIsDefault, create.thread, create.error], ['smp', true, 9, 0]);
  assert.deepEqual(create.variables.collations, { client: 255, connection: 255, server: 255 });
  assert.deepEqual(
    [create.variables.databases, create.variables.ddlXid, create.variables.utf8mb4Collation, create.variables.sqlMode],
    [['smp'], 12, 255, 0],
  );
  assert.equal(create.variables.requirePrimaryKey, false);
  const compressed = decoded<Query>('165 QUERY_COMPRESSED', 'MariaDB');
  assert.equal(compressed.sql, sample('165 QUERY_COMPRESSED', 'MariaDB').sql);
  assert.deepEqual([compressed.database, compressed.variables.ddlXid], ['smp', 33]);
});

test('reads every status variable, and stops at one it does not know without losing the statement', () => {
  const variables =
    '00 00000400 01 2000000000000000 02 03 737464 00 03 0200 0100 04 2d00 2d00 ff00 05 06 2b30303a3030 06 03 737464' +
    '07 0500 08 0800 09 0100000000000000 0a 10000000 0b 04 726f6f74 01 25 0c 02 6100 626200 0d 40420f 10 01' +
    '11 2a00000000000000 12 ff00 13 01 14 00 15 00 80 010000 81 0700000000000000 82 04 1100000000000000 83 01 2d00 0009';
  const body = (vars: string): string => {
    const length = Buffer.alloc(2);
    length.writeUInt16LE(vars.replaceAll(' ', '').length / 2);
    return `09000000 01000000 02 0000 ${length.toString('hex')} ${vars} 6462 00 53454c4543542031`;
  };
  const query = decodeQuery(made(eventType.QUERY, body(variables)));
  assert.equal(query.sql, 'SELECT 1');
  assert.equal(query.database, 'db');
  assert.deepEqual(query.variables, {
    flags: 0x40000,
    sqlMode: 32,
    autoIncrement: { increment: 2, offset: 1 },
    collations: { client: 45, connection: 45, server: 255 },
    timeZone: '+00:00',
    collationDatabase: 8,
    invoker: { user: 'root', host: '%' },
    databases: ['a', 'bb'],
    micros: 1,
    explicitDefaultsForTimestamp: true,
    ddlXid: 7,
    utf8mb4Collation: 255,
    requirePrimaryKey: true,
    charsetCollations: new Map([[45, 0x900]]),
  });
  const unknown = decodeQuery(made(eventType.QUERY, body('04 0800 0800 0800 fa 010203')));
  assert.deepEqual([unknown.sql, unknown.variables.collations?.client], ['SELECT 1', 8]);
  const tooMany = decodeQuery(made(eventType.QUERY, body('0c fe 0d 050000')));
  assert.deepEqual([tooMany.variables.databases, tooMany.variables.micros], [null, 5]);
});

test('recognises BEGIN and COMMIT by their text alone', () => {
  const query = (sql: string): EventFrame =>
    made(eventType.QUERY, `09000000 01000000 02 0000 0500 00 00000000 6462 00 ${Buffer.from(sql).toString('hex')}`);
  assert.deepEqual(
    ['BEGIN', 'COMMIT', 'BEGIN ', 'BEGI', 'XBEGIN', '', 'COMMIT1'].map((sql) => [
      isBegin(query(sql)),
      isCommit(query(sql)),
    ]),
    [[true, false], [false, true], ...new Array(5).fill([false, false])],
  );
  assert.equal(isBegin(made(eventType.QUERY, '00')), false);
  const payload = decoded<TransactionPayload>('40 TRANSACTION_PAYLOAD', 'MySQL');
  const begins: boolean[] = [];
  readSmallPayload(payload, (frame) => begins.push(isBegin(frame)));
  assert.deepEqual(begins, [true, false, false, false]);
});

test('reads table maps of MySQL with all optional metadata', () => {
  const map = decoded<TableMap>('19 TABLE_MAP', 'MySQL');
  assert.deepEqual([map.tableId, map.database, map.name, map.columnCount, map.flags], [89, 'smp', 's1', 15, 1]);
  assert.deepEqual(map.names, ['id', 't', 'd', 'f', 'y', 'tm', 'dt', 'ts', 'b', 'e', 's', 'bn', 'v', 'j', 've']);
  assert.deepEqual([...map.types], [3, 1, 246, 5, 13, 19, 18, 17, 16, 254, 254, 254, 15, 245, 242]);
  assert.deepEqual([...map.meta], [0, 0, 0x040e, 8, 0, 3, 2, 6, 0x0105, 0x01f7, 0x01f8, 0x04fe, 300, 4, 4]);
  assert.deepEqual(map.nullable, [false, ...new Array(14).fill(true)]);
  assert.deepEqual(
    map.unsigned!.flatMap((unsigned, column) => (unsigned ? [column] : [])),
    [0, 4],
  );
  assert.deepEqual(map.collations!.slice(11), [63, 8, null, 63]);
  assert.deepEqual(map.enumSetCollations!.slice(9, 12), [255, 255, null]);
  assert.deepEqual(
    [map.enumValues![9]!.map(String), map.setValues![10]!.map(String), map.enumValues![10]],
    [['x', 'é'], ['p', 'q'], null],
  );
  assert.deepEqual(map.primaryKey, [{ column: 0, prefix: 0 }]);
  assert.deepEqual([map.vectorDimensions![14], map.visible!.every(Boolean), map.geometryShapes], [2, true, null]);
  const second = decoded<TableMap>('19 TABLE_MAP', 'MySQL', 1);
  assert.deepEqual(second.visible, [true, true, true, false]);
  assert.deepEqual(second.primaryKey, [
    { column: 1, prefix: 0 },
    { column: 0, prefix: 4 },
  ]);
  assert.deepEqual(
    [second.collations, second.enumSetCollations],
    [
      [8, null, null, null],
      [null, null, 8, null],
    ],
  );
});

test('reads table maps of MariaDB, where geometry and compressed columns count as character columns', () => {
  const map = decoded<TableMap>('19 TABLE_MAP', 'MariaDB');
  assert.deepEqual(map.names, ['id', 'd', 'y', 'tm', 'v', 'e', 'g', 'u', 'i', 'vc', 'bc', 've', 'j']);
  assert.deepEqual(map.collations, [null, null, null, null, 2304, null, 63, 63, 63, 2304, 63, 63, 46]);
  assert.deepEqual(
    [map.geometryShapes![6], map.enumValues![5]!.map(String), map.enumSetCollations![5]],
    [1, ['x', 'é'], 2304],
  );
  assert.deepEqual(map.primaryKey, [
    { column: 4, prefix: 3 },
    { column: 0, prefix: 0 },
  ]);
  assert.deepEqual([map.visible, map.vectorDimensions], [null, null]);
});

test('reads a default charset with exceptions, which number character columns only', () => {
  // int, varchar, varchar, blob, varchar; all collation 63 but the second character column, which is 47
  const frame = made(
    eventType.TABLE_MAP,
    '010000000000 0100 01 64 00 01 74 00 05 03 0f 0f fc 0f 07 1400 1400 02 1400 1e 02 03 3f 01 2f',
  );
  assert.deepEqual(decodeTableMap(frame, 'mysql').collations, [null, 63, 47, 63, 63]);
  assert.equal(decodeTableMap(frame, 'mysql').unsigned, null);
});

test('passes over metadata of a kind it does not know', () => {
  const frame = made(eventType.TABLE_MAP, '010000000000 0100 01 64 00 01 74 00 01 03 00 00 7f 03 010203 01 01 80');
  assert.deepEqual(decodeTableMap(frame, 'mysql').unsigned, [true]);
});

test('reads the heads of rows events of both versions and finds their row images', () => {
  const insert = decoded<RowsEvent>('30 WRITE_ROWS', 'MySQL');
  assert.deepEqual([insert.tableId, insert.op, insert.columnCount, insert.flags], [89, 'create', 15, 0x11]);
  assert.deepEqual([insert.presentBefore, insert.presentAfter?.length], [null, 2]);
  const minimal = decoded<RowsEvent>('31 UPDATE_ROWS', 'MySQL');
  assert.equal(minimal.bytes.toString('hex', minimal.start, minimal.end), '00020000000007');
  assert.deepEqual([minimal.presentBefore![0], minimal.presentAfter![0]], [0x01, 0x02]);
  const remove = decoded<RowsEvent>('32 DELETE_ROWS', 'MySQL');
  assert.deepEqual([remove.op, remove.presentAfter, remove.presentBefore?.length], ['delete', null, 2]);
  const partial = decoded<RowsEvent>('39 PARTIAL_UPDATE_ROWS', 'MySQL');
  assert.deepEqual([partial.op, partial.partialJson], ['update', true]);
  const v1 = decoded<RowsEvent>('23 WRITE_ROWS_V1', 'MariaDB');
  assert.deepEqual([v1.tableId, v1.op, v1.columnCount, v1.end - v1.start], [24, 'create', 13, 133]);
  const compressed = decoded<RowsEvent>('167 UPDATE_ROWS_COMPRESSED_V1', 'MariaDB');
  const record = Buffer.from(sample('167 UPDATE_ROWS_COMPRESSED_V1', 'MariaDB').hex, 'hex').subarray(
    19 + 8 + 1 + 4,
    -4,
  );
  assert.deepEqual(compressed.bytes.subarray(compressed.start, compressed.end), inflateSync(record.subarray(3)));
});

test('passes over partition and NDB data in front of the columns', () => {
  for (const extra of ['0200', '0500 01 0300', '0700 01 0000 0100', '0700 00 05 00 0102']) {
    const event = decodeRowsEvent(made(eventType.WRITE_ROWS, `050000000000 0100 ${extra} 02 ff fc 01 02`));
    assert.deepEqual([event.columnCount, event.bytes.toString('hex', event.start, event.end)], [2, 'fc0102'], extra);
  }
});

test('refuses rows events that no released server wrote, in words', () => {
  assert.throws(() => decodeRowsEvent(made(eventType.PRE_GA_UPDATE_ROWS, '00')), {
    code: 'BINLOG_UNSUPPORTED_EVENT',
    message: /^PRE_GA_UPDATE_ROWS ending at 0 is not supported/,
  });
});

test('inflates no more of a compressed event than it announces', () => {
  const zeros = deflateSync(Buffer.alloc(5_000_000)).toString('hex');
  const rows = (record: string): EventFrame =>
    made(eventType.WRITE_ROWS_COMPRESSED_V1, `050000000000 0100 02 ff ${record}`);
  assert.equal(decodeRowsEvent(rows(`83 4c4b40 ${zeros}`)).end, 5_000_000);
  for (const record of [
    `81 10 ${zeros}`,
    `84 7fffffff ${zeros}`,
    `84 ffffffff ${zeros}`,
    `80 ${zeros}`,
    `91 05 ${zeros}`,
    `81 05 00`,
  ]) {
    assert.throws(() => decodeRowsEvent(rows(record)), MillraceError, record.slice(0, 12));
  }
});

test('reads XA prepares, checkpoints, heartbeats, statement texts and encryption marks as captured', () => {
  for (const server of ['MySQL', 'MariaDB']) {
    const prepare = decoded<XaPrepare>('38 XA_PREPARE', server);
    assert.equal(prepare.onePhase, false);
    assert.equal(xaIdText(prepare.xa), "X'6774',X'6271',7");
  }
  assert.deepEqual(decoded('16 XID', 'MySQL'), { xid: 14 });
  assert.deepEqual(decoded('161 BINLOG_CHECKPOINT', 'MariaDB'), { file: 'binlog.000019' });
  assert.deepEqual(decoded('27 HEARTBEAT', 'MySQL'), { file: 'binlog.000015', position: 332 });
  assert.deepEqual(decoded('41 HEARTBEAT_V2', 'MySQL'), { file: 'binlog.000015', position: 332 });
  assert.deepEqual(decoded('29 ROWS_QUERY', 'MySQL'), { text: 'delete from s1 where id=2' });
  assert.deepEqual(decoded('160 ANNOTATE_ROWS', 'MariaDB'), { text: sample('160 ANNOTATE_ROWS', 'MariaDB').sql });
  assert.deepEqual(decoded('164 START_ENCRYPTION', 'MariaDB'), { scheme: 1, keyVersion: 1 });
});

test('reads events that only statement format or trouble brings', () => {
  const read = (type: number, hex: string): object | null => decodeEvent(made(type, hex), 'mysql');
  assert.deepEqual(read(eventType.ROTATE, '0400000001000000 62696e6c6f672e303031'), {
    position: 4294967300,
    file: 'binlog.001',
  });
  assert.deepEqual(read(eventType.INCIDENT, '0100 04 6c6f7374'), { number: 1, message: 'lost' });
  assert.deepEqual(read(eventType.INTVAR, '02 ffffffffffffffff'), { variable: 'INSERT_ID', value: 2n ** 64n - 1n });
  assert.deepEqual(read(eventType.RAND, '0100000000000000 0200000000000000'), { seeds: [1, 2] });
  assert.deepEqual(read(eventType.USER_VAR, '02000000 6162 01'), { name: 'ab', value: null });
  assert.deepEqual(read(eventType.USER_VAR, '01000000 61 00 00 2d000000 01000000 78 00'), {
    name: 'a',
    value: { type: 0, collation: 45, bytes: Uint8Array.of(0x78) },
  });
  assert.equal(read(eventType.STOP, ''), null);
});

test('skips an unknown event only when the server marked it as safe to skip', () => {
  assert.throws(() => skipIgnorable(made(99, '00', { logPos: 1234 })), {
    code: 'BINLOG_UNKNOWN_EVENT',
    message: 'event type 99 ending at 1234 is not known and not marked as ignorable',
  });
  skipIgnorable(made(99, '00', { flags: eventFlag.IGNORABLE }));
  skipIgnorable(made(eventType.LARGE_TRANSACTION_HEADER, '01', { flags: eventFlag.IGNORABLE }));
});

const pieceOf = (
  sequence: number,
  total: number,
  size: number | null,
  data: Buffer,
  totalFirst = false,
): EventFrame => {
  const head = Buffer.alloc(size === null ? 9 : 17);
  head.writeUInt32LE(totalFirst ? total : sequence, 0);
  head.writeUInt32LE(totalFirst ? sequence : total, 4);
  if (size !== null) {
    head[8] = 1;
    head.writeBigUInt64LE(BigInt(size), 9);
  }
  return made(eventType.PARTIAL_ROW_DATA, Buffer.concat([head, data]).toString('hex'), { logPos: 900 });
};

test('puts rows events sent in pieces together, in either order of their two numbers', () => {
  const body = Buffer.from('050000000000010002fffc01020304', 'hex');
  const whole = encodeEvent(
    { type: eventType.WRITE_ROWS_V1, timestamp: 5, serverId: 7, logPos: 0, flags: 0 },
    body,
    'none',
  );
  for (const totalFirst of [false, true]) {
    const partial = new PartialRows();
    assert.equal(partial.add(pieceOf(1, 3, whole.length, whole.subarray(0, 10), totalFirst)), null);
    assert.equal(partial.unfinished, true);
    assert.equal(partial.add(pieceOf(2, 3, null, whole.subarray(10, 11), totalFirst)), null);
    const frame = partial.add(pieceOf(3, 3, null, whole.subarray(11), totalFirst))!;
    assert.equal(partial.unfinished, false);
    assert.deepEqual([frame.type, frame.timestamp, frame.logPos], [eventType.WRITE_ROWS_V1, 5, 900]);
    const rows = decodeRowsEvent(frame);
    assert.equal(rows.bytes.toString('hex', rows.start, rows.end), 'fc01020304');
  }
});

test('refuses pieces out of order, too much or too little of them, and pieces of something else', () => {
  const whole = encodeEvent(
    { type: eventType.WRITE_ROWS_V1, timestamp: 5, serverId: 7, logPos: 0, flags: 0 },
    Buffer.alloc(9),
    'none',
  );
  const [a, b] = [whole.subarray(0, 10), whole.subarray(10)];
  const bad: readonly (readonly EventFrame[])[] = [
    [pieceOf(2, 2, null, b)],
    [pieceOf(1, 2, whole.length, a), pieceOf(1, 2, whole.length, a)],
    [pieceOf(1, 3, whole.length, a), pieceOf(3, 3, null, b)],
    [pieceOf(1, 2, whole.length, a), pieceOf(2, 3, null, b)],
    [pieceOf(1, 2, whole.length - 1, a), pieceOf(2, 2, null, b)],
    [pieceOf(1, 2, whole.length + 1, a), pieceOf(2, 2, null, b)],
    [pieceOf(1, 2, 2 ** 40, a)],
    [pieceOf(1, 1, 40, Buffer.alloc(40, 1))],
  ];
  for (const pieces of bad) {
    const partial = new PartialRows();
    assert.throws(() => pieces.map((piece) => partial.add(piece)), MillraceError);
  }
  const partial = new PartialRows();
  partial.add(pieceOf(1, 2, whole.length, a));
  partial.reset();
  partial.add(pieceOf(1, 2, whole.length, a));
  assert.notEqual(partial.add(pieceOf(2, 2, null, b)), null);
});

/** Everything that is done to an event's bytes before its values are read. */
const decodeAll = (frame: EventFrame, flavor: Flavor): void => {
  if (frame.type === eventType.QUERY) {
    isBegin(frame);
    isCommit(frame);
  }
  const event = decodeEvent(frame, flavor);
  if (frame.type === eventType.TRANSACTION_PAYLOAD) {
    readSmallPayload(event as TransactionPayload, (inner) => decodeAll(inner, flavor));
  }
};

const decodesOrThrowsTyped = (body: Buffer, type: number, flavor: Flavor): void => {
  const event = encodeEvent(
    { type, timestamp: 0, serverId: 1, logPos: 4, flags: 0 },
    body,
    type === 15 ? 'crc32' : 'none',
  );
  try {
    decodeAll(frameOf(event, 'none'), flavor);
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
  }
};

test('every truncation of every captured event, sealed again, decodes or gives a typed error', () => {
  for (const captured of samples) {
    const event = Buffer.from(captured.hex, 'hex');
    const body = event.subarray(19, -4);
    for (let length = 0; length < body.length; length += 1) {
      decodesOrThrowsTyped(body.subarray(0, length), event[4]!, flavorOf(captured));
    }
  }
});

test('every flipped bit of every captured event, sealed again, decodes or gives a typed error in little memory and time', () => {
  const rss = process.memoryUsage.rss();
  for (const captured of samples) {
    const event = Buffer.from(captured.hex, 'hex');
    for (let bit = 19 * 8; bit < (event.length - 4) * 8; bit += 1) {
      const body = Buffer.from(event.subarray(19, -4));
      body[(bit >> 3) - 19]! ^= 1 << (bit & 7);
      const started = performance.now();
      decodesOrThrowsTyped(body, event[4]!, flavorOf(captured));
      assert.ok(performance.now() - started < 10_000, `${captured.event} with bit ${bit} flipped takes too long`);
    }
  }
  assert.ok(process.memoryUsage.rss() - rss < 200 * 2 ** 20);
});

test('random damage of captured events, and random bodies of any type, decode or give a typed error', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...samples),
      fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 12 }),
      (captured, changes) => {
        const event = Buffer.from(captured.hex, 'hex');
        const body = Buffer.from(event.subarray(19, -4));
        for (const [at, value] of changes) body[at % body.length] = value;
        decodesOrThrowsTyped(body, event[4]!, flavorOf(captured));
      },
    ),
    { numRuns: 1_000 },
  );
  fc.assert(
    fc.property(
      fc.nat(255),
      fc.uint8Array({ maxLength: 120 }),
      fc.constantFrom<Flavor>('mysql', 'mariadb'),
      (type, body, flavor) => {
        decodesOrThrowsTyped(Buffer.from(body), type, flavor);
      },
    ),
    { numRuns: 2_000 },
  );
});
