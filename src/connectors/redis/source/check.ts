import type { Context, Problem } from '../../../core/connector.ts';
import { isMillraceError, MillraceError } from '../../../core/errors.ts';
import { dialTcp } from '../../../net/dial.ts';
import { encodeCommand } from '../../../protocol/redis/command-writer.ts';
import { ReplyError } from '../../../protocol/redis/reply.ts';
import { RedisConnection } from '../connection.ts';
import { serverFacts } from '../server-facts.ts';
import type { RedisSourceConfig } from './config.ts';
import { hashTables } from './hash-rows.ts';

/** What the account must be let run: the link's own commands, and reading a row. */
const needed = [
  ['psync', '?', '-1'],
  ['replconf', 'ack', '0'],
  ['hgetall', 'key'],
] as const;

/** Looks at a server as the source would use it, and says what to repair. Changes nothing. */
export const checkRedisSource = async (
  config: RedisSourceConfig,
  { clock, passed }: Context,
): Promise<readonly Problem[]> => {
  const stop = new AbortController();
  try {
    const tables = hashTables(config);
    const connection = await RedisConnection.open({ config, dial: dialTcp, clock, signal: stop.signal });
    const { address: server } = connection;
    const facts = await serverFacts(connection);
    passed?.(`Redis or Valkey ${facts.version ?? 'of an unknown version'} answers at ${server}`);
    passed?.(`${tables.length} tables are declared`);
    const problems: Problem[] = [];
    const user = config.username ?? 'default';
    for (const [name, ...args] of needed) {
      // Before Redis 7.0 there is no such question, and an account that may not ask it is told when it reads.
      const [reply] = await connection.send(dryRun(user, name, args), 1);
      if (reply instanceof ReplyError || !Buffer.isBuffer(reply)) continue;
      problems.push(problem(new MillraceError('REDIS_NOT_PERMITTED', { server, user, command: name })));
    }
    const { maxMemory, evictionPolicy: policy } = facts;
    if (config['deletes.policy'] === 'delete' && maxMemory !== 0 && policy !== null && policy !== 'noeviction') {
      problems.push({ ...problem(new MillraceError('REDIS_SOURCE_EVICTS', { server, policy })), severity: 'warning' });
    }
    return problems;
  } catch (error) {
    if (!isMillraceError(error)) throw error;
    return [problem(error)];
  } finally {
    stop.abort();
  }
};

const dryRun = (user: string, name: string, args: readonly string[]) =>
  encodeCommand('ACL', 'DRYRUN', user, name, ...args);

const problem = ({ code, message, hint: remedy }: MillraceError): Problem => ({
  code,
  message,
  remedy,
  severity: 'error',
});
