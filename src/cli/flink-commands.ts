import type { CommandSpec, OptionSpec } from './command.ts';
import { clientOptions } from './operating-commands.ts';

const rest: OptionSpec = {
  value: 'URL',
  describe: 'The JobManager of the cluster; `http://127.0.0.1:8081` where nothing is said.',
};

/** Files of SQL on a real Flink cluster. */
export const flinkCommands: readonly CommandSpec[] = [
  {
    name: 'sql submit',
    effect: 'writes',
    summary: 'Run a file of SQL on a Flink cluster, with its MySQL tables read from Kafka and written by JDBC.',
    arguments: 'FILE',
    fewest: 1,
    most: 1,
    formats: ['human', 'json'],
    options: {
      target: { value: 'TARGET', choices: ['flink'], describe: 'Where it runs.' },
      gateway: { value: 'URL', describe: "The cluster's SQL Gateway; `http://127.0.0.1:8083` where nothing is said." },
      profile: {
        value: 'RELEASE',
        choices: ['flink-1.20', 'flink-2.x'],
        describe:
          'What the cluster can plan; what it cannot is refused here, with the place. The default is flink-1.20.',
      },
      kafka: { value: 'SERVERS', describe: 'Brokers by which the changes of MySQL tables reach the cluster.' },
      direct: {
        describe:
          "Leave `mysql-cdc` to Flink CDC's own connector, which has to be in the cluster's lib folder. Servers are asked for their version first: MySQL 8.4 and later are refused.",
      },
      'topic-prefix': {
        value: 'PREFIX',
        describe: 'Topics are called `PREFIX.DATABASE.TABLE`; `cdc` where nothing is said.',
      },
      feed: {
        value: 'HOW',
        choices: ['serve', 'run', 'file'],
        describe:
          'What brings the changes into the topics: pipelines under the `millrace serve` that answers, a process of its own that goes on when this command ends, or a file for `millrace run`. The default is `serve` where one answers, otherwise `file`.',
      },
      'feed-file': {
        value: 'FILE',
        describe: 'The pipeline file of `--feed run` and `file`; `JOB.feed.yaml` where nothing is said.',
      },
      savepoint: { value: 'PATH', describe: 'Go on from a savepoint, as `sql stop` printed it.' },
      'dry-run': { describe: 'Print what would be sent, passwords left out, and send nothing.' },
      ...clientOptions,
    },
    examples: [
      {
        command: 'millrace sql submit totals.sql --target flink --gateway http://flink1:8083 --kafka broker1:9092',
        does: 'submit the job, its topics fed by the `millrace serve` that answers, or by `millrace run totals.feed.yaml`',
      },
      {
        command: 'millrace sql submit totals.sql --kafka broker1:9092 --feed run',
        does: 'start a process that feeds the topics, and send the job once they are there',
      },
      {
        command: 'millrace sql submit totals.sql --kafka broker1:9092 --dry-run',
        does: 'print the statements as Flink gets them',
      },
    ],
    notes: [
      'Only options of tables change: `mysql-cdc` becomes `kafka`, fed by a pipeline for each topic, called after it; `mysql` becomes `jdbc`. The ids of the jobs are printed on stdout.',
      'See docs/sql/flink.md for what is refused, and what the cluster needs.',
    ],
    load: () => import('./commands/sql-submit.ts'),
  },
  {
    name: 'sql status',
    effect: 'reads',
    summary: 'Show the state, checkpoints and last failure of a job on a Flink cluster.',
    arguments: 'JOB',
    fewest: 1,
    most: 1,
    formats: ['human', 'json'],
    options: { rest },
    examples: [
      {
        command: 'millrace sql status f97fd2d66bbd162c2a7318d0e9a3ce37 --rest http://flink1:8081',
        does: 'show the job',
      },
    ],
    notes: ['The exit code is 4 for a job that has failed.'],
    load: () => import('./commands/sql-status.ts'),
  },
  {
    name: 'sql stop',
    effect: 'writes',
    summary: 'Stop a job on a Flink cluster with a savepoint.',
    arguments: 'JOB',
    fewest: 1,
    most: 1,
    formats: ['human', 'json'],
    options: {
      rest,
      'savepoint-dir': { value: 'PATH', describe: "Where the savepoint is kept; the cluster's own folder otherwise." },
    },
    examples: [
      {
        command: 'millrace sql stop f97fd2d66bbd162c2a7318d0e9a3ce37 --rest http://flink1:8081',
        does: 'stop the job and print the path of its savepoint, for `sql submit --savepoint`',
      },
    ],
    load: () => import('./commands/sql-stop.ts'),
  },
];
