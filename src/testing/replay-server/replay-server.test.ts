import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import mysql from 'mysql2/promise';
import { MillraceError } from '../../core/errors.ts';
import { recordingFolder } from '../../demo/recording.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { eventFlag } from '../../protocol/mysql/event-frame.ts';
import { eventType } from '../../protocol/mysql/event-type.ts';
import { decodeGtid, isGtidEvent } from '../../protocol/mysql/events/gtid.ts';
import { MysqlGtidSet } from '../../protocol/mysql/gtid/mysql-gtid-set.ts';
import { NetworkFramer } from '../../protocol/mysql/network-framer.ts';
import type { TextResult } from '../../protocol/mysql/server/answers.ts';
import { FakeClock } from '../fake-clock.ts';
import { type BinlogFile, RecordedLog } from './recorded-log.ts';
import { readRecording } from './recording.ts';
import { ReplayServer, type ReplayServerOptions } from './replay-server.ts';

const recording = await readRecording(recordingFolder);
const open = (options: Partial<ReplayServerOptions> = {}): ReplayServer =>
  new ReplayServer({ recording, clock: systemClock, ...options });

const connect = async (stream: Duplex, user = 'root', password = '') =>
  await mysql.createConnection({ stream, user, password });

/** Logs in over `stream`, asks for a dump, and gives the stream: only the dump's bytes are still to come. */
const startDump = async (stream: Duplex, payload: Buffer, setup = ''): Promise<Duplex> => {
  const connection = await connect(stream);
  await connection.query(`SET @source_binlog_checksum = 'CRC32'${setup}`);
  stream.removeAllListeners('data');
  const header = Buffer.alloc(4);
  header.writeUIntLE(payload.length, 0, 3);
  stream.write(Buffer.concat([header, payload]));
  return stream;
};

const dump = (file: string, position: number, flags = 1): Buffer => {
  const fixed = Buffer.alloc(11);
  fixed[0] = 0x12;
  fixed.writeUInt32LE(position, 1);
  fixed.writeUInt16LE(flags, 5);
  fixed.writeUInt32LE(7777, 7);
  return Buffer.concat([fixed, Buffer.from(file)]);
};

interface Dumped {
  readonly types: number[];
  readonly gtids: string[];
  readonly ended: boolean;
  readonly bytes: number;
}

/** Reads a dump to its end, or to where it breaks. */
const readDump = async (stream: Duplex): Promise<Dumped> => {
  const framer = new NetworkFramer({ checksum: 'crc32' });
  const types: number[] = [];
  const gtids: string[] = [];
  let bytes = 0;
  await new Promise<void>((resolve, reject) => {
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      try {
        framer.push(chunk, (frame) => {
          types.push(frame.type);
          if (!isGtidEvent(frame.type)) return;
          const { uuid, gno } = decodeGtid(frame);
          gtids.push(`${uuid}:${gno}`);
        });
      } catch (error) {
        reject(error);
      }
      if (framer.ended) resolve();
    });
    for (const event of ['end', 'close', 'error']) stream.once(event, () => resolve());
  });
  stream.destroy();
  return { types, gtids, ended: framer.ended, bytes };
};

const firstFile = recording.files[0]!.name;
const wholeDump = async (server: ReplayServer): Promise<Dumped> =>
  await readDump(await startDump(server.connect(), dump(firstFile, 4)));

test('a dump over a stream in memory brings every event of every file, checksums intact', async () => {
  await using server = open();
  const { types, gtids, ended } = await wholeDump(server);
  assert.ok(ended);
  assert.equal(new Set(gtids).size, gtids.length);
  assert.equal(MysqlGtidSet.parse(gtids.join(',')).toString(), server.log.executed.toString());
  assert.equal(types.filter((type) => type === eventType.FORMAT_DESCRIPTION).length, recording.files.length);
  assert.ok(types.includes(eventType.TRANSACTION_PAYLOAD) && types.includes(eventType.PARTIAL_UPDATE_ROWS));
});

test('a client is let in by its password only, by either plugin', async () => {
  for (const plugin of ['mysql_native_password', 'caching_sha2_password'] as const) {
    await using server = open({ plugin, user: 'reader', password: 'pässword' });
    const connection = await connect(server.connect(), 'reader', 'pässword');
    await connection.ping();
    await connection.end();
    for (const [user, password] of [
      ['reader', 'wrong'],
      ['reader', ''],
      ['root', 'pässword'],
    ] as const) {
      await assert.rejects(connect(server.connect(), user, password), /Access denied/);
    }
  }
});

test('recorded statements are answered as recorded, computed ones as the log stands, others with their name', async () => {
  await using server = open();
  const connection = await connect(server.connect());
  const ask = async (sql: string) => (await connection.query({ sql, rowsAsArray: true }))[0];
  const [statement, answer] = Object.entries(recording.answers).find(([sql]) => sql.startsWith('SHOW CREATE TABLE'))!;
  assert.deepEqual(await ask(`  ${statement.replace(' ', '\n ')} ;`), (answer as TextResult).rows);
  assert.deepEqual(await ask(`SELECT GTID_SUBTRACT('${recording.serverUuid}:1-9', '${recording.serverUuid}:2-8')`), [
    [`${recording.serverUuid}:1:9`],
  ]);
  const last = recording.files.at(-1)!;
  server.log.purgeTo(last.name);
  assert.deepEqual(await ask('SHOW BINARY LOGS'), [[last.name, String(last.bytes.length), 'No']]);
  const variables = Object.keys(recording.answers).find((sql) => sql.includes('gtid_purged'))!;
  const purged = (await ask(variables)) as unknown as string[][];
  assert.equal(purged.find(([name]) => name === 'gtid_purged')?.[1], server.log.purged.toString());
  await assert.rejects(ask('SELECT 42 FROM dual'), /no recorded answer to: SELECT 42 FROM dual/);
  await connection.end();
});

test('a connection can be cut at any byte of a dump, and the next one goes on from there', async () => {
  await using server = open();
  const total = (await wholeDump(server)).bytes;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: total - 10 }), async (at) => {
      server.faults.cutAfter(at);
      const { ended, bytes } = await wholeDump(server);
      assert.deepEqual([ended, bytes], [false, at]);
    }),
    { numRuns: 20 },
  );
  assert.ok((await wholeDump(server)).ended);
});

test('a repeated transaction comes twice in a row, whole', async () => {
  await using server = open();
  const before = await wholeDump(server);
  server.faults.repeat(3);
  const { gtids, types } = await wholeDump(server);
  assert.equal(gtids.length, before.gtids.length + 3);
  assert.deepEqual(
    gtids.slice(0, 6),
    [0, 0, 1, 1, 2, 2].map((i) => before.gtids[i]),
  );
  assert.ok(types.length > before.types.length + 3);
});

test('time comes from the clock: heartbeats, delays and the rate wait for it', async () => {
  const clock = new FakeClock();
  await using server = open({ clock, bytesPerSecond: 1_000_000 });
  const last = recording.files.at(-1)!;
  const period = ', @source_heartbeat_period = 500000000';
  const stream = await startDump(server.connect(), dump(last.name, 4, 0), period);
  const framer = new NetworkFramer({ checksum: 'crc32' });
  let beats = 0;
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    framer.push(chunk, (frame) => {
      if (frame.type === eventType.HEARTBEAT) beats += 1;
    });
  });
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const started = clock.monotonic();
  server.faults.delay(3_000);
  await settle();
  const atOnce = bytes;
  while (beats < 3) {
    assert.ok(clock.advanceToNext());
    await settle();
  }
  const expectedMs = 3_000 + (last.bytes.length / 1_000_000) * 1_000 + 3 * 500;
  const tookMs = clock.monotonic() - started;
  assert.ok(atOnce < 50_000, `${atOnce} bytes before any time had passed`);
  assert.ok(Math.abs(tookMs - expectedMs) < 0.1 * expectedMs, `${tookMs} ms instead of ${expectedMs}`);
  stream.destroy();
});

test('a dump that waits at the end goes on when the server does, into new files too', async () => {
  const [first, second] = recording.files as readonly [BinlogFile, BinlogFile];
  const ends: number[] = [];
  for (let at = 4; at < first.bytes.length; at += first.bytes.readUInt32LE(at + 9)) ends.push(at);
  const upTo = (count: number) => ({ name: first.name, bytes: first.bytes.subarray(0, ends[count]) });
  await using server = open({ recording: { ...recording, files: [upTo(10)] } });
  const stream = await startDump(server.connect(), dump(first.name, 4, 0));
  const framer = new NetworkFramer({ checksum: 'crc32' });
  const logged: number[] = [];
  stream.on('data', (chunk: Buffer) => {
    framer.push(chunk, ({ type, flags }) => {
      if ((flags & eventFlag.ARTIFICIAL) === 0) logged.push(type);
    });
  });
  const arrived = async (count: number): Promise<void> => {
    while (logged.length < count) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(logged.length, count);
  };
  await arrived(10);
  server.goOn({ ...recording, files: [upTo(25)] });
  await arrived(25);
  server.goOn({ ...recording, files: [first, second] });
  const all = new RecordedLog([first, second]).files.flatMap(({ bytes }) => {
    const types: number[] = [];
    for (let at = 4; at < bytes.length; at += bytes.readUInt32LE(at + 9)) types.push(bytes[at + 4]!);
    return types;
  });
  await arrived(all.length);
  assert.deepEqual(logged, all);
  stream.destroy();
});

test('garbage is answered with an error, or the connection closes; the server lives on', async () => {
  await using server = open();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (garbage, loggedIn) => {
      const stream = server.connect();
      if (loggedIn) await startDump(stream, Buffer.from(garbage.length > 0 ? garbage : [0xff]));
      else stream.write(garbage);
      stream.resume();
      await new Promise((resolve) => setImmediate(resolve));
      stream.destroy();
    }),
    { numRuns: 100 },
  );
  assert.ok((await wholeDump(server)).ended);
});

test('a refused dump is a server error with the words of MySQL', async () => {
  await using server = open();
  const refused = startDump(server.connect(), dump('binlog.999999', 4)).then(readDump);
  await assert.rejects(refused, (error: unknown) => {
    assert.ok(error instanceof MillraceError && error.code === 'MYSQL_SERVER_ERROR');
    assert.match(error.message, /1236.*Could not find first log file name/);
    return true;
  });
});
