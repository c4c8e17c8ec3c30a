import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FaultProxy } from './fault-proxy.ts';

/** Sends back what it gets. */
const echo = createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(0, '127.0.0.1');
await once(echo, 'listening');
const target = { host: '127.0.0.1', port: (echo.address() as AddressInfo).port };
after(() => echo.close());

const open = async (proxy: FaultProxy): Promise<{ socket: Socket; received: () => string }> => {
  const socket = createConnection({ host: proxy.host, port: proxy.port });
  socket.on('error', () => {});
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await once(socket, 'connect');
  return { socket, received: () => text };
};

/** However it is closed: `once` would take an error before it for its own. */
const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once('close', () => resolve()));

const until = async (condition: () => boolean): Promise<void> => {
  for (let i = 0; i < 300 && !condition(); i += 1) await sleep(10);
  assert.ok(condition());
};

test('bytes go through both ways, more than fit a socket at once', async () => {
  await using proxy = await FaultProxy.start(target);
  const { socket, received } = await open(proxy);
  const text = 'abcdefgh'.repeat(500_000);
  socket.write(text);
  await until(() => received().length === text.length);
  assert.equal(received(), text);
});

test('a cut breaks the connections there are, and new ones work', async () => {
  await using proxy = await FaultProxy.start(target);
  const first = await open(proxy);
  first.socket.write('one');
  await until(() => first.received() === 'one');
  const broken = closed(first.socket);
  assert.equal(proxy.cut(), 1);
  await broken;
  const second = await open(proxy);
  second.socket.write('two');
  await until(() => second.received() === 'two');
  assert.equal(proxy.connections, 2);
});

test('a connection can be cut after any byte', async () => {
  await using proxy = await FaultProxy.start(target);
  const { socket, received } = await open(proxy);
  proxy.cutAfter(5);
  const broken = closed(socket);
  socket.write('abcdefgh');
  await broken;
  assert.equal(received(), 'abcde');
});

test('a stalled connection stays open and silent until it is resumed', async () => {
  await using proxy = await FaultProxy.start(target);
  const { socket, received } = await open(proxy);
  socket.write('a');
  await until(() => received() === 'a');
  proxy.stall();
  socket.write('b');
  await sleep(100);
  assert.equal(received(), 'a');
  assert.ok(!socket.destroyed);
  proxy.resume();
  await until(() => received() === 'ab');
});

test('a delay holds back what the server sends, and refusing breaks new connections', async () => {
  await using proxy = await FaultProxy.start(target);
  const { socket, received } = await open(proxy);
  proxy.delay(80);
  const started = performance.now();
  socket.write('a');
  await until(() => received() === 'a');
  assert.ok(performance.now() - started >= 75);
  proxy.refuse(true);
  const refused = createConnection({ host: proxy.host, port: proxy.port });
  refused.on('error', () => {});
  await closed(refused);
  proxy.refuse(false);
  await open(proxy);
});

test('what a shorter delay follows arrives first, and so does what a cut follows', async () => {
  await using proxy = await FaultProxy.start(target);
  const { socket, received } = await open(proxy);
  socket.setNoDelay(true);
  proxy.delay(60);
  socket.write('abc');
  await sleep(20);
  proxy.delay(0);
  socket.write('def');
  await until(() => received().length === 6);
  assert.equal(received(), 'abcdef');
  proxy.delay(60);
  socket.write('ghi');
  await sleep(20);
  proxy.cutAfter(2);
  const broken = closed(socket);
  socket.write('jkl');
  await broken;
  assert.equal(received(), 'abcdefghijk');
});
