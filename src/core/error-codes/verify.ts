import type { ErrorEntry } from './entry.ts';

/** What keeps two sides from being compared. */
export const verifyErrors = {
  VERIFY_NOTHING: {
    retryable: false,
    message: (d: { readonly reason: string }) => `there is nothing to compare: ${d.reason}`,
    hint: 'Compare a pipeline from MySQL into MySQL, Kafka, Redis or SQLite, or two servers with `--from`, `--to` and `--table`.',
  },
  VERIFY_SINK_BEHIND: {
    retryable: true,
    message: (d: { readonly sink: string; readonly waitedMs: number }) =>
      `${d.sink} did not reach the end of the source's log within ${d.waitedMs} ms`,
    hint: 'Run the pipeline while its sides are compared, or give it more time with `--wait`: a sink that is idle tells where it is every `heartbeat.interval`.',
  },
  VERIFY_ROWS_MULTIPLY: {
    retryable: false,
    message: (d: { readonly table: string }) =>
      `the pipeline makes several rows of one row of ${d.table}, which cannot be compared`,
    hint: 'Leave that table out with `--table`, and compare it by a query of your own.',
  },
  VERIFY_STATE_UNREADABLE: {
    retryable: false,
    message: (d: { readonly file: string; readonly reason: string }) =>
      `${d.file} does not say how far a comparison was: ${d.reason}`,
    hint: 'Name the file that the same comparison wrote, or delete it to begin anew.',
  },
  VERIFY_TABLE_CHANGES: {
    retryable: true,
    message: (d: { readonly table: string }) =>
      `${d.table} was changed by statements time and again while it was compared`,
    hint: 'Compare it again when its definition is at rest on both sides.',
  },
  READER_TABLE_GONE: {
    retryable: false,
    message: (d: { readonly system: string; readonly table: string }) => `${d.system} has no table ${d.table} any more`,
    hint: 'It was dropped while it was read. Begin again: what is there now is looked at then.',
  },
  VERIFY_REPAIR_REFUSED: {
    retryable: false,
    message: (d: { readonly table: string; readonly reason: string }) =>
      `rows of ${d.table} cannot be repaired: ${d.reason}`,
    hint: 'Let the pipeline take a new snapshot of the table: it removes what is too much and brings what is missing.',
  },
} as const satisfies Record<string, ErrorEntry>;
