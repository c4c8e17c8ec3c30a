import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import type { Context } from '../../../core/connector.ts';
import { isMillraceError, MillraceError } from '../../../core/errors.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { FakeClock } from '../../../testing/fake-clock.ts';
import { batchOf, kafkaProducer, kafkaSettings } from '../../../testing/kafka-exactly-once.ts';
import { type BrokerRequest, ScriptedBroker } from '../../../testing/scripted-broker.ts';
import { checkKafka } from '../check.ts';
import { clientCredentialsToken } from '../client-credentials.ts';
import { connectionShape } from '../connection-config.ts';
import { PositionLog } from '../position-log.ts';
import type { ClientSettings } from './client-settings.ts';
import { Cluster } from './cluster.ts';
import { kafkaError } from './kafka-error.ts';
import { Producer } from './producer.ts';
import { readPartition } from './read-partition.ts';
import { RecordBatchWriter, stampBatch } from './record-batch.ts';

const place = { topic: 't', partition: 0 };
const saslRefused = 33;
const invalidTransactionState = 48;
const invalidRequest = 42;

interface Scene {
  readonly broker: ScriptedBroker;
  readonly cluster: Cluster;
  readonly clock: FakeClock;
}

/** A broker that refuses one kind of request, and a client of it whose time stands still. */
const scene = async (
  refusals: Partial<Record<BrokerRequest, number>>,
  act: (scene: Scene) => Promise<void>,
  settings: Partial<ClientSettings> = {},
): Promise<void> => {
  await using broker = await ScriptedBroker.listen();
  for (const [request, code] of Object.entries(refusals)) broker.refusals.set(request as BrokerRequest, code);
  const clock = new FakeClock();
  using cluster = new Cluster({ ...kafkaSettings(broker.address), requestTimeoutMs: 3_600_000, ...settings }, clock);
  await act({ broker, cluster, clock });
};

const producerOf = async (cluster: Cluster, transactionalId: string | null = 'id'): Promise<Producer> => {
  const producer = new Producer(cluster, {
    transactionalId,
    transactionTimeoutMs: 60_000,
    // The first failure that passes is one too many.
    deliveryTimeoutMs: 0,
    requestTimeoutMs: 30_000,
    fenced: () => new MillraceError('SINK_FENCED', { sink: 'kafka', pipeline: 'test', lane: 'log' }),
  });
  await producer.begin();
  return producer;
};

/** A batch as a broker has it. */
const storedBatch = async (values: readonly string[], key: string | null = null): Promise<Buffer> => {
  const writer = new RecordBatchWriter(Buffer.alloc(1_000), 0);
  const keyBytes = key === null ? null : Buffer.from(key);
  for (const value of values.map((each) => Buffer.from(each)))
    writer.add(keyBytes, 0, keyBytes?.length ?? 0, value, 0, value.length);
  const batch = await writer.finish('none', false);
  stampBatch(batch, 7n, 0, 0);
  return batch.bytes;
};

describe('a batch that a broker refuses', () => {
  const refused = (code: number, name: string, expected: object): void => {
    test(`with ${name}`, async () => {
      await scene({ Produce: code }, async ({ cluster }) => {
        const producer = await producerOf(cluster);
        await assert.rejects(async () => producer.send(place, await batchOf(['a'])), expected);
        // It stays failed.
        await assert.rejects(async () => producer.send(place, await batchOf(['b'])), expected);
      });
    });
  };
  refused(kafkaError.NOT_ENOUGH_REPLICAS, 'NOT_ENOUGH_REPLICAS for too long', {
    code: 'KAFKA_DELIVERY_TIMEOUT',
    retryable: true,
    details: { ...place, waitedMs: 0, reason: 'NOT_ENOUGH_REPLICAS' },
  });
  refused(invalidRequest, 'an error that does not pass', {
    code: 'KAFKA_PARTITION_REFUSED',
    details: { ...place, reason: 'INVALID_REQUEST' },
  });
  refused(kafkaError.TOPIC_AUTHORIZATION_FAILED, 'a lack of rights', { code: 'KAFKA_NOT_AUTHORIZED' });
  refused(59, 'no memory of the producer', { code: 'KAFKA_TRANSACTION_BROKEN', retryable: true });
  refused(120, 'a transaction that can only be aborted', { code: 'KAFKA_TRANSACTION_BROKEN', retryable: true });
  refused(kafkaError.PRODUCER_FENCED, 'a newer producer', { code: 'SINK_FENCED' });
});

test('sends nothing behind the first batch until the partition has taken that: it would be taken in its place', async () => {
  await using broker = await ScriptedBroker.listen();
  using cluster = new Cluster(kafkaSettings(broker.address), systemClock);
  const producer = await kafkaProducer(cluster, null);
  broker.refusals.set('Produce', kafkaError.NOT_LEADER_OR_FOLLOWER);
  const batches = await Promise.all(['a', 'b', 'c'].map((value) => batchOf([value])));
  const sends = batches.map((batch) => producer.send(place, batch));
  while (broker.sequences.length === 0) await nextTurn();
  broker.refusals.clear();
  await Promise.all(sends);
  assert.deepEqual(
    broker.sequences.filter((sequence) => sequence > 0),
    [1, 2],
  );
  assert.deepEqual(broker.sequences.slice(-3), [0, 1, 2]);
});

describe('a transaction that the coordinator refuses', () => {
  test('is broken when the coordinator does not get ready', async () => {
    await scene({ AddPartitionsToTxn: kafkaError.COORDINATOR_LOAD_IN_PROGRESS }, async ({ cluster }) => {
      const producer = await producerOf(cluster);
      await assert.rejects(producer.enlist([place]), {
        code: 'KAFKA_TRANSACTION_BROKEN',
        details: { transactionalId: 'id', action: 'AddPartitionsToTxn', reason: 'COORDINATOR_LOAD_IN_PROGRESS' },
      });
    });
  });

  test('is refused for a reason that time does not mend', async () => {
    await scene({ EndTxn: invalidTransactionState }, async ({ broker, cluster }) => {
      const producer = await producerOf(cluster);
      await producer.enlist([place]);
      await assert.rejects(producer.commit(), {
        code: 'KAFKA_REQUEST_REFUSED',
        details: { server: broker.address, request: 'EndTxn', reason: 'INVALID_TXN_STATE' },
      });
    });
  });

  test('was open too long: it is no other producer that ended it', async () => {
    await scene({ EndTxn: kafkaError.INVALID_PRODUCER_EPOCH }, async ({ cluster, clock }) => {
      const late = await producerOf(cluster);
      await late.enlist([place]);
      clock.advance(60_001);
      await assert.rejects(late.commit(), {
        code: 'KAFKA_TRANSACTION_TIMED_OUT',
        details: { transactionalId: 'id', openMs: 60_001, timeoutMs: 60_000 },
      });
      const fenced = await producerOf(cluster);
      await fenced.enlist([place]);
      await assert.rejects(fenced.commit(), { code: 'SINK_FENCED' });
    });
  });

  test('needs rights on its id', async () => {
    await scene({ InitProducerId: kafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED }, async ({ cluster }) => {
      await assert.rejects(producerOf(cluster), {
        code: 'KAFKA_NOT_AUTHORIZED',
        details: { action: 'write with', resource: 'transactional id id' },
      });
    });
  });
});

describe('a question that a broker refuses', () => {
  test('is asked again while that may help, and then given up', async () => {
    await scene({ ListOffsets: kafkaError.NOT_LEADER_OR_FOLLOWER }, async ({ broker, cluster, clock }) => {
      let settled = false;
      const asked = cluster.offset('t', 0, 'latest').finally(() => {
        settled = true;
      });
      const refused = assert.rejects(asked, {
        code: 'KAFKA_REQUEST_FAILED',
        details: { server: broker.address, request: 'ListOffsets', reason: 'NOT_LEADER_OR_FOLLOWER' },
      });
      while (!settled) {
        clock.advance(500);
        await nextTurn();
      }
      await refused;
    });
  });

  test('is refused at once where it cannot', async () => {
    await scene({ ListOffsets: invalidRequest }, async ({ cluster }) => {
      await assert.rejects(cluster.offset('t', 0, 'latest'), { code: 'KAFKA_REQUEST_REFUSED' });
    });
    await scene({ Metadata: kafkaError.TOPIC_AUTHORIZATION_FAILED }, async ({ cluster }) => {
      await assert.rejects(cluster.partitionCounts(['t']), {
        code: 'KAFKA_NOT_AUTHORIZED',
        details: { action: 'see', resource: 'the topic t' },
      });
    });
  });
});

describe('records', () => {
  test('with a changed byte are not taken', async () => {
    await scene({}, async ({ broker, cluster }) => {
      const bytes = await storedBatch(['a', 'b']);
      bytes[bytes.length - 2]! ^= 1;
      broker.records = { bytes, count: 2 };
      await assert.rejects(
        readPartition(cluster, 't', 0, 0, () => assert.fail('no record was whole')),
        {
          code: 'KAFKA_CORRUPT_RECORDS',
          details: { ...place, offset: 0, reason: 'the checksum of a batch does not match' },
        },
      );
    });
  });

  test('that are no positions are not taken for some', async () => {
    const refused = [
      [null, '{"position":"p"}', 'it has no key'],
      ['order 1', '{"position":"p"}', 'it is not JSON'],
      ['null', '{"position":"p"}', 'it is no JSON object'],
      ['{"lane":"log"}', '{"position":"p"}', 'its key names no epoch'],
      ['{"epoch":1,"lane":"log"}', '"p"', 'it is no JSON object'],
    ] as const;
    await scene({}, async ({ broker, cluster }) => {
      for (const [key, value, reason] of refused) {
        broker.records = { bytes: await storedBatch([value], key), count: 1 };
        await assert.rejects(new PositionLog(cluster, 't').open(), {
          code: 'KAFKA_POSITIONS_UNREADABLE',
          details: { topic: 't', offset: 0, reason },
        });
      }
    });
  });
});

describe('a login', () => {
  test('by a mechanism that the broker does not offer names those it does', async () => {
    const sasl = { mechanism: 'PLAIN', username: 'u', password: 'p' } as const;
    await scene(
      { SaslHandshake: saslRefused },
      async ({ broker, cluster }) => {
        await assert.rejects(cluster.any(), {
          code: 'KAFKA_AUTHENTICATION_FAILED',
          details: { server: broker.address, mechanism: 'PLAIN', reason: 'it offers SCRAM-SHA-512' },
        });
      },
      { sasl },
    );
  });

  test('needs the token that the OAuth server refuses', async () => {
    const server = createServer((_, response) => response.writeHead(401).end());
    await using _server = { [Symbol.asyncDispose]: async () => void server.close().closeAllConnections() };
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
    await assert.rejects(clientCredentialsToken(url, 'client', 'hidden', null)(), (error: Error) => {
      assert.ok(isMillraceError(error, 'KAFKA_AUTHENTICATION_FAILED'));
      assert.deepEqual(error.details, { server: url, mechanism: 'OAUTHBEARER', reason: 'HTTP 401' });
      assert.doesNotMatch(error.message, /hidden/);
      return true;
    });
  });
});

test('a broker that is too old is found out before the pipeline runs', async () => {
  await using broker = await ScriptedBroker.listen();
  const config = z.object(connectionShape).parse({ 'properties.bootstrap.servers': broker.address });
  const problems = await checkKafka(config, { pipeline: 'p', clock: systemClock } as Context);
  assert.deepEqual(
    problems.map(({ code }) => code),
    Array.from({ length: 4 }, () => 'KAFKA_UNSUPPORTED_BROKER'),
  );
  assert.match(problems[0]!.message, /does not know version 9 of Produce/);
});
