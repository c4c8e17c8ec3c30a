import type { Context, Problem } from '../../../core/connector.ts';
import { type ErrorCode, type ErrorDetails, isMillraceError, MillraceError } from '../../../core/errors.ts';
import { dialTcp } from '../../../net/dial.ts';
import { encodeCommand } from '../../../protocol/redis/command-writer.ts';
import { RedisCluster } from '../cluster/redis-cluster.ts';
import { openPrimary } from '../sentinel.ts';
import { type ServerFacts, serverFacts } from '../server-facts.ts';
import type { RedisSinkConfig } from './config.ts';
import { checkCommands } from './needed-commands.ts';
import { OwnKeys } from './own-keys.ts';
import { forbiddenCommands } from './permissions.ts';
import { tableSettings } from './table-settings.ts';

/** Looks at a server as the sink would use it, and says what to repair. Changes nothing. */
export const checkRedisSink = async (
  config: RedisSinkConfig,
  { clock, passed, pipeline }: Context,
): Promise<readonly Problem[]> => {
  const stop = new AbortController();
  try {
    tableSettings(config);
    const options = { config, dial: dialTcp, clock, signal: stop.signal };
    const connection = await openPrimary(options);
    const { address: server } = connection;
    const facts = await serverFacts(connection);
    passed?.(`Redis or Valkey ${facts.version ?? 'of an unknown version'} answers at ${server}`);
    const problems: Problem[] = [];
    if (facts.mode === 'cluster') {
      const own = new OwnKeys(config['position.prefix'], pipeline, true);
      return await checkNodes({ cluster: await RedisCluster.open(options, connection), config, own, passed });
    }
    if (facts.role === 'slave') {
      const details = { server, reason: 'it is a replica, which takes no writes' };
      problems.push(problem('error', 'REDIS_NOT_READY', details));
    }
    await checkCommands(connection, config);
    const own = new OwnKeys(config['position.prefix'], pipeline);
    const user = config.username ?? 'default';
    const forbidden = await forbiddenCommands(connection, config, own);
    for (const command of forbidden ?? []) {
      problems.push(problem('error', 'REDIS_NOT_PERMITTED', { server, user, command }));
    }
    if (forbidden?.length === 0) passed?.(`the user ${user} may run every command that the sink needs`);
    problems.push(...memoryOf(facts, server, passed));
    return problems;
  } catch (error) {
    if (!isMillraceError(error)) throw error;
    return [{ code: error.code, message: error.message, remedy: error.hint, severity: 'error' }];
  } finally {
    stop.abort();
  }
};

interface Nodes {
  readonly cluster: RedisCluster;
  readonly config: RedisSinkConfig;
  readonly own: OwnKeys;
  readonly passed: Context['passed'];
}

/** A cluster that can be opened has an owner for each slot. */
const checkNodes = async ({ cluster, config, own, passed }: Nodes): Promise<readonly Problem[]> => {
  const problems: Problem[] = [];
  for (const primary of await cluster.primaries()) {
    const { address: server } = primary;
    await checkCommands(primary, config);
    const facts = await serverFacts(primary);
    const user = config.username ?? 'default';
    // Each node has accounts of its own.
    for (const command of (await forbiddenCommands(primary, config, own, true)) ?? []) {
      problems.push(problem('error', 'REDIS_NOT_PERMITTED', { server, user, command }));
    }
    const [info] = await primary.send(encodeCommand('CLUSTER', 'INFO'), 1);
    const state = /^cluster_state:(\S+)/m.exec(String(info))?.[1];
    if (state !== undefined && state !== 'ok') {
      problems.push(problem('error', 'REDIS_NOT_READY', { server, reason: `cluster_state is ${state}` }));
    }
    if (facts.replicas === 0) problems.push(problem('warning', 'REDIS_CLUSTER_ALONE', { server }));
    problems.push(...memoryOf(facts, server, undefined));
  }
  passed?.(`${cluster.map.primaries.length} primaries have all slots of the cluster`);
  return problems;
};

/** More of its memory than this, and rows will not fit for long. */
const fullShare = 0.9;

const memoryOf = (facts: ServerFacts, server: string, passed: Context['passed']): readonly Problem[] => {
  const { maxMemory, usedMemory, evictionPolicy: policy, appendOnly } = facts;
  const problems: Problem[] = [];
  if (policy?.startsWith('allkeys-') && maxMemory !== 0) {
    problems.push(problem('warning', 'REDIS_SINK_EVICTS', { server, policy }));
  } else if (maxMemory && usedMemory !== null && usedMemory > maxMemory * fullShare) {
    problems.push(problem('warning', 'REDIS_SINK_ALMOST_FULL', { server, usedBytes: usedMemory, maxBytes: maxMemory }));
  } else if (maxMemory === 0) passed?.('maxmemory is 0: the server takes what the machine has, and evicts nothing');
  else if (maxMemory !== null && policy !== null) passed?.(`maxmemory-policy is ${policy}, and there is room`);
  if (appendOnly === true) passed?.('appendonly is yes');
  if (appendOnly === false) problems.push(problem('warning', 'REDIS_SINK_UNSAVED', { server }));
  return problems;
};

const problem = <Code extends ErrorCode>(
  severity: Problem['severity'],
  code: Code,
  details: ErrorDetails<Code>,
): Problem => {
  const { message, hint: remedy } = new MillraceError(code, details);
  return { code, message, remedy, severity };
};
