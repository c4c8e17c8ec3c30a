import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isMillraceError } from '../../core/errors.ts';
import { CommandDecoder } from './command-decoder.ts';
import { encodeCommand } from './command-writer.ts';

/** Everything a decoder tells, as plain values. */
const decode = (pieces: readonly Buffer[], offset = 0) => {
  const said: unknown[] = [];
  const decoder = new CommandDecoder(
    {
      command: (command) => {
        const texts = Array.from({ length: command.length }, (_, i) => Buffer.from(command.bytesOf(i)).toString('hex'));
        said.push({ texts, offset: command.offset, end: command.end });
      },
      note: (text) => said.push(text),
    },
    offset,
  );
  for (const piece of pieces) decoder.write(piece);
  return { said, decoder };
};

const damaged = (text: string, reason: RegExp): void => {
  assert.throws(
    () => decode([Buffer.from(text, 'latin1')]),
    (error) => isMillraceError(error, 'REDIS_COMMANDS_DAMAGED') && reason.test(error.message),
    text,
  );
};

test('commands and notes come with where they stand, and a cut one waits for the rest', () => {
  const bytes = Buffer.concat([
    encodeCommand('SET', 'key', Buffer.from([0, 13, 10, 255])),
    Buffer.from('#TS:1700000000\r\n\n'),
    encodeCommand('DEL', ''),
  ]);
  const { said, decoder } = decode([bytes.subarray(0, -1)], 100);
  const hex = (text: string) => Buffer.from(text).toString('hex');
  const first = { texts: [hex('SET'), hex('key'), '000d0aff'], offset: 100, end: 132 };
  assert.deepEqual(said, [first, 'TS:1700000000']);
  assert.equal(decoder.offset, 149);
  assert.equal(decoder.pending, 18);
  decoder.write(bytes.subarray(-1));
  assert.deepEqual(said.at(-1), { texts: [hex('DEL'), ''], offset: 149, end: 168 });
  assert.equal(decoder.pending, 0);
});

test('however the bytes are cut, the commands are the same', () => {
  const texts = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 90 });
  fc.assert(
    fc.property(fc.array(texts, { maxLength: 6 }), fc.infiniteStream(fc.integer({ min: 1, max: 70 })), (all, cuts) => {
      const bytes = Buffer.concat(all.map((args) => encodeCommand(...args)));
      const pieces: Buffer[] = [];
      for (let at = 0; at < bytes.length; ) {
        const { value } = cuts.next();
        pieces.push(bytes.subarray(at, at + value!));
        at += value!;
      }
      assert.deepEqual(decode(pieces).said, decode([bytes]).said);
      assert.equal(decode(pieces).said.length, all.length);
    }),
  );
});

test('a text of megabytes in small pieces is put together once', () => {
  const bytes = encodeCommand('SET', 'k', Buffer.alloc(8_000_000, 7));
  const pieces = Array.from({ length: Math.ceil(bytes.length / 1000) }, (_, i) =>
    bytes.subarray(i * 1000, i * 1000 + 1000),
  );
  const { said, decoder } = decode(pieces);
  assert.equal(said.length, 1);
  assert.equal(decoder.offset, bytes.length);
});

test('what is no command is refused with its place', () => {
  damaged('hello\r\n', /begins with "\*", not with byte 0x68/);
  damaged('*0\r\n', /a command of 0 texts/);
  damaged('*-1\r\n', /no number/);
  damaged('*1048577\r\n', /a command of 1048577 texts/);
  damaged('*99999999999\r\n', /no number/);
  damaged('*1\r\n:3\r\n', /text 1 of 1 does not begin with/);
  damaged('*1\r\n$600000000\r\n', /a text of 600000000 bytes/);
  damaged('*1\r\n$-1\r\n', /no number/);
  damaged('*1\r\n$2\r\nabc\r\n', /longer than the 2 bytes/);
  damaged(`*${'1'.repeat(2000)}`, /a line without an end/);
  assert.throws(
    () => decode([Buffer.concat([encodeCommand('PING'), Buffer.from('!')])], 50),
    (error) => isMillraceError(error, 'REDIS_COMMANDS_DAMAGED') && /begins at byte 64/.test(error.message),
  );
});

test('a flipped bit anywhere ends in commands, in waiting or in an error, never in anything else', () => {
  const bytes = Buffer.concat([encodeCommand('HSET', 'h', 'a', '1', 'b', '22'), encodeCommand('DEL', 'k')]);
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    try {
      decode([flipped]);
    } catch (error) {
      assert.ok(isMillraceError(error, 'REDIS_COMMANDS_DAMAGED'), `bit ${bit}: ${error}`);
    }
  }
});
