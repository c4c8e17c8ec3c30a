import type { CommandSpec, OptionSpec } from './command.ts';

/** Options of every command that reads pipeline files. */
export const fileOptions: Readonly<Record<string, OptionSpec>> = {
  set: {
    value: 'KEY=VALUE',
    repeatable: true,
    describe:
      'Set one key over what the file says: `--set source.hostname=db2`. Not for secrets: other users see command lines.',
  },
  // Not --env-file: Node reads that one itself, wherever it stands, and ends with code 9 when the file is missing.
  env: {
    value: 'FILE',
    repeatable: true,
    describe: 'Take variables from a file of NAME=value lines; the environment itself goes first.',
  },
};

const convertNotes = [
  'The file goes to stdout. What has no counterpart, and what is taken over with a difference, stands as comments at its end; `-o json` has the same under `warnings`. Passwords become variables and are never printed.',
];

/** Commands that write, check and compare pipeline files, and look at what they name. */
export const fileCommands: readonly CommandSpec[] = [
  {
    name: 'init',
    effect: 'writes',
    summary: 'Write a pipeline file: by questions on a terminal, or from a template.',
    arguments: '[TEMPLATE]',
    fewest: 0,
    most: 1,
    formats: ['human', 'json'],
    options: {
      to: {
        value: 'FILE',
        describe:
          'Where to write it; `-` prints it. Default: TEMPLATE.yaml, or what the last question is answered with.',
      },
      force: { describe: 'Replace a file that is there.' },
      list: { describe: 'List the templates; so does `millrace init` where there is nobody to ask.' },
    },
    examples: [
      {
        command: 'millrace init',
        does: 'ask for the server, its tables and the sink, try each answer, and write the file',
      },
      { command: 'millrace init --list', does: 'list the templates' },
      {
        command: 'millrace init mysql-sqlite',
        does: 'write mysql-sqlite.yaml; a file that is there is never replaced',
      },
      {
        command: 'millrace init several --to pipelines.yaml',
        does: 'several pipelines, with a connection they share and a test',
      },
    ],
    notes: [
      'Questions are asked when stdin and stderr are a terminal and no TEMPLATE is named. Every answer is tried: the login, the tables, the rights and settings of the server, the sink. Passwords are never shown and never written: the file names variables. Ctrl-C ends it with exit code 130 and writes nothing.',
    ],
    load: () => import('./commands/init.ts'),
  },
  {
    name: 'doctor',
    effect: 'reads',
    summary: 'Connect to what a pipeline names, and say what to repair, with the SQL that does.',
    arguments: '[FILE...]',
    fewest: 0,
    most: Number.POSITIVE_INFINITY,
    formats: ['human', 'json'],
    options: {
      conn: {
        value: 'URL',
        repeatable: true,
        describe:
          'Look at this server, `mysql://user:password@host:port/`, as a source; `?password_env=NAME` takes the password from a variable.',
      },
      tables: { value: 'PATTERN', describe: 'With `--conn`: the tables that a pipeline would read (default: all).' },
      'deny-warnings': { describe: 'Answer 4 when there are warnings, too.' },
      ...fileOptions,
    },
    examples: [
      { command: 'millrace doctor orders.yaml', does: 'look at both ends of a pipeline' },
      {
        command: 'millrace doctor --conn "mysql://millrace@db1:3306/?password_env=MYSQL_PASSWORD" --tables shop.orders',
        does: 'look at a server before there is a file',
      },
    ],
    notes: [
      'Nothing is changed. ✔ is as it should be, ! will hurt one day, ✘ stops a pipeline; below each stands what repairs it. The exit code is 4 when there is a ✘.',
    ],
    load: () => import('./commands/doctor.ts'),
  },
  {
    name: 'test',
    effect: 'reads',
    summary: 'Run the tests in pipeline files: rows in, rows out, without any server.',
    arguments: 'FILE...',
    fewest: 1,
    most: Number.POSITIVE_INFINITY,
    formats: ['human', 'json'],
    options: fileOptions,
    examples: [
      { command: 'millrace test orders.yaml', does: 'say which tests pass, and show what differs' },
      { command: 'millrace test pipelines/*.yaml -o json', does: 'for a build' },
    ],
    notes: [
      'The exit code is 3 when a test fails. `-` is what was expected and did not come, `+` what came and was not expected.',
    ],
    load: () => import('./commands/test.ts'),
  },
  {
    name: 'plan',
    effect: 'reads',
    summary: 'Say which table goes where under which name, with the definitions that the sinks would run.',
    arguments: 'FILE...',
    fewest: 1,
    most: Number.POSITIVE_INFINITY,
    formats: ['human', 'json'],
    options: {
      detailed: { describe: 'Answer 3 when a target table is still to be made or changed.' },
      ...fileOptions,
    },
    examples: [
      { command: 'millrace plan orders.yaml', does: 'list tables, their targets, columns and keys' },
      { command: 'millrace plan orders.yaml --detailed', does: 'for a build: is anything to be made?' },
    ],
    notes: [
      'Nothing is written. `=` is a target that is there, `+` one that will be made, `~` one that will get columns; a blank stands where the target cannot be asked. Below stand the statements that a MySQL or SQLite sink would run as it begins.',
      'Of a file with `sql:` it is the tables of each INSERT INTO, and what they may count on after a restart.',
    ],
    load: () => import('./commands/plan.ts'),
  },
  {
    name: 'copy',
    effect: 'writes',
    summary: 'Copy tables from a server to somewhere else, without a file.',
    arguments: '',
    fewest: 0,
    most: 0,
    formats: ['human', 'json'],
    options: {
      from: {
        value: 'URL',
        describe: 'The source: `mysql://user:password@host:port/`, or `?password_env=NAME` for the password.',
      },
      to: {
        value: 'URL',
        describe:
          'The target: `sqlite:shop.db`, `file:changes.ndjson`, `-` (stdout), `kafka://host:9092/topic` or `mysql://…`, as far as this version has the sink.',
      },
      tables: { value: 'PATTERN', repeatable: true, describe: 'Which tables: `shop.orders`, `shop.\\.*`.' },
      follow: { describe: 'Go on with changes after the rows are copied.' },
      name: { value: 'NAME', describe: 'What positions are kept under (default `copy`).' },
      'dry-run': { describe: 'Print what would run.' },
      set: fileOptions['set']!,
    },
    examples: [
      {
        command: 'millrace copy --from mysql://root@127.0.0.1:3306/ --to sqlite:shop.db --tables shop.orders',
        does: 'copy a table and end',
      },
      {
        command: 'millrace copy --from "mysql://root@db1/?password_env=PW" --to - --tables shop.customers --follow',
        does: 'print rows, then changes as they come',
      },
    ],
    notes: [
      'Run again, it goes on where the target stands. Other users of this machine see command lines: give passwords by `?password_env=`.',
    ],
    load: () => import('./commands/copy.ts'),
  },
  {
    name: 'config show',
    effect: 'reads',
    summary: 'Print every setting in force: variables put in, defaults filled in, secrets as ***.',
    arguments: 'FILE...',
    fewest: 1,
    most: Number.POSITIVE_INFINITY,
    formats: ['human', 'json'],
    options: fileOptions,
    examples: [{ command: 'millrace config show orders.yaml --set source.hostname=db2', does: 'what would run' }],
    load: () => import('./commands/config-show.ts'),
  },
  {
    name: 'config diff',
    effect: 'reads',
    summary: 'Compare the settings in force of two files.',
    arguments: 'FILE FILE',
    fewest: 2,
    most: 2,
    formats: ['human', 'json'],
    options: { env: fileOptions['env']! },
    examples: [
      {
        command: 'millrace config diff orders.yaml orders.new.yaml',
        does: 'settings that differ, however they are written',
      },
    ],
    notes: [
      'The exit code is 3 when a setting differs. Secrets are compared as ***: two that differ are not told apart.',
    ],
    load: () => import('./commands/config-diff.ts'),
  },
  {
    name: 'config schema',
    effect: 'reads',
    summary: 'Print the JSON Schema of pipeline files, for editors.',
    arguments: '',
    fewest: 0,
    most: 0,
    formats: ['human', 'json'],
    options: {},
    examples: [{ command: 'millrace config schema > schema.json', does: 'draft-07, as YAML language servers read it' }],
    load: () => import('./commands/config-schema.ts'),
  },
  {
    name: 'conns list',
    effect: 'reads',
    summary: 'List the ends of the pipelines in files.',
    arguments: 'FILE...',
    fewest: 1,
    most: Number.POSITIVE_INFINITY,
    formats: ['human', 'json'],
    options: fileOptions,
    examples: [{ command: 'millrace conns list pipelines/*.yaml', does: 'who reads and writes where' }],
    load: () => import('./commands/conns-list.ts'),
  },
  {
    name: 'conns test',
    effect: 'reads',
    summary: 'Try to connect to each end of the pipelines in files; `doctor` looks closer.',
    arguments: 'FILE...',
    fewest: 1,
    most: Number.POSITIVE_INFINITY,
    formats: ['human', 'json'],
    options: fileOptions,
    examples: [
      { command: 'millrace conns test pipelines/*.yaml', does: 'one line each, and the exit code 4 when one fails' },
    ],
    load: () => import('./commands/conns-test.ts'),
  },
  {
    name: 'conns discover',
    effect: 'reads',
    summary: 'List the tables of a server, with rows, size, engine and key.',
    arguments: 'FILE|URL...',
    fewest: 1,
    most: Number.POSITIVE_INFINITY,
    formats: ['human', 'json'],
    options: {
      tables: { value: 'PATTERN', repeatable: true, describe: 'Only these: `shop.\\.*`.' },
      ...fileOptions,
    },
    examples: [
      { command: 'millrace conns discover mysql://root@127.0.0.1:3306/', does: 'what is there' },
      { command: 'millrace conns discover orders.yaml', does: 'what is there, and what the file captures of it' },
    ],
    load: () => import('./commands/conns-discover.ts'),
  },
  {
    name: 'types',
    effect: 'reads',
    summary: 'Print TypeScript types of the rows of tables, for applications.',
    arguments: 'FILE|URL',
    fewest: 1,
    most: 1,
    formats: ['human', 'json'],
    options: {
      tables: { value: 'PATTERN', repeatable: true, describe: 'Only these: `shop.\\.*`.' },
      ...fileOptions,
    },
    examples: [
      {
        command: "millrace types mysql://root@127.0.0.1:3306/ --tables 'shop.\\.*' > tables.ts",
        does: 'all tables of a database',
      },
      { command: 'millrace types orders.yaml > tables.ts', does: 'the tables that a pipeline captures' },
    ],
    notes: [
      '`createCache<Tables>` of `millrace/cache` takes what this prints: then each table has its own rows and keys.',
    ],
    load: () => import('./commands/types.ts'),
  },
  {
    name: 'convert debezium',
    effect: 'reads',
    summary: 'Make a pipeline file of a Debezium connector: MySQL or MariaDB source, or JDBC sink.',
    arguments: 'FILE',
    fewest: 1,
    most: 1,
    formats: ['human', 'json'],
    options: {
      offsets: {
        value: 'FILE',
        describe:
          'Begin where Debezium stands: a dump of the offsets topic, or the answer of `GET /connectors/NAME/offsets`.',
      },
    },
    examples: [
      {
        command: 'millrace convert debezium inventory.json > inventory.yaml',
        does: 'a connector as Kafka Connect takes it',
      },
      {
        command: 'millrace convert debezium application.properties',
        does: 'the same as properties, Debezium Server’s too',
      },
      {
        command: 'millrace convert debezium inventory.json --offsets offsets.json > inventory.yaml',
        does: 'go on where Debezium stopped',
      },
    ],
    notes: convertNotes,
    load: () => import('./commands/convert.ts'),
  },
  {
    name: 'convert maxwell',
    effect: 'reads',
    summary: 'Make a pipeline file of Maxwell’s config.properties.',
    arguments: 'FILE',
    fewest: 1,
    most: 1,
    formats: ['human', 'json'],
    options: {},
    examples: [
      {
        command: 'millrace convert maxwell config.properties > shop.yaml',
        does: 'Maxwell’s settings, filter included',
      },
    ],
    notes: convertNotes,
    load: () => import('./commands/convert.ts'),
  },
  {
    name: 'convert canal',
    effect: 'reads',
    summary: 'Make a pipeline file of a Canal instance, or of mappings of its client adapter.',
    arguments: 'FILE...',
    fewest: 1,
    most: Number.POSITIVE_INFINITY,
    formats: ['human', 'json'],
    options: {},
    examples: [
      {
        command: 'millrace convert canal conf/example/instance.properties conf/canal.properties > example.yaml',
        does: 'an instance, with the settings of its server',
      },
      {
        command: 'millrace convert canal conf/application.yml conf/rdb/*.yml > adapter.yaml',
        does: 'tables of the client adapter',
      },
    ],
    notes: convertNotes,
    load: () => import('./commands/convert.ts'),
  },
  {
    name: 'convert flink-cdc',
    effect: 'reads',
    summary: 'Tidy a Flink CDC pipeline file: leave out what has no effect, take passwords out of it.',
    arguments: 'FILE',
    fewest: 1,
    most: 1,
    formats: ['human', 'json'],
    options: {},
    examples: [
      {
        command: 'millrace convert flink-cdc mysql-to-kafka.yaml > shop.yaml',
        does: 'a pipeline; most load as they are',
      },
    ],
    notes: convertNotes,
    load: () => import('./commands/convert.ts'),
  },
  {
    name: 'convert rdi',
    effect: 'reads',
    summary: 'Make a pipeline file of a pipeline of Redis Data Integration, with its jobs.',
    arguments: 'FILE...',
    fewest: 1,
    most: Number.POSITIVE_INFINITY,
    formats: ['human', 'json'],
    options: {},
    examples: [
      {
        command: 'millrace convert rdi config.yaml jobs/*.yaml > shop.yaml',
        does: 'MySQL to Redis, with its jobs as keys, values and `transform`',
      },
    ],
    notes: convertNotes,
    load: () => import('./commands/convert.ts'),
  },
  {
    name: 'support-bundle',
    effect: 'writes',
    summary: 'Gather files, versions and findings for somebody who helps, without secrets and rows.',
    arguments: '[FILE...]',
    fewest: 0,
    most: Number.POSITIVE_INFINITY,
    formats: ['human', 'json'],
    options: {
      to: { value: 'FILE', describe: 'The archive to write (default millrace-support.tar.gz).' },
      force: { describe: 'Replace a file that is there.' },
      offline: { describe: 'Connect to nothing: leave out what `doctor` would say.' },
      'api-url': {
        value: 'URL',
        describe: 'Ask a running `millrace serve` for the state of its pipelines; MILLRACE_API_TOKEN is its token.',
      },
      ...fileOptions,
    },
    examples: [
      { command: 'millrace support-bundle orders.yaml', does: 'write millrace-support.tar.gz' },
      { command: 'millrace support-bundle pipelines/*.yaml --offline --to bundle.tar.gz', does: 'without connecting' },
    ],
    load: () => import('./commands/support-bundle.ts'),
  },
  {
    name: 'completion',
    effect: 'reads',
    summary: 'Print a completion script for a shell.',
    arguments: 'bash|zsh|fish',
    fewest: 1,
    most: 1,
    formats: ['human', 'json'],
    options: {},
    examples: [
      { command: 'millrace completion bash > ~/.local/share/bash-completion/completions/millrace', does: 'for bash' },
      { command: 'millrace completion fish > ~/.config/fish/completions/millrace.fish', does: 'for fish' },
    ],
    load: () => import('./commands/completion.ts'),
  },
];
