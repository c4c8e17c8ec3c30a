import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { PipelineOptions } from '../pipeline/options.ts';
import type { SqlJob } from './job.ts';
import { jobSinks } from './job-sinks.ts';
import { jobTargets, openJobSource } from './job-source.ts';

export interface JobSurroundings {
  readonly log: Log;
  readonly clock: Clock;
  /** Where lines of 'print' go. */
  readonly print: (text: string) => Promise<void>;
}

/** A job as a pipeline: its queries are the source, and its tables the sinks. Nothing is opened before it runs. */
export const jobOptions = (job: SqlJob, { log, clock, print }: JobSurroundings): PipelineOptions => {
  const context = { pipeline: job.name, log, clock };
  const targets = jobTargets(job, clock.now);
  return {
    name: job.name,
    source: async () => await openJobSource(job, targets, context),
    sinks: jobSinks(job, targets, context, print),
    clock,
    log,
  };
};
