import type { Log } from '../../core/log.ts';
import { createPipeline } from '../../pipeline/pipeline.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import type { SqlJob } from '../../sql-pipeline/job.ts';
import { jobGuarantees } from '../../sql-pipeline/job-guarantee.ts';
import { jobOptions } from '../../sql-pipeline/job-options.ts';
import { ownState } from '../../sql-pipeline/own-state.ts';
import type { CommandCall } from '../command.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import type { StopSignals } from '../stop-signals.ts';

/** Runs INSERT INTO until its sources end or a signal comes. */
export const runJob = async (
  { terminal, flag }: Pick<CommandCall, 'terminal' | 'flag'>,
  job: SqlJob,
  { log, signals }: { readonly log: Log; readonly signals: StopSignals },
): Promise<ExitCode> => {
  if (!job.bounded && !flag('quiet')) for (const line of jobGuarantees(job)) terminal.say(`after a restart  ${line}`);
  const pipeline = createPipeline(
    jobOptions(job, { log, clock: systemClock, print: (text) => terminal.print(text), state: ownState() }),
  );
  const { outcome } = await pipeline.run(signals.stop, signals.abort);
  // A bounded job that was stopped has not written all of its result.
  return outcome === 'stopped' && job.bounded ? exitCode.interrupted : exitCode.ok;
};
