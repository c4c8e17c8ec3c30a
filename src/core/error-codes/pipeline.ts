import type { ErrorEntry } from './entry.ts';

export const pipelineErrors = {
  PIPELINE_RETRIES_EXHAUSTED: {
    retryable: false,
    message: (d: { readonly pipeline: string; readonly attempts: number; readonly forMs: number }) =>
      `pipeline ${d.pipeline} gave up after ${d.attempts} ${d.attempts === 1 ? 'attempt' : 'attempts'} in ${d.forMs} ms without progress`,
    hint: 'Repair the cause that is named here and run the pipeline again: it goes on where its sinks are. `retry.attempts` and `retry.window` set how long it tries.',
  },
  PIPELINE_SINKS_DIVERGED: {
    retryable: false,
    message: (d: { readonly pipeline: string; readonly lane: string; readonly sinks: string }) =>
      `the sinks of pipeline ${d.pipeline} hold positions of ${d.lane} that no common place comes before: ${d.sinks}`,
    hint: 'One sink followed another server history. Run it in a pipeline of its own, or empty it so that it starts anew.',
  },
  PIPELINE_LANES_TAKEN: {
    retryable: true,
    message: (d: { readonly pipeline: string; readonly lanes: string }) =>
      `another process of pipeline ${d.pipeline} has taken ${d.lanes} over`,
    hint: 'Nothing was written twice: the sink refused this process. It goes on with the partitions that its consumer group gives it. If this comes again and again, one of the processes has no `properties.group.protocol`, or another group.',
  },
  PIPELINE_ABORTED: {
    retryable: false,
    message: (d: { readonly pipeline: string }) => `pipeline ${d.pipeline} was aborted before its last writes ended`,
    hint: 'Nothing is lost: run it again and it goes on where its sinks are. One signal alone lets the last writes end first.',
  },
  PIPELINE_SCHEMA_CHANGE_REFUSED: {
    retryable: false,
    message: (d: { readonly table: string }) =>
      `the definition of ${d.table} changes, and this pipeline is set to stop there`,
    hint: 'Bring the sinks to the new definition by hand, set `schema.change.behavior: evolve`, and run the pipeline again.',
  },
  PROJECTION_KEY_LOST: {
    retryable: false,
    message: (d: { readonly table: string; readonly column: string; readonly action: string }) =>
      `${d.action} ${d.column} would leave ${d.table} without its primary key`,
    hint: 'Keep primary key columns as they are, or hash them: equal keys then stay equal.',
  },
  PROJECTION_COLUMN_CLASH: {
    retryable: false,
    message: (d: { readonly table: string; readonly column: string }) =>
      `the projection gives ${d.table} two columns named ${d.column}`,
    hint: 'Choose another name in `rename`, or drop the column that has it already.',
  },
} as const satisfies Record<string, ErrorEntry>;
