import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplyError } from '../../protocol/redis/reply.ts';
import { redisFailure } from './redis-failure.ts';

const failure = (message: string) =>
  redisFailure(new ReplyError(message), { server: 'cache1:6379', user: 'app', command: 'a command of MULTI' });

test('a command that is not permitted is named as the server names it, and keys are told from commands', () => {
  const command = failure("NOPERM User app has no permissions to run the 'hset' command");
  assert.equal(command.message, 'cache1:6379 does not let app run hset');
  const older = failure("NOPERM this user has no permissions to run the 'hset' command or its subcommand");
  assert.equal(older.message, 'cache1:6379 does not let app run hset');
  const keys = failure('NOPERM No permissions to access a key');
  assert.equal(keys.message, 'cache1:6379 does not let app run a command of MULTI on the keys that it is about');
});

test('a script that finds its cluster down waits as any other command does', () => {
  const down = failure('ERR Script attempted to execute a write command while the cluster is down and readonly');
  assert.equal(down.code, 'REDIS_NOT_READY');
  assert.ok(down.retryable);
});

test('what a refusal quotes of a command stays out of the message', () => {
  const unknown = failure("ERR unknown command 'JSON.SET', with args beginning with: 'shop:users:7' 'secret'");
  assert.doesNotMatch(unknown.message, /secret/);
});
