import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../core/errors.ts';
import { dialTcp } from '../../net/dial.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { FaultProxy } from '../../testing/fault-proxy.ts';
import { testServers } from '../../testing/servers/test-servers.ts';
import { mysqlConfig } from './config.ts';
import { MysqlConnection } from './connection.ts';

for (const server of testServers()) {
  test(`${server.name}: a connection cut anywhere on its way to the first answer fails as one that may be made again`, async () => {
    await using proxy = await FaultProxy.start(server);
    const config = mysqlConfig.parse({
      hostname: proxy.host,
      port: proxy.port,
      username: server.user,
      password: server.password,
      tables: 'none.none',
    });
    const { signal } = new AbortController();
    const connect = async (): Promise<void> => {
      await using connection = await MysqlConnection.open({ config, dial: dialTcp, clock: systemClock, signal });
      await connection.query('SELECT 1');
    };
    let failed = 0;
    // TLS alone takes the server some thousand bytes. The last cut may find nothing left to break.
    for (let bytes = 1; bytes < 4_000; bytes += 97) {
      proxy.cutAfter(bytes);
      try {
        await connect();
      } catch (error) {
        assert.ok(isMillraceError(error), `after ${bytes} bytes: ${error}`);
        assert.ok(error.retryable, `after ${bytes} bytes: ${error.code}, ${error.message}`);
        failed += 1;
      }
    }
    assert.ok(failed > 20, `only ${failed} of the cuts broke anything`);
  });
}
