import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../pipeline/system-clock.ts';
import {
  batchOf,
  kafkaExactlyOnce,
  kafkaProducer,
  kafkaSettings,
  makeTopic,
  valuesIn,
} from '../../testing/kafka-exactly-once.ts';
import { launchKafka } from '../../testing/servers/launch-kafka.ts';
import { Cluster } from './client/cluster.ts';

const kafka = await launchKafka({ brokers: 3, heapMiB: 256 });
after(() => kafka[Symbol.asyncDispose]());

const writer = fileURLToPath(new URL('../../testing/kafka-writer-process.ts', import.meta.url));

kafkaExactlyOnce('three brokers', () => kafka.bootstrapServers);

test('keeps what was acknowledged, once and in order, while the leader is killed under load', async () => {
  using cluster = new Cluster(kafkaSettings(kafka.bootstrapServers), systemClock);
  const topic = await makeTopic(cluster);
  const producer = await kafkaProducer(cluster, null);
  const leader = (await cluster.leader(topic, 0))!.address;
  const broker = kafka.brokers.find(({ port }) => leader.endsWith(`:${port}`))!;
  const killing = (async () => {
    await sleep(300);
    await broker.kill();
    await sleep(300);
    await broker.start();
    await sleep(300);
  })();
  let killed = false;
  void killing.finally(() => {
    killed = true;
  });
  const expected: string[] = [];
  const sends = new Set<Promise<unknown>>();
  for (let number = 0; !killed; number += 1) {
    const values = Array.from({ length: 20 }, (_, i) => `${number}.${i}`);
    expected.push(...values);
    const send: Promise<unknown> = producer
      .send({ topic, partition: 0 }, await batchOf(values))
      .finally(() => sends.delete(send));
    sends.add(send);
    if (sends.size >= 20) await Promise.race(sends);
    await sleep(1);
  }
  await Promise.all(sends);
  await killing;
  assert.deepEqual(await valuesIn(cluster, topic), expected);
});

test('nothing is lost or doubled when writers are killed, and a broker with one of them', async () => {
  const pipeline = `killed-${process.pid}`;
  {
    using cluster = new Cluster(kafkaSettings(kafka.bootstrapServers), systemClock);
    await cluster.createTopics([{ name: pipeline, partitions: 1, replicationFactor: 3, configs: {} }]);
  }
  let acknowledged = 0;
  for (let round = 0; round < 3; round += 1) {
    const child = spawn(process.execPath, [writer, kafka.bootstrapServers, pipeline], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      acknowledged = Math.max(acknowledged, Number(line));
    });
    await once(lines, 'line', { signal: AbortSignal.timeout(60_000) });
    await sleep(40 * round);
    const broker = round === 1 ? kafka.brokers[1]! : null;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await broker?.kill();
    await exited;
    await broker?.start();
  }
  using cluster = new Cluster(kafkaSettings(kafka.bootstrapServers), systemClock);
  // Whoever takes over ends what the last one left open.
  await kafkaProducer(cluster, `millrace-${pipeline}`);
  const found = await valuesIn(cluster, pipeline);
  const ids = found.map((value) => (JSON.parse(value) as { after: { id: number } }).after.id);
  assert.ok(ids.length >= acknowledged * 10, `${ids.length} rows of ${acknowledged} acknowledged batches`);
  assert.equal(ids.length % 10, 0);
  assert.deepEqual(
    ids,
    ids.map((_, i) => i + 10),
  );
});
