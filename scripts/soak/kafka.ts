import { setTimeout as sleep } from 'node:timers/promises';
import { runKafkaRoundTrip } from '../../src/demo/kafka-round-trip.ts';
import { launchKafka } from '../../src/testing/servers/launch-kafka.ts';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import type { Soak } from './soak.ts';

/** What a server acknowledged survives its crash. */
const durable = ['--sync-binlog=1', '--innodb-flush-log-at-trx-commit=1', '--innodb-buffer-pool-size=64M'];

interface Program {
  kill(): Promise<void>;
  start(): Promise<void>;
}

const crashOf =
  (program: Program) =>
  async (downMs: number): Promise<void> => {
    await program.kill();
    await sleep(downMs);
    await program.start();
  };

/** MySQL to Kafka to MySQL, exactly once all the way, while both pipelines, the brokers (`--brokers 1` or 3) and both servers are killed. */
export const soak: Soak = {
  options: { faults: 200, seed: 1, brokers: 3, rate: 60 },
  async run({ faults = 0, seed = 0, brokers = 3, rate = 0 }, progress) {
    await using source = await launchServer({ flavor: 'mysql', options: durable });
    await using target = await launchServer({ flavor: 'mysql', options: durable });
    await using kafka = await launchKafka({ brokers: brokers === 1 ? 1 : 3, heapMiB: 256 });
    const result = await runKafkaRoundTrip({
      source,
      target,
      kafka,
      crashes: { servers: [source, target].map(crashOf), brokers: kafka.brokers.map(crashOf) },
      faults,
      seed,
      transactionsPerSecond: rate,
      pauseMs: { least: 100, most: 1_500 },
      progress,
    });
    return { faults, ...result, lost: 0, duplicated: 0 };
  },
};
