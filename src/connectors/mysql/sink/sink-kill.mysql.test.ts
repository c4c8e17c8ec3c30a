import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MysqlSinkRig } from '../../../testing/mysql-sink-rig.ts';
import { SeededRandom } from '../../../testing/seeded-random.ts';
import { testServers } from '../../../testing/servers/test-servers.ts';

const script = fileURLToPath(new URL('../../../testing/mysql-writer-process.ts', import.meta.url));

for (const [at, server] of testServers().slice(0, 2).entries()) {
  const writers = at === 0 ? 1 : 4;
  test(`${server.name}: ${writers} writers hold rows and position together through kill -9 at random points`, async () => {
    await using rig = await MysqlSinkRig.open(server);
    const { host, port, user, password } = server;
    const settings = JSON.stringify({
      hostname: host,
      port,
      username: user,
      password,
      'position.database': rig.database,
      'sink.parallelism': writers,
    });
    const random = new SeededRandom(11 + at);
    let printed = 0;
    for (let kill = 0; kill < 10; kill += 1) {
      const writer = spawn(process.execPath, [script, settings, rig.database], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const goal = printed + random.integer(1, 30);
      for await (const line of createInterface({ input: writer.stdout })) {
        printed = Number(line);
        if (printed !== goal) continue;
        // Anywhere in the writes behind it.
        setTimeout(() => writer.kill('SIGKILL'), random.integer(0, 8));
      }
      // Takes the lane as the next writer would: what the killed one had under way has ended then, one way or the other.
      await using sink = await rig.sink({ 'sink.parallelism': writers }, 'killed');
      const held = Number(await sink.claim('log'));
      assert.ok(held >= printed, `batch ${printed} was durable, and now ${held} is held`);
      // The next writer goes on from here, though the last of it may not have been printed.
      printed = held;
      const [n, low, high] = (await rig.query('SELECT count(*), min(total), max(total) FROM orders'))[0]!.map(Number);
      assert.equal(n, 10);
      assert.deepEqual((await rig.query('SELECT count(*), count(DISTINCT amount) FROM events'))[0]!.map(Number), [
        held,
        held,
      ]);
      const moving = (await rig.query('SELECT id, total FROM moving ORDER BY id')).map((row) => row.map(Number));
      if (writers === 1) {
        assert.deepEqual([low, high], [held, held]);
        assert.deepEqual(moving, [[held, held]]);
      } else {
        // Writers other than the first may be one batch ahead, which comes once more.
        assert.ok(low! >= held && high! <= held + 1, `${low} to ${high} at ${held}`);
        assert.ok(moving.every(([id]) => id === held || id === held + 1));
      }
    }
  });
}
