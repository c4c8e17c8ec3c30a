/**
 * A whole pipeline from a live server to a sink, until so many rows are durable there.
 *
 * usage: node run-pipeline.ts SOURCE-SETTINGS SINK-TYPE SINK-SETTINGS ROWS     (settings as JSON)
 */
import { createPipeline } from '../../src/pipeline/pipeline.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { openMysql, openSink, report, silentLog } from './open-mysql.ts';

const [source, type, sink, wanted] = process.argv.slice(2);
const pipeline = createPipeline({
  name: 'bench',
  source: () => openMysql(JSON.parse(source!)),
  sinks: [{ name: type!, open: () => openSink(type!, JSON.parse(sink!)) }],
  clock: systemClock,
  log: silentLog,
});
const stop = new AbortController();
const started = performance.now();
let seconds = 0;
const watch = setInterval(() => {
  if (pipeline.status().totals.sync.rows < Number(wanted)) return;
  clearInterval(watch);
  seconds = (performance.now() - started) / 1000;
  stop.abort();
}, 10);
await pipeline.run(stop.signal);
report(pipeline.status().totals.sync.rows, seconds);
