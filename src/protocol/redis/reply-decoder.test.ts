import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isMillraceError } from '../../core/errors.ts';
import { CommandWriter, encodeCommand } from './command-writer.ts';
import { Push, type Reply, ReplyError, ReplyMap } from './reply.ts';
import { ReplyDecoder } from './reply-decoder.ts';

const decoded = (chunks: readonly Buffer[], decoder = new ReplyDecoder()): Reply[] => {
  const replies: Reply[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let reply = decoder.next(); reply !== undefined; reply = decoder.next()) replies.push(reply);
  }
  return replies;
};

const bytes = Buffer.from(
  '+OK\r\n-WRONGTYPE no\r\n:-42\r\n:9223372036854775807\r\n$3\r\na\r\n\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n' +
    '*3\r\n:1\r\n*2\r\n$1\r\nx\r\n_\r\n#t\r\n%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n,2.5\r\n~2\r\n#f\r\n,-inf\r\n' +
    '>2\r\n+invalidate\r\n$1\r\nk\r\n|1\r\n+ttl\r\n:3\r\n*2\r\n:1\r\n|1\r\n+x\r\n+y\r\n:2\r\n' +
    '(3492890328409238509324850943850943825024385\r\n!5\r\nERR x\r\n=7\r\ntxt:abc\r\n%0\r\n|0\r\n,1e3\r\n',
);
const expected: readonly Reply[] = [
  'OK',
  new ReplyError('WRONGTYPE no'),
  -42,
  9223372036854775807n,
  Buffer.from('a\r\n'.slice(0, 3)),
  Buffer.alloc(0),
  null,
  null,
  [],
  [1, [Buffer.from('x'), null], true],
  new ReplyMap([
    ['a', 1],
    ['b', [2.5]],
  ]),
  [false, -Infinity],
  new Push(['invalidate', Buffer.from('k')]),
  [1, 2],
  3492890328409238509324850943850943825024385n,
  new ReplyError('ERR x'),
  Buffer.from('abc'),
  new ReplyMap([]),
  1000,
];

test('replies of both protocols are the same however the bytes are cut', () => {
  assert.deepEqual(decoded([bytes]), expected);
  assert.deepEqual(decoded([...bytes].map((byte) => Buffer.from([byte]))), expected);
  for (let cut = 1; cut < bytes.length; cut += 1)
    assert.deepEqual(decoded([bytes.subarray(0, cut), bytes.subarray(cut)]), expected, `cut at ${cut}`);
});

test('a truncated stream gives the replies before its end, and asks for more', () => {
  for (let end = 0; end < bytes.length; end += 1) {
    const replies = decoded([bytes.subarray(0, end)]);
    assert.deepEqual(replies, expected.slice(0, replies.length));
  }
});

test('what is no reply is refused with the byte where it stands', () => {
  const wrong = ['hello\r\n', '$3\r\nabcd\r\n', '$x\r\n', ':1.5\r\n', '#y\r\n', ',one\r\n', '+OK\n', '*-2\r\n', '\r\n'];
  for (const text of wrong) {
    assert.throws(
      () => decoded([Buffer.from(`+OK\r\n${text}`)]),
      (error) => isMillraceError(error, 'REDIS_PROTOCOL') && error.details.offset >= 5,
      JSON.stringify(text),
    );
  }
  assert.throws(() => decoded([Buffer.from('*1\r\n'.repeat(40))]), /levels/);
  assert.throws(() => decoded([Buffer.from('$4294967296\r\n')]), /a text of 4294967296 bytes/);
  assert.throws(() => decoded([Buffer.alloc(70_000, 'x')]), /no line ends/);
});

test('a length alone sets nothing aside', () => {
  const before = process.memoryUsage().arrayBuffers;
  decoded([Buffer.from('*1000000000\r\n$500000000\r\nx')]);
  assert.ok(process.memoryUsage().arrayBuffers - before < 10_000_000);
});

test('flipped bits end in replies or in REDIS_PROTOCOL, never in anything else', () => {
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1 << bit;
      try {
        decoded([flipped]);
      } catch (error) {
        if (!isMillraceError(error, 'REDIS_PROTOCOL')) throw error;
      }
    }),
    { numRuns: 2_000 },
  );
});

test('what follows a reply can be taken over', () => {
  const decoder = new ReplyDecoder();
  decoder.push(Buffer.from('+CONTINUE\r\n*1\r\n$4\r\nPING'));
  assert.equal(decoder.next(), 'CONTINUE');
  assert.equal(String(decoder.takeRest()), '*1\r\n$4\r\nPING');
});

test('commands are written as servers take them, whatever their arguments hold', () => {
  assert.equal(
    String(encodeCommand('SET', 'ключ', 12, 10n)),
    '*4\r\n$3\r\nSET\r\n$8\r\nключ\r\n$2\r\n12\r\n$2\r\n10\r\n',
  );
  const writer = new CommandWriter(8);
  const value = Buffer.from([0, 255, 13, 10]);
  writer.add('ECHO', value).add('ECHO', '');
  assert.equal(writer.commands, 2);
  assert.deepEqual(decoded([writer.take()]), [
    [Buffer.from('ECHO'), value],
    [Buffer.from('ECHO'), Buffer.alloc(0)],
  ]);
  assert.equal(writer.byteLength, 0);
  const long = Buffer.alloc(100_000, 7);
  assert.deepEqual(decoded([writer.add('SET', long).take()]), [[Buffer.from('SET'), long]]);
});

test('answers QUEUED are read past as many as are asked for, however the bytes are cut', () => {
  const replies = Buffer.from('+OK\r\n+QUEUED\r\n+QUEUED\r\n-OOM no\r\n+QUEUED\r\n+QUEUED\r\n:1\r\n+QUEUED\r\n');
  for (let cut = 0; cut <= replies.length; cut += 1) {
    const decoder = new ReplyDecoder();
    const seen: (Reply | 'passed')[] = [];
    let left = 6;
    for (const chunk of [replies.subarray(0, cut), replies.subarray(cut)]) {
      decoder.push(chunk);
      for (;;) {
        const passed = decoder.skipQueued(left);
        left -= passed;
        for (let i = 0; i < passed; i += 1) seen.push('passed');
        const reply = decoder.next();
        if (reply === undefined) break;
        if (left > 0) left -= 1;
        seen.push(reply);
      }
    }
    assert.deepEqual(seen, ['OK', 'passed', 'passed', new ReplyError('OOM no'), 'passed', 'passed', 1, 'QUEUED']);
  }
});
