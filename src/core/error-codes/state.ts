import type { ErrorEntry } from './entry.ts';

/** What stream SQL keeps of its results on disk. */
export const stateErrors = {
  STATE_IN_USE: {
    retryable: true,
    message: (d: { readonly folder: string }) => `another process has the state in ${d.folder} open`,
    hint: "Stop the other run of this job. Two different jobs need two names: SET 'pipeline.name' = '...'.",
  },
  STATE_UNREADABLE: {
    retryable: false,
    message: (d: { readonly folder: string; readonly reason: string }) =>
      `the state in ${d.folder} cannot be used: ${d.reason}`,
    hint: 'When the disk is well, remove the folder: the job computes its result anew from its sources, and brings its tables in step with it.',
  },
  STATE_NOT_FOUND: {
    retryable: false,
    message: (d: { readonly what: string; readonly folder: string }) => `there is no ${d.what} in ${d.folder}`,
    hint: '`millrace state list` shows what is kept. --dir, or MILLRACE_STATE, names the folder where jobs are kept; .millrace/state where they run is the default.',
  },
  STATE_NOT_DESCRIBED: {
    retryable: false,
    message: (d: { readonly folder: string }) =>
      `the state in ${d.folder} does not say which columns and types its rows have: an earlier millrace wrote it`,
    hint: 'Start the job with this millrace: its next checkpoint says them, and the state is exported then.',
  },
  STATE_TARGET_HOLDS_OTHER: {
    retryable: false,
    message: (d: { readonly target: string }) =>
      `${d.target} holds the result of another query of this job, which cannot be taken out of it`,
    hint: 'Give the changed query another topic or file. Where its whole result may come behind what is there, drop what the job remembers: `millrace state drop JOB`. It begins anew then.',
  },
  STATE_LOG_LOST: {
    retryable: true,
    message: (d: { readonly input: string; readonly reason: string }) =>
      `the job cannot go on from its checkpoint, for ${d.input}: ${d.reason}; its result is computed anew`,
    hint: 'Nothing is to be done. Keep logs for longer than a job may stand still (binlog_expire_logs_seconds), so that this does not happen.',
  },
} as const satisfies Record<string, ErrorEntry>;
