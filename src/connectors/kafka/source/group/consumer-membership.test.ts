import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '../../../../core/errors.ts';
import { FakeClock } from '../../../../testing/fake-clock.ts';
import type { Cluster } from '../../client/cluster.ts';
import { kafkaError } from '../../client/kafka-error.ts';
import { kafkaSourceConfig } from '../config.ts';
import { KafkaSource } from '../source.ts';
import { ConsumerMembership } from './consumer-membership.ts';

interface Said {
  readonly epoch: number;
  readonly topics: readonly string[];
  readonly owned: readonly number[];
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** A group of the topic `t`, whose answers the test gives: a list of partitions, an error code, or an error of the connection. */
const scripted = (answers: (readonly number[] | number | Error)[], instanceId: string | null = null, version = 1) => {
  const clock = new FakeClock();
  const said: Said[] = [];
  let forgotten = 0;
  const broker = {
    address: 'k:9092',
    request: async (_: unknown, ...args: readonly unknown[]) => {
      if (args[0] === 'millrace') return { apiKeys: [{ apiKey: 68, maxVersion: version }] };
      const owned = args[9] as readonly { readonly partitions: readonly number[] }[];
      said.push({
        epoch: args[2] as number,
        topics: args[6] as readonly string[],
        owned: owned.flatMap(({ partitions }) => partitions),
      });
      const answer = answers.shift() ?? [];
      if (answer instanceof Error) throw answer;
      const errorCode = typeof answer === 'number' ? answer : 0;
      const assignment =
        typeof answer === 'number' ? null : { topicPartitions: [{ topicId: 'id-of-t', partitions: answer }] };
      const memberEpoch = said.length;
      return { errorCode, errorMessage: null, memberEpoch, heartbeatIntervalMs: 1_000, assignment };
    },
  };
  const cluster = {
    clock,
    any: async () => broker,
    coordinator: async () => broker,
    forgetCoordinator: () => {
      forgotten += 1;
    },
    topicIds: async () => new Map([['t', 'id-of-t']]),
  };
  const settings = { group: 'g', instanceId, rebalanceTimeoutMs: 60_000 };
  const membership = new ConsumerMembership(cluster as unknown as Cluster, settings);
  return { clock, said, membership, forgotten: () => forgotten };
};

test('a member joins, takes what it is given, gives up what is taken from it, and leaves', async () => {
  const { membership, said } = scripted([[0, 1], [0, 1], [0, 1], [1], [1]]);
  await membership.subscribe(['t']);
  await settle();
  assert.deepEqual(membership.added, [
    { topic: 't', partition: 0 },
    { topic: 't', partition: 1 },
  ]);
  membership.taken({ topic: 't', partition: 0 });
  await settle();
  membership.taken({ topic: 't', partition: 1 });
  await settle();
  await membership.subscribe(['t']);
  await settle();
  assert.deepEqual(membership.revoked, [{ topic: 't', partition: 0 }]);
  membership.released({ topic: 't', partition: 0 });
  await settle();
  await membership[Symbol.asyncDispose]();
  assert.deepEqual(
    said.map(({ epoch, owned }) => [epoch, owned]),
    [
      [0, []],
      [1, [0]],
      [2, [0, 1]],
      [3, [0, 1]],
      [4, [1]],
      [-1, []],
    ],
  );
});

test('a member with a name of its own says that it comes back', async () => {
  const { membership, said } = scripted([], 'blue');
  await membership.subscribe(['t']);
  await settle();
  await membership[Symbol.asyncDispose]();
  assert.equal(said.at(-1)?.epoch, -2);
});

test('nothing is begun by an answer that is old, nor while a heartbeat is without one', async () => {
  const away = new MillraceError('NET_CLOSED', { address: 'k:9092' });
  const { membership, clock, forgotten } = scripted([[0], away, [0]]);
  await membership.subscribe(['t']);
  await settle();
  assert.equal(membership.added.length, 1);
  clock.advance(1_000);
  await settle();
  assert.deepEqual(membership.added, []);
  assert.equal(forgotten(), 1);
  clock.advance(100);
  await settle();
  assert.equal(membership.added.length, 1);
  await membership[Symbol.asyncDispose]();
});

for (const [code, expected] of [
  ['UNKNOWN_MEMBER_ID', 'KAFKA_GROUP_MEMBER_GONE'],
  ['FENCED_MEMBER_EPOCH', 'KAFKA_GROUP_MEMBER_GONE'],
  ['UNRELEASED_INSTANCE_ID', 'KAFKA_GROUP_MEMBER_GONE'],
  ['GROUP_AUTHORIZATION_FAILED', 'KAFKA_NOT_AUTHORIZED'],
  ['MESSAGE_TOO_LARGE', 'KAFKA_REQUEST_REFUSED'],
] as const) {
  test(`${code} ends the membership with ${expected}`, async () => {
    const { membership } = scripted([kafkaError[code]]);
    await membership.subscribe(['t']);
    await membership.changed();
    assert.throws(() => membership.expectMember(), { code: expected });
    await membership[Symbol.asyncDispose]();
  });
}

test('a broker that does not know the protocol is KAFKA_UNSUPPORTED_BROKER', async () => {
  const { membership } = scripted([], null, 0);
  await assert.rejects(membership.subscribe(['t']), { code: 'KAFKA_UNSUPPORTED_BROKER' });
  await membership[Symbol.asyncDispose]();
});

test('a group is not joined where nobody can give a lane up', async () => {
  const config = kafkaSourceConfig.parse({
    'properties.bootstrap.servers': 'nowhere:1',
    topic: 't',
    'properties.group.protocol': 'consumer',
  });
  await using source = new KafkaSource(config, { pipeline: 'p', clock: new FakeClock(), log: silent });
  const batches = source.read(async () => null, new AbortController().signal);
  await assert.rejects(batches.next(), { code: 'KAFKA_GROUP_NOT_SHARED' });
});
