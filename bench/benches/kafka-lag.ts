import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { Cluster } from '../../src/connectors/kafka/client/cluster.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { kafkaSettings } from '../../src/testing/kafka-exactly-once.ts';
import { launchKafka } from '../../src/testing/servers/launch-kafka.ts';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import { builtContenders, publishedFlags } from '../built.ts';
import { startConnect } from '../connect.ts';
import { fillOrders } from '../orders.ts';
import { writeSteadily } from '../orders-load.ts';
import { type Result, type Run, summarise } from '../result.ts';
import { runContender } from '../run-contender.ts';
import { debeziumConfig, debeziumRun } from './kafka.ts';

/** 5 000 rows a second, as many small transactions and as fewer larger ones. */
const loads = [
  { transactionsPerSecond: 5_000, rowsEach: 1 },
  { transactionsPerSecond: 500, rowsEach: 10 },
] as const;
type Load = (typeof loads)[number];
const warmUpSeconds = 5;
const seconds = 15;

/** Commit to a reader of committed records, at 5 000 rows a second, the first seconds left out. */
export const kafkaLag = async (rounds: number): Promise<readonly Result[]> => {
  const contender = builtContenders();
  await using server = await launchServer({
    flavor: 'mysql',
    options: ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF', '--innodb-redo-log-capacity=512M'],
  });
  await using kafka = await launchKafka({ heapMiB: 512 });
  using cluster = new Cluster(kafkaSettings(kafka.bootstrapServers), systemClock);
  await fillOrders(server, 1, 1);

  const makeTopic = (name: string): Promise<void> =>
    cluster.createTopics([{ name, partitions: 1, replicationFactor: 1, configs: {} }]);

  const read = async (topic: string, load: Load): Promise<Run> => {
    const stop = new AbortController();
    const startedMs = performance.now();
    const writing = writeSteadily(server, load, stop.signal);
    const run = await runContender({
      name: 'reader',
      command: process.execPath,
      args: [
        ...publishedFlags,
        contender('kafka-lag'),
        ...[kafka.bootstrapServers, topic, warmUpSeconds, seconds].map(String),
      ],
    }).finally(() => stop.abort());
    const rows = (await writing) * load.rowsEach;
    return { ...run, figures: { ...run.figures, writtenPerSecond: rows / ((performance.now() - startedMs) / 1_000) } };
  };

  const millrace =
    (guarantee: string, load: Load) =>
    async (topic: string): Promise<Run> => {
      await makeTopic(topic);
      const args = [
        ...publishedFlags,
        contender('kafka-lag-push'),
        ...[server.host, server.port, server.user, server.password, kafka.bootstrapServers].map(String),
        ...[topic, guarantee, 'lz4', String(warmUpSeconds)],
      ];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      const output = text(child.stdout);
      const ended = once(child, 'close');
      try {
        const run = await read(topic, load);
        child.kill('SIGTERM');
        await ended;
        const own = JSON.parse((await output).trim().split('\n').at(-1)!) as Run;
        return { ...own, rows: run.rows, seconds: run.seconds, figures: { ...run.figures, ...own.figures } };
      } finally {
        child.kill('SIGKILL');
      }
    };

  let debeziumRuns = 0;
  const debezium = async (load: Load): Promise<Run> => {
    await using connect = await startConnect(kafka.bootstrapServers);
    debeziumRuns += 1;
    const name = `dbz${debeziumRuns}`;
    await makeTopic(`${name}.bench.orders`);
    // It reads the table first, which has grown with every round before.
    await fillOrders(server, 1, 1);
    await debeziumRun({ cluster, connect }, name, 1, () =>
      connect.create(name, debeziumConfig({ server, kafka }, name, 'initial')),
    );
    return await read(`${name}.bench.orders`, load);
  };

  const [single, tens] = loads;
  const contenders = {
    millrace: millrace('at-least-once', single),
    'millrace, exactly once': millrace('exactly-once', single),
    'millrace, tens of rows': millrace('at-least-once', tens),
    'millrace, tens of rows, exactly once': millrace('exactly-once', tens),
    'Debezium 3.6.1': () => debezium(single),
    'Debezium 3.6.1, tens of rows': () => debezium(tens),
  };
  const runs = new Map<string, Run[]>(Object.keys(contenders).map((name) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const [name, run] of Object.entries(contenders)) {
      const figures = await run(`${name.replaceAll(/[^a-z]+/gi, '-')}-${round}`);
      process.stderr.write(`kafka-lag  round ${round}/${rounds}  ${name}  ${JSON.stringify(figures.figures)}\n`);
      runs.get(name)!.push(figures);
    }
  }
  return summarise('kafka-lag', runs);
};
