import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../core/clock.ts';
import { dialTcp } from '../../net/dial.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { FaultProxy } from '../../testing/fault-proxy.ts';
import { testServers } from '../../testing/servers/test-servers.ts';
import { mysqlConfig } from './config.ts';
import { MysqlConnection } from './connection.ts';
import { bytesBehind, EndWatch, type SeenEnd, transactionsBehind } from './end-watch.ts';
import { readServerFacts } from './server-facts.ts';

for (const server of testServers()) {
  test(`${server.name}: the end of the log is asked for when somebody looks, again once it is old, and after a broken connection`, async () => {
    await using proxy = await FaultProxy.start(server);
    let laterMs = 0;
    const clock: Clock = { ...systemClock, now: systemClock.now, monotonic: () => systemClock.monotonic() + laterMs };
    const { host: hostname, port } = proxy;
    const { user: username, password } = server;
    const config = mysqlConfig.parse({ hostname, port, username, password, tables: 'none.none' });
    const open = (signal: AbortSignal) => MysqlConnection.open({ config, dial: dialTcp, clock: systemClock, signal });
    await using writer = await open(new AbortController().signal);
    const facts = await readServerFacts(writer);
    const watch = new EndWatch(open, facts, clock);
    /** Looks as a scraper does, which finds an answer at its next visit. */
    const seen = async (): Promise<SeenEnd> => {
      for (let turn = 0; turn < 500; turn += 1) {
        const end = watch.look();
        if (end !== null) return end;
        await sleep(10);
      }
      return assert.fail('no answer');
    };

    assert.equal(watch.look(), null);
    const first = await seen();
    assert.ok(Math.abs(first.clockSkewMs!) < 1_000, 'both clocks are one');
    const database = `end_watch_${process.pid}`;
    await writer.query(`CREATE DATABASE ${database}`);
    await writer.query(`DROP DATABASE ${database}`);
    assert.equal(watch.look(), first, 'an answer is not asked for again at once');

    await proxy.cut();
    laterMs += 11_000;
    watch.look();
    await sleep(300);
    laterMs += 11_000;
    watch.look();
    await sleep(300);
    const second = await seen();
    assert.ok(bytesBehind(second, first)! >= 100, 'two statements are in the log');
    assert.equal(bytesBehind(second, second), 0);
    if (server.flavor === 'mysql') assert.ok(transactionsBehind(second, first.executed)! >= 2);
    else assert.equal(second.executed, null);

    proxy.stall();
    laterMs += 11_000;
    watch.look();
    await watch[Symbol.asyncDispose]();
    assert.equal(watch.look(), null, 'a question without an answer leaves no figure, and what is closed asks nothing');
  });
}
