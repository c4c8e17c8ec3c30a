import type { ErrorEntry } from './entry.ts';

export const sinkErrors = {
  SINK_FENCED: {
    retryable: false,
    message: (d: { readonly sink: string; readonly pipeline: string; readonly lane: string }) =>
      `another process has taken over ${d.lane} of pipeline ${d.pipeline} in ${d.sink}`,
    hint: 'Two processes run the same pipeline. Stop one of them, or give one another `pipeline.name`.',
  },
  SINK_ROW_REFUSED: {
    retryable: false,
    message: (d: { readonly sink: string; readonly table: string; readonly reason: string }) =>
      `${d.sink} refused a row of ${d.table}: ${d.reason}`,
    hint: 'Compare the table on both sides. `errors.tolerance: all` puts such rows into the dead letters and goes on.',
  },
  SINK_PART_REFUSED: {
    retryable: false,
    message: (d: {
      readonly sink: string;
      readonly transaction: string;
      readonly part: number;
      readonly reason: string;
    }) =>
      `transaction ${d.transaction} is too large to be written in one piece, and ${d.sink} refused a row in part ${d.part} of it: ${d.reason}`,
    hint: 'A row cannot be left out of a transaction in parts: the sink gave up what it had of it, and the parts before are no longer in memory. Repair the row or the table in the sink, leave the table out, or raise `scan.transaction.max.size` above the size of the transaction, which is then held in memory and its bad rows go to the dead letters.',
  },
  SINK_SCHEMA_REFUSED: {
    retryable: false,
    message: (d: { readonly sink: string; readonly table: string; readonly reason: string }) =>
      `${d.sink} cannot follow a changed definition of ${d.table}: ${d.reason}`,
    hint: 'Remove what stands in the way (a view or trigger that somebody made, a missing right) and run the pipeline again. `schema.change.behavior: try_evolve` leaves the table as it is and goes on.',
  },
  SINK_PIPE_CLOSED: {
    retryable: false,
    message: (d: { readonly sink: string }) => `whoever read ${d.sink} has closed it`,
    hint: 'Nothing to repair when the reader had enough, as in `| head`. Otherwise look at why it ended.',
  },
  SINK_WRITE_FAILED: {
    retryable: false,
    message: (d: { readonly sink: string; readonly reason: string }) => `cannot write to ${d.sink}: ${d.reason}`,
    hint: 'Check that the file and its folder exist and may be written by this user.',
  },
  SINK_DISK_FULL: {
    retryable: true,
    message: (d: { readonly sink: string }) => `no space left for ${d.sink}`,
    hint: 'Free space on that disk. The pipeline waits and goes on by itself.',
  },
  FILE_SHORTER_THAN_RECORDED: {
    retryable: false,
    message: (d: { readonly path: string; readonly length: number; readonly recorded: number }) =>
      `${d.path} holds ${d.length} bytes, but ${d.recorded} were recorded as written`,
    hint: 'Something else cut or replaced the file. Put the file back, or move it and its `.position` file away to start anew.',
  },
  SQLITE_BUSY: {
    retryable: true,
    message: (d: { readonly path: string }) => `another program holds the write lock of ${d.path}`,
    hint: 'The pipeline tries again by itself. Look for a program with a long write transaction on that file.',
  },
  SQLITE_CORRUPT: {
    retryable: false,
    message: (d: { readonly path: string; readonly reason: string }) => `${d.path} is damaged: ${d.reason}`,
    hint: 'Check the disk, move the file away, and run the pipeline again: it takes a new snapshot.',
  },
  SQLITE_NOT_A_DATABASE: {
    retryable: false,
    message: (d: { readonly path: string }) => `${d.path} is not a SQLite database`,
    hint: 'Give `path` a new file name, or the name of a file that this sink made.',
  },
  SQLITE_CANNOT_OPEN: {
    retryable: false,
    message: (d: { readonly path: string; readonly reason: string }) => `cannot open ${d.path}: ${d.reason}`,
    hint: 'Check that the folder exists and that this user may write to the file and the folder.',
  },
  SQLITE_FAILED: {
    retryable: false,
    message: (d: { readonly path: string; readonly action: string; readonly reason: string }) =>
      `SQLite could not ${d.action} in ${d.path}: ${d.reason}`,
    hint: 'Look at the reason. The position did not move, so running the pipeline again repeats the same write.',
  },
} as const satisfies Record<string, ErrorEntry>;
