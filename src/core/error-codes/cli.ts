import type { ErrorEntry } from './entry.ts';

const orElse = (suggestion: string | null): string => (suggestion === null ? '' : `; did you mean ${suggestion}?`);

/** What can be wrong with a command line. */
export const cliErrors = {
  CLI_UNKNOWN_COMMAND: {
    retryable: false,
    message: (d: { readonly command: string; readonly suggestion: string | null }) =>
      `there is no command ${d.command}${orElse(d.suggestion)}`,
    hint: 'Run `millrace --help` for the list of commands.',
  },
  CLI_UNKNOWN_OPTION: {
    retryable: false,
    message: (d: { readonly command: string; readonly option: string; readonly suggestion: string | null }) =>
      `${d.command} has no option ${d.option}${orElse(d.suggestion)}`,
    hint: 'Add `--help` to the command to see its options.',
  },
  CLI_OPTION_VALUE: {
    retryable: false,
    message: (d: { readonly option: string; readonly reason: string }) => `${d.option}: ${d.reason}`,
    hint: 'Add `--help` to the command to see what the option takes.',
  },
  CLI_ARGUMENTS: {
    retryable: false,
    message: (d: { readonly command: string; readonly reason: string }) => `${d.command}: ${d.reason}`,
    hint: 'Add `--help` to the command to see what it takes.',
  },
  CLI_INPUT_UNREADABLE: {
    retryable: false,
    message: (d: { readonly input: string; readonly reason: string }) => `cannot read ${d.input}: ${d.reason}`,
    hint: 'Check the path. `binlog` takes a file, a folder of binlog files or a server as mysql://user:password@host:port/; `redis rdb` takes a saved file, `redis aof` an append-only log or its folder.',
  },
  CLI_BINLOG_DAMAGED: {
    retryable: false,
    message: (d: { readonly file: string; readonly position: number }) =>
      `${d.file} cannot be read beyond the event at ${d.position}`,
    hint: 'Everything before that place was printed. Compare the file with the server’s own (`mysqlbinlog --verify-binlog-checksum`), and copy it again when only the copy is damaged.',
  },
  CLI_BINLOG_TORN: {
    retryable: false,
    message: (d: { readonly file: string; readonly position: number; readonly bytes: number }) =>
      d.bytes === 0
        ? `${d.file} is empty`
        : `${d.file} ends inside an event: ${d.bytes} bytes from ${d.position} on were not read`,
    hint: 'Everything before that place was printed. A server that is writing the file completes the event; a copy must be made again.',
  },
  CLI_FILE_EXISTS: {
    retryable: false,
    message: (d: { readonly file: string }) => `${d.file} is there already, and was left as it is`,
    hint: 'Choose another name with `--to FILE`, or let the file be replaced with `--force`.',
  },
  CLI_FILE_UNWRITABLE: {
    retryable: false,
    message: (d: { readonly file: string; readonly reason: string }) => `cannot write ${d.file}: ${d.reason}`,
    hint: 'Check that the folder exists and that this user may write into it.',
  },
  CLI_UNKNOWN_CONTEXT: {
    retryable: false,
    message: (d: { readonly context: string; readonly known: readonly string[]; readonly suggestion: string | null }) =>
      `there is no context ${d.context} (known: ${d.known.join(', ') || 'none'})${orElse(d.suggestion)}`,
    hint: 'Add it with `millrace context add NAME URL`, or choose another with `millrace context use NAME` or MILLRACE_CONTEXT.',
  },
  CLI_UNKNOWN_TEMPLATE: {
    retryable: false,
    message: (d: {
      readonly template: string;
      readonly known: readonly string[];
      readonly suggestion: string | null;
    }) => `there is no template ${d.template} (known: ${d.known.join(', ')})${orElse(d.suggestion)}`,
    hint: '`millrace init` without a name lists the templates with what each is for.',
  },
  CLI_UNKNOWN_CODE: {
    retryable: false,
    message: (d: { readonly code: string; readonly suggestions: readonly string[] }) =>
      `there is no error code ${d.code}${d.suggestions.length === 0 ? '' : `; near it are ${d.suggestions.join(', ')}`}`,
    hint: 'docs/errors.md lists every code; `millrace explain` without a code prints their names.',
  },
} as const satisfies Record<string, ErrorEntry>;
