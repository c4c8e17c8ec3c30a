import { readFileSync } from 'node:fs';
import { openPipeline } from '../cli/open-pipeline.ts';
import { stopSignals } from '../cli/stop-signals.ts';
import { loadPipelineFile } from '../config/pipeline-file.ts';
import { connectors } from '../connectors/registry.ts';
import { version } from '../pipeline/program-version.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import type { WorkerReport } from './worker-process.ts';

const reportEveryMs = 100;
/** Until the first row is durable: how soon that is, is measured. */
const firstReportsEveryMs = 10;

/** Runs the pipeline of a file until it is told to stop, and reports to the parent process meanwhile. */
export const runWorker = async (path: string): Promise<void> => {
  const readText = (file: string): string => readFileSync(file, 'utf8');
  const file = await loadPipelineFile(path, { env: process.env, readText, connectors, overrides: [], version });
  const [described] = file.pipelines;
  if (described === undefined) throw new Error(file.diagnostics.map(({ error }) => error.message).join('; '));
  const say =
    (level: string) =>
    (message: string, fields: object = {}) => {
      process.stderr.write(file.redact(`${level} ${message} ${JSON.stringify(fields)}\n`));
    };
  const log = { debug: () => {}, info: say('info'), warn: say('warn'), error: say('error') };
  using signals = stopSignals(() => {});
  const orphaned = new AbortController();
  process.once('disconnect', () => orphaned.abort());
  const pipeline = await openPipeline(described, { log, clock: systemClock });
  const report = (): void => {
    const { health, speeds, totals, lag, retries, logs } = pipeline.status();
    const conflicts = logs.reduce((sum, log) => sum + (log.conflicts ?? 0), 0);
    const message: WorkerReport = { health, speeds, totals, lagMs: lag.currentMs, retries, conflicts };
    if (process.connected) process.send?.(message);
    if (timer === first && totals.sync.rows > 0) {
      clearInterval(first);
      timer = setInterval(report, reportEveryMs);
    }
  };
  const first = setInterval(report, firstReportsEveryMs);
  let timer = first;
  try {
    await pipeline.run(AbortSignal.any([signals.stop, orphaned.signal]), signals.abort);
  } finally {
    clearInterval(timer);
    report();
    if (process.connected) process.disconnect();
  }
};
