import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dialTcp } from './dial.ts';

const dialled = (host: string): Promise<unknown> =>
  dialTcp({ host, port: 1, timeoutMs: 20_000, signal: new AbortController().signal });

test('a server that is not there is named once', async () => {
  await assert.rejects(dialled('127.0.0.1'), {
    code: 'NET_UNREACHABLE',
    message: 'cannot reach 127.0.0.1:1: ECONNREFUSED',
  });
});

test('what a name came to is said beside it', async () => {
  await assert.rejects(dialled('localhost'), {
    code: 'NET_UNREACHABLE',
    message: /^cannot reach localhost:1: ECONNREFUSED (127\.0\.0\.1|::1):1$/,
  });
});
