import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MysqlConnection } from '../connection.ts';
import type { ServerFacts } from '../server-facts.ts';
import { ReadingWorker } from './reading-worker.ts';

test('an address that leads to another server than the log came from is not read from', async () => {
  let closed = 0;
  const connect = async (): Promise<MysqlConnection> =>
    ({
      query: async () => [
        ['version', '8.0.36'],
        ['server_uuid', 'another'],
      ],
      run: async () => assert.fail('it is asked for nothing more'),
      close: () => {
        closed += 1;
      },
    }) as unknown as MysqlConnection;
  await using worker = new ReadingWorker(connect, { identity: 'the one', flavor: 'mysql' } as ServerFacts, 'user');
  await assert.rejects(worker.sessions(new AbortController().signal), {
    code: 'SNAPSHOT_OTHER_SERVER',
    retryable: true,
    details: { expected: 'the one', found: 'another' },
  });
  assert.equal(closed, 1);
});
