/**
 * millrace in the benchmark of Kafka's lag: a pipeline from the binlog's end on, which tells when asked to end (SIGTERM) how late
 * rows were at each stage, counted from their commit: `read` from the binlog, `grouped` and given to the sink, `durable` there.
 *
 * usage: node kafka-lag-push.ts HOST PORT USER PASSWORD BOOTSTRAP TOPIC GUARANTEE COMPRESSION WARM_UP_SECONDS
 */
import type { Batch } from '../../src/core/batch.ts';
import type { Context } from '../../src/core/connector.ts';
import { createPipeline } from '../../src/pipeline/pipeline.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { LagSummary } from '../lag-summary.ts';
import { openMysql, openSinkAs, report, silentLog } from './open-mysql.ts';

const [hostname, port, username, password, bootstrap, topic, guarantee, compression, warmUpSeconds] =
  process.argv.slice(2);
const context: Context = { pipeline: `bench-${process.pid}-${Date.now()}`, log: silentLog, clock: systemClock };
const stages = { read: stage(), grouped: stage(), durable: stage() };

function stage(): LagSummary {
  return new LagSummary(Number(warmUpSeconds));
}

const note = (lags: LagSummary, { changes }: Batch): void => {
  const nowMs = performance.now();
  const nowMicros = (performance.timeOrigin + nowMs) * 1_000;
  for (const change of changes) {
    if (change.kind !== 'rows' || change.origin.kind !== 'mysql') continue;
    const lagMs = (nowMicros - change.origin.commitMicros) / 1_000;
    for (let i = 0; i < change.rows.length; i += 1) lags.add(lagMs, nowMs);
  }
};

const pipeline = createPipeline({
  name: context.pipeline,
  source: async () => {
    const settings = { hostname, port: Number(port), username, password, tables: 'bench.orders' };
    const source = await openMysql({ ...settings, 'scan.startup.mode': 'latest-offset' });
    const read = source.read.bind(source);
    source.read = async function* (held, signal) {
      for await (const batch of read(held, signal)) {
        note(stages.read, batch);
        yield batch;
      }
    };
    return source;
  },
  sinks: [
    {
      name: 'kafka',
      open: async () => {
        const sink = await openSinkAs(context, 'kafka', {
          'properties.bootstrap.servers': bootstrap,
          topic,
          'topic.prefix': 'bench',
          'sink.delivery-guarantee': guarantee,
          'properties.compression.type': compression,
        });
        const write = sink.write.bind(sink);
        sink.write = async (batch, signal) => {
          note(stages.grouped, batch);
          await write(batch, signal);
          note(stages.durable, batch);
        };
        return sink;
      },
    },
  ],
  clock: systemClock,
  log: silentLog,
});
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
await pipeline.run(stop.signal);
const figures = Object.entries(stages).map(([name, lags]) => lags.figures(name));
report(stages.durable.rows, stages.durable.secondsAt(performance.now()), Object.assign({}, ...figures));
