import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { launchKafka } from '../testing/servers/launch-kafka.ts';
import { testServers } from '../testing/servers/test-servers.ts';
import { runKafkaAway } from './kafka-away.ts';

/** A sample of `npm run soak -- kafka-away`. */
const kafka = await launchKafka({ heapMiB: 256 });
after(() => kafka[Symbol.asyncDispose]());
const server = testServers().find(({ name }) => name === 'mysql-9.7');

test('a pipeline goes on by itself when Kafka was away under load, and when it was killed, with each row once', async () => {
  assert.ok(server !== undefined);
  const { rows } = await runKafkaAway({
    source: server,
    bootstrapServers: kafka.bootstrapServers,
    broker: kafka.brokers[0]!,
    awayMs: 1_500,
    rowsPerSecond: 300,
  });
  assert.ok(rows > 0);
});
