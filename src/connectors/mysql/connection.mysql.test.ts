import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../core/errors.ts';
import { dialTcp } from '../../net/dial.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { FaultProxy } from '../../testing/fault-proxy.ts';
import { testServers } from '../../testing/servers/test-servers.ts';
import { mysqlConfig } from './config.ts';
import { MysqlConnection } from './connection.ts';

const timers = (): number => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;

for (const server of testServers()) {
  const open = (proxy: FaultProxy, settings: object = {}, signal = new AbortController().signal) => {
    const config = mysqlConfig.parse({
      hostname: proxy.host,
      port: proxy.port,
      username: server.user,
      password: server.password,
      tables: 'none.none',
      ...settings,
    });
    return MysqlConnection.open({ config, dial: dialTcp, clock: systemClock, signal });
  };

  test(`${server.name}: a connection cut anywhere on its way to the first answer fails as one that may be made again`, async () => {
    await using proxy = await FaultProxy.start(server);
    let failed = 0;
    // With TLS the server says some thousand bytes, without it some hundred: the last cuts may find nothing left to break.
    for (let bytes = 1; bytes < 4_000; bytes += Math.max(11, Math.floor(bytes / 15))) {
      proxy.cutAfter(bytes);
      try {
        await using connection = await open(proxy);
        await connection.query('SELECT 1');
      } catch (error) {
        assert.ok(isMillraceError(error), `after ${bytes} bytes: ${error}`);
        assert.ok(error.retryable, `after ${bytes} bytes: ${error.code}, ${error.message}`);
        failed += 1;
      }
    }
    assert.ok(failed > 20, `only ${failed} of the cuts broke anything`);
  });

  test(`${server.name}: a connection that breaks, closes or is told to stop within a statement keeps nothing waiting`, async () => {
    await using proxy = await FaultProxy.start(server);
    const before = timers();
    const breaks: ((connection: MysqlConnection, stop: AbortController) => void)[] = [
      () => void proxy.cut(),
      (connection) => connection.close(),
      (_, stop) => stop.abort(),
    ];
    for (const breakIt of breaks) {
      const stop = new AbortController();
      const connection = await open(proxy, {}, stop.signal);
      const answer = connection.query('SELECT SLEEP(30)');
      breakIt(connection, stop);
      await assert.rejects(answer, { code: 'NET_CLOSED' });
      connection.close();
      assert.equal(timers(), before);
    }
  });

  test(`${server.name}: a statement that is not answered in time says so and closes the connection`, async () => {
    await using proxy = await FaultProxy.start(server);
    await using connection = await open(proxy, { 'connect.timeout': '1s' });
    proxy.stall();
    await assert.rejects(connection.query('SELECT 1'), { code: 'NET_UNREACHABLE' });
    await assert.rejects(connection.query('SELECT 2'), { code: 'NET_CLOSED' });
  });
}
