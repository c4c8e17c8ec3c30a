import type { ErrorEntry } from './entry.ts';

const orElse = (suggestion: string | null): string => (suggestion === null ? '' : `; did you mean ${suggestion}?`);

/** What the HTTP API refuses, what its clients meet, and what can go wrong with processes under `serve`. */
export const serverErrors = {
  API_BAD_JSON: {
    retryable: false,
    message: (d: { readonly reason: string }) => `the body is not what this path takes: ${d.reason}`,
    hint: 'Send one JSON object with the fields that /api/openapi.json lists for the path; nothing was changed.',
  },
  API_BODY_TOO_LARGE: {
    retryable: false,
    message: (d: { readonly limit: number }) => `the body has more than ${d.limit} bytes`,
    hint: 'A pipeline file has at most 1 MiB, every other body 64 KiB; nothing was changed.',
  },
  API_BODY_SLOW: {
    retryable: true,
    message: (d: { readonly seconds: number }) => `the body was not complete within ${d.seconds} s`,
    hint: 'Send the request again over a better connection; nothing was changed.',
  },
  API_NOT_FOUND: {
    retryable: false,
    message: (d: { readonly path: string }) => `there is nothing at ${d.path}`,
    hint: 'The page `/api` lists every path.',
  },
  API_METHOD: {
    retryable: false,
    message: (d: { readonly method: string; readonly path: string; readonly allowed: string }) =>
      `${d.path} does not take ${d.method}, only ${d.allowed}`,
    hint: 'Use one of those methods; the page `/api` lists every path.',
  },
  API_UNKNOWN_PIPELINE: {
    retryable: false,
    message: (d: { readonly pipeline: string; readonly suggestion: string | null }) =>
      `there is no pipeline ${d.pipeline}${orElse(d.suggestion)}`,
    hint: 'Run `millrace list` for the names of all pipelines.',
  },
  API_TOKEN_MISSING: {
    retryable: false,
    message: () => 'this server wants a token',
    hint: 'Set MILLRACE_API_TOKEN or name a file with `--token-file`; over HTTP send `Authorization: Bearer TOKEN`.',
  },
  API_TOKEN_WRONG: {
    retryable: false,
    message: () => 'the token is not the one that this server wants',
    hint: 'Compare it with the one the server was started with: `server.auth.token`, `--token-file` or MILLRACE_API_TOKEN.',
  },
  API_FOREIGN_HOST: {
    retryable: false,
    message: (d: { readonly host: string }) =>
      `the request names the host ${d.host}, which this server does not listen on`,
    hint: 'Use the address that the server prints at its start, or give it a token: then any name will do.',
  },
  API_FOREIGN_ORIGIN: {
    retryable: false,
    message: (d: { readonly origin: string }) => `the request comes from a page of ${d.origin}`,
    hint: 'Pages of other sites may not use this API; use it from a program, or from the page that the server itself shows.',
  },
  API_LISTEN_OPEN: {
    retryable: false,
    message: (d: { readonly listen: string }) => `listening on ${d.listen} without a token would let everybody in`,
    hint: 'Set a token (`--token-file FILE`, MILLRACE_API_TOKEN or `server.auth.token`), or listen on 127.0.0.1.',
  },
  API_LISTEN_FAILED: {
    retryable: false,
    message: (d: { readonly listen: string; readonly reason: string }) => `cannot listen on ${d.listen}: ${d.reason}`,
    hint: 'Choose a free address with `--listen HOST:PORT`; port 0 takes any free one.',
  },
  API_TAIL_OFF: {
    retryable: false,
    message: () => 'this server shows no row values',
    hint: 'Start it with `--allow-tail` (or `server.allow-tail: true`) to let whoever may use the API see rows pass.',
  },
  API_NOT_SUPPORTED: {
    retryable: false,
    message: (d: { readonly what: string }) => `${d.what} is not possible here`,
    hint: 'Run the pipelines under `millrace serve --dir DIR`: there they are started, changed and removed one by one.',
  },
  API_FILE_WRONG: {
    retryable: false,
    message: (d: { readonly pipeline: string; readonly errors: number; readonly first: string }) =>
      `the file for ${d.pipeline} has ${d.errors} ${d.errors === 1 ? 'error' : 'errors'}, first: ${d.first}`,
    hint: 'Repair what `diagnostics` lists and send it again; what ran before goes on running.',
  },
  API_NAME_TAKEN: {
    retryable: false,
    message: (d: { readonly pipeline: string; readonly file: string }) =>
      `a pipeline called ${d.pipeline} is there already, from ${d.file}`,
    hint: 'Give each file its own `pipeline.name`: positions are kept under it.',
  },
  API_UNREACHABLE: {
    retryable: true,
    message: (d: { readonly url: string; readonly reason: string }) => `cannot reach millrace at ${d.url}: ${d.reason}`,
    hint: 'Start it (`millrace serve --dir DIR`, `millrace run FILE --listen 127.0.0.1:8765`), or name its address with `--api-url` or MILLRACE_API_URL.',
  },
  API_ANSWER: {
    retryable: false,
    message: (d: { readonly url: string; readonly status: number }) =>
      `${d.url} answered ${d.status}, and not as millrace does`,
    hint: 'Check that `--api-url` names a millrace and no proxy page; compare the versions of both sides.',
  },
  API_PIPELINE_STATE: {
    retryable: false,
    message: (d: { readonly pipeline: string; readonly state: string; readonly wanted: string }) =>
      `pipeline ${d.pipeline} is ${d.state}, and this needs it ${d.wanted}`,
    hint: 'Bring it there first with `millrace pause`, `millrace resume` or `millrace restart`.',
  },
  OFFSETS_UNSUPPORTED: {
    retryable: false,
    message: () => 'the source of this pipeline cannot be asked for a place',
    hint: 'Positions of one MySQL or MariaDB server can be set; for other sources change the file and empty the sink.',
  },
  SNAPSHOT_UNSUPPORTED: {
    retryable: false,
    message: (d: { readonly pipeline: string }) => `the source of ${d.pipeline} has no tables that could be read again`,
    hint: 'Snapshots are taken of MySQL and MariaDB servers. Set another start in the file for this source, and give the pipeline another name.',
  },
  SIGNAL_REFUSED: {
    retryable: false,
    message: (d: { readonly offset: number; readonly reason: string }) =>
      `the signal at offset ${d.offset} ${d.reason}`,
    hint: 'Send it again as Debezium writes signals: the key is the name of the pipeline, the value {"type": "execute-snapshot", "data": {"data-collections": ["db.table"], "type": "incremental"}}. The pipeline went on without it.',
  },
  PIPELINE_QUESTION_FAILED: {
    retryable: false,
    message: (d: { readonly reason: string }) => `the pipeline could not answer: ${d.reason}`,
    hint: 'Please report it with what `millrace logs` shows.',
  },
  SERVE_CHILD_SILENT: {
    retryable: true,
    message: (d: { readonly pipeline: string; readonly seconds: number }) =>
      `the process of pipeline ${d.pipeline} has not answered for ${d.seconds} s`,
    hint: 'It may be starting, or busy beyond measure; `millrace restart` replaces the process, and nothing is lost.',
  },
  SERVE_CHILD_ENDED: {
    retryable: true,
    message: (d: { readonly pipeline: string; readonly reason: string }) =>
      `the process of pipeline ${d.pipeline} ended: ${d.reason}`,
    hint: 'It is started again by itself; `millrace logs` shows what it said last.',
  },
  SERVE_NOTHING: {
    retryable: false,
    message: (d: { readonly where: string }) => `there is no pipeline to run in ${d.where}`,
    hint: 'Repair what the lines above say of files that are there, put files that end in .yaml or .yml there, name files, or add pipelines by the API once it runs (`--allow-empty`).',
  },
  SERVE_STATE_UNREADABLE: {
    retryable: false,
    message: (d: { readonly file: string; readonly reason: string }) =>
      `cannot use the state in ${d.file}: ${d.reason}`,
    hint: 'The file says which pipelines are paused or stopped. Repair it, or remove it to run all of them.',
  },
  WAIT_TIMED_OUT: {
    retryable: true,
    message: (d: {
      readonly pipeline: string;
      readonly condition: string;
      readonly seconds: number;
      readonly now: string;
    }) => `${d.pipeline} was not ${d.condition} within ${d.seconds} s; the last look: ${d.now}`,
    hint: 'Look at `millrace describe`, or wait longer with `--timeout`.',
  },
  CONFIRMATION_NEEDED: {
    retryable: false,
    message: (d: { readonly what: string }) => `not confirmed: ${d.what}`,
    hint: 'Type the name when asked, or add `--yes` where nobody can be asked. Nothing was changed.',
  },
} as const satisfies Record<string, ErrorEntry>;
