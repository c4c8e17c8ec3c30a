import type { ErrorEntry } from './entry.ts';

export const snapshotErrors = {
  SNAPSHOT_TABLE_GONE: {
    retryable: false,
    message: (d: { readonly table: string; readonly number: number }) =>
      `the snapshot cannot read ${d.table} (MySQL error ${d.number}), and the binlog holds no change that explains it`,
    hint: 'Check that the table exists as the log describes it and that the user may SELECT from it. DDL run with sql_log_bin=0 is invisible here: restart the pipeline after it.',
  },
  SNAPSHOT_LOCK_TIMEOUT: {
    retryable: true,
    message: (d: { readonly table: string; readonly attempts: number }) =>
      `could not lock ${d.table} for the moment a snapshot needs, in ${d.attempts} attempts`,
    hint: 'A transaction that wrote the table stays open. End it, turn gtid_mode on, or set `scan.watermark.table`: then no lock is needed.',
  },
  SNAPSHOT_NOT_VISIBLE: {
    retryable: true,
    message: (d: { readonly server: string; readonly waitedMs: number }) =>
      `${d.server} did not make the transactions it logged visible within ${d.waitedMs} ms`,
    hint: 'The snapshot reads from another server than the log, or commits hang there. Point `hostname` at one server, not at a balancer.',
  },
  SNAPSHOT_OTHER_SERVER: {
    retryable: true,
    message: (d: { readonly expected: string; readonly found: string }) =>
      `the snapshot reached server ${d.found}, but the log is read from ${d.expected}`,
    hint: 'Both must be one server. Point `hostname` at it instead of at a balancer; millrace retries by itself after a failover.',
  },
  SNAPSHOT_WATERMARK_UNUSABLE: {
    retryable: false,
    message: (d: { readonly kind: string; readonly reason: string }) =>
      `watermarks of kind ${d.kind} cannot be used: ${d.reason}`,
    hint: 'Set `scan.watermark` to auto, or give the server what the message asks for.',
  },
  SNAPSHOT_POSITION_UNREADABLE: {
    retryable: false,
    message: (d: { readonly lane: string; readonly reason: string }) =>
      `the held position of ${d.lane} is damaged: ${d.reason}`,
    hint: "Delete that lane's row from the sink's millrace_position: the table is then read again from its start.",
  },
  SNAPSHOT_CONDITION_REFUSED: {
    retryable: false,
    message: (d: { readonly table: string; readonly reason: string }) =>
      `the condition of the snapshot cannot be used for ${d.table}: ${d.reason}`,
    hint: 'Nothing was begun. Write it as it stands behind WHERE in a SELECT from that table, without comments, and try it there.',
  },
  SNAPSHOT_UNKNOWN_TABLE: {
    retryable: false,
    message: (d: { readonly table: string }) => `${d.table} is not a table that this source captures`,
    hint: 'Name it as database.table, and make sure that `tables` in the pipeline file matches it.',
  },
} as const satisfies Record<string, ErrorEntry>;
