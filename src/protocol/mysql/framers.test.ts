import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { encodeEvent } from './encode-event.ts';
import { type EventFrame, eventFlag } from './event-frame.ts';
import { eventType } from './event-type.ts';
import { encodeFormatDescription } from './events/format-description.ts';
import { encodeHeartbeat } from './events/heartbeat.ts';
import { encodeRotate } from './events/rotate.ts';
import { decodeTransactionPayload, type PayloadHead, type TransactionPayload } from './events/transaction-payload.ts';
import { binlogMagic, FileFramer } from './file-framer.ts';
import type { LargePayloads } from './large-payload.ts';
import { NetworkFramer } from './network-framer.ts';
import { encodePacket } from './packet.ts';
import { inflatePayload, PayloadFramer, readSmallPayload } from './payload-framer.ts';

const captured = readFileSync(new URL('./testdata/captured-events.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { readonly server: string; readonly event: string; readonly hex: string });

/** The captured events of MySQL's file, FORMAT_DESCRIPTION first. */
const mysqlEvents = captured
  .filter(({ server, event }) => server === 'MySQL 9.7.4' && !event.includes('HEARTBEAT'))
  .map(({ hex }) => Buffer.from(hex, 'hex'));

const header = { type: 0, timestamp: 0, serverId: 1, logPos: 0, flags: 0 };
const rotate = (checksum: 'none' | 'crc32'): Buffer =>
  encodeEvent(
    { ...header, type: eventType.ROTATE, flags: eventFlag.ARTIFICIAL },
    encodeRotate({ file: 'binlog.000001', position: 4 }),
    checksum,
  );
const heartbeat = (checksum: 'none' | 'crc32'): Buffer =>
  encodeEvent({ ...header, type: eventType.HEARTBEAT }, encodeHeartbeat('binlog.000001'), checksum);
const description = (checksum: 'none' | 'crc32', logPos = 126): Buffer =>
  encodeEvent(
    { ...header, type: eventType.FORMAT_DESCRIPTION, logPos },
    encodeFormatDescription({ serverVersion: '9.7.4', created: 0, postHeaderLengths: new Uint8Array(42), checksum }),
    'crc32',
  );

/** What a server sends for a dump: each event behind a status byte, numbered from 1. */
const dump = (events: readonly Buffer[], status: Buffer = Buffer.from([0])): Buffer => {
  let sequence = 1;
  return Buffer.concat(
    events.map((event) => {
      const packet = encodePacket(Buffer.concat([status, event]), sequence);
      sequence += Math.floor((event.length + status.length) / 0xffffff) + 1;
      return packet;
    }),
  );
};

const cut = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const at = [0, ...cuts.map((c) => c % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, i) => bytes.subarray(at[i]!, end));
};

const copyOf = (frame: EventFrame): string => {
  const { bytes, start, end, type, timestamp, serverId, size, logPos, flags } = frame;
  return JSON.stringify([type, timestamp, serverId, size, logPos, flags, bytes.toString('hex', start, end)]);
};

const readDump = (pieces: readonly Buffer[], checksum: 'none' | 'crc32' = 'crc32'): string[] => {
  const framer = new NetworkFramer({ checksum });
  const events: string[] = [];
  for (const piece of pieces) framer.push(piece, (frame) => events.push(copyOf(frame)));
  return events;
};

const readFile = (pieces: readonly Buffer[]): { events: string[]; framer: FileFramer } => {
  const framer = new FileFramer();
  const events: string[] = [];
  for (const piece of pieces) framer.push(piece, (frame) => events.push(copyOf(frame)));
  return { events, framer };
};

const cuts = fc.array(fc.nat(20_000), { maxLength: 60 });

test('gives the same events from a connection however the bytes arrive', () => {
  const bytes = dump([rotate('crc32'), ...mysqlEvents]);
  const whole = readDump([bytes]);
  assert.equal(whole.length, mysqlEvents.length + 1);
  assert.deepEqual(readDump(Array.from(bytes, (byte) => Buffer.from([byte]))), whole);
  fc.assert(fc.property(cuts, (at) => assert.deepEqual(readDump(cut(bytes, at)), whole)));
});

test('gives the same events from a file however the bytes arrive, and knows where each ends', () => {
  const bytes = Buffer.concat([binlogMagic, ...mysqlEvents]);
  const whole = readFile([bytes]);
  assert.equal(whole.events.length, mysqlEvents.length);
  assert.equal(whole.framer.position, bytes.length);
  assert.equal(whole.framer.finish(), null);
  fc.assert(
    fc.property(cuts, (at) => {
      const { events, framer } = readFile(cut(bytes, at));
      assert.deepEqual(events, whole.events);
      assert.equal(framer.position, bytes.length);
    }),
  );
});

test('tells where a file breaks off', () => {
  const bytes = Buffer.concat([binlogMagic, ...mysqlEvents]);
  const boundaries = new Set<number>();
  let boundary = 4;
  for (const event of mysqlEvents) {
    boundary += event.length;
    boundaries.add(boundary);
  }
  for (let length = 0; length < bytes.length; length += 1) {
    const { framer } = readFile([bytes.subarray(0, length)]);
    const torn = framer.finish();
    if (boundaries.has(length)) assert.equal(torn, null);
    else if (length < mysqlEvents[0]!.length + 4) assert.equal(torn?.position, 0);
    else assert.equal(torn!.position + torn!.bytes, length);
  }
});

test('goes on at another place of a file whose head it has read', () => {
  const bytes = Buffer.concat([binlogMagic, ...mysqlEvents]);
  const framer = new FileFramer();
  framer.push(bytes.subarray(0, mysqlEvents[0]!.length + 10), () => {});
  const last = bytes.length - mysqlEvents.at(-1)!.length;
  framer.seek(last);
  const events: string[] = [];
  framer.push(bytes.subarray(last), (frame) => events.push(copyOf(frame)));
  assert.deepEqual(events, readFile([bytes]).events.slice(-1));
  assert.equal(framer.position, bytes.length);
});

test('says what a file is that is no readable binlog', () => {
  assert.throws(() => readFile([Buffer.from('./binlog.000001\n')]), { code: 'BINLOG_NOT_A_BINLOG' });
  assert.throws(() => readFile([Buffer.from('fd62696e00', 'hex')]), { code: 'BINLOG_ENCRYPTED' });
  assert.throws(
    () => readFile([Buffer.concat([binlogMagic, mysqlEvents[3]!])]),
    /first event is no FORMAT_DESCRIPTION/,
  );
  const encryption = Buffer.from(captured.find(({ event }) => event.includes('START_ENCRYPTION'))!.hex, 'hex');
  const head = [binlogMagic, mysqlEvents[0]!, encryption];
  assert.equal(readFile([Buffer.concat(head)]).events.length, 2);
  for (const cipher of [Buffer.alloc(100), Buffer.alloc(100, 0xa7)]) {
    assert.throws(() => readFile([Buffer.concat([...head, cipher])]), { code: 'BINLOG_ENCRYPTED' });
  }
});

test('expects checksums as the session said until the first format description, then as that says', () => {
  const summed = encodeEvent({ ...header, type: eventType.XID }, Buffer.alloc(8), 'crc32');
  const plain = encodeEvent({ ...header, type: eventType.XID }, Buffer.alloc(8), 'none');
  // Logged with checksums, but the session asked for none.
  const late = [
    rotate('none'),
    description('crc32'),
    summed,
    heartbeat('crc32'),
    rotate('crc32'),
    description('none'),
    plain,
  ];
  assert.equal(readDump([dump(late)], 'none').length, late.length);
  // Logged without checksums, but the session asked for them; the description has one all the same.
  const early = [rotate('crc32'), description('none'), plain, heartbeat('none')];
  assert.equal(readDump([dump(early)], 'crc32').length, early.length);
  assert.throws(() => readDump([dump([rotate('none'), description('crc32'), plain])], 'none'), {
    code: 'BINLOG_CHECKSUM_MISMATCH',
  });
});

test('takes a format description changed for a dump inside a file without checksums, which servers do not sum again', () => {
  const time = 1_795_183_587;
  for (const created of [0, time]) {
    const event = encodeEvent(
      { ...header, type: eventType.FORMAT_DESCRIPTION, timestamp: time, logPos: 4 + 123 },
      encodeFormatDescription({
        serverVersion: '9.7.4',
        created,
        postHeaderLengths: new Uint8Array(42),
        checksum: 'none',
      }),
      'crc32',
    );
    event.writeUInt32LE(0, 13);
    event.writeUInt32LE(0, 19 + 52);
    assert.equal(readDump([dump([rotate('none'), event])], 'none').length, 2);
    event[30]! ^= 1;
    assert.throws(() => readDump([dump([rotate('none'), event])], 'none'), { code: 'BINLOG_CHECKSUM_MISMATCH' });
  }
});

test('takes the format description of a file that is still being written', () => {
  const open = Buffer.from(description('crc32'));
  open[17]! |= eventFlag.IN_USE;
  assert.equal(readFile([Buffer.concat([binlogMagic, open])]).events.length, 1);
});

test('every flipped bit of a checksummed event is found', () => {
  for (const event of mysqlEvents.slice(0, 8)) {
    for (let bit = 0; bit < event.length * 8; bit += 1) {
      const flipped = Buffer.from(event);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const inUse = flipped[4] === eventType.FORMAT_DESCRIPTION && bit === 17 * 8;
      if (!inUse) {
        assert.throws(() => readDump([dump([rotate('crc32'), mysqlEvents[0]!, flipped])]), { name: 'MillraceError' });
      }
    }
  }
});

test('finds the one damaged event of many that are verified together, after those before it were delivered', () => {
  const events = Array.from({ length: 40 }, (_, i) =>
    encodeEvent({ ...header, type: eventType.WRITE_ROWS }, Buffer.alloc((i * 7) % 150, i), 'crc32'),
  );
  for (let damaged = 0; damaged < events.length; damaged += 1) {
    for (const at of [0, 20, events[damaged]!.length - 1]) {
      const bytes = dump([rotate('crc32'), description('crc32'), ...events.with(damaged, flip(events[damaged]!, at))]);
      const framer = new NetworkFramer({ checksum: 'crc32' });
      let delivered = 0;
      assert.throws(() => framer.push(bytes, () => (delivered += 1)), { code: 'BINLOG_CHECKSUM_MISMATCH' });
      assert.equal(delivered, damaged + 2);
    }
  }
});

const flip = (event: Buffer, at: number): Buffer => {
  const flipped = Buffer.from(event);
  flipped[Math.min(at, flipped.length - 1)]! ^= 0x10;
  return flipped;
};

test('joins events of 16 MiB and more, also at exact multiples of a packet', () => {
  for (const size of [0xffffff - 2, 0xffffff - 1, 0xffffff, 2 * 0xffffff - 1, 2 * 0xffffff + 5]) {
    const body = Buffer.alloc(size - 23);
    for (let i = 0; i < body.length; i += 4_093) body[i] = i;
    const big = encodeEvent({ ...header, type: eventType.WRITE_ROWS }, body, 'crc32');
    assert.equal(big.length, size);
    const bytes = dump([rotate('crc32'), description('crc32'), big, heartbeat('crc32')]);
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += 65_521) pieces.push(bytes.subarray(at, at + 65_521));
    for (const way of [pieces, [bytes]]) {
      const framer = new NetworkFramer({ checksum: 'crc32' });
      const seen: number[] = [];
      for (const piece of way) {
        framer.push(piece, (frame) => {
          seen.push(frame.size);
          if (frame.type === eventType.WRITE_ROWS) {
            assert.ok(body.equals(frame.bytes.subarray(frame.body, frame.end)), `body of ${size} bytes`);
          }
        });
      }
      assert.deepEqual(seen.slice(2), [size, heartbeat('crc32').length]);
    }
  }
});

test('refuses a continued packet that brings more than its event says, and an event larger than any can be', () => {
  const lying = encodeEvent({ ...header, type: eventType.WRITE_ROWS }, Buffer.alloc(0xffffff), 'crc32');
  lying.writeUInt32LE(0xffffff + 1, 9);
  assert.throws(() => readDump([dump([rotate('crc32'), lying])]), { code: 'BYTES_MALFORMED' });
  lying.writeUInt32LE(0xffffffff, 9);
  assert.throws(() => readDump([dump([rotate('crc32'), lying])]), { code: 'BINLOG_EVENT_TOO_LARGE' });
  const file = Buffer.concat([binlogMagic, description('crc32'), Buffer.alloc(19, 0xff)]);
  assert.throws(() => readFile([file]), { code: 'BINLOG_EVENT_TOO_LARGE' });
});

test('gives no memory for an announced gigabyte before 16 MiB of it have come', () => {
  const announced = Buffer.alloc(19 + 1_000_000);
  announced[4] = eventType.WRITE_ROWS;
  announced.writeUInt32LE(2 ** 30, 9);
  const before = process.memoryUsage().arrayBuffers;
  const { framer } = readFile([Buffer.concat([binlogMagic, description('crc32'), announced])]);
  assert.equal(framer.finish()?.bytes, announced.length);
  assert.ok(process.memoryUsage().arrayBuffers - before < 20 * 2 ** 20);
});

test('reads events behind the semi-synchronous prefix and says which want an acknowledgement', () => {
  const events = [rotate('crc32'), description('crc32'), heartbeat('crc32')];
  const packets = events.map((event, i) =>
    // The source counts packets from 1 again after it was answered.
    encodePacket(Buffer.concat([Buffer.from([0, 0xef, i === 1 ? 1 : 0]), event]), i === 2 ? 1 : i + 1),
  );
  const framer = new NetworkFramer({ checksum: 'crc32' });
  const wanted: boolean[] = [];
  for (const byte of Buffer.concat(packets)) {
    framer.push(Buffer.from([byte]), () => wanted.push(framer.acknowledgementWanted));
  }
  assert.deepEqual(wanted, [false, true, false]);
});

test('ends at the packet that says so, and reports what the server reports', () => {
  const framer = new NetworkFramer({ checksum: 'crc32' });
  framer.push(dump([rotate('crc32')]), () => {});
  assert.equal(framer.ended, false);
  framer.push(encodePacket(Buffer.from('fe00000200', 'hex'), 2), () => assert.fail('the end is no event'));
  assert.equal(framer.ended, true);
  const error = Buffer.concat([Buffer.from('ffd40423', 'hex'), Buffer.from('HY000could not find first log file name')]);
  assert.throws(() => readDump([encodePacket(error, 1)]), {
    code: 'MYSQL_SERVER_ERROR',
    details: { code: 1236, state: 'HY000', message: 'could not find first log file name' },
  });
  assert.throws(() => readDump([encodePacket(Buffer.from([0xff, 0x15]), 1)]), {
    code: 'BYTES_TRUNCATED',
  });
});

test('refuses packets out of order and packets that are no answer to a dump', () => {
  const [first, second] = [
    encodePacket(Buffer.concat([Buffer.from([0]), rotate('crc32')]), 1),
    dump([description('crc32')]),
  ];
  assert.throws(() => readDump([first, second]), { code: 'BINLOG_OUT_OF_SEQUENCE', details: { expected: 2, got: 1 } });
  assert.throws(() => readDump([encodePacket(Buffer.from('0a382e302e', 'hex'), 1)]), { code: 'BINLOG_STREAM_GARBAGE' });
  assert.throws(() => readDump([encodePacket(Buffer.alloc(0), 1)]), { code: 'BINLOG_STREAM_GARBAGE' });
});

test('numbers packets modulo 256', () => {
  const events = [rotate('crc32'), description('crc32'), ...new Array<Buffer>(600).fill(heartbeat('crc32'))];
  assert.equal(readDump([dump(events)]).length, events.length);
});

test('random bytes never crash a framer', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (array, framed) => {
      const bytes = Buffer.from(array);
      const attempt = (read: () => unknown): void => {
        try {
          read();
        } catch (error) {
          assert.equal((error as Error).name, 'MillraceError');
        }
      };
      attempt(() => readDump([framed ? encodePacket(Buffer.concat([Buffer.from([0]), bytes]), 1) : bytes]));
      attempt(() => readFile([binlogMagic, description('crc32'), bytes]));
    }),
    { numRuns: 500 },
  );
});

const capturedPayload = (): TransactionPayload => {
  const event = mysqlEvents.find((bytes) => bytes[4] === eventType.TRANSACTION_PAYLOAD)!;
  let payload: TransactionPayload | undefined;
  new NetworkFramer({ checksum: 'crc32' }).push(dump([event]), (frame) => {
    payload = decodeTransactionPayload(frame);
  });
  return payload!;
};

const readSmall = (payload: TransactionPayload): string[] => {
  const events: string[] = [];
  readSmallPayload(payload, (frame) => events.push(copyOf(frame)));
  return events;
};

const readLarge = async (payload: TransactionPayload): Promise<string[]> => {
  const events: string[] = [];
  const framer = new PayloadFramer(payload);
  for await (const piece of inflatePayload(payload)) framer.push(piece, (frame) => events.push(copyOf(frame)));
  framer.finish();
  return events;
};

const payloadOf = (inner: Buffer, payload: Buffer = zstdCompressSync(inner)): TransactionPayload => ({
  compression: 'zstd',
  inflatedBytes: inner.length,
  payloadBytes: payload.length,
  payload,
});

test('reads the events of a compressed transaction at once or in pieces', async () => {
  const payload = capturedPayload();
  const events = readSmall(payload);
  assert.deepEqual(
    events.map((event) => JSON.parse(event)[0]),
    [eventType.QUERY, eventType.TABLE_MAP, eventType.WRITE_ROWS, eventType.XID],
  );
  assert.deepEqual(await readLarge(payload), events);
  const inner = Buffer.concat(
    Array.from({ length: 3_000 }, (_, i) =>
      encodeEvent({ ...header, type: 30, timestamp: i }, Buffer.alloc(i, i), 'none'),
    ),
  );
  const plain: TransactionPayload = { ...payloadOf(inner, inner), compression: 'none' };
  assert.equal(readSmall(plain).length, 3_000);
  assert.deepEqual(await readLarge(payloadOf(inner)), readSmall(plain));
});

test('refuses compressed transactions whose sizes are not what their header says', async () => {
  const inner = encodeEvent({ ...header, type: 30 }, Buffer.alloc(1_000), 'none');
  const good = payloadOf(inner);
  const twoFrames = Buffer.concat([good.payload, zstdCompressSync(inner)]);
  const damaged = Buffer.from(good.payload);
  damaged[9]! ^= 0xff;
  const bad: [string, TransactionPayload][] = [
    ['less inflated', { ...good, inflatedBytes: inner.length + 1 }],
    ['more inflated', { ...good, inflatedBytes: inner.length - 1 }],
    ['nothing inflated', { ...good, inflatedBytes: 0 }],
    ['a second frame', payloadOf(inner, twoFrames)],
    ['garbage behind', payloadOf(inner, Buffer.concat([good.payload, Buffer.from('x')]))],
    ['cut off', payloadOf(inner, good.payload.subarray(0, -3))],
    ['damaged', payloadOf(inner, damaged)],
    ['no zstd', payloadOf(inner, Buffer.from('not compressed at all'))],
    ['nothing at all', payloadOf(inner, Buffer.alloc(0))],
    ['ends inside an event', payloadOf(inner.subarray(0, 100))],
    ['a payload inside', payloadOf(encodeEvent({ ...header, type: 40 }, Buffer.alloc(9), 'none'))],
  ];
  for (const [name, payload] of bad) {
    assert.throws(() => readSmall(payload), { code: 'BYTES_MALFORMED' }, name);
    await assert.rejects(readLarge(payload), { code: 'BYTES_MALFORMED' }, name);
  }
});

test('stops inflating a transaction that grows beyond what its header says', async () => {
  const bomb = payloadOf(Buffer.alloc(1_000), zstdCompressSync(Buffer.alloc(200 * 2 ** 20)));
  const before = process.memoryUsage.rss();
  assert.throws(() => readSmall(bomb), { code: 'BYTES_MALFORMED' });
  await assert.rejects(readLarge(bomb), { code: 'BYTES_MALFORMED' });
  assert.ok(process.memoryUsage.rss() - before < 50 * 2 ** 20);
});

/** What a framer with a receiver for large payloads does, in order; pieces are joined. */
const recorded = (): { readonly payloads: LargePayloads; readonly log: string[] } => {
  const log: string[] = [];
  let pieces: Buffer[] = [];
  const payloads: LargePayloads = {
    fromBytes: 100,
    begin: (frame, head) => {
      pieces = [];
      log.push(`begin ${frame.type} ${frame.logPos} ${JSON.stringify(head)}`);
    },
    piece: (bytes) => pieces.push(Buffer.from(bytes)),
    end: () => log.push(`end ${Buffer.concat(pieces).toString('hex')}`),
  };
  return { payloads, log };
};

test('passes large compressed transactions on in pieces, in their place between the other events, whatever the cuts', () => {
  const { compression, inflatedBytes, payloadBytes, payload } = capturedPayload();
  const logPos = mysqlEvents.find((bytes) => bytes[4] === eventType.TRANSACTION_PAYLOAD)!.readUInt32LE(13);
  const around = mysqlEvents.map((event) =>
    event[4] === eventType.TRANSACTION_PAYLOAD
      ? [
          `begin 40 ${logPos} ${JSON.stringify({ compression, inflatedBytes, payloadBytes })}`,
          `end ${payload.toString('hex')}`,
        ]
      : [`event ${event[4]}`],
  );
  const inFile = Buffer.concat([binlogMagic, ...mysqlEvents]);
  const inDump = dump([rotate('crc32'), ...mysqlEvents]);
  // A cut inside the event: one that lies whole in a chunk is delivered as others are.
  const at = inFile.indexOf(payload) + 50;
  const inside = inDump.indexOf(payload) + 50;
  fc.assert(
    fc.property(cuts, fc.nat(150), (more, offset) => {
      const file = recorded();
      const framer = new FileFramer({ largePayloads: file.payloads });
      for (const piece of cut(inFile, [...more, at + offset])) {
        framer.push(piece, (frame) => file.log.push(`event ${frame.type}`));
      }
      assert.deepEqual(file.log, around.flat());
      assert.equal(framer.position, inFile.length);
      assert.equal(framer.finish(), null);
      const network = recorded();
      const connection = new NetworkFramer({ checksum: 'crc32', largePayloads: network.payloads });
      for (const piece of cut(inDump, [...more, inside + offset])) {
        connection.push(piece, (frame) => network.log.push(`event ${frame.type}`));
      }
      assert.deepEqual(network.log, ['event 4', ...around.flat()]);
    }),
  );
});

test('says of a large compressed transaction, too, that its acknowledgement is wanted', () => {
  const event = mysqlEvents.find((bytes) => bytes[4] === eventType.TRANSACTION_PAYLOAD)!;
  const { payloads } = recorded();
  const wanted: boolean[] = [];
  const framer: NetworkFramer = new NetworkFramer({
    checksum: 'crc32',
    largePayloads: { ...payloads, end: () => wanted.push(framer.acknowledgementWanted) },
  });
  for (const [i, body] of [rotate('crc32'), description('crc32'), event].entries()) {
    const packet = encodePacket(Buffer.concat([Buffer.from([0, 0xef, i === 2 ? 1 : 0]), body]), i + 1);
    for (const byte of packet) framer.push(Buffer.from([byte]), () => {});
  }
  assert.deepEqual(wanted, [true]);
});

test('takes the shortest event that can be one for a large payload when the receiver wants all', () => {
  for (const bytes of [0, 4, 23, 24]) {
    const tiny = encodeEvent({ ...header, type: eventType.TRANSACTION_PAYLOAD }, Buffer.alloc(bytes), 'crc32');
    const { payloads } = recorded();
    const framer = new NetworkFramer({ checksum: 'crc32', largePayloads: { ...payloads, fromBytes: 0 } });
    const packets = dump([rotate('crc32'), description('crc32'), tiny]);
    assert.throws(
      () => {
        for (const byte of packets) {
          framer.push(Buffer.from([byte]), (frame) => frame.type === 40 && decodeTransactionPayload(frame));
        }
      },
      { name: 'MillraceError' },
    );
  }
});

test('a large compressed transaction that is damaged or cut off never ends', () => {
  const event = mysqlEvents.find((bytes) => bytes[4] === eventType.TRANSACTION_PAYLOAD)!;
  for (let bit = 19 * 8; bit < event.length * 8; bit += 1) {
    const flipped = Buffer.from(event);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    for (const way of ['file', 'dump']) {
      const { payloads, log } = recorded();
      const bytes =
        way === 'file'
          ? Buffer.concat([binlogMagic, mysqlEvents[0]!, flipped])
          : dump([rotate('crc32'), mysqlEvents[0]!, flipped]);
      const framer =
        way === 'file'
          ? new FileFramer({ largePayloads: payloads })
          : new NetworkFramer({ checksum: 'crc32', largePayloads: payloads });
      assert.throws(() => cut(bytes, [bytes.length - 60]).map((piece) => framer.push(piece, () => {})), {
        name: 'MillraceError',
      });
      assert.ok(!log.some((line) => line.startsWith('end')));
    }
  }
  const { payloads, log } = recorded();
  const framer = new FileFramer({ largePayloads: payloads });
  const bytes = Buffer.concat([binlogMagic, mysqlEvents[0]!, event]);
  framer.push(bytes.subarray(0, -50), () => {});
  assert.deepEqual(framer.finish(), { position: bytes.length - event.length, bytes: event.length - 50 });
  framer.push(bytes.subarray(-50), () => {});
  assert.equal(framer.finish(), null);
  assert.equal(log.length, 2);
  const short = Buffer.from(event);
  short.writeUInt32LE(event.length + 10, 9);
  const connection = new NetworkFramer({ checksum: 'crc32', largePayloads: recorded().payloads });
  const packets = dump([rotate('crc32'), mysqlEvents[0]!, short]);
  assert.throws(() => cut(packets, [packets.length - 60]).map((piece) => connection.push(piece, () => {})), {
    code: 'BYTES_MALFORMED',
  });
});

test('inflates a transaction of many packets while it arrives', async () => {
  const rows = Buffer.alloc(8_000);
  let seed = 1;
  const inner: Buffer[] = [];
  for (let i = 0; i < 5_000; i += 1) {
    for (let at = 0; at < rows.length; at += 2) {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      rows[at] = seed >>> 16;
    }
    inner.push(encodeEvent({ ...header, type: eventType.WRITE_ROWS, timestamp: i }, rows, 'none'));
  }
  const payload = payloadOf(Buffer.concat(inner));
  assert.ok(payload.payloadBytes > 0xffffff);
  const size = (value: number): Buffer => {
    const bytes = Buffer.alloc(10);
    bytes[0] = 9;
    bytes[1] = 0xfe;
    bytes.writeBigUInt64LE(BigInt(value), 2);
    return bytes;
  };
  const body = Buffer.concat([
    Buffer.from([2, 1, 0, 3]),
    size(payload.inflatedBytes),
    Buffer.from([1]),
    size(payload.payloadBytes),
    Buffer.from([0]),
    payload.payload,
  ]);
  const event = encodeEvent({ ...header, type: eventType.TRANSACTION_PAYLOAD }, body, 'crc32');
  const bytes = dump([rotate('crc32'), description('crc32'), event, heartbeat('crc32')]);

  const arrived: Buffer[] = [];
  let head: PayloadHead | null = null;
  let ended = false;
  const framer = new NetworkFramer({
    checksum: 'crc32',
    largePayloads: {
      fromBytes: 1_000_000,
      begin: (_, payloadHead) => {
        head = payloadHead;
      },
      piece: (piece) => arrived.push(piece),
      end: () => {
        ended = true;
      },
    },
  });
  const seen: number[] = [];
  let at = 0;
  const pushNext = (): void => {
    framer.push(bytes.subarray(at, at + 65_536), (frame) => seen.push(frame.type));
    at += 65_536;
  };
  while (head === null) pushNext();
  const pieces = async function* (): AsyncGenerator<Buffer> {
    while (!ended || arrived.length > 0) {
      if (arrived.length === 0) pushNext();
      yield* arrived.splice(0);
    }
  };
  const inside = new PayloadFramer(head);
  let count = 0;
  for await (const piece of inflatePayload(head, pieces())) {
    inside.push(piece, (frame) => {
      assert.equal(frame.timestamp, count);
      count += 1;
    });
  }
  inside.finish();
  while (at < bytes.length) pushNext();
  assert.equal(count, 5_000);
  assert.deepEqual(seen, [eventType.ROTATE, eventType.FORMAT_DESCRIPTION, eventType.HEARTBEAT]);
});
