import type { Context, Problem } from '../../../core/connector.ts';
import { isMillraceError, MillraceError } from '../../../core/errors.ts';
import { dialTcp } from '../../../net/dial.ts';
import { encodeCommand } from '../../../protocol/redis/command-writer.ts';
import { ReplyError } from '../../../protocol/redis/reply.ts';
import { RedisCluster } from '../cluster/redis-cluster.ts';
import type { RedisConnection } from '../connection.ts';
import { openPrimary } from '../sentinel.ts';
import { serverFacts } from '../server-facts.ts';
import { checkLink } from './check-link.ts';
import type { RedisServerConfig } from './config.ts';
import { fieldExpirySetting } from './field-expiries.ts';
import { lackedFieldTimes } from './field-times.ts';
import { type KeyShape, keyTables } from './key-tables.ts';

/** What the account must be let run for the link itself. */
const needed: readonly (readonly [string, ...string[]])[] = [
  ['psync', '?', '-1'],
  ['replconf', 'ack', '0'],
];

/** And instead of that with `mode: scan`. */
const neededForScan: typeof needed = [
  ['scan', '0'],
  ['psubscribe', '__keyevent@0__:*'],
];

/** And what it takes to read a key of each type. */
const neededFor: Readonly<Record<KeyShape, readonly (readonly [string, ...string[]])[]>> = {
  hash: [['hgetall', 'key']],
  string: [['get', 'key']],
  set: [
    ['scard', 'key'],
    ['smembers', 'key'],
    ['sscan', 'key', '0'],
    ['smismember', 'key', 'member'],
  ],
  zset: [
    ['zcard', 'key'],
    ['zrange', 'key', '0', '-1'],
    ['zscan', 'key', '0'],
    ['zmscore', 'key', 'member'],
  ],
  list: [
    ['llen', 'key'],
    ['lrange', 'key', '0', '-1'],
  ],
  stream: [
    ['xlen', 'key'],
    ['xrange', 'key', '-', '+'],
  ],
  fields: [
    ['hgetall', 'key'],
    ['hlen', 'key'],
    ['hscan', 'key', '0'],
    ['hmget', 'key', 'field'],
  ],
};

/** Fields of rows with two owners are asked for by their names. */
const neededForShared = ['hmget', 'key', 'field'] as const;

const neededForFieldTimes = ['hpexpiretime', 'key', 'FIELDS', '1', 'field'] as const;

/** And of a cluster, to find its nodes and keys whose slots are on their way. */
const neededForCluster: typeof needed = [['cluster', 'slots'], ['cluster', 'nodes'], ['cluster', 'info'], ['asking']];

/** Looks at a server, or at each primary of a cluster, as the source would use it, and says what to repair. Changes nothing. */
export const checkRedisSource = async (
  config: RedisServerConfig,
  { clock, passed }: Context,
): Promise<readonly Problem[]> => {
  const stop = new AbortController();
  try {
    const tables = keyTables(config);
    const options = { config, dial: dialTcp, clock, signal: stop.signal };
    const connection = await openPrimary(options);
    const { address: server } = connection;
    const { mode, version } = await serverFacts(connection);
    passed?.(`Redis or Valkey ${version ?? 'of an unknown version'} answers at ${server}`);
    passed?.(`${tables.length} tables are declared`);
    const shapes = new Set(tables.map(({ shape }) => shape));
    if (mode !== 'cluster') {
      return await checkServer(connection, config, shapes, false);
    }
    if (config.mode === 'scan') return [problem(new MillraceError('REDIS_SOURCE_CLUSTER', { server }))];
    const problems: Problem[] = [];
    const primaries = await (await RedisCluster.open(options, connection)).primaries();
    for (const primary of primaries) problems.push(...(await checkServer(primary, config, shapes, true)));
    passed?.(`${primaries.length} primaries have all slots of the cluster`);
    return problems;
  } catch (error) {
    if (!isMillraceError(error)) throw error;
    return [problem(error)];
  } finally {
    stop.abort();
  }
};

const checkServer = async (
  connection: RedisConnection,
  config: RedisServerConfig,
  shapes: ReadonlySet<KeyShape>,
  isCluster: boolean,
): Promise<readonly Problem[]> => {
  const { address: server } = connection;
  const problems: Problem[] = [];
  const lacked = await lackedFieldTimes(connection, config);
  if (lacked !== null) problems.push(problem(lacked));
  const user = config.username ?? 'default';
  const fallsBack = config['scan.fallback'];
  for (const [name, ...args] of [
    ...(config.mode === 'scan' ? [] : needed),
    ...(config.mode === 'scan' || fallsBack ? neededForScan : []),
    ...(isCluster ? neededForCluster : []),
    ...[...shapes].flatMap((shape) => neededFor[shape]),
    ...(config['owned.elsewhere']?.groups.length ? [neededForShared] : []),
    ...(config[fieldExpirySetting] === undefined || lacked !== null ? [] : [neededForFieldTimes]),
  ]) {
    // Before Redis 7.0 there is no such question, and an account that may not ask it is told when it reads.
    const [reply] = await connection.send(dryRun(user, name, args), 1);
    if (reply instanceof ReplyError || !Buffer.isBuffer(reply)) continue;
    const command = name === 'cluster' ? `${name}|${args[0]}` : name;
    const refused = problem(new MillraceError('REDIS_NOT_PERMITTED', { server, user, command }));
    // Where there is another way, the pipeline runs.
    const severity = fallsBack && needed.some(([each]) => each === name) ? 'warning' : 'error';
    problems.push({ ...refused, severity });
  }
  if (config.mode !== 'scan') {
    for (const error of await checkLink(connection)) problems.push({ ...problem(error), severity: 'warning' });
  }
  const { maxMemory, evictionPolicy: policy } = await serverFacts(connection);
  if (config['deletes.policy'] === 'delete' && maxMemory !== 0 && policy !== null && policy !== 'noeviction') {
    problems.push({ ...problem(new MillraceError('REDIS_SOURCE_EVICTS', { server, policy })), severity: 'warning' });
  }
  return problems;
};

const dryRun = (user: string, name: string, args: readonly string[]) =>
  encodeCommand('ACL', 'DRYRUN', user, name, ...args);

const problem = ({ code, message, hint: remedy }: MillraceError): Problem => ({
  code,
  message,
  remedy,
  severity: 'error',
});
