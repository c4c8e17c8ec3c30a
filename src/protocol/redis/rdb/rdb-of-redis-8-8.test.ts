import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../../core/errors.ts';
import { bytes, double, file, text, u64 } from '../../../testing/rdb-bytes.ts';
import { CollectingVisitor } from './collecting-visitor.ts';
import { RdbReader } from './rdb-reader.ts';

// Made by hand by the format: no server of these versions was at hand.

const read = (data: Buffer, pieceBytes = data.length): CollectingVisitor => {
  const visitor = new CollectingVisitor();
  const reader = new RdbReader(visitor);
  for (let at = 0; at < data.length; at += pieceBytes) reader.write(data.subarray(at, at + pieceBytes));
  reader.end();
  return visitor;
};

/** `<ms>-<sequence>` as a node and an unacknowledged entry have it. */
const streamId = (ms: number, sequence: number): Buffer => {
  const id = Buffer.alloc(16);
  id.writeBigUInt64BE(BigInt(ms), 0);
  id.writeBigUInt64BE(BigInt(sequence), 8);
  return id;
};

/** A listpack of numbers below 128 and texts below 64 bytes. */
const listpack = (...entries: (number | string)[]): Buffer => {
  const body = bytes(
    ...entries.map((entry) =>
      typeof entry === 'number' ? bytes(entry, 1) : bytes(0x80 | entry.length, entry, entry.length + 1),
    ),
    0xff,
  );
  return bytes(Buffer.from([body.length + 6, 0, 0, 0, entries.length, 0]), body);
};

const node = listpack(2, 0, 1, 'f', 0, 2, 0, 0, 'a', 4, 2, 0, 1, 'b', 4);
/** Entries 5-0 and 5-1, up to how many groups there are. */
const entries = bytes(1, 16, streamId(5, 0), bytes(node.length, node), 2, 5, 1, 5, 0, 0, 0, 2);
const pending = (ms: number, sequence: number) => bytes(streamId(ms, sequence), u64(1_000n), 1);
/** A group whose one consumer has not acknowledged 5-0. */
const group = bytes(text('g'), 5, 1, 2, 1, pending(5, 0), 1, text('c'), u64(1_000n), u64(1_000n), 1, streamId(5, 0));
/** A group whose consumer gave 5-1 back, which nobody has acknowledged. */
const groupWithReturned = bytes(
  bytes(text('h'), 5, 1, 2, 2, pending(5, 0), pending(5, 1)),
  bytes(1, text('c'), u64(1_000n), u64(1_000n), 1, streamId(5, 0)),
  bytes(1, streamId(5, 1)),
);
/** What two producers have sent, of 100 seconds and at most 1 000 each. */
const producers = bytes(
  bytes(0x40, 100, 0x43, 0xe8, 2),
  bytes(text('p1'), 2, text('first'), 5, 0, bytes(0xc0, 7), 5, 1),
  bytes(text('p2'), 0),
  bytes(2, 1),
);
const streamOfSix = bytes(26, text('stream'), entries, 1, group, producers);
const streamOfEight = bytes(27, text('returned'), entries, 2, bytes(group, 0), groupWithReturned, producers);
const arrayOfEight = bytes(
  bytes(28, text('array'), 6, 1, 0x40, 200),
  bytes(0, 0, text('text')),
  bytes(3, 3, text('tiny')),
  bytes(7, 1, u64(0xffffffffffffffffn)),
  bytes(0x40, 200, 2, double(1.5)),
  bytes(0x80, Buffer.from([0, 1, 0, 0]), 1, u64(0x7fffffffffffffffn)),
  bytes(0x81, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe]), 0, bytes(0xc1, 0xe8, 0x03)),
);
/** How the name of a module's facts stands before them, with a version and a flag. */
const factsOf = (name: string): Buffer => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-';
  let bits = 0;
  for (const letter of name) bits = bits * 64 + alphabet.indexOf(letter);
  const out = Buffer.alloc(4);
  out.writeUInt32LE(bits * 256 + (3 << 3) + 1);
  return out;
};
/** Facts of the modules KMT1 and A_-9 about a key. */
const keyFacts = bytes(
  bytes(243, 2),
  bytes(factsOf('KMT1'), 2, 0x40, 99, 5, text('blob'), 4, double(2), 0),
  bytes(factsOf('A_-9'), 0),
);
const after = bytes(0, text('after'), text('1'));

const six = file('REDIS0013', bytes(0xfc, u64(86_400_000n)), keyFacts, 0, text('known'), text('v'), streamOfSix, after);
const eight = file('REDIS0014', streamOfSix, streamOfEight, arrayOfEight, keyFacts, arrayOfEight, after);

const streamValues = [
  ['5-0', 'f', 'a'],
  ['5-1', 'f', 'b'],
];
const arrayValues = [
  ['0', 'text'],
  ['3', 'tiny'],
  ['7', '-1'],
  ['200', '1.5'],
  ['65536', '9223372036854775807'],
  ['18446744073709551614', '1000'],
];

test('a file of Redis 8.6 is read: streams that know their producers, and what modules keep of a key', () => {
  const { keys, modules } = read(six);
  assert.deepEqual(
    keys.map(({ name, kind, expiresAtMs, values }) => [name, kind, expiresAtMs, values]),
    [
      ['known', 'string', 86_400_000, ['v']],
      ['stream', 'stream', null, [...streamValues, ['group', 'g', 1, 1]]],
      ['after', 'string', null, ['1']],
    ],
  );
  assert.deepEqual(modules, ['META-KMT1', 'META-A_-9']);
});

test('a file of Redis 8.8 is read: streams whose entries were given back, and arrays', () => {
  const { keys, modules } = read(eight);
  assert.deepEqual(
    keys.map(({ name, kind, values }) => [name, kind, values]),
    [
      ['stream', 'stream', [...streamValues, ['group', 'g', 1, 1]]],
      ['returned', 'stream', [...streamValues, ['group', 'g', 1, 1], ['group', 'h', 2, 1]]],
      ['array', 'array', arrayValues],
      ['array', 'array', arrayValues],
      ['after', 'string', ['1']],
    ],
  );
  assert.deepEqual(modules, ['META-KMT1', 'META-A_-9']);
});

test('a stream without groups or producers ends where the next key begins', () => {
  for (const code of [26, 27]) {
    const counters = [0, 0, 0, 0, 0, 0, 0, 0];
    const stream = bytes(code, text('s'), 0, ...counters, 0, bytes(0x40, 100, 0x40, 100, 0, 0, 0));
    assert.deepEqual(
      read(file('REDIS0014', stream, after)).keys.map(({ name }) => name),
      ['s', 'after'],
    );
  }
});

test('the place of a key is where what modules keep of it begins', () => {
  const offsets: number[] = [];
  class Offsets extends CollectingVisitor {
    override begin(key: Parameters<CollectingVisitor['begin']>[0]): void {
      offsets.push(key.offset);
    }
  }
  new RdbReader(new Offsets()).write(file('REDIS0013', keyFacts, after, after));
  assert.deepEqual(offsets, [9, 9 + keyFacts.length + after.length]);
});

test('files of Redis 8.6 and 8.8 are read the same however they come, and cut or with any bit turned they are refused', () => {
  for (const whole of [six, eight]) {
    for (const pieceBytes of [1, 7]) assert.deepEqual(read(whole, pieceBytes), read(whole), `pieces of ${pieceBytes}`);
    for (let length = 0; length < whole.length; length += 1) {
      assert.throws(
        () => read(whole.subarray(0, length)),
        (error) => isMillraceError(error, 'REDIS_RDB_CUT'),
        `cut at ${length}`,
      );
    }
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const turned = Buffer.from(whole);
      turned[bit >> 3] = turned[bit >> 3]! ^ (1 << (bit & 7));
      assert.throws(
        () => read(turned),
        (error) => isMillraceError(error) && error.code.startsWith('REDIS_RDB_'),
        `bit ${bit}`,
      );
    }
  }
});

test('what an older version or another dialect does not have, and what is not known, is refused with its key', () => {
  const refused = (data: Buffer, code: string, pattern: RegExp) =>
    assert.throws(
      () => read(data, 1),
      (error) => isMillraceError(error) && error.code === code && pattern.test(error.message),
    );
  const unknown = 'REDIS_RDB_UNKNOWN_TYPE';
  refused(file('REDIS0012', after, streamOfSix), unknown, /byte 18 says type 26, .*version 12 .*"stream"/);
  refused(file('REDIS0013', streamOfEight), unknown, /type 27, .*version 13 .*"returned"/);
  refused(file('REDIS0013', arrayOfEight), unknown, /type 28, .*version 13 .*"array"/);
  refused(file('VALKEY080', arrayOfEight), unknown, /type 28, .*version 80 .*"array"/);
  refused(file('REDIS0012', keyFacts, after), unknown, /byte 9 says type 243, .*not readable/);
  refused(file('VALKEY080', keyFacts, after), unknown, /type 243/);
  refused(file('REDIS0014', 33, text('rate'), 1), unknown, /type 33, .*version 14 .*"rate"/);
  const long = bytes(33, 0x80, Buffer.from([0x7f, 0xff, 0xff, 0xff]));
  refused(file('REDIS0014', long), unknown, /type 33, .*not readable/);
  refused(file('REDIS0014', 33, 0x41, 1, 'v'.repeat(257)), unknown, /type 33, .*not readable/);
  refused(file('REDIS0014', 100, text('secret')), unknown, /type 100, .*not readable/);

  const damaged = 'REDIS_RDB_DAMAGED';
  refused(file('REDIS0013', 243, 8, after), damaged, /facts of 8 modules/);
  refused(file('REDIS0013', 243, 1, factsOf('KMT1'), 6, after), damaged, /module's part of kind 6/);
  refused(file('REDIS0014', 28, text('a'), 0, 0), damaged, /no elements/);
  refused(file('REDIS0014', 28, text('a'), 1, 2), damaged, /next index/);
  refused(file('REDIS0014', 28, text('a'), 1, 0, 0, 4), damaged, /element of kind 4/);
  refused(file('REDIS0014', 28, text('a'), 1, 0, 0xc0, 1), damaged, /0xc0 starts no length/);
});
