/**
 * A reader of committed records: from a transaction's commit on the server to here, while others write.
 *
 * usage: node kafka-lag.ts BOOTSTRAP TOPIC WARM_UP_SECONDS SECONDS
 * Both clocks are this machine's. The server takes a commit's time before it makes the commit durable, so that wait is included.
 */
import { Cluster } from '../../src/connectors/kafka/client/cluster.ts';
import { fetchRequest } from '../../src/connectors/kafka/client/fetch-request.ts';
import { readRecords } from '../../src/connectors/kafka/client/record-reader.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { kafkaSettings } from '../../src/testing/kafka-exactly-once.ts';
import { LagSummary } from '../lag-summary.ts';
import { report } from './open-mysql.ts';

const [bootstrap, topic, warmUpSeconds, wantedSeconds] = process.argv.slice(2);
const cluster = new Cluster(kafkaSettings(bootstrap!), systemClock);
const options = {
  isolation: 'read_committed',
  maxWaitMs: 500,
  minBytes: 1,
  maxBytes: 4_194_304,
  partitionMaxBytes: 4_194_304,
} as const;
const lags = new LagSummary(Number(warmUpSeconds));
let offset = await cluster.offset(topic!, 0, 'latest');
while (lags.secondsAt(performance.now()) < Number(wantedSeconds)) {
  const broker = (await cluster.leader(topic!, 0))!;
  const [fetched] = await broker.call(fetchRequest([{ topic: topic!, partition: 0, offset }], options));
  const nowMs = performance.now();
  const nowMicros = (performance.timeOrigin + nowMs) * 1_000;
  offset = readRecords(fetched!, offset, ({ bytes, valueStart, valueEnd }) => {
    const committed = /"ts_us":(\d+)/.exec(bytes.latin1Slice(valueStart, valueEnd))![1];
    lags.add((nowMicros - Number(committed)) / 1_000, nowMs);
  });
}
report(lags.rows, lags.secondsAt(performance.now()), lags.figures());
