import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { PipelineOptions } from '../pipeline/options.ts';
import type { SqlJob } from './job.ts';
import { jobFolder } from './job-folder.ts';
import { jobSinks } from './job-sinks.ts';
import { jobTargets, openJobSource } from './job-source.ts';
import { openLookups } from './lookups/open-lookups.ts';
import { openInputs } from './open-inputs.ts';

export interface JobSurroundings {
  readonly log: Log;
  readonly clock: Clock;
  /** Where lines of 'print' go. */
  readonly print: (text: string) => Promise<void>;
  /** The folder that holds those of all jobs, unless a job names another, and this program's version; null: nothing is kept. */
  readonly state: { readonly folder: string; readonly version: string } | null;
  /** How what the queries read is opened, unless a test says otherwise. */
  readonly open?: typeof openInputs;
  readonly openLookups?: typeof openLookups;
}

/** A job as a pipeline: its queries are the source, and its tables the sinks. Nothing is opened before it runs. */
export const jobOptions = (
  job: SqlJob,
  { log, clock, print, state, open = openInputs, openLookups: openAsked = openLookups }: JobSurroundings,
): PipelineOptions => {
  const context = { pipeline: job.name, log, clock };
  const targets = jobTargets(job, clock.now);
  return {
    name: job.name,
    source: async () =>
      await openJobSource(job, targets, context, {
        open,
        openLookups: openAsked,
        state:
          state === null || !isKept(job)
            ? null
            : { folder: jobFolder(job.state.folder ?? state.folder, job), version: state.version },
      }),
    sinks: jobSinks(job, targets, context, print),
    clock,
    log,
  };
};

/** Lines and nothing hold no tick, so there is none to go on from. */
const isKept = ({ bounded, inserts, state }: SqlJob): boolean =>
  !bounded &&
  state.intervalMs > 0 &&
  inserts.some(({ target: { binding } }) => !['print', 'blackhole'].includes(binding.sink!.kind));
