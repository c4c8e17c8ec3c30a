import { z } from 'zod';
import { ownedElsewhere } from '../../core/owned-elsewhere.ts';
import { byteSize, duration, list, secret, tableList, withoutEffect } from '../../core/settings.ts';
import { tablePatterns } from '../../core/table-pattern.ts';
import { snapshotSettings } from './snapshot/snapshot-settings.ts';

/** The largest server id MySQL takes: 32 bits, and 0 means "no replica". */
const maxServerId = 4_294_967_295;

const serverId = z.union([z.number(), z.string()]).transform((text, context): ServerIdRange => {
  const match = /^\s*(\d+)\s*(?:-\s*(\d+)\s*)?$/.exec(String(text));
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (first >= 1 && first <= last && last <= maxServerId) return { first, last };
  context.addIssue({
    code: 'custom',
    message: `not a server id: write a number from 1 to ${maxServerId}, or a range such as 5401-5404`,
  });
  return z.NEVER;
});

/** Ids that a source may use, both ends included. */
export interface ServerIdRange {
  readonly first: number;
  readonly last: number;
}

const startupModes = [
  'initial',
  'earliest-offset',
  'latest-offset',
  'specific-offset',
  'timestamp',
  'snapshot',
] as const;

const sslModes = ['disabled', 'preferred', 'required', 'verify-ca', 'verify-identity'] as const;

export const mysqlConfig = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .regex(/^[^/]+$/, 'must not hold a slash')
      .default('mysql')
      .describe(
        'What positions of this server are kept under. Give each server its own when a pipeline reads several; keep it when another host takes over.',
      ),
    hostname: z.string().min(1).optional().describe('Host name or address of the MySQL or MariaDB server.'),
    port: z.coerce.number().int().min(1).max(65_535).default(3306).describe('TCP port of the server.'),
    username: z.string().optional().describe('User that reads the binlog and the tables.'),
    password: secret().default('').describe('Password of that user.'),
    tables: tableList.describe(
      'Which tables to read, as `database.table` patterns, comma-separated: `shop.orders, app_db.\\.*`. The server’s own databases, and the tables that millrace’s sinks keep their places in (`millrace_position` and its siblings), are never read.',
    ),
    'tables.exclude': tableList.optional().describe('Tables to leave out although `tables` names them.'),
    'server-id': serverId
      .optional()
      .describe(
        'Replica id that this source shows to the server, or a range `5401-5404`. No other replica may use it. Default: one derived from the pipeline name and free on the server.',
      ),
    'scan.startup.mode': z
      .enum(startupModes)
      .default('initial')
      .describe(
        'Where to begin when the sink holds no position: `initial` (all rows, then changes), `snapshot` (all rows, then end), `earliest-offset`, `latest-offset`, `specific-offset` or `timestamp`.',
      ),
    'scan.startup.specific-offset.file': z
      .string()
      .optional()
      .describe('Binlog file to begin with, for `specific-offset`.'),
    'scan.startup.specific-offset.pos': z.coerce
      .number()
      .int()
      .min(4)
      .optional()
      .describe('Byte in that file to begin at: where a transaction starts. Default 4, the start of the file.'),
    'scan.startup.specific-offset.gtid-set': z
      .string()
      .optional()
      .describe('GTIDs to leave out, for `specific-offset`: everything else the server has is read.'),
    'scan.startup.timestamp-millis': z.coerce
      .number()
      .int()
      .min(0)
      .optional()
      .describe(
        'Milliseconds since 1970, for `timestamp`: the first transaction logged at or after that second is read first.',
      ),
    'binlog.files': list
      .optional()
      .describe(
        'Binlog files, or folders of them, to read instead of a server: archived logs. A folder is read in the order of its index file, else by name.',
      ),
    'binlog.files.follow': z
      .boolean()
      .default(false)
      .describe(
        'Whether to go on at the end of the last file: wait until it grows or the next one comes into the folder. Default: reading ends there.',
      ),
    'scan.lost-log': z
      .enum(['fail', 'snapshot'])
      .default('fail')
      .describe(
        'What happens when the server no longer has the log behind the held position: `fail`, or `snapshot` (read all tables again and sweep what is gone).',
      ),
    ...snapshotSettings,
    'scan.snapshot.fetch.size': withoutEffect('rows are read off the socket as they come'),
    'connect.timeout': duration
      .default(30_000)
      .describe('How long connecting and each answer to a statement may take.'),
    'heartbeat.interval': duration
      .default(30_000)
      .describe(
        'How often the position moves on while no captured table changes. A connection silent for three of them (at most 30 s) counts as dead.',
      ),
    'scan.transaction.max.size': byteSize
      .default(4 * 1_048_576)
      .describe('Bytes of row images beyond which a transaction is handed on in parts instead of whole.'),
    'skip.own.writes': z
      .boolean()
      .default(false)
      .describe(
        'Whether transactions that a millrace sink wrote on this server are left out, so that two servers can be kept in step both ways without an echo. Chains of servers need them.',
      ),
    'owned.elsewhere': ownedElsewhere
      .optional()
      .describe(
        'What the other side owns and a millrace sink writes here, separated by semicolons: tables, as patterns like those of `tables`, and columns of single tables, `shop.users(visits,last_seen)`. What others change of it is not brought there: such rows are counted as conflicts, in the status, the figures and the log. A new row brings its values of such columns where the other side has none. Columns need a `redis` sink. Needs `skip.own.writes: true`.',
      ),
    'ssl.mode': z
      .enum(sslModes)
      .default('preferred')
      .describe(
        '`disabled`, `preferred` (TLS when the server offers it), `required`, `verify-ca` (its certificate is signed by `ssl.ca` or a known authority) or `verify-identity` (and names this host).',
      ),
    'ssl.ca': z
      .string()
      .optional()
      .describe('PEM file of the authorities to trust, for `verify-ca` and `verify-identity`.'),
    'ssl.cert': z.string().optional().describe('PEM file of the certificate to show to the server.'),
    'ssl.key': z.string().optional().describe("PEM file of that certificate's private key."),
    'server-time-zone': withoutEffect('TIMESTAMP columns are read and handed on in UTC'),
    'connect.max-retries': withoutEffect('the pipeline decides about retries'),
    'connection.pool.size': withoutEffect('the source opens what its snapshot threads need'),
    'schema-change.enabled': withoutEffect(
      'schema changes are always followed; `schema.change.behavior` decides what happens to them',
    ),
    'scan.newly-added-table.enabled': withoutEffect('`millrace snapshot` reads tables added later'),
    'scan.binlog.newly-added-table.enabled': withoutEffect(
      'new tables that `tables` matches are always read from the log',
    ),
    'scan.incremental.close-idle-reader.enabled': withoutEffect('there are no idle readers'),
    'scan.incremental.snapshot.unbounded-chunk-first.enabled': withoutEffect('the last chunk has an upper bound'),
    'scan.parse.online.schema.changes.enabled': withoutEffect('gh-ost and pt-online-schema-change are always followed'),
    'include-comments.enabled': withoutEffect('comments are always read'),
    'scan.incremental.snapshot.backfill.skip': withoutEffect(
      'a snapshot always takes in what changed meanwhile, so that nothing comes twice or in the wrong order',
    ),
    'scan.startup.specific-offset.skip-events': withoutEffect('a position is where a transaction starts'),
    'scan.startup.specific-offset.skip-rows': withoutEffect('a position is where a transaction starts'),
    'scan.incremental.snapshot.chunk.key-column': withoutEffect(
      'chunks are cut by the primary key, or by the best unique index',
    ),
    'chunk-meta.group.size': withoutEffect('chunks are not sent between tasks'),
    'chunk-key.even-distribution.factor.lower-bound': withoutEffect(
      'chunks are cut by rows, not by arithmetic on keys',
    ),
    'chunk-key.even-distribution.factor.upper-bound': withoutEffect(
      'chunks are cut by rows, not by arithmetic on keys',
    ),
    'use.legacy.json.format': withoutEffect('JSON is handed on as the server prints it'),
    'metadata.list': withoutEffect("the envelope's `source` block carries each change's metadata"),
    'treat-tinyint1-as-boolean.enabled': withoutEffect('TINYINT(1) stays a number'),
  })
  .superRefine((config, context) => {
    const missing = (key: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [key], message });
    };
    const mode = config['scan.startup.mode'];
    if (config['binlog.files'] === undefined) {
      if (config.hostname === undefined) missing('hostname', 'needed, unless `binlog.files` names files to read');
      if (config.username === undefined) missing('username', 'needed, unless `binlog.files` names files to read');
    } else if (mode === 'snapshot') missing('scan.startup.mode', 'binlog files hold no snapshot: use earliest-offset');
    const file = config['scan.startup.specific-offset.file'];
    const gtids = config['scan.startup.specific-offset.gtid-set'];
    if (mode === 'specific-offset' && file === undefined && gtids === undefined)
      missing(
        'scan.startup.specific-offset.file',
        'specific-offset needs this, or `scan.startup.specific-offset.gtid-set`',
      );
    if (mode === 'timestamp' && config['scan.startup.timestamp-millis'] === undefined)
      missing('scan.startup.timestamp-millis', 'the startup mode timestamp needs it');
    if (config['owned.elsewhere'] !== undefined && !config['skip.own.writes'])
      missing('owned.elsewhere', 'needs `skip.own.writes: true`, or what the sink writes would count');
    if (config['owned.elsewhere'] !== undefined && config['binlog.files'] !== undefined)
      missing('owned.elsewhere', 'needs a server: files are of the past, and nobody is on the other side of them');
    const selected = tablePatterns(config.tables, [...(config['tables.exclude'] ?? [])]);
    for (const { database, name } of config['owned.elsewhere']?.groups ?? []) {
      if (!selected.matches(database, name))
        missing('owned.elsewhere', `names columns of ${database}.${name}, which \`tables\` does not read`);
    }
    if ((config['ssl.cert'] === undefined) !== (config['ssl.key'] === undefined))
      missing('ssl.cert', 'a client certificate needs both `ssl.cert` and `ssl.key`');
  });

export type MysqlConfig = z.output<typeof mysqlConfig>;
