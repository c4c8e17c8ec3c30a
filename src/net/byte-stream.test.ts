import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { isMillraceError } from '../core/errors.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { DuplexByteStream } from './byte-stream.ts';

/** A connection whose other end is the test. */
const connection = (): { readonly duplex: Duplex; readonly written: Buffer[] } => {
  const written: Buffer[] = [];
  const duplex = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk);
      done();
    },
  });
  return { duplex, written };
};

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('bytes come in order, whether asked for before or after they arrive, and then the end', async () => {
  const { duplex, written } = connection();
  const stream = new DuplexByteStream(duplex, 'host:1', new FakeClock());
  const first = stream.read();
  duplex.push(Buffer.from('a'));
  assert.equal(String(await first), 'a');
  duplex.push(Buffer.from('b'));
  await settle();
  duplex.push(Buffer.from('c'));
  await settle();
  assert.equal(String(await stream.read()), 'b');
  assert.equal(String(await stream.read()), 'c');
  stream.write(Buffer.from('x'));
  assert.equal(String(written[0]), 'x');
  duplex.push(null);
  assert.equal(await stream.read(), null);
});

test('a peer that sends faster than it is read is told to wait', async () => {
  const { duplex } = connection();
  const stream = new DuplexByteStream(duplex, 'host:1', new FakeClock());
  for (let i = 0; i < 40; i += 1) duplex.push(Buffer.alloc(64 * 1024));
  await settle();
  assert.ok(duplex.isPaused());
  for (let i = 0; i < 40; i += 1) assert.equal((await stream.read())?.length, 64 * 1024);
  assert.ok(!duplex.isPaused());
});

test('I-14: silence ends the stream only after the deadline, and only while somebody waits', async () => {
  const clock = new FakeClock();
  const { duplex } = connection();
  const stream = new DuplexByteStream(duplex, 'host:1', clock);
  stream.deadline(1_000);
  for (let i = 0; i < 10; i += 1) await clock.advance(1_000);
  const waiting = stream.read();
  await clock.advance(500);
  duplex.push(Buffer.from('late'));
  assert.equal(String(await waiting), 'late');
  const failing = assert.rejects(stream.read(), (error) => isMillraceError(error, 'NET_TIMEOUT') && error.retryable);
  for (let i = 0; i < 4; i += 1) await clock.advance(500);
  await failing;
});

test('a connection that breaks rejects, one that is closed here ends', async () => {
  const broken = connection();
  const stream = new DuplexByteStream(broken.duplex, 'host:1', new FakeClock());
  const failing = assert.rejects(stream.read(), (error) => isMillraceError(error, 'NET_CLOSED'));
  broken.duplex.destroy(new Error('reset'));
  await failing;
  const closed = new DuplexByteStream(connection().duplex, 'host:1', new FakeClock());
  const ending = closed.read();
  closed.close();
  assert.equal(await ending, null);
});
