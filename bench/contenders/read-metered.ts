/**
 * A pipeline that decodes every row of a binlog, alone or watched: with the HTTP API beside it, a scraper in another process that asks
 * for all metrics four times a second (Prometheus asks every 15 s), and a listener to its events.
 *
 * usage: node read-metered.ts alone|watched HOST PORT USER PASSWORD FILE POSITION ROWS
 */
import { spawn } from 'node:child_process';
import type { Batch } from '../../src/core/batch.ts';
import type { Sink } from '../../src/core/connector.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { openApiServer } from '../../src/server/api-server.ts';
import { EventRing } from '../../src/server/event-ring.ts';
import { LocalPipeline } from '../../src/server/local-pipeline.ts';
import { LogRing, tellingLog } from '../../src/server/log-ring.ts';
import { PipelineRunner } from '../../src/server/pipeline-runner.ts';
import { openMysql, report, silentLog } from './open-mysql.ts';

const [mode, hostname, port, username, password, file, offset, wanted] = process.argv.slice(2);
const stop = new AbortController();
const logs = new LogRing();
const events = new EventRing();

let rows = 0;
const decodingSink: Sink = {
  claim: async () => null,
  write: async ({ changes }: Batch) => {
    for (const change of changes) {
      if (change.kind !== 'rows') continue;
      for (let i = 0; i < change.rows.length; i += 1) rows += change.rows.after(i) === null ? 0 : 1;
    }
    if (rows >= Number(wanted)) stop.abort();
  },
  [Symbol.asyncDispose]: async () => {},
};

const runner = new PipelineRunner({
  pipeline: {
    name: 'bench',
    source: () =>
      openMysql({
        hostname,
        port: Number(port),
        username,
        password,
        tables: 'bench.orders',
        'scan.startup.mode': 'specific-offset',
        'scan.startup.specific-offset.file': file,
        'scan.startup.specific-offset.pos': Number(offset),
      }),
    sinks: [{ name: 'decoding', open: async () => decodingSink }],
    clock: systemClock,
    log: tellingLog((line) => logs.add(line), String, null),
  },
  redact: String,
  tellsMemory: true,
  onHealth: ({ health }) => events.publish('health', { health }),
});

if (mode === 'watched') {
  const pipeline = new LocalPipeline({ runner, file: '', plan: {}, logs, stop: () => stop.abort() });
  const api = await openApiServer({
    fleet: { pipelines: new Map([['bench', pipeline]]), events, files: null },
    listen: { host: '127.0.0.1', port: 0 },
    token: null,
    tls: null,
    allowTail: false,
    log: silentLog,
    version: '0',
  });
  const scraper = `fetch(${JSON.stringify(`${api.url}/api/v1/events`)});
    setInterval(() => fetch(${JSON.stringify(`${api.url}/metrics`)}).then((answer) => answer.text()), 250);`;
  const child = spawn(process.execPath, ['-e', scraper], { stdio: 'ignore' });
  process.on('exit', () => child.kill('SIGKILL'));
  // It has asked before the clock starts.
  await new Promise((resolve) => setTimeout(resolve, 500));
}
const cpuBefore = process.cpuUsage();
const started = performance.now();
await runner.run(stop.signal);
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(cpuBefore);
report(rows, seconds, { 'CPU of the run, s': (user + system) / 1e6 });
