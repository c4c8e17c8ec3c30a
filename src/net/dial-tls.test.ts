import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { isMillraceError } from '../core/errors.ts';
import { dialTcp } from './dial.ts';
import { dialTls } from './dial-tls.ts';

const target = (port: number) => ({ host: '127.0.0.1', port, timeoutMs: 5_000, signal: new AbortController().signal });

test('a server that speaks no TLS, or hangs up, is an error that says so', async () => {
  const answers = [(text: string) => `-ERR ${text.length}\r\n`, () => null];
  for (const answer of answers) {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (data) => {
        const text = answer(String(data));
        if (text === null) socket.destroy();
        else socket.write(text);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    await assert.rejects(
      dialTls(dialTcp, { mode: 'required' })(target(port)),
      (error) => isMillraceError(error, 'NET_TLS') && !error.retryable,
    );
    server.close();
  }
});

test('a key that is none is an error of TLS, too', async () => {
  const server = createServer(() => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const key = Buffer.from('no key');
  await assert.rejects(dialTls(dialTcp, { mode: 'required', key, cert: key })(target(port)), (error) =>
    isMillraceError(error, 'NET_TLS'),
  );
  server.close();
});
