import type { ErrorEntry } from './entry.ts';

export const deadLetterErrors = {
  DLQ_NOT_KEPT: {
    retryable: false,
    message: (d: { readonly file: string }) => `the pipeline of ${d.file} keeps no dead letters`,
    hint: 'Set `errors.tolerance: all` and `errors.deadletterqueue.path` in its `pipeline` section.',
  },
  DLQ_WHICH_PIPELINE: {
    retryable: false,
    message: (d: { readonly file: string; readonly pipelines: string }) =>
      `several pipelines of ${d.file} keep dead letters: ${d.pipelines}`,
    hint: 'Name one with `--pipeline NAME`.',
  },
  DLQ_UNREADABLE: {
    retryable: false,
    message: (d: { readonly path: string; readonly line: number; readonly reason: string }) =>
      `cannot read ${d.path}${d.line === 0 ? '' : ` at line ${d.line}`}: ${d.reason}`,
    hint: 'Look at that line. Take it out when something else wrote it; nothing else of the file is lost.',
  },
  DLQ_UNKNOWN_ID: {
    retryable: false,
    message: (d: { readonly path: string; readonly id: string }) => `${d.path} holds no letter ${d.id}`,
    hint: '`millrace dlq show FILE` prints the ids. A letter that was replayed or dropped is not there any more.',
  },
  DLQ_NO_SINK: {
    retryable: false,
    message: (d: { readonly file: string; readonly sink: string }) => `${d.file} has no sink named ${d.sink}`,
    hint: 'The letter was written by a sink of another name. Give the sink its old name for the replay, or drop the letter.',
  },
  DLQ_NO_SOURCE: {
    retryable: false,
    message: (d: { readonly file: string }) =>
      `${d.file} has no source at the place of the one that the letter came from`,
    hint: 'The sources of the file were changed since. Put the Kafka source back to its place for the replay, or drop the letter.',
  },
  DLQ_NOTHING_CHOSEN: {
    retryable: false,
    message: (d: { readonly command: string }) => `${d.command} needs ids, --code or --all`,
    hint: '`millrace dlq list FILE` shows the codes, `millrace dlq show FILE` the ids.',
  },
} as const satisfies Record<string, ErrorEntry>;
