import { z } from 'zod';
import { ownedElsewhere } from '../../../core/owned-elsewhere.ts';
import { byteSize, duration } from '../../../core/settings.ts';
import { connectionSettings } from '../connection-settings.ts';
import { routeSettings } from '../route-settings.ts';
import { keyShapes } from './key-tables.ts';

/** Seconds since 1970. */
const moment = z.union([z.string(), z.number()]).transform((value, context) => {
  const seconds = /^\d+$/.test(String(value)) ? Number(value) : Math.floor(Date.parse(String(value)) / 1000);
  if (Number.isSafeInteger(seconds)) return seconds;
  context.addIssue({ code: 'custom', message: 'must be a time such as 2026-11-29T08:00:00Z, or seconds since 1970' });
  return z.NEVER;
});

const settings = z.strictObject({
  ...connectionSettings,
  ...routeSettings,
  hostname: connectionSettings.hostname.optional(),
  path: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Instead of a server: a saved file (`dump.rdb`), or an append-only log (its folder, its manifest, or the one file of a server before Redis 7.0). It is read to its end, and the pipeline ends.',
    ),
  'aof.until': moment
    .optional()
    .describe(
      'What an append-only log notes as later than this is not read: a time such as `2026-11-29T08:00:00Z`, or seconds since 1970. Needs `aof-timestamp-enabled yes` on the server that wrote it.',
    ),
  'aof.cut-tail': z
    .enum(['accept', 'refuse'])
    .default('accept')
    .describe(
      'What happens at a log that ends inside a command or a MULTI, as that of a server that died may: leave that out, as the server itself would, or stop with an error before the first row.',
    ),
  schema: z
    .string()
    .min(1)
    .describe(
      'The tables as CREATE TABLE statements in MySQL words, separated by semicolons, each with a primary key. A hash is a row; its fields are the columns of the same names, and a column without a field is NULL.',
    ),
  key: z
    .string()
    .min(1)
    .default('%{database}:%{table}:%{key}')
    .describe(
      'What the keys of rows look like, as for the sink: `user:%{id}`. A value in a key is read back where it was written by the same rule: `%`, `:`, `{`, `}` and what follows the value in the template stand as `%XX`. Keys of no table are passed over.',
    ),
  'source.tableId-to-key.mapping': z
    .string()
    .optional()
    .describe('Keys of single tables, `database.table=key` each, separated by semicolons; they win over `key`.'),
  'value.type': z
    .enum(keyShapes)
    .default('hash')
    .describe(
      'What the keys of rows hold. `hash` and `string`: a key is a row. `set`, `zset`, `list`, `stream`, and `fields` for the fields of a hash: each element is a row, named by the last column of the primary key, which is not in `key`; beside it stands a value, or a score, in the one other column. Entries of a stream fill columns by their names.',
    ),
  'source.tableId-to-type.mapping': z
    .string()
    .optional()
    .describe(
      'Types of single tables, `database.table=type` each, separated by semicolons; they win over `value.type`.',
    ),
  'value.unknown-fields': z
    .enum(['refuse', 'ignore'])
    .default('refuse')
    .describe('What happens at a field that no column is for: stop with an error, or leave it out.'),
  'expiry.column': z
    .string()
    .min(1)
    .optional()
    .describe(
      'A DATETIME(3) column that holds when the key expires, in UTC; NULL: never. Tables without such a column have none. Needs Redis 7.0.',
    ),
  'source.tableId-to-field-expiry.mapping': z
    .string()
    .optional()
    .describe(
      'Columns that hold when single fields of hashes expire, in UTC: `database.table=column(until),column(until)` each, separated by semicolons, where `until` is a DATETIME(3) column. NULL: the field does not expire on its own, or is not there. Needs Redis 7.4 or Valkey 9, or a file of theirs.',
    ),
  'deletes.policy': z
    .enum(['ignore', 'delete'])
    .default('ignore')
    .describe(
      'What happens to the row of a hash that is gone. `ignore` keeps it. `delete` deletes it, also when the key expired or was evicted: Redis does not say why a key is gone. FLUSHALL and FLUSHDB delete no row.',
    ),
  'flushes.policy': z
    .enum(['keep', 'confirm'])
    .default('keep')
    .describe(
      'What FLUSHALL and FLUSHDB do to rows. `keep`: nothing, ever. `confirm`, with `deletes.policy: delete`: nothing either, until somebody sets the key `PREFIX:empty:PIPELINE` to `yes` in the database that is read; then all keys are read again, and rows without a key go, also of tables of which there is no key any more.',
    ),
  'skip.own.writes': z
    .boolean()
    .default(false)
    .describe(
      'Whether transactions that a millrace sink wrote on this server are left out of what changes, so that MySQL and Redis can be kept in step both ways without an echo.',
    ),
  'owned.elsewhere': ownedElsewhere
    .optional()
    .describe(
      'What the other side owns of `schema` and a millrace sink writes here, separated by semicolons: tables, as `database.table`, and columns of single tables of hashes, `shop.users(name,email)`, whose rows then come and go with the other side. What others write of it is not brought there: it is counted as conflicts, in the status, the figures and the log. Columns need a `mysql` sink. Needs `skip.own.writes: true`.',
    ),
  'position.prefix': z
    .string()
    .min(1)
    .default('millrace')
    .describe("What that sink's own keys begin with, as its `position.prefix` says."),
  'spool.directory': z
    .string()
    .min(1)
    .optional()
    .describe(
      "A folder of this pipeline's own in which what the server sent waits until the target holds it, so that a restart or a broken link asks the server only for what came after. Default: what waits is in the folder for temporary files, and is asked for again.",
    ),
  'spool.max-size': byteSize
    .default(4 * 1024 ** 3)
    .describe(
      'How much may wait there while the target is slow. Beyond it the server is not read, and may end the link.',
    ),
  mode: z
    .enum(['replica', 'scan'])
    .default('replica')
    .describe(
      '`replica`: as a replica of the server, exactly once. `scan`: for servers that let nobody replicate, all keys by SCAN every `scan.interval`, and between that those that keyspace notifications name: a best effort, because what nobody hears is late, and what came and went between is never seen.',
    ),
  'scan.fallback': z
    .boolean()
    .default(false)
    .describe(
      'Where the server lets nobody replicate, or ends five links in a row before anything came: read as with `mode: scan`, a best effort, instead of stopping. A link is tried again after `scan.interval`, then each time after twice as long, up to an hour.',
    ),
  'scan.interval': duration
    .default(600_000)
    .describe(
      'With `mode: scan` or `scan.fallback`: how long after the beginning of one reading of all keys the next one begins.',
    ),
  'scan.startup.mode': z
    .enum(['initial', 'latest-offset'])
    .default('initial')
    .describe(
      '`initial`: every hash that there is, then what changes. `latest-offset`: only what changes from now on.',
    ),
});

export const redisSourceConfig = settings.superRefine((config, context) => {
  const { hostname, path } = config;
  const scans = config.mode === 'scan' || config['scan.fallback'];
  if (config['owned.elsewhere'] !== undefined) {
    const issue = (message: string): void => context.addIssue({ code: 'custom', path: ['owned.elsewhere'], message });
    if (!config['skip.own.writes']) issue('needs `skip.own.writes: true`, or what the sink writes would count');
    if (path !== undefined) issue('needs `hostname`: a file is of the past, and nobody is on the other side of it');
  }
  if (config['flushes.policy'] === 'confirm' && (config['deletes.policy'] !== 'delete' || scans)) {
    const message = 'confirm needs `deletes.policy: delete`, and `mode: replica` without `scan.fallback`';
    context.addIssue({ code: 'custom', path: ['flushes.policy'], message });
  }
  if (config['scan.fallback'] && (config.mode === 'scan' || path !== undefined)) {
    const message = 'needs `hostname` and `mode: replica`';
    context.addIssue({ code: 'custom', path: ['scan.fallback'], message });
  }
  if (scans) {
    const message =
      'needs `mode: replica` without `scan.fallback`: a scan reads all keys as they are, whoever wrote them';
    if (config['skip.own.writes']) context.addIssue({ code: 'custom', path: ['skip.own.writes'], message });
    if (config['scan.startup.mode'] !== 'initial')
      context.addIssue({ code: 'custom', path: ['scan.startup.mode'], message });
  }
  if ((hostname === undefined) === (path === undefined)) {
    const message = 'needed, or `path` for a saved file; not both';
    context.addIssue({ code: 'custom', path: ['hostname'], message });
  }
});

export type RedisSourceConfig = z.output<typeof redisSourceConfig>;

/** The settings of a source that reads a server. */
export type RedisServerConfig = RedisSourceConfig & { readonly hostname: string };
