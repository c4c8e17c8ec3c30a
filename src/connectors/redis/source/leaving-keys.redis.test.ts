/** Keys that leave by themselves, and a server that stands still or cuts its links. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { HeldRows, patienceMs, readRedis } from '../../../testing/redis-source-rig.ts';
import { launchRedis } from '../../../testing/servers/launch-redis.ts';
import { redisCatalogue } from '../../../testing/servers/redis-program.ts';
import { connectRedis } from '../../../testing/servers/redis-rig.ts';

const settings = {
  schema: 'CREATE TABLE shop.users (id VARBINARY(20) PRIMARY KEY, name VARCHAR(40), gone DATETIME(3))',
  key: 'user:%{id}',
  'expiry.column': 'gone',
};
const quick = { 'repl-diskless-sync-delay': '0' };

for (const { name } of redisCatalogue) {
  test(`${name}: a key that expires, is given a time of the past or is evicted leaves its row, unless deletes are asked for`, async () => {
    await using redis = await launchRedis({ server: name, settings: quick });
    await using connection = await connectRedis(redis);
    const ask = (...command: readonly (string | Buffer)[]) => connection.command(...command);
    const info = async (figure: string): Promise<number> =>
      Number(new RegExp(`^${figure}:(\\d+)`, 'm').exec(String(await ask('INFO', 'stats')))![1]);
    const begin = async (): Promise<void> => {
      for (const id of ['expired', 'past', 'evicted']) await ask('HSET', `user:${id}`, 'name', id);
    };
    /** Has all keys go, each its own way, and says when the last word of it was read. */
    const leave = async (): Promise<void> => {
      await ask('PEXPIREAT', 'user:past', '1000');
      await ask('PEXPIRE', 'user:expired', '1');
      while ((await ask('EXISTS', 'user:expired')) === 1) {}
      const evicted = await info('evicted_keys');
      await ask('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random');
      await ask('CONFIG', 'SET', 'maxmemory', '1');
      while ((await info('evicted_keys')) === evicted) {}
      await ask('CONFIG', 'SET', 'maxmemory', '0');
      assert.equal(await ask('EXISTS', 'user:past', 'user:expired', 'user:evicted'), 0);
    };
    const names = (held: HeldRows): readonly string[] => [...held.rows.values()].map((row) => String(row[1])).sort();
    const held = new HeldRows();
    await begin();
    await readRedis(redis, held, () => held.positions.size > 0, settings);
    await leave();
    await ask('HSET', 'user:after', 'name', 'after');
    await readRedis(redis, held, () => names(held).includes('after'), settings);
    assert.deepEqual(names(held), ['after', 'evicted', 'expired', 'past']);

    const deletes = { ...settings, 'deletes.policy': 'delete' };
    const following = new HeldRows();
    await begin();
    await readRedis(redis, following, () => following.positions.size > 0, deletes);
    assert.equal(following.rows.size, 4);
    await leave();
    await ask('HSET', 'user:later', 'name', 'later');
    await readRedis(redis, following, () => names(following).includes('later'), deletes);
    assert.ok(!names(following).some((each) => ['evicted', 'expired', 'past'].includes(each)), names(following).join());
    assert.ok(!following.said.some((words) => /read again/.test(words)));
  });
}

test('a server that stands still for a while, cuts its links and has keys of any bytes is followed without a gap', async () => {
  await using redis = await launchRedis({ settings: quick });
  await using connection = await connectRedis(redis);
  const held = new HeldRows();
  const id = (number: number): Buffer => Buffer.from([0, number, 0xff, 0x0d, 0x0a, 0x25]);
  const key = (number: number): Buffer =>
    Buffer.concat([Buffer.from('user:'), Buffer.from([0, number, 0xff, 0x0d, 0x0a]), Buffer.from('%25')]);
  const write = (number: number, name: string) => connection.command('HSET', key(number), 'name', name);
  await write(0, 'snapshot');
  const reads = async (number: number, during: () => Promise<unknown>): Promise<void> => {
    const has = (): boolean =>
      [...held.rows.values()].some((row) => Buffer.from(row[0] as Uint8Array).equals(id(number)));
    let failed: unknown = null;
    // A link that is cut ends the attempt, as it does in a pipeline, which begins the next.
    for (const patience = performance.now() + patienceMs; !has(); ) {
      assert.ok(performance.now() < patience, `row ${number} did not come: ${failed}`);
      const reading = readRedis(redis, held, has, settings).catch((error) => {
        failed = error;
      });
      if (held.positions.size > 0 && failed === null) await during();
      await reading;
    }
  };
  await reads(0, async () => {});
  await reads(1, async () => {
    await connection.command('DEBUG', 'SLEEP', '0.5');
    await write(1, 'after a pause');
  });
  let cut = false;
  await reads(2, async () => {
    if (cut) return;
    const linked = async () =>
      Number(/connected_slaves:(\d+)/.exec(String(await connection.command('INFO', 'replication')))![1]);
    while ((await linked()) === 0) await systemClock.sleep(5);
    await connection.command('CLIENT', 'KILL', 'TYPE', 'replica');
    cut = true;
    await write(2, 'after a cut');
  });
  assert.ok(cut);
  assert.equal(held.rows.size, 3);
  assert.ok(!held.said.some((words) => /read again/.test(words)), held.said.join('\n'));
});
