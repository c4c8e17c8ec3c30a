/**
 * A reader of committed records: from a transaction's commit on the server to here, while others write.
 *
 * usage: node kafka-lag.ts BOOTSTRAP TOPIC RECORDS
 * Both clocks are this machine's. The server takes a commit's time before it makes the commit durable, so that wait is included.
 */
import { Cluster } from '../../src/connectors/kafka/client/cluster.ts';
import { fetchRequest } from '../../src/connectors/kafka/client/fetch-request.ts';
import { readRecords } from '../../src/connectors/kafka/client/record-reader.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { kafkaSettings } from '../../src/testing/kafka-exactly-once.ts';
import { report } from './open-mysql.ts';

const [bootstrap, topic, wanted] = process.argv.slice(2);
const cluster = new Cluster(kafkaSettings(bootstrap!), systemClock);
const options = {
  isolation: 'read_committed',
  maxWaitMs: 500,
  minBytes: 1,
  maxBytes: 4_194_304,
  partitionMaxBytes: 4_194_304,
} as const;
const lags: number[] = [];
let offset = await cluster.offset(topic!, 0, 'latest');
let started = 0;
while (lags.length < Number(wanted)) {
  const broker = (await cluster.leader(topic!, 0))!;
  const [fetched] = await broker.call(fetchRequest([{ topic: topic!, partition: 0, offset }], options));
  const now = (performance.timeOrigin + performance.now()) * 1000;
  offset = readRecords(fetched!, offset, ({ bytes, valueStart, valueEnd }) => {
    started ||= performance.now();
    const envelope = JSON.parse(bytes.utf8Slice(valueStart, valueEnd)) as { source: { ts_us: number } };
    lags.push((now - envelope.source.ts_us) / 1000);
  });
}
const seconds = (performance.now() - started) / 1000;
lags.sort((a, b) => a - b);
const at = (share: number) => lags[Math.min(lags.length - 1, Math.floor(lags.length * share))]!;
report(lags.length, seconds, { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) });
