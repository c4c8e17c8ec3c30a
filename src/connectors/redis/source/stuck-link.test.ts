/** A server of few words: its link lives, and brings nothing of what the server says that it has. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { isMillraceError } from '../../../core/errors.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { redisSource } from './connector.ts';
import { openRedisSource } from './source.ts';

const settings = { schema: 'CREATE TABLE shop.users (id INT PRIMARY KEY, name VARCHAR(40))', key: 'user:%{id}' };
const emptySnapshot = Buffer.concat([Buffer.from('REDIS0011\xff', 'latin1'), Buffer.alloc(8)]);
const patienceMs = 60_000;

test('a link that brings nothing for half a minute though the server is ahead ends with its code, and may be tried again', async () => {
  const info = 'role:master\r\nredis_mode:standalone\r\nmaster_repl_offset:900\r\n';
  let looks = 0;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      for (const name of bytes
        .toString('latin1')
        .match(/PING|REPLCONF\r\n\$\d+\r\n(?!ACK)|SETNAME|PSYNC|INFO|CONFIG|SELECT/g) ?? []) {
        if (name === 'PSYNC') {
          socket.write(`+FULLRESYNC ${'0'.repeat(40)} 7\r\n$${emptySnapshot.length}\r\n`);
          socket.write(emptySnapshot);
        } else if (name === 'INFO') {
          looks += 1;
          socket.write(`$${info.length}\r\n${info}\r\n`);
        } else socket.write('+OK\r\n');
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const config = redisSource.config.parse({ hostname: '127.0.0.1', port, ...settings });
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    // Half a minute of this clock is a moment here.
    const clock = { ...systemClock, monotonic: () => systemClock.monotonic() * 100 };
    await using source = await openRedisSource(config, { pipeline: 'test', clock, log });
    const reading = (async () => {
      for await (const _ of source.read(async () => null, AbortSignal.timeout(patienceMs)));
    })();
    await assert.rejects(reading, (error) => {
      assert.ok(isMillraceError(error, 'REDIS_REPLICATION_STUCK'), String(error));
      assert.match(error.message, /900/);
      return error.retryable;
    });
    assert.ok(looks > 2);
  } finally {
    server.close();
  }
});
