import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testKafka } from '../testing/servers/test-kafka.ts';
import { testServers } from '../testing/servers/test-servers.ts';
import { runKafkaRoundTrip } from './kafka-round-trip.ts';

/** A sample of `npm run soak -- kafka`, from one database of a server by way of Kafka into another. */
const server = testServers().find(({ name }) => name === 'mysql-9.7');

test('each change goes from one server through Kafka into another once, however often both pipelines are killed', async () => {
  assert.ok(server !== undefined);
  const result = await runKafkaRoundTrip({
    source: server,
    target: server,
    kafka: { bootstrapServers: await testKafka() },
    crashes: { servers: [], brokers: [] },
    faults: 8,
    seed: 3,
    transactionsPerSecond: 60,
    pauseMs: { least: 100, most: 700 },
  });
  assert.equal(result.pushKills + result.receiveKills, 8);
  assert.ok(result.pushKills > 0 && result.receiveKills > 0);
  assert.ok(result.transactions > 0 && result.rows > 0 && result.records > result.rows);
});
