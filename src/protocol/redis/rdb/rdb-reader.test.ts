import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../../core/errors.ts';
import { bytes, double, file, text, u64 } from '../../../testing/rdb-bytes.ts';
import { CollectingVisitor } from './collecting-visitor.ts';
import { Crc64 } from './crc64.ts';
import { unpackLzf } from './lzf.ts';
import { RdbReader } from './rdb-reader.ts';

const read = (data: Buffer): CollectingVisitor => {
  const visitor = new CollectingVisitor();
  const reader = new RdbReader(visitor);
  reader.write(data);
  reader.end();
  return visitor;
};
const values = (data: Buffer) => read(data).keys.map(({ name, kind, values: all }) => [name, kind, all]);
/** What Redis itself gives for a listpack or ziplist of these entries, each with its own bytes. */
const ziplist = (count: number, ...entries: (string | number | Buffer)[]): Buffer => {
  const body = bytes(...entries, 0xff);
  return bytes(Buffer.from([body.length + 10, 0, 0, 0, 10, 0, 0, 0, count, 0]), body);
};

test('the checksum is the one Redis gives for 123456789', () => {
  const sum = new Crc64();
  sum.update(Buffer.from('123456789'), 0, 9);
  assert.equal(sum.value, 0xe9c6d914c4b8d9can);
  const apart = new Crc64();
  const long = Buffer.from('This is a test of the emergency broadcast system.');
  apart.update(long, 0, 3);
  apart.update(long, 3, long.length);
  const together = new Crc64();
  together.update(long, 0, long.length);
  assert.equal(apart.value, together.value);
});

test('packed texts become what they were, and damaged ones nothing', () => {
  assert.equal(unpackLzf(Buffer.from([0, 97, 0xe0, 9, 0]), 19)?.toString(), 'a'.repeat(19));
  for (const [packed, length] of [
    [[0, 97, 0xe0, 9, 5], 19],
    [[0, 97, 0xe0, 9, 0], 18],
    [[5, 97], 6],
    [[0, 97, 0xe0], 10],
    [[0, 97], 1_000_000_000],
  ] as const) {
    assert.equal(unpackLzf(Buffer.from(packed), length), null);
  }
});

test('files of the first versions are read, which have no checksum and other forms of hashes and scores', () => {
  const zipmap = bytes(2, 1, 'a', 1, 0, '1', 2, 'bb', 3, 2, '234', 'xx', 0xff);
  const old = bytes(
    'REDIS0002',
    0xfe,
    0,
    bytes(0xfd, Buffer.from([0x80, 0x51, 0x01, 0x00]), 0, text('soon'), text('v')),
    bytes(9, text('hash'), bytes(zipmap.length, zipmap)),
    bytes(3, text('zset'), 4, text('m'), 3, '1.5', text('n'), 253, text('p'), 254, text('q'), 255),
    bytes(1, text('list'), 2, text('x'), bytes(0xc1, 0xfe, 0xff)),
    0xff,
  );
  const visitor = read(old);
  assert.deepEqual(
    visitor.keys.map(({ name, values: all }) => [name, all]),
    [
      ['soon', ['v']],
      [
        'hash',
        [
          ['a', '1', null],
          ['bb', '234', null],
        ],
      ],
      [
        'zset',
        [
          ['m', 1.5],
          ['n', Number.NaN],
          ['p', Number.POSITIVE_INFINITY],
          ['q', Number.NEGATIVE_INFINITY],
        ],
      ],
      ['list', ['x', '-2']],
    ],
  );
  assert.equal(visitor.keys[0]!.expiresAtMs, 86_400_000);
});

test('ziplists hold numbers of every width and texts of every length', () => {
  const blob = ziplist(
    8,
    bytes(0, 0xf1),
    bytes(2, 0xfd),
    bytes(2, 0xfe, 0x80),
    bytes(3, 0xc0, 0x00, 0x80),
    bytes(4, 0xf0, 0xff, 0xff, 0x7f),
    bytes(5, 0xd0, 0x00, 0x00, 0x00, 0x80),
    bytes(6, 0xe0, u64(0x7fffffffffffffffn)),
    bytes(10, 0x40, 2, 'ab'),
  );
  assert.deepEqual(values(file('REDIS0009', 14, text('list'), 1, bytes(blob.length, blob))), [
    ['list', 'list', ['0', '12', '-128', '-32768', '8388607', '-2147483648', '9223372036854775807', 'ab']],
  ]);
});

test('what a module keeps is skipped, and its name told', () => {
  // "test-type" as six bits a character, then a version.
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  let id = 0n;
  for (const letter of 'test-type') id = (id << 6n) | BigInt(alphabet.indexOf(letter));
  const idBytes = Buffer.alloc(8);
  idBytes.writeBigUInt64BE((id << 10n) | 3n);
  const parts = bytes(2, 5, 1, 0x80, 0, 0, 1, 0, 4, double(1.5), 3, 0, 0, 0, 0, 5, text('blob'), 0);
  const visitor = read(file('REDIS0011', 7, text('mod'), 0x81, idBytes, parts, 0, text('after'), text('1')));
  assert.deepEqual(visitor.modules, ['test-type']);
  assert.deepEqual(
    visitor.keys.map(({ name, kind }) => [name, kind]),
    [
      ['mod', 'module'],
      ['after', 'string'],
    ],
  );
});

test('fields of Valkey 9 expire on their own', () => {
  const fields = bytes(
    22,
    text('hash'),
    2,
    text('a'),
    text('1'),
    u64(5_000n),
    text('b'),
    text('2'),
    u64(0xffffffffffffffffn),
  );
  assert.deepEqual(values(file('VALKEY080', fields)), [
    [
      'hash',
      'hash',
      [
        ['a', '1', 5_000],
        ['b', '2', null],
      ],
    ],
  ]);
});

test('what is no RDB file, of another version or of an unknown type says so, and where', () => {
  const refused = (data: Buffer, code: Parameters<typeof isMillraceError>[1], pattern: RegExp) =>
    assert.throws(
      () => read(data),
      (error) => isMillraceError(error, code!) && pattern.test((error as Error).message),
    );
  refused(Buffer.from('*1\r\n$4\r\nPING\r\n'), 'REDIS_RDB_NOT_A_FILE', /first 9 bytes/);
  refused(Buffer.from('REDIS0015rest'), 'REDIS_RDB_UNKNOWN_VERSION', /0015 .* 14 is the newest/);
  refused(file('REDIS0011', 22, text('k'), text('v')), 'REDIS_RDB_UNKNOWN_TYPE', /byte 9 says type 22.*"k"/);
  const good = file('REDIS0011', 0, text('k'), text('v'));
  refused(good.subarray(0, -1), 'REDIS_RDB_CUT', new RegExp(`ends at byte ${good.length - 1}`));
  good[13] = good[13]! ^ 1;
  refused(good, 'REDIS_RDB_DAMAGED', /checksum/);
  refused(file('REDIS0011', 4, text('k'), 0xc3), 'REDIS_RDB_DAMAGED', /0xc3 starts no length/);
  refused(file('REDIS0011', 16, text('k'), 7, Buffer.from([7, 0, 0, 0, 0, 0, 0x05])), 'REDIS_RDB_DAMAGED', /listpack/);
});

test('a length that the file cannot hold takes no memory', () => {
  const huge = bytes('REDIS0011', 0, text('k'), 0x80, Buffer.from([0xff, 0xff, 0xff, 0xff]), 'abc');
  assert.throws(
    () => read(huge),
    (error) => isMillraceError(error, 'REDIS_RDB_CUT'),
  );
  const before = process.memoryUsage().arrayBuffers;
  const bomb = file('REDIS0011', 0, text('k'), 0xc3, 3, 0x80, Buffer.from([0x7f, 0xff, 0xff, 0xff]), 'abc');
  assert.throws(
    () => read(bomb),
    (error) => isMillraceError(error, 'REDIS_RDB_DAMAGED'),
  );
  assert.ok(process.memoryUsage().arrayBuffers - before < 1 << 20);
});
