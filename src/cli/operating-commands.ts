import type { CommandSpec, OptionSpec } from './command.ts';

/** Options of the commands that serve the API. */
export const serverOptions: Readonly<Record<string, OptionSpec>> = {
  listen: { value: 'HOST:PORT', describe: 'Address of the HTTP API; off loopback a token is needed.' },
  'token-file': {
    value: 'FILE',
    describe: 'File that holds the token of the API. Without it, the variable MILLRACE_API_TOKEN.',
  },
  'tls-cert': { value: 'FILE', describe: 'PEM certificate of the API; makes it HTTPS.' },
  'tls-key': { value: 'FILE', describe: 'PEM private key of that certificate.' },
  'allow-tail': { describe: 'Let whoever may use the API see row values pass (`millrace tail`).' },
};

/** Options of the commands that ask a running millrace. */
export const clientOptions: Readonly<Record<string, OptionSpec>> = {
  'api-url': {
    value: 'URL',
    describe:
      'Where millrace runs. Without it, the variable MILLRACE_API_URL, the context in use (`millrace context`), else http://127.0.0.1:8765.',
  },
  'token-file': {
    value: 'FILE',
    describe:
      'File that holds the token. Without it, the variables MILLRACE_API_TOKEN_FILE and MILLRACE_API_TOKEN, else the token of the context in use.',
  },
  'api-ca': { value: 'FILE', describe: 'PEM file of the authority that signed the certificate of the API.' },
};

const yes: OptionSpec = { short: 'y', describe: 'Do not ask.' };
const several = { fewest: 1, most: Number.POSITIVE_INFINITY, arguments: 'NAME...' } as const;
const one = { fewest: 1, most: 1, arguments: 'NAME' } as const;

/** Commands about pipelines that run: clients of the HTTP API, all of them but `serve`. */
export const operatingCommands: readonly CommandSpec[] = [
  {
    name: 'serve',
    summary: 'Run many pipelines, each in a process of its own, with the HTTP API.',
    arguments: '[FILE...]',
    fewest: 0,
    most: Number.POSITIVE_INFINITY,
    formats: ['human'],
    options: {
      dir: { value: 'DIR', describe: 'Run every .yaml and .yml file of this folder, and follow what changes there.' },
      state: {
        value: 'DIR',
        describe: 'Where it is kept which pipelines are paused or stopped. Default: .millrace in DIR, or here.',
      },
      'allow-empty': { describe: 'Start without any pipeline: they come by the API.' },
      ...serverOptions,
      env: {
        value: 'FILE',
        repeatable: true,
        describe: 'Take variables from a file of NAME=value lines; the environment itself goes first.',
      },
    },
    examples: [
      { command: 'millrace serve --dir /etc/millrace', does: 'run everything in the folder' },
      {
        command:
          'millrace serve --dir /etc/millrace --listen 0.0.0.0:8765 --token-file /run/secrets/api --tls-cert c.pem --tls-key k.pem',
        does: 'let other machines use the API',
      },
    ],
    notes: [
      'A process that dies is started again alone, at once and then with growing pauses; the reason is kept. A pipeline that fails with an error that will not pass by itself stays `failed` until `millrace restart`, or until its file changes.',
      'A file that changes is linted first. With errors, what ran before goes on running.',
      'Pauses and stops survive a restart of `serve`. When `serve` is killed, its pipelines end gracefully by themselves.',
      'SIGHUP reads all files again.',
      'The API is served as the `server` section of the files says; the options go over it. It is read at the start only, and files that say something of it must agree: otherwise a warning says so, and the options alone count.',
    ],
    load: () => import('./commands/serve.ts'),
  },
  {
    name: 'list',
    summary: 'List the pipelines of a running millrace.',
    arguments: '',
    fewest: 0,
    most: 0,
    formats: ['human', 'json'],
    options: clientOptions,
    examples: [{ command: 'millrace list', does: 'one line each' }],
    load: () => import('./commands/list.ts'),
  },
  {
    name: 'status',
    summary: 'Say how pipelines are; the exit code is their health.',
    arguments: '[NAME...]',
    fewest: 0,
    most: Number.POSITIVE_INFINITY,
    formats: ['human', 'json'],
    options: clientOptions,
    examples: [
      { command: 'millrace status && ./deploy', does: 'go on only when everything runs' },
      { command: 'millrace status orders -o json', does: 'one pipeline, for a program' },
    ],
    notes: ['The exit code is 0 when all are running, snapshotting, or paused or stopped on request, and 4 otherwise.'],
    load: () => import('./commands/status.ts'),
  },
  {
    name: 'describe',
    summary: 'Say everything about one pipeline: health, lag, speeds, positions, snapshot, tables, settings.',
    ...one,
    formats: ['human', 'json'],
    options: clientOptions,
    examples: [{ command: 'millrace describe orders', does: 'secrets are shown as ***' }],
    load: () => import('./commands/describe.ts'),
  },
  {
    name: 'wait',
    summary: 'Wait until a pipeline is as you want it.',
    ...one,
    formats: ['human', 'json'],
    options: {
      for: {
        value: 'CONDITION',
        describe: 'healthy (the default), paused, stopped, snapshot-done, or a lag such as `lag<5s`.',
      },
      timeout: { value: 'DURATION', describe: 'How long at most (default 5min); then the exit code is 5.' },
      ...clientOptions,
    },
    examples: [
      { command: 'millrace wait orders', does: 'until it reads and nothing is wrong' },
      { command: 'millrace wait orders --for snapshot-done --timeout 2h', does: 'until its tables have been read' },
      { command: 'millrace wait orders --for "lag<5s"', does: 'until it has caught up' },
    ],
    notes: ['While millrace cannot be reached, it is tried again until the time is over.'],
    load: () => import('./commands/wait.ts'),
  },
  {
    name: 'pause',
    summary: 'Make pipelines write what they read, close both ends, and hold.',
    ...several,
    formats: ['human', 'json'],
    options: clientOptions,
    examples: [{ command: 'millrace pause orders', does: 'holds until `millrace resume orders`, over restarts too' }],
    load: () => import('./commands/pause.ts'),
  },
  {
    name: 'resume',
    summary: 'Let pipelines go on after a pause or stop, where their sinks are.',
    ...several,
    formats: ['human', 'json'],
    options: clientOptions,
    examples: [{ command: 'millrace resume orders', does: 'go on' }],
    load: () => import('./commands/resume.ts'),
  },
  {
    name: 'stop',
    summary: 'Make pipelines write what they read, and end their processes.',
    ...several,
    formats: ['human', 'json'],
    options: clientOptions,
    examples: [{ command: 'millrace stop orders', does: 'stays stopped until `millrace resume orders`' }],
    load: () => import('./commands/stop.ts'),
  },
  {
    name: 'restart',
    summary: 'End pipelines gracefully and begin again where their sinks are; after a failure too.',
    ...several,
    formats: ['human', 'json'],
    options: clientOptions,
    examples: [{ command: 'millrace restart orders', does: 'a new process under `serve`' }],
    load: () => import('./commands/restart.ts'),
  },
  {
    name: 'top',
    summary: 'Watch all pipelines: health, lag and the four speeds, every second.',
    arguments: '',
    fewest: 0,
    most: 0,
    formats: ['human', 'jsonl'],
    options: {
      count: { short: 'n', value: 'N', describe: 'End after showing it so often.' },
      ...clientOptions,
    },
    examples: [
      { command: 'millrace top', does: 'until Ctrl-C' },
      { command: 'millrace top -n 1', does: 'once' },
    ],
    load: () => import('./commands/top.ts'),
  },
  {
    name: 'speed',
    summary: 'Show the four speeds: S_r received, S_h processed, S_p pushed, S_sync durable, and the lag.',
    arguments: '[NAME...]',
    fewest: 0,
    most: Number.POSITIVE_INFINITY,
    formats: ['human', 'json'],
    options: clientOptions,
    examples: [{ command: 'millrace speed orders', does: 'rows and bytes a second over the last 10 s, and in all' }],
    load: () => import('./commands/speed.ts'),
  },
  {
    name: 'logs',
    summary: 'Print what a pipeline logged last.',
    ...one,
    formats: ['human', 'jsonl'],
    options: {
      follow: { short: 'f', describe: 'Go on with what it logs from now on.' },
      limit: { short: 'n', value: 'N', describe: 'How many lines at most (default 200).' },
      ...clientOptions,
    },
    examples: [{ command: 'millrace logs orders -f', does: 'the last lines, then new ones' }],
    load: () => import('./commands/logs.ts'),
  },
  {
    name: 'tail',
    summary: 'Print rows as they pass through a pipeline, one JSON object a line.',
    ...one,
    formats: ['human', 'jsonl'],
    options: {
      table: { value: 'PATTERN', repeatable: true, describe: 'Only these tables: `shop.orders, shop.o\\.*`.' },
      op: { value: 'OP', repeatable: true, describe: 'Only read, create, update or delete.' },
      rate: { value: 'N', describe: 'Rows a second at most (default 100); what is left out is counted on stderr.' },
      limit: { short: 'n', value: 'N', describe: 'End after so many rows.' },
      ...clientOptions,
    },
    examples: [{ command: 'millrace tail orders --table shop.orders --op update', does: 'until Ctrl-C' }],
    notes: ['It prints row values, so millrace must have been started with `--allow-tail`.'],
    load: () => import('./commands/tail.ts'),
  },
  {
    name: 'snapshot',
    summary: 'Read tables again while changes go on, or hold, go on with or cancel that.',
    ...one,
    formats: ['human', 'json'],
    options: {
      table: { value: 'TABLE', repeatable: true, describe: 'A table, `database.table`.' },
      where: { value: 'SQL', describe: 'Only rows for which this holds; nothing is swept then.' },
      pause: { describe: 'Hold the reading of tables.' },
      resume: { describe: 'Go on after a pause.' },
      cancel: { describe: 'End it where it stands: of the tables named, or of all.' },
      ...clientOptions,
    },
    examples: [
      { command: 'millrace snapshot orders --table shop.orders', does: 'read the table again' },
      { command: 'millrace snapshot orders --table shop.orders --where "id > 1000"', does: 'some of its rows' },
      { command: 'millrace snapshot orders --pause', does: 'give the server a rest' },
      { command: 'millrace snapshot orders', does: 'say how far it is' },
    ],
    load: () => import('./commands/snapshot.ts'),
  },
  {
    name: 'offsets get',
    summary: 'Say where a pipeline is: what every sink holds.',
    ...one,
    formats: ['human', 'json'],
    options: clientOptions,
    examples: [{ command: 'millrace offsets get orders', does: 'GTIDs, file and byte' }],
    load: () => import('./commands/offsets-get.ts'),
  },
  {
    name: 'offsets set',
    summary: 'Make a paused or failed pipeline go on from another place.',
    ...one,
    formats: ['human', 'json'],
    options: {
      gtid: { value: 'SET', describe: 'GTIDs that count as done: everything else is read.' },
      file: { value: 'FILE', describe: 'A binlog file.' },
      pos: {
        value: 'BYTE',
        describe: 'Where in that file; a transaction must begin there (default 4, its beginning).',
      },
      timestamp: {
        value: 'TIME',
        describe: 'The first transaction of this second or later: ISO 8601, or milliseconds since 1970.',
      },
      earliest: { describe: 'The oldest place that the server has.' },
      latest: { describe: 'The end of the log: what is between is skipped.' },
      yes,
      ...clientOptions,
    },
    examples: [
      { command: 'millrace offsets set orders --gtid 3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5000', does: 'by GTIDs' },
      { command: 'millrace offsets set orders --timestamp 2026-11-29T08:00:00Z', does: 'by time' },
      { command: 'millrace offsets set orders --file binlog.000412 --pos 157', does: 'by file and byte' },
    ],
    notes: [
      'Rows in the sinks stay as they are. Going back brings changes again, which a mirror takes without harm; going forward skips changes for good, which is why it asks.',
      'The old place and the command that goes back to it are printed.',
    ],
    load: () => import('./commands/offsets-set.ts'),
  },
  {
    name: 'offsets reset',
    summary: 'Make a paused or failed pipeline begin anew as its file says, snapshots included.',
    ...one,
    formats: ['human', 'json'],
    options: { yes, ...clientOptions },
    examples: [{ command: 'millrace offsets reset orders', does: 'asks for the name first' }],
    load: () => import('./commands/offsets-reset.ts'),
  },
];
