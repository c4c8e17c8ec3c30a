/** Groups of rows that the sink is given while another is being written. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ArrayRowImages } from '../../../core/array-row-images.ts';
import type { Batch } from '../../../core/batch.ts';
import { position } from '../../../core/position.ts';
import { RedisSinkRig } from '../../../testing/redis-sink-rig.ts';
import { origin } from '../../../testing/sample-origin.ts';
import { ordersTable } from '../../../testing/sample-tables.ts';
import { launchRedis } from '../../../testing/servers/launch-redis.ts';

const launched = launchRedis({ server: 'redis-7.0' });
after(async () => await (await launched)[Symbol.asyncDispose]());

test('a group is encoded while the one before is written, though that one came while the sink looked at the table', async () => {
  await using rig = await RedisSinkRig.open(await launched);
  await using sink = await rig.sink();
  await sink.claim('log');
  let encoded = 0;
  class Watched extends ArrayRowImages {
    override write(...args: Parameters<ArrayRowImages['write']>): void {
      encoded += 1;
      super.write(...args);
    }
  }
  const group = (id: number): Batch => ({
    changes: [
      {
        kind: 'rows',
        op: 'create',
        table: ordersTable,
        rows: new Watched(ordersTable, { before: null, after: [[id, 'new', 1]] }),
        origin,
      },
    ],
    positions: new Map([['log', position(`place-${id}`)]]),
    version: String(id).padStart(10, '0'),
  });
  const { signal } = new AbortController();
  let earlier = sink.write(group(1), signal);
  let latest = sink.write(group(2), signal);
  for (let id = 3; id <= 6; id += 1) {
    await earlier;
    earlier = latest;
    const before: number = encoded;
    latest = sink.write(group(id), signal);
    // The second may have had to wait for what the first learnt of the table; none behind it has to.
    if (id > 3) assert.equal(encoded, before + 1);
  }
  await Promise.all([earlier, latest]);
  assert.equal((await rig.rows(ordersTable)).length, 6);
  assert.equal(String(await rig.ask('HGET', 'millrace:position:test', 'log')), 'place-6');
});
