import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { readBody } from './request-body.ts';

/** A request whose body comes as it is written. */
const request = (): PassThrough & IncomingMessage =>
  Object.assign(new PassThrough(), { headers: {} }) as unknown as PassThrough & IncomingMessage;

test('a body that trickles in is not waited for', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const slow = request();
  const refused = assert.rejects(readBody(slow, 100), { code: 'API_BODY_SLOW', details: { seconds: 20 } });
  slow.write('{');
  context.mock.timers.tick(20_000);
  await refused;
});

test('a body that grows beyond the limit is not kept', async () => {
  const large = request();
  const refused = assert.rejects(readBody(large, 100), { code: 'API_BODY_TOO_LARGE' });
  large.write('x'.repeat(101));
  await refused;
});
