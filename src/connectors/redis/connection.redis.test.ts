import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isMillraceError } from '../../core/errors.ts';
import { encodeCommand } from '../../protocol/redis/command-writer.ts';
import { ReplyError, ReplyMap } from '../../protocol/redis/reply.ts';
import { launchRedis } from '../../testing/servers/launch-redis.ts';
import { redisCatalogue } from '../../testing/servers/redis-program.ts';
import { connectRedis } from '../../testing/servers/redis-rig.ts';

for (const { name } of redisCatalogue) {
  describe(name, () => {
    test('commands are answered in their order, whatever their arguments hold', async () => {
      await using redis = await launchRedis({ server: name });
      await using connection = await connectRedis(redis);
      const value = Buffer.from([0, 255, 13, 10, 36]);
      const long = Buffer.alloc(3_000_000, 'x');
      const answers = await Promise.all([
        connection.command('SET', value, long),
        connection.command('GET', value),
        connection.command('GET', 'none'),
        connection.send(Buffer.concat([encodeCommand('INCR', value), encodeCommand('STRLEN', value)]), 2),
      ]);
      assert.equal(answers[0], 'OK');
      assert.ok((answers[1] as Buffer).equals(long));
      assert.equal(answers[2], null);
      const [refused, length] = answers[3]!;
      assert.ok(refused instanceof ReplyError && refused.code === 'ERR');
      assert.equal(length, long.length);
      assert.match(String(await connection.command('INFO', 'server')), new RegExp(`:${redis.version}`));
    });

    test('wrong passwords, missing rights and unknown commands each have their code', async () => {
      await using redis = await launchRedis({
        server: name,
        settings: { user: ['default on >right ~* +@all', 'reader on >secret ~app:* +get +ping'] },
      });
      const logins = [{}, { password: 'wrong' }, { username: 'nobody', password: 'right' }, { username: 'reader' }];
      for (const settings of logins) {
        await assert.rejects(connectRedis(redis, settings), (error) =>
          isMillraceError(error, 'REDIS_AUTHENTICATION_FAILED'),
        );
      }
      await using reader = await connectRedis(redis, { username: 'reader', password: 'secret' });
      await assert.rejects(
        reader.command('SET', 'app:1', 'value'),
        (error) => isMillraceError(error, 'REDIS_NOT_PERMITTED') && error.details.command === 'set',
      );
      await using all = await connectRedis(redis, { password: 'right' });
      await assert.rejects(
        all.command('NOSUCH', 'private'),
        (error) => isMillraceError(error, 'REDIS_COMMAND_REFUSED') && !error.message.includes('private'),
      );
    });
  });
}

test('RESP3 answers maps, and a server that goes away is NET_CLOSED for everything under way', async () => {
  await using redis = await launchRedis();
  await using connection = await connectRedis(redis);
  const [hello] = await connection.send(encodeCommand('HELLO', '3'), 1);
  assert.ok(hello instanceof ReplyMap && hello.entries.length > 4);
  redis.pause();
  const waiting = [connection.command('PING'), connection.command('PING')];
  const outcomes = Promise.allSettled(waiting);
  await redis.kill();
  for (const outcome of await outcomes)
    assert.ok(outcome.status === 'rejected' && isMillraceError(outcome.reason, 'NET_CLOSED'));
  await assert.rejects(connection.command('PING'), (error) => isMillraceError(error, 'NET_CLOSED'));
});

test('a server that is loading is not ready yet, which is no failure for good', async () => {
  await using redis = await launchRedis();
  await using connection = await connectRedis(redis);
  const loading = connection.failure(new ReplyError('LOADING Redis is loading the dataset in memory'), 'GET');
  assert.ok(isMillraceError(loading, 'REDIS_NOT_READY') && loading.retryable);
});
