import type { OpenableFile } from '../config/pipeline-file.ts';
import type { Context } from '../core/connector.ts';
import type { Log } from '../core/log.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import type { PipelineRunner } from '../server/pipeline-runner.ts';

/**
 * Looks at rows of a running pipeline on both sides a while after they changed, as `consistency.sample-rate` says, until `ended`. Never
 * rejects: the pipeline does not stand or fall with it.
 */
export const sampleRows = async (
  file: OpenableFile,
  runner: PipelineRunner,
  log: Log,
  ended: AbortSignal,
): Promise<void> => {
  const rowsPerSecond = file.settings['consistency.sample-rate'];
  if (rowsPerSecond === 0) return;
  if (file.sql !== null) {
    log.warn('what queries give is not sampled', { pipeline: file.name });
    return;
  }
  try {
    const [{ endsOfFile }, { ConsistencySampler }] = await Promise.all([
      import('./verify/compared-ends.ts'),
      import('../verify/consistency-sampler.ts'),
    ]);
    const context: Context = { pipeline: file.name, sinks: file.sinks.length, log, clock: systemClock };
    const { ends, unreadable } = await endsOfFile(file, context);
    for (const name of unreadable) log.warn('rows of this end cannot be sampled', { pipeline: file.name, end: name });
    const running = ends.map(async (pair) => {
      await using _pair = pair;
      const sampler = new ConsistencySampler({ ...pair, clock: systemClock, log, rowsPerSecond });
      runner.sample({ sink: pair.to, note: sampler.note, counts: () => sampler.counts() });
      await sampler.run(ended);
    });
    await Promise.all(running);
  } catch (error) {
    log.error('rows are not sampled', {
      pipeline: file.name,
      error: error instanceof Error ? error.message : String(error),
    });
  }
};
