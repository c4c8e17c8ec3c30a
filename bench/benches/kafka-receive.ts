import { fileURLToPath } from 'node:url';
import { Cluster } from '../../src/connectors/kafka/client/cluster.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { kafkaSettings } from '../../src/testing/kafka-exactly-once.ts';
import { type LaunchedKafka, launchKafka } from '../../src/testing/servers/launch-kafka.ts';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import { publishedFlags } from '../built.ts';
import { measure } from '../measure.ts';
import { fillOrders } from '../orders.ts';
import type { Result } from '../result.ts';
import { type Contender, runContender } from '../run-contender.ts';
import { makeTarget } from './mysql-apply.ts';

const topic = 'bench.orders';

/**
 * A topic of 400,000 Debezium envelopes of new rows of eight mixed columns into MySQL: millrace, with the offsets in each transaction, and
 * a hand-written program that has its rows in memory and upserts a thousand at a time over four connections.
 */
export const kafkaReceive = async (rounds: number): Promise<readonly Result[]> => {
  await using kafka = await launchKafka({ heapMiB: 512 });
  const rows = await fillTopic(kafka);
  // The target logs and flushes as MySQL does by default.
  await using target = await launchServer({
    flavor: 'mysql',
    options: ['--innodb-redo-log-capacity=512M', '--innodb-buffer-pool-size=512M'],
  });
  const address = [target.host, target.port, target.user, target.password];
  await makeTarget(target);
  return await measure(
    'kafka-receive',
    [
      contender('millrace', 'kafka-receive', ...address, rows, kafka.bootstrapServers, topic, 4),
      contender('millrace, one writer', 'kafka-receive', ...address, rows, kafka.bootstrapServers, topic, 1),
      contender('multi-row upserts, 4 connections', 'mysql-upserts', ...address, rows),
    ],
    rounds,
  );
};

const contender = (name: string, script: string, ...args: readonly (string | number)[]): Contender => ({
  name,
  command: process.execPath,
  args: [...publishedFlags, fileURLToPath(new URL(`../contenders/${script}.ts`, import.meta.url)), ...args.map(String)],
});

/** Lets millrace itself bring a server's rows into the topic, of one partition; the server is gone when this returns. */
const fillTopic = async (kafka: LaunchedKafka): Promise<number> => {
  await using server = await launchServer({ flavor: 'mysql', options: ['--innodb-buffer-pool-size=256M'] });
  process.stderr.write('kafka-receive  filling the topic with 400,000 messages\n');
  const { rows, file, position } = await fillOrders(server, 400, 1_000);
  using cluster = new Cluster(kafkaSettings(kafka.bootstrapServers), systemClock);
  await cluster.createTopics([{ name: topic, partitions: 1, replicationFactor: 1, configs: {} }]);
  const address = [server.host, server.port, server.user, server.password, rows];
  const place = [kafka.bootstrapServers, topic, 'exactly-once', 'lz4', file, position];
  await runContender(contender('filling', 'kafka-push', ...address, ...place));
  return rows;
};
