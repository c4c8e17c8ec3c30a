/**
 * What metering and being watched cost a pipeline that decodes every row of a binlog. One process reads the log again and again in three
 * ways by turns, so that all three share the same warm code, memory and neighbours:
 *
 * * `unmetered`: the pipeline's meters are taken out;
 * * `metered`: as every pipeline runs;
 * * `watched`: the HTTP API beside it, a scraper in another process that asks for all metrics each second (Prometheus asks every
 *   15 s), and a page's connection that follows its events. Opening the API lies outside the figures: it happens once in a process's life.
 *
 * usage: node read-metered.ts PASSES HOST PORT USER PASSWORD FILE POSITION ROWS
 *
 * A busy machine's passes differ by more than what is looked for, so the account says it as well: the meters' own time over batches as they
 * went past, and the CPU of one answer to a scraper.
 *
 * The last line of stdout is an object: `runs`, a `Run[]` by mode with one run a pass, and `account`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Batch } from '../../src/core/batch.ts';
import type { Sink } from '../../src/core/connector.ts';
import type { Measured } from '../../src/pipeline/measured.ts';
import { Progress } from '../../src/pipeline/progress.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { openApiServer } from '../../src/server/api-server.ts';
import { EventRing } from '../../src/server/event-ring.ts';
import { LocalPipeline } from '../../src/server/local-pipeline.ts';
import { LogRing, tellingLog } from '../../src/server/log-ring.ts';
import { PipelineRunner } from '../../src/server/pipeline-runner.ts';
import type { Run } from '../result.ts';
import { openMysql, silentLog } from './open-mysql.ts';

const modes = ['unmetered', 'metered', 'watched'] as const;

const [passes, hostname, port, username, password, file, offset, wanted] = process.argv.slice(2);

/** Whether the meters count. Looked at on each call: methods put in and out would make the engine compile everything around them again. */
let metered = true;
/** Batches as they went past, to be metered once more on the account. */
const seen: Measured[] = [];
/** None while passes are timed: what is kept here keeps the rows' bytes, too. */
let mostSeen = 0;
const { received, processed, pushed, durable } = Progress.prototype;
Object.assign(Progress.prototype, {
  received(this: Progress, measured: Measured) {
    if (seen.length < mostSeen) seen.push(measured);
    if (metered) received.call(this, measured);
  },
  processed(this: Progress, measured: Measured) {
    if (metered) processed.call(this, measured);
  },
  pushed(this: Progress, measured: Measured) {
    if (metered) pushed.call(this, measured);
  },
  durable(this: Progress, measured: Measured, next: Measured | null) {
    if (metered) durable.call(this, measured, next);
    // What the pipeline stands on and is no figure.
    else for (const [lane, position] of measured.batch.positions) this.lanes.set(lane, position);
  },
});

const pass = async (mode: (typeof modes)[number]): Promise<Run> => {
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
  metered = mode !== 'unmetered';
  await using watching = new AsyncDisposableStack();
  if (mode === 'watched') {
    const pipeline = new LocalPipeline({ runner, file: '', plan: {}, logs, stop: () => stop.abort() });
    const api = watching.use(
      await openApiServer({
        fleet: { pipelines: new Map([['bench', pipeline]]), events, files: null },
        listen: { host: '127.0.0.1', port: 0 },
        token: null,
        tls: null,
        allowTail: false,
        log: silentLog,
        version: '0',
      }),
    );
    const scraper = await startScraper(api.url);
    if (account.scrapeMs === 0) account.scrapeMs = await scrapeCost(api.url);
    watching.defer(async () => {
      const ended = once(scraper, 'exit');
      scraper.kill('SIGKILL');
      await ended;
    });
  }
  // Each pass pays for its own garbage, not for the one before.
  globalThis.gc?.();
  const cpuBefore = process.cpuUsage();
  const started = performance.now();
  await runner.run(stop.signal);
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { rows, seconds, cpuSeconds: (user + system) / 1e6, peakRssMiB: process.resourceUsage().maxRSS / 1024 };
};

/** Resolves when it has been answered once, so that neither its start nor the first answer falls into the figures. */
const startScraper = async (url: string): Promise<ChildProcess> => {
  const scraper = spawn(
    process.execPath,
    [
      '-e',
      `const scrape = () => fetch(${JSON.stringify(`${url}/metrics`)}).then((answer) => answer.text());
       fetch(${JSON.stringify(`${url}/api/v1/events`)});
       scrape().then(() => { process.stdout.write('ready'); setInterval(scrape, 1_000); });`,
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  await once(scraper.stdout!, 'data');
  return scraper;
};

/** CPU of this process for one answer, in milliseconds: the client is in it too, so it is rather too much. */
const scrapeCost = async (url: string): Promise<number> => {
  const answers = 200;
  const before = process.cpuUsage();
  for (let i = 0; i < answers; i += 1) await (await fetch(`${url}/metrics`)).text();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / answers;
};

/** The meters' own time for a row, in nanoseconds. */
const meteringCost = (): number => {
  const progress = new Progress(systemClock);
  const again = 2_000;
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const started = performance.now();
    for (let i = 0; i < again; i += 1) {
      for (const measured of seen) {
        received.call(progress, measured);
        processed.call(progress, measured);
        pushed.call(progress, measured);
        durable.call(progress, measured, null);
      }
    }
    best = Math.min(best, performance.now() - started);
  }
  return (best * 1e6) / again / seen.reduce((sum, { rows }) => sum + rows, 0);
};

const account = { scrapeMs: 0, meteringNsPerRow: 0 };
const runs: Record<(typeof modes)[number], Run[]> = { unmetered: [], metered: [], watched: [] };
for (const mode of modes) await pass(mode);
for (let number = 0; number < Number(passes); number += 1) {
  // Whoever goes first in one turn goes last in the next but one.
  for (let turn = 0; turn < modes.length; turn += 1) {
    const mode = modes[(number + turn) % modes.length]!;
    runs[mode].push(await pass(mode));
  }
}
mostSeen = 300;
await pass('metered');
account.meteringNsPerRow = meteringCost();
process.stdout.write(`${JSON.stringify({ runs, account })}\n`);
process.exit(0);
