import { Cluster } from '../../src/connectors/kafka/client/cluster.ts';
import { readPartition } from '../../src/connectors/kafka/client/read-partition.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { kafkaSettings } from '../../src/testing/kafka-exactly-once.ts';
import { type LaunchedKafka, launchKafka } from '../../src/testing/servers/launch-kafka.ts';
import { type LaunchedServer, launchServer } from '../../src/testing/servers/launch-server.ts';
import { builtContenders, publishedFlags } from '../built.ts';
import { type Connect, startConnect } from '../connect.ts';
import { addOrders, fillOrders, type Workload } from '../orders.ts';
import { producerPerformance } from '../peers/producer-performance.ts';
import { type Result, type Run, summarise } from '../result.ts';
import { type Contender, runContender } from '../run-contender.ts';

const transactions = 120;
const rowsEach = 10_000;
const compression = 'lz4';

interface Rig extends AsyncDisposable {
  readonly server: LaunchedServer;
  readonly kafka: LaunchedKafka;
  readonly connect: Connect;
  readonly cluster: Cluster;
  /** Where a contender of that name is. */
  readonly contender: (name: string) => string;
}

/** Binlog to Kafka: millrace in both guarantees, Debezium on Connect, and what Kafka's own producer makes of the same bytes. */
export const kafkaPush = async (rounds: number): Promise<readonly Result[]> => {
  await using rig = await openRig();
  const { server, kafka, connect, cluster } = rig;
  await fillOrders(server, 1, 1);
  await makeTopics(cluster, 'dbz.bench.orders');
  // It learns the table, and is stopped once a row has come; then every round it is sent back to where the rows begin.
  await debeziumRun(rig, 'dbz', 1, async () => {
    await connect.create('dbz', debeziumConfig(rig, 'dbz', 'initial'));
  });
  await connect.stop('dbz');
  const offsets = await connect.offsets('dbz');
  const workload = await addOrders(server, transactions, rowsEach);
  return await interleaved(
    'kafka-push',
    rounds,
    {
      millrace: (topic) => runContender(millrace(rig, topic, 'at-least-once', workload.rows, workload)),
      'millrace, exactly once': (topic) => runContender(millrace(rig, topic, 'exactly-once', workload.rows, workload)),
      'Debezium 3.6.1': async () => {
        await connect.setOffsets('dbz', offsets);
        const run = await debeziumRun(rig, 'dbz', workload.rows, () => connect.resume('dbz'));
        await connect.stop('dbz');
        return run;
      },
      ProducerPerformance: async (topic) => {
        const payloads = await envelopes(cluster, 'millrace-0');
        return await producerPerformance(kafka.bootstrapServers, topic, workload.rows, payloads, compression);
      },
    },
    cluster,
  );
};

/** A table's snapshot to Kafka: millrace in both guarantees, and Debezium. */
export const kafkaSnapshot = async (rounds: number): Promise<readonly Result[]> => {
  await using rig = await openRig();
  const { server, connect, cluster } = rig;
  const { rows } = await fillOrders(server, transactions, rowsEach);
  let round = 0;
  return await interleaved(
    'kafka-snapshot',
    rounds,
    {
      millrace: (topic) => runContender(millrace(rig, topic, 'at-least-once', rows)),
      'millrace, exactly once': (topic) => runContender(millrace(rig, topic, 'exactly-once', rows)),
      'Debezium 3.6.1': async () => {
        round += 1;
        const name = `dbz${round}`;
        await makeTopics(cluster, `${name}.bench.orders`);
        const run = await debeziumRun(rig, name, rows, () =>
          connect.create(name, debeziumConfig(rig, name, 'initial_only')),
        );
        await connect.remove(name);
        return run;
      },
    },
    cluster,
  );
};

const openRig = async (): Promise<Rig> => {
  const contender = builtContenders();
  const [server, kafka] = await Promise.all([
    // Without GTIDs, Debezium can be sent back to a place in the log by its name alone.
    launchServer({
      flavor: 'mysql',
      options: [
        '--gtid-mode=OFF',
        '--enforce-gtid-consistency=OFF',
        '--innodb-redo-log-capacity=512M',
        '--innodb-buffer-pool-size=256M',
      ],
    }),
    launchKafka({ heapMiB: 512 }),
  ]);
  const connect = await startConnect(kafka.bootstrapServers);
  const cluster = new Cluster(kafkaSettings(kafka.bootstrapServers), systemClock);
  return {
    server,
    kafka,
    connect,
    cluster,
    contender,
    [Symbol.asyncDispose]: async () => {
      cluster[Symbol.dispose]();
      await connect[Symbol.asyncDispose]();
      await kafka[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
};

/** One warm-up of each, then rounds of all in turn; each run has a topic of its own. */
const interleaved = async (
  bench: string,
  rounds: number,
  contenders: Readonly<Record<string, (topic: string) => Promise<Run>>>,
  cluster: Cluster,
): Promise<readonly Result[]> => {
  const runs = new Map<string, Run[]>(Object.keys(contenders).map((name) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, run] of Object.entries(contenders)) {
      const topic = `${name.replaceAll(/[^a-z]+/gi, '-')}-${round}`;
      await makeTopics(cluster, topic);
      await makeTopics(cluster, `${topic}-warm-up`);
      const figures = await run(topic);
      process.stderr.write(
        `${bench}  ${round === 0 ? 'warm-up' : `round ${round}/${rounds}`}  ${name}  ${Math.round(figures.rows / figures.seconds).toLocaleString('en')} rows/s\n`,
      );
      if (round > 0) runs.get(name)!.push(figures);
    }
  }
  return summarise(bench, runs);
};

const makeTopics = (cluster: Cluster, name: string): Promise<void> =>
  cluster.createTopics([{ name, partitions: 1, replicationFactor: 1, configs: {} }]);

const millrace = (
  { server, kafka, contender }: Rig,
  topic: string,
  guarantee: string,
  rows: number,
  from?: Workload,
): Contender => ({
  name: 'millrace',
  command: process.execPath,
  args: [
    ...publishedFlags,
    contender('kafka-push'),
    ...[server.host, server.port, server.user, server.password, rows, kafka.bootstrapServers].map(String),
    ...[topic, guarantee, compression, ...(from === undefined ? [] : [from.file, String(from.position)])],
  ],
});

/** Tuned: larger batches and queues than its defaults, no schemas, the producer's batches as large as millrace's. */
export const debeziumConfig = (
  { server, kafka }: Pick<Rig, 'server' | 'kafka'>,
  prefix: string,
  snapshotMode: string,
): Readonly<Record<string, string>> => ({
  'connector.class': 'io.debezium.connector.mysql.MySqlConnector',
  'tasks.max': '1',
  'database.hostname': server.host,
  'database.port': String(server.port),
  'database.user': server.user,
  'database.password': server.password,
  'database.server.id': '184054',
  'database.include.list': 'bench',
  'topic.prefix': prefix,
  'schema.history.internal.kafka.bootstrap.servers': kafka.bootstrapServers,
  'schema.history.internal.kafka.topic': `${prefix}.schema-history`,
  'topic.creation.default.replication.factor': '1',
  'topic.creation.default.partitions': '1',
  'snapshot.mode': snapshotMode,
  'max.batch.size': '16384',
  'max.queue.size': '65536',
  'poll.interval.ms': '5',
  'snapshot.fetch.size': '10000',
  'producer.override.linger.ms': '5',
  'producer.override.batch.size': '1000000',
  'producer.override.compression.type': compression,
  'producer.override.acks': 'all',
});

/** From its first record to its last, as the topic shows them: starting and connecting are not counted. CPU is the worker's from `begin` on. */
export const debeziumRun = async (
  { cluster, connect }: Pick<Rig, 'cluster' | 'connect'>,
  name: string,
  rows: number,
  begin: () => Promise<void>,
): Promise<Run> => {
  const topic = `${name}.bench.orders`;
  const end = (): Promise<number> => cluster.offset(topic, 0, 'latest', 'read_uncommitted');
  const before = await end();
  const { cpuSeconds } = connect.usage();
  await begin();
  let started = 0;
  let looks = 0;
  await connect.until(
    `Debezium brings ${rows} rows`,
    async () => {
      const count = (await end()) - before;
      if (count > 0) started ||= performance.now();
      looks += 1;
      if (looks % 50 === 0) await connect.state(name);
      return count >= rows;
    },
    150_000,
  );
  const seconds = (performance.now() - started) / 1000;
  const usage = connect.usage();
  return { rows, seconds, cpuSeconds: usage.cpuSeconds - cpuSeconds, peakRssMiB: usage.peakRssMiB };
};

/** Some of the values that millrace wrote. */
const envelopes = async (cluster: Cluster, topic: string): Promise<readonly string[]> => {
  const values: string[] = [];
  const enough = new Error('enough');
  await readPartition(cluster, topic, 0, 0, ({ bytes, valueStart, valueEnd }) => {
    if (values.length >= 5_000) throw enough;
    values.push(bytes.utf8Slice(valueStart, valueEnd));
  }).catch((error: Error) => {
    if (error !== enough) throw error;
  });
  return values;
};
