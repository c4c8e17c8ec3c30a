import { z } from 'zod';
import { byteSize, duration, secret } from '../../../core/settings.ts';
import { mysqlConfig } from '../config.ts';

const { port, 'ssl.mode': sslMode, 'ssl.ca': sslCa, 'ssl.cert': sslCert, 'ssl.key': sslKey } = mysqlConfig.shape;

export const mysqlSinkConfig = z
  .strictObject({
    hostname: z.string().min(1).describe('Host name or address of the MySQL or MariaDB server.'),
    port,
    username: z.string().describe('User that writes the tables.'),
    password: secret().default('').describe('Password of that user.'),
    'position.database': z
      .string()
      .min(1)
      .max(64)
      .default('millrace')
      .describe(
        'Database of the tables `millrace_position` and `millrace_schema_change`, which hold what has been written; made when there is none.',
      ),
    'insert.mode': z
      .enum(['upsert', 'insert', 'update'])
      .default('upsert')
      .describe(
        'How rows are written: `upsert` (written whether they are there or not), `insert` (a new row that is there already is refused) or `update` (only rows that are there are changed).',
      ),
    'delete.enabled': z.boolean().default(true).describe('Whether deletes and truncates of the source are followed.'),
    'sink.parallelism': z
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe(
        'Connections that write at once, each the rows of its own keys. With 1 a source transaction becomes visible whole; with more, in as many steps.',
      ),
    'sink.statement.max-rows': z.int().min(1).max(100_000).default(1_000).describe('Rows in one statement at most.'),
    'sink.statement.max-size': byteSize
      .prefault('512kb')
      .describe(
        'Bytes of one statement at most, unless one row alone has more; `max_allowed_packet` is never exceeded.',
      ),
    'sink.max-retries': z
      .int()
      .min(0)
      .default(5)
      .describe('How often a group is written again at once after a deadlock or a lock that was waited for in vain.'),
    'sink.lock-wait.timeout': duration
      .prefault('20s')
      .describe('How long a statement waits for a lock that somebody else holds (`innodb_lock_wait_timeout`).'),
    'table.create.unique-keys': z
      .enum(['index', 'unique'])
      .default('index')
      .describe(
        'What unique keys of the source become in tables that are made here: a plain `index`, since the source has checked them and a snapshot may show a value twice for a while; or `unique`.',
      ),
    'foreign-key.checks': z
      .boolean()
      .default(false)
      .describe(
        'Whether the server checks foreign keys of what is written. The source has checked them, and rows of several tables arrive out of their order in a snapshot.',
      ),
    'connect.timeout': duration.default(30_000).describe('How long connecting and the login may take.'),
    'ssl.mode': sslMode,
    'ssl.ca': sslCa,
    'ssl.cert': sslCert,
    'ssl.key': sslKey,
  })
  .superRefine((config, context) => {
    const alone = config['foreign-key.checks'] || config['insert.mode'] !== 'upsert';
    if (alone && config['sink.parallelism'] > 1) {
      context.addIssue({
        code: 'custom',
        path: ['sink.parallelism'],
        message:
          'must be 1 with `foreign-key.checks`, and with an `insert.mode` other than upsert: several writers keep no common order',
      });
    }
    if ((config['ssl.cert'] === undefined) !== (config['ssl.key'] === undefined)) {
      context.addIssue({
        code: 'custom',
        path: ['ssl.cert'],
        message: 'a client certificate needs both `ssl.cert` and `ssl.key`',
      });
    }
  });

export type MysqlSinkConfig = z.output<typeof mysqlSinkConfig>;
