import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { systemClock } from '../../pipeline/system-clock.ts';
import { MysqlGtidSet } from '../../protocol/mysql/gtid/mysql-gtid-set.ts';
import { launchServer } from '../servers/launch-server.ts';
import { runProgram } from '../servers/run-program.ts';
import { testServers } from '../servers/test-servers.ts';
import type { Recording } from './recording.ts';
import { ReplayServer } from './replay-server.ts';

interface Address {
  readonly host: string;
  readonly port: number;
}

const connect = async ({ host, port }: Address): Promise<Connection> =>
  await mysql.createConnection({ host, port, user: 'root', multipleStatements: true });

/** Sends one command on a fresh connection and gives what comes, until `bytes` of it are there or nothing came for a while. */
const exchange = async (address: Address, payload: Buffer, session: string, bytes = Infinity): Promise<Buffer> => {
  const connection = await connect(address);
  await connection.query(session);
  const { stream } = (connection as unknown as { connection: { stream: NodeJS.ReadWriteStream } }).connection;
  stream.removeAllListeners('data');
  const chunks: Buffer[] = [];
  let received = 0;
  let silentMs = 0;
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    received += chunk.length;
    silentMs = 0;
  });
  const header = Buffer.alloc(4);
  header.writeUIntLE(payload.length, 0, 3);
  stream.write(Buffer.concat([header, payload]));
  const patienceMs = bytes === Infinity ? 200 : 3_000;
  for (; received < bytes && silentMs < patienceMs; silentMs += 10) await sleep(10);
  connection.destroy();
  return Buffer.concat(chunks);
};

const dump = (flags: number, file: string, position: number): Buffer => {
  const fixed = Buffer.alloc(11);
  fixed[0] = 0x12;
  fixed.writeUInt32LE(position, 1);
  fixed.writeUInt16LE(flags, 5);
  fixed.writeUInt32LE(7777, 7);
  return Buffer.concat([fixed, Buffer.from(file)]);
};

const dumpGtid = (flags: number, file: string, position: number, gtids: string): Buffer => {
  const set = MysqlGtidSet.parse(gtids).encode();
  const head = Buffer.alloc(11);
  head[0] = 0x1e;
  head.writeUInt16LE(flags, 1);
  head.writeUInt32LE(7777, 3);
  head.writeUInt32LE(file.length, 7);
  const tail = Buffer.alloc(12);
  tail.writeBigUInt64LE(BigInt(position));
  tail.writeUInt32LE(set.length, 8);
  return Buffer.concat([head, Buffer.from(file), tail, set]);
};

/** A real server with three binlog files, and the replay server over the same files. */
const prepare = async () => {
  const real = await launchServer({ flavor: 'mysql' });
  const connection = await connect(real);
  await connection.query(`
    CREATE DATABASE a; CREATE TABLE a.t (id INT PRIMARY KEY, v LONGTEXT);
    INSERT INTO a.t VALUES (1, 'one'); INSERT INTO a.t VALUES (2, REPEAT('large ', 3000000)); FLUSH BINARY LOGS;
    INSERT INTO a.t VALUES (3, 'three'); INSERT INTO a.t VALUES (4, 'four'); DELETE FROM a.t WHERE id = 1; FLUSH BINARY LOGS;
    SET gtid_next = 'AUTOMATIC:tagged'; INSERT INTO a.t VALUES (5, 'five'); SET gtid_next = 'AUTOMATIC';
    INSERT INTO a.t VALUES (6, 'six')`);
  const [[row]] = await connection.query<RowDataPacket[]>('SELECT @@version AS version, @@server_uuid AS uuid');
  const recording: Recording = {
    serverVersion: row!['version'],
    serverUuid: row!['uuid'],
    files: [1, 2, 3].map((n) => {
      const name = `binlog.00000${n}`;
      return { name, bytes: readFileSync(join(real.binlogFolder, name)) };
    }),
    answers: {},
  };
  const replay = new ReplayServer({ recording, clock: systemClock });
  const address = { host: '127.0.0.1', port: await replay.listen() };
  return { real, connection, replay, address, recording };
};

const { real, connection, replay, address, recording } = await prepare();
const uuid = recording.serverUuid;
const sizes = recording.files.map(({ bytes }) => bytes.length);
after(async () => {
  await connection.end();
  await replay[Symbol.asyncDispose]();
  await real[Symbol.asyncDispose]();
});

const session = "SET @source_binlog_checksum = 'CRC32', @source_heartbeat_period = 60000000000";

/** The name of the case, the request, and what the session is set to. */
const cases: readonly (readonly [string, Buffer, string?])[] = [
  ['the first file by no name', dump(1, '', 4)],
  ['a file by name, waiting at the end', dump(0, 'binlog.000002', 4)],
  [
    'with checksums switched off, which changes the first event only',
    dump(1, 'binlog.000002', 4),
    "SET @master_binlog_checksum = 'NONE'",
  ],
  ['without saying that checksums are known', dump(1, 'binlog.000002', 4), 'SET @x = 1'],
  ['from inside a file', dump(1, 'binlog.000002', 238)],
  ['from the end of a file', dump(1, 'binlog.000002', sizes[1]!)],
  ['from the end of the log', dump(1, 'binlog.000003', sizes[2]!)],
  ['from before the first position', dump(1, 'binlog.000002', 2)],
  ['from beyond the end of a file', dump(1, 'binlog.000002', sizes[1]! + 1)],
  ['from the middle of an event', dump(1, 'binlog.000002', 239)],
  ['of a file that is not there', dump(1, 'binlog.000099', 4)],
  ['by GTID from nothing', dumpGtid(5, '', 4, '')],
  ['by GTID from the middle of a file', dumpGtid(5, '', 4, `${uuid}:1-5`)],
  ['by GTID with holes', dumpGtid(5, '', 4, `${uuid}:1-3:5:7`)],
  ['by GTID with a tag', dumpGtid(5, '', 4, `${uuid}:1-7:tagged:1`)],
  ['by GTID with HEARTBEAT_V2', dumpGtid(7, '', 4, `${uuid}:1-6`)],
  ['by GTID from everything', dumpGtid(5, '', 4, `${uuid}:1-8:tagged:1`)],
  ['by GTID from everything, waiting', dumpGtid(4, '', 4, `${uuid}:1-8:tagged:1`)],
  ['by GTID with a transaction the source never had', dumpGtid(5, '', 4, `${uuid}:1-99`)],
  [
    'by GTID with unknown foreign transactions',
    dumpGtid(5, '', 4, `${uuid}:1-7,11111111-2222-3333-4444-555555555555:1-9`),
  ],
  ['by GTID and file', dumpGtid(5, 'binlog.000002', 4, `${uuid}:1-4`)],
];

for (const [name, request, variables = session] of cases) {
  test(`the replay server answers a dump ${name} as MySQL does, to the byte`, async () => {
    const expected = await exchange(real, request, variables);
    const answered = await exchange(address, request, variables, expected.length);
    assert.ok(expected.length > 20);
    assert.ok(answered.equals(expected), difference(answered, expected));
  });
}

test('after a purge, too, the replay server answers as MySQL does', async () => {
  await connection.query("PURGE BINARY LOGS TO 'binlog.000003'");
  replay.log.purgeTo('binlog.000003');
  for (const gtids of ['', `${uuid}:1-3`, `${uuid}:1-6`, `${uuid}:1-7`]) {
    const request = dumpGtid(5, '', 4, gtids);
    const expected = await exchange(real, request, session);
    const answered = await exchange(address, request, session, expected.length);
    assert.ok(answered.equals(expected), difference(answered, expected));
  }
});

test("MySQL's own mysqlbinlog copies replayed files to the byte", async () => {
  const whole = new ReplayServer({ recording, clock: systemClock, password: 'secret' });
  const folder = mkdtempSync(join(tmpdir(), 'millrace-raw-'));
  try {
    const port = await whole.listen();
    const [program, ...prefix] = real.tools.mysqlbinlog;
    const login = ['-h127.0.0.1', `-P${port}`, '-uroot', '-psecret', '--ssl-mode=DISABLED'];
    const copy = ['-R', '--raw', `--result-file=${folder}/`, '--to-last-log', 'binlog.000001'];
    const { status, output } = await runProgram([program, ...prefix, '--no-defaults', ...login, ...copy]);
    assert.equal(status, 0, output);
    for (const { name, bytes } of recording.files) {
      const copy = readFileSync(join(folder, name));
      assert.ok(sameBut(copy, bytes), `${name}: ${copy.length} bytes of ${bytes.length}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
    await whole[Symbol.asyncDispose]();
  }
});

test('heartbeats come at the period the client asks for', async () => {
  const wanted = "SET @source_binlog_checksum = 'CRC32', @source_heartbeat_period = 40000000";
  const started = performance.now();
  // Two packets of a file's head, then three heartbeats.
  const bytes = 4 + 1 + 44 + 4 + 1 + 123 + 3 * (4 + 1 + 36);
  const answered = await exchange(address, dump(0, 'binlog.000003', sizes[2]!), wanted, bytes);
  const types = describe(answered)
    .split('\n')
    .map((line) => line.split(' ')[1]);
  assert.deepEqual(types.slice(0, 5), ['4', '15', '27', '27', '27']);
  assert.ok(performance.now() - started > 3 * 40);
});

for (const server of testServers()) {
  test(`the client of ${server.name} logs in to the replay server with its password, and not with another`, async () => {
    assert.ok(server.tools !== null);
    // Debian's packages leave the plugin of the other family out.
    const plugin = server.flavor === 'mysql' ? 'caching_sha2_password' : 'mysql_native_password';
    const [program, ...prefix] = server.tools.mysql;
    await using own = new ReplayServer({ recording, clock: systemClock, password: 'secret', plugin });
    const login = ['--no-defaults', '-h127.0.0.1', `-P${await own.listen()}`, '-uroot'];
    const tls = server.flavor === 'mysql' ? '--ssl-mode=DISABLED' : '--skip-ssl';
    for (const [password, answer] of [
      ['secret', recording.serverVersion],
      ['wrong', '1045'],
    ] as const) {
      const { output } = await runProgram([
        program,
        ...prefix,
        ...login,
        `-p${password}`,
        tls,
        '-Ne',
        'SELECT VERSION()',
      ]);
      assert.ok(output.includes(answer), output);
    }
  });
}

/** The flag "in use" of the file still open is the one difference a copy may have. */
const sameBut = (copy: Buffer, original: Buffer): boolean => {
  const cleared = Buffer.from(original);
  const own = Buffer.from(copy);
  cleared[21] = 0;
  own[21] = 0;
  return own.equals(cleared);
};

/** The first packet that differs, both ways. */
const difference = (answered: Buffer, expected: Buffer): string => {
  const [a, b] = [describe(answered).split('\n'), describe(expected).split('\n')];
  const at = b.findIndex((line, i) => line !== a[i]);
  return `answered ${a[at] ?? a.at(-1)}\nexpected ${b[at]}`;
};

/** One line per packet. */
const describe = (bytes: Buffer): string => {
  const lines: string[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUIntLE(at, 3);
    const p = bytes.subarray(at + 4, at + 4 + length);
    lines.push(
      p[0] === 0 && p.length > 20
        ? `type ${p[5]} ts ${p.readUInt32LE(1)} size ${p.readUInt32LE(10)} pos ${p.readUInt32LE(14)} flags ${p.readUInt16LE(18)} crc ${p.subarray(-4).toString('hex')} seq ${bytes[at + 3]}`
        : `${p.subarray(0, 700).toString('latin1')}`,
    );
    at += 4 + length;
  }
  return lines.join('\n');
};
