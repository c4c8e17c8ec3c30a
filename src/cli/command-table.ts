import type { CommandSpec, OptionSpec } from './command.ts';
import { contextCommands } from './context-commands.ts';
import { deadLetterCommands } from './dead-letter-commands.ts';
import { fileCommands, fileOptions } from './file-commands.ts';
import { flinkCommands } from './flink-commands.ts';
import { clientOptions, operatingCommands, serverOptions } from './operating-commands.ts';
import { stateCommands } from './state-commands.ts';

const binlogOptions: Readonly<Record<string, OptionSpec>> = {
  from: { value: 'POSITION', describe: 'Begin at this byte of the first file; it must be where an event starts.' },
  to: { value: 'POSITION', describe: 'End before the first event that starts at or after this byte of the last file.' },
  'stop-never': { describe: 'Wait for more at the end of a live server’s log.' },
};

/** Every command. Help, docs/cli.md and the parser are made from this table. */
export const commands: readonly CommandSpec[] = [
  {
    name: 'demo',
    effect: 'writes',
    summary: 'Run the main job on real input, break it twice on purpose, and prove both sides equal.',
    arguments: '',
    fewest: 0,
    most: 0,
    formats: ['human', 'json'],
    options: {
      mysql: {
        value: 'URL',
        describe: 'Use this server, `mysql://user:password@host:port`, instead of one found here or the recording.',
      },
      recorded: { describe: 'Use the recorded binlog even where a server could be started.' },
      seconds: { value: 'N', describe: 'How long changes are made (default 8).' },
      keep: { describe: 'Leave the mirror and the change log where they are.' },
    },
    examples: [
      {
        command: 'millrace demo',
        does: 'use a private server if there is one on this machine, else the recorded binlog',
      },
      { command: 'millrace demo --recorded', does: 'replay the recorded binlog by the replication protocol' },
      {
        command: 'millrace demo --mysql mysql://root@127.0.0.1:3306',
        does: 'use this server; a database of the demo’s own is made and dropped',
      },
    ],
    notes: [
      'The exit code is 0 when both sides are equal, 3 when they differ, 1 when the demo could not be run to its end.',
    ],
    load: () => import('./commands/demo.ts'),
  },
  {
    name: 'run',
    effect: 'writes',
    summary: 'Run pipelines until they end or are stopped.',
    arguments: 'FILE...',
    fewest: 1,
    most: Number.POSITIVE_INFINITY,
    formats: ['human', 'json'],
    options: {
      'dry-run': { describe: 'Print the plan and end; nothing is opened.' },
      ...serverOptions,
      ...fileOptions,
    },
    examples: [
      { command: 'millrace run orders.yaml', does: 'run one pipeline' },
      { command: 'millrace run orders.yaml stock.yaml', does: 'run two; each log line names its pipeline' },
      { command: 'millrace run orders.yaml --dry-run', does: 'print what would run' },
      {
        command: 'millrace run orders.yaml --listen 127.0.0.1:8765',
        does: 'serve the HTTP API and figures beside it; `millrace status` and the others use it',
      },
    ],
    notes: [
      'SIGINT or SIGTERM ends gracefully: what was read is written, positions are stored, and the exit code is 0. A second signal aborts (130); nothing is lost, and what was under way is done again next time.',
      'When one of several pipelines fails, the others are stopped gracefully and the exit code is 1.',
      'With `-o json`, a summary is printed at the end.',
    ],
    load: () => import('./commands/run.ts'),
  },
  {
    name: 'verify',
    effect: 'writes',
    summary: 'Compare a source’s tables with what the sinks hold, while changes flow, and repair what differs.',
    arguments: '[FILE]',
    fewest: 0,
    most: 1,
    formats: ['human', 'json'],
    options: {
      table: {
        value: 'PATTERN',
        repeatable: true,
        describe: 'Only these tables of the source: `shop.orders, shop.o\\.*`.',
      },
      from: { value: 'URL', describe: 'Without a file: the source, `mysql://user:password@host:port/`.' },
      to: { value: 'URL', describe: 'Without a file: its copy, `mysql://…`, or `sqlite:PATH` for a mirror.' },
      count: { describe: 'Only count the rows of both sides, and look at none.' },
      mode: {
        value: 'DEPTH',
        choices: ['count', 'keys', 'digest', 'full'],
        describe:
          'How much is compared (default `digest`): rows counted, that each is there, sums of rows, or every row.',
      },
      sample: { value: 'PERCENT', describe: 'Compare only so many of a hundred chunks of each table.' },
      'chunk-rows': { value: 'N', describe: 'Rows that are compared at a time (default 2000).' },
      'export-fix': { value: 'FILE', describe: 'Write the SQL that would repair the sink, changing nothing.' },
      repair: { describe: 'Repair the rows that differ, and compare them again.' },
      resume: { value: 'FILE', describe: 'Keep in FILE how far it is, and go on from there when it is there.' },
      wait: { value: 'SECONDS', describe: 'How long a sink, or a server that is away, is waited for (default 60).' },
      'no-lock': { describe: 'Never lock rows of the source. What keeps changing may then stay undecided.' },
      report: {
        describe: 'Tell the running millrace that has the pipeline how it goes and ends, for its figures and alerts.',
      },
      ...clientOptions,
      ...fileOptions,
    },
    examples: [
      { command: 'millrace verify orders.yaml', does: 'compare everything that a pipeline carries' },
      { command: 'millrace verify orders.yaml --table shop.orders --repair', does: 'compare one table and repair it' },
      {
        command: 'millrace verify --from mysql://root@db1/ --to mysql://root@db2/ --table shop.orders',
        does: 'compare a table of two servers',
      },
      {
        command: 'millrace verify orders.yaml --report',
        does: 'for a nightly run: `millrace_verify_…` in /metrics show it, and an alert tells of differences',
      },
    ],
    notes: [
      'The exit code is 0 when both sides are equal, 3 when they differ, 4 when some rows or tables could not be decided, 5 when a sink did not catch up in time.',
      'Keys of rows that differ are printed on stdout, as they are data. Neither they nor other values are ever logged.',
      'See docs/guides/verify.md for what is compared how, and for how long rows are locked.',
    ],
    load: () => import('./commands/verify.ts'),
  },
  {
    name: 'sql',
    effect: 'writes',
    summary: 'Keep the result of a query over MySQL’s tables up to date, on the screen or in tables.',
    arguments: '',
    fewest: 0,
    most: 0,
    formats: ['human', 'jsonl'],
    options: {
      execute: { short: 'e', value: 'STATEMENTS', describe: 'The statements, with `;` between them.' },
      file: { short: 'f', value: 'FILE', describe: 'Take the statements from a file.' },
      init: { short: 'i', value: 'FILE', describe: 'Run the statements of a file first, for example declarations.' },
      source: {
        value: 'URL',
        describe:
          'The server whose tables are read, `mysql://user:password@host:port/database`; `?password_env=NAME` takes the password from a variable.',
      },
      mode: {
        value: 'MODE',
        choices: ['changelog', 'table', 'tableau'],
        describe:
          '`changelog`: a line for each row that comes or goes (the default). `table`: the whole result, again after each change (the default with `--bounded`). `tableau`: lines in a box, as Flink draws them (the default in the shell).',
      },
      bounded: { describe: 'End with the result as it is once every table has been read.' },
    },
    examples: [
      {
        command:
          'millrace sql --source mysql://millrace@db1/shop -e "SELECT status, COUNT(*) AS n FROM orders GROUP BY status"',
        does: 'print the counts, then each change of them as it happens',
      },
      {
        command: 'millrace sql --source mysql://millrace@db1/shop -f report.sql --bounded',
        does: 'print each result once, as a table',
      },
      {
        command: 'millrace sql --source mysql://millrace@db1/ -e "EXPLAIN SELECT id FROM shop.orders"',
        does: 'print the plan; no table is read',
      },
      { command: 'millrace sql -f totals.sql', does: 'run a file of CREATE TABLE and INSERT INTO until it is stopped' },
      { command: 'millrace sql -e "SELECT 1.10 + 2"', does: 'compute, without a server' },
      {
        command: 'millrace sql -i declarations.sql',
        does: 'open a shell with what the file declares: statements as they are typed, with completion and history',
      },
    ],
    notes: [
      'Lines of the changelog begin with +I (comes), -U and +U (an update, before and after) or -D (goes). With `-o jsonl` each is `{"op":"+I","row":{...}}`; DECIMAL is a text there, and so is a number beyond 2^53.',
      'A result is first printed when the snapshots of all its tables are complete, and then for whole transactions of the server only. The rows of these tables are held in memory, the columns that the query reads; nothing is stored, and the next run begins anew.',
      'SIGINT or SIGTERM ends it with exit code 0; with 130 when a result with `--bounded` was not printed yet. A statement that is wrong is shown at its place, and the exit code is 1.',
      'Without statements, on a terminal, it is a shell. Ctrl-C ends a query there, and not the shell. What was typed is kept in ~/.local/state/millrace/sql-history ($MILLRACE_SQL_HISTORY), but for lines that speak of passwords.',
      'INSERT INTO runs as a pipeline under `pipeline.name`, or else the names of its tables. After a restart it goes on from its last checkpoint (docs/sql/state.md).',
      'See docs/sql/statements.md for the statements, the connectors that CREATE TABLE names with their options, and what is not planned yet.',
    ],
    load: () => import('./commands/sql.ts'),
  },
  {
    name: 'lint',
    effect: 'reads',
    summary: 'Check pipeline files without connecting to anything.',
    arguments: 'FILE...',
    fewest: 1,
    most: Number.POSITIVE_INFINITY,
    formats: ['human', 'json'],
    options: { 'deny-warnings': { describe: 'Answer 78 when there are warnings, too.' }, ...fileOptions },
    examples: [
      { command: 'millrace lint orders.yaml', does: 'say everything that is wrong with one file' },
      { command: 'millrace lint pipelines/*.yaml --deny-warnings', does: 'for a build: warnings fail' },
    ],
    load: () => import('./commands/lint.ts'),
  },
  ...operatingCommands,
  ...contextCommands,
  ...flinkCommands,
  ...stateCommands,
  ...fileCommands,
  ...deadLetterCommands,
  {
    name: 'binlog dump',
    effect: 'reads',
    summary: 'Print the events of binlog files or of a server’s binlog, rows included.',
    arguments: 'FILE|FOLDER|URL...',
    fewest: 1,
    most: Number.POSITIVE_INFINITY,
    formats: ['human', 'jsonl'],
    options: {
      table: {
        value: 'PATTERN',
        repeatable: true,
        describe: 'Only row events of these tables: `shop.orders, shop.o\\.*`.',
      },
      event: { value: 'TYPE', repeatable: true, describe: 'Only events of this type, such as WRITE_ROWS or GTID.' },
      limit: { value: 'N', describe: 'End after printing this many events.' },
      ...binlogOptions,
    },
    examples: [
      { command: 'millrace binlog dump mysql-bin.000012', does: 'print a file' },
      {
        command: 'millrace binlog dump /var/lib/mysql --table shop.orders --event UPDATE_ROWS',
        does: 'search all files of a server for updates of a table',
      },
      {
        command: 'millrace binlog dump "mysql://root@127.0.0.1:3306/?file=binlog.000003&pos=157" --limit 20',
        does: 'print from a live server',
      },
      { command: 'millrace binlog dump mysql-bin.000012 -o jsonl', does: 'one JSON object a line' },
    ],
    notes: [
      'A server’s URL may carry `file` and `pos`, or `gtid` (a set to leave out), or `password_env` (the variable that holds the password). Without `--stop-never` reading ends at the end of the log.',
      'Columns have their names where the server logs them (`binlog_row_metadata=FULL`), else `@1`, `@2` and so on.',
    ],
    load: () => import('./commands/binlog-dump.ts'),
  },
  {
    name: 'binlog stat',
    effect: 'reads',
    summary: 'Count what a binlog holds: events, rows by table, transactions, GTIDs, compression, rate.',
    arguments: 'FILE|FOLDER|URL...',
    fewest: 1,
    most: Number.POSITIVE_INFINITY,
    formats: ['human', 'json'],
    options: {
      top: { value: 'N', describe: 'How many tables and transactions to list (default 10).' },
      ...binlogOptions,
    },
    examples: [
      { command: 'millrace binlog stat mysql-bin.000012', does: 'count one file' },
      { command: 'millrace binlog stat /var/lib/mysql -o json', does: 'count all files of a server, for a program' },
    ],
    load: () => import('./commands/binlog-stat.ts'),
  },
  {
    name: 'redis rdb stat',
    effect: 'reads',
    summary: 'Count what an RDB file holds: keys by type, elements, bytes, expiries, the largest.',
    arguments: 'FILE',
    fewest: 1,
    most: 1,
    formats: ['human', 'json'],
    options: { top: { value: 'N', describe: 'How many of the largest keys to list (default 10).' } },
    examples: [
      { command: 'millrace redis rdb stat dump.rdb', does: 'count a saved file' },
      { command: 'millrace redis rdb stat dump.rdb --top 50 -o json', does: 'the 50 largest keys, for a program' },
    ],
    load: () => import('./commands/redis-rdb-stat.ts'),
  },
  {
    name: 'redis rdb dump',
    effect: 'reads',
    summary: 'Show the keys of an RDB file with what they hold, for a person or as a line of JSON each.',
    arguments: 'FILE',
    fewest: 1,
    most: 1,
    formats: ['human', 'jsonl'],
    options: {
      key: { value: 'START', repeatable: true, describe: 'Only keys whose names begin so.' },
      database: { value: 'N', describe: 'Only keys of this database.' },
      elements: {
        value: 'N',
        describe: 'How many elements of a key to show (default 100); of the others, how many there are.',
      },
      limit: { value: 'N', describe: 'Stop after this many keys.' },
    },
    examples: [
      { command: 'millrace redis rdb dump dump.rdb --key user: --limit 10', does: 'the first ten users' },
      { command: 'millrace redis rdb dump dump.rdb -o jsonl', does: 'all keys, for a program' },
    ],
    load: () => import('./commands/redis-rdb-dump.ts'),
  },
  {
    name: 'redis aof stat',
    effect: 'reads',
    summary: 'Count what an append-only log holds: commands, transactions, times, and the keys of its base.',
    arguments: 'PATH',
    fewest: 1,
    most: 1,
    formats: ['human', 'json'],
    options: {
      until: { value: 'TIME', describe: 'Stop where the log notes a later time (`aof-timestamp-enabled yes`).' },
      top: { value: 'N', describe: "How many of the base's largest keys to list (default 10)." },
    },
    examples: [
      { command: 'millrace redis aof stat /var/lib/redis/appendonlydir', does: 'count a log with a manifest' },
      {
        command: 'millrace redis aof stat appendonly.aof -o json',
        does: 'the one file of an older server, for a program',
      },
      {
        command: 'millrace redis aof stat appendonlydir --until 2026-11-29T08:00:00Z',
        does: 'only what was logged up to then',
      },
    ],
    load: () => import('./commands/redis-aof-stat.ts'),
  },
  {
    name: 'explain',
    effect: 'reads',
    summary: 'Say what an error code means and what to do about it.',
    arguments: '[CODE...]',
    fewest: 0,
    most: Number.POSITIVE_INFINITY,
    formats: ['human', 'json'],
    options: {},
    examples: [
      { command: 'millrace explain CONFIG_UNKNOWN_KEY', does: 'explain one code' },
      { command: 'millrace explain', does: 'list all codes' },
    ],
    load: () => import('./commands/explain.ts'),
  },
  {
    name: 'version',
    effect: 'reads',
    summary: 'Print the version.',
    arguments: '',
    fewest: 0,
    most: 0,
    formats: ['human', 'json'],
    options: {},
    examples: [{ command: 'millrace version', does: 'print the version of millrace and of Node' }],
    load: () => import('./commands/version.ts'),
  },
];
