import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../../core/errors.ts';
import { ReplyError } from '../../../protocol/redis/reply.ts';
import type { RedisCluster } from '../cluster/redis-cluster.ts';
import { NodeRecords } from './node-records.ts';
import { OwnKeys } from './own-keys.ts';
import { NodeCommands } from './routed-commands.ts';

test('a slot that leaves while its node works has the pipeline begin again from its positions', async () => {
  const refusal = 'ERR Script attempted to access a non local key in a cluster node script: f1, on @user_script:30.';
  const connection = { address: 'node1:6379', send: async () => [new ReplyError(refusal)] };
  const cluster = { map: { firstSlots: [0] }, ofPrimary: async () => connection };
  const own = new OwnKeys('millrace', 'shop', true);
  const records = new NodeRecords(cluster as unknown as RedisCluster, own, 'shop');
  await assert.rejects(records.run(0, new NodeCommands(), { before: '', reached: '' }, []), (error) => {
    assert.ok(isMillraceError(error, 'REDIS_NOT_READY') && error.retryable);
    return true;
  });
  assert.equal(records.expected.size, 0, 'nothing is known of what the record holds');
});
