import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import type { LogFields } from '../../core/log.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { kafkaProducer, kafkaSettings, makeTopic } from '../../testing/kafka-exactly-once.ts';
import { testKafka } from '../../testing/servers/test-kafka.ts';
import { Cluster } from './client/cluster.ts';
import { RecordBatchWriter } from './client/record-batch.ts';
import { connectionShape } from './connection-config.ts';
import { type Keeping, type SignalRecord, SignalTopic, signalGroup } from './signal-topic.ts';
import { fetchGroupOffsets } from './source/group-offsets.ts';

interface Scene {
  readonly cluster: Cluster;
  readonly topic: string;
  /** Appends a record for each value, under the key `p`. */
  readonly send: (...values: readonly string[]) => Promise<void>;
  /** The offset that the group has; null: none. */
  readonly committed: () => Promise<number | null>;
  readonly waitFor: (what: string, done: () => boolean | Promise<boolean>) => Promise<void>;
  /** Follows the topic from now on; `end` stops that. */
  readonly follow: (keeping?: (value: string) => Keeping) => Following;
}

interface Following {
  readonly taken: SignalRecord[];
  readonly said: { readonly message: string; readonly fields: LogFields }[];
  readonly end: () => Promise<void>;
}

const following = (topic: string, servers: string, keeping: (value: string) => Keeping): Following => {
  const said: Following['said'] = [];
  const taken: SignalRecord[] = [];
  const say = (message: string, fields: LogFields = {}): void => void said.push({ message, fields });
  const stop = new AbortController();
  const ended = new SignalTopic({
    topic,
    connection: z.object(connectionShape).parse({ 'properties.bootstrap.servers': servers }),
    pipeline: topic,
    log: { debug: say, info: say, warn: say, error: say },
    clock: systemClock,
  }).follow(async (record) => {
    taken.push(record);
    return () => keeping(record.value ?? '');
  }, stop.signal);
  return {
    taken,
    said,
    end: async () => {
      stop.abort();
      await ended;
    },
  };
};

const waitFor: Scene['waitFor'] = async (what, done) => {
  for (let left = 3_000; !(await done()); left -= 1) {
    assert.ok(left > 0, what);
    await systemClock.sleep(20);
  }
};

const scene = async (act: (scene: Scene) => Promise<void>, partitions = 1): Promise<void> => {
  const servers = await testKafka();
  using cluster = new Cluster(kafkaSettings(servers), systemClock);
  const topic = await makeTopic(cluster, partitions);
  const producer = await kafkaProducer(cluster, null);
  const running: Following[] = [];
  const key = Buffer.from('p');
  try {
    await act({
      cluster,
      topic,
      waitFor,
      send: async (...values) => {
        const writer = new RecordBatchWriter(Buffer.alloc(10_000), Date.now());
        for (const value of values.map((each) => Buffer.from(each)))
          writer.add(key, 0, key.length, value, 0, value.length);
        await producer.send({ topic, partition: 0 }, await writer.finish('none', false));
      },
      committed: async () =>
        (await fetchGroupOffsets(cluster, signalGroup(topic), [{ topic, partition: 0 }])).values().next().value ?? null,
      follow: (keeping = () => 'kept') => {
        const started = following(topic, servers, keeping);
        running.push(started);
        return started;
      },
    });
  } finally {
    for (const each of running) await each.end();
  }
};

const values = ({ taken }: Following): (string | null)[] => taken.map(({ value }) => value);

describe('a topic of signals', { timeout: 120_000 }, () => {
  test('is read from its end at first, and after a restart from where it was', async () => {
    await scene(async ({ send, follow, committed, waitFor }) => {
      await send('before');
      const first = follow();
      await waitFor('the group knows where it begins', async () => (await committed()) === 1);
      await first.end();
      await send('a', 'b');
      const second = follow();
      await waitFor('both are done with', async () => (await committed()) === 3);
      await second.end();
      assert.deepEqual([values(first), values(second)], [[], ['a', 'b']]);
      assert.deepEqual(second.taken[0], { offset: 1, key: 'p', value: 'a' });
    });
  });

  test('is not done with what is not kept: a restart takes it again, and all that came after it', async () => {
    await scene(async ({ send, follow, committed, waitFor }) => {
      const first = follow((value) => (value === 'b' ? 'pending' : 'kept'));
      await waitFor('it begins', async () => (await committed()) === 0);
      await send('a', 'b', 'c');
      await waitFor('a is done with', async () => (await committed()) === 1);
      await first.end();
      const second = follow();
      await waitFor('all are done with', async () => (await committed()) === 3);
      assert.deepEqual(
        [values(first), values(second)],
        [
          ['a', 'b', 'c'],
          ['b', 'c'],
        ],
      );
    });
  });

  test('is read again from what was lost', async () => {
    await scene(async ({ send, follow, committed, waitFor }) => {
      const asked = new Map<string, number>();
      const topic = follow((value) => {
        asked.set(value, (asked.get(value) ?? 0) + 1);
        return value === 'a' && asked.get(value) === 1 ? 'lost' : 'kept';
      });
      await waitFor('it begins', async () => (await committed()) === 0);
      await send('a', 'b');
      await waitFor('all are done with', async () => (await committed()) === 2);
      assert.deepEqual(values(topic), ['a', 'b', 'a', 'b']);
    });
  });

  test('has one partition: of another, and of none, it is said that nothing is taken', async () => {
    const codes = ({ said }: Following): unknown[] => said.map(({ fields }) => fields['code']);
    await scene(async ({ follow, waitFor }) => {
      const topic = follow();
      await waitFor('it is said', () => codes(topic).includes('KAFKA_SIGNAL_PARTITIONS'));
    }, 2);
    const missing = following('no-such-topic', await testKafka(), () => 'kept');
    await waitFor('it is said', () => codes(missing).includes('KAFKA_TOPIC_MISSING'));
    const away = following('t', '127.0.0.1:1', () => 'kept');
    await waitFor('it is tried again', () => codes(away).filter((code) => code === 'KAFKA_UNREACHABLE').length > 1);
    await Promise.all([missing.end(), away.end()]);
  });
});
