import type { Context, Problem } from '../../../core/connector.ts';
import { type ErrorCode, type ErrorDetails, isMillraceError, MillraceError } from '../../../core/errors.ts';
import { dialTcp } from '../../../net/dial.ts';
import { openPrimary } from '../sentinel.ts';
import { serverFacts } from '../server-facts.ts';
import type { RedisSinkConfig } from './config.ts';
import { checkCommands } from './needed-commands.ts';
import { tableSettings } from './table-settings.ts';

/** Looks at a server as the sink would use it, and says what to repair. Changes nothing. */
export const checkRedisSink = async (
  config: RedisSinkConfig,
  { clock, passed }: Context,
): Promise<readonly Problem[]> => {
  const stop = new AbortController();
  try {
    tableSettings(config);
    const connection = await openPrimary({ config, dial: dialTcp, clock, signal: stop.signal });
    const { address: server } = connection;
    const facts = await serverFacts(connection);
    passed?.(`Redis or Valkey ${facts.version ?? 'of an unknown version'} answers at ${server}`);
    const problems: Problem[] = [];
    if (facts.mode === 'cluster') problems.push(problem('error', 'REDIS_SINK_CLUSTER', { server }));
    if (facts.role === 'slave') {
      const details = { server, reason: 'it is a replica, which takes no writes' };
      problems.push(problem('error', 'REDIS_NOT_READY', details));
    }
    await checkCommands(connection, config);
    const { maxMemory, evictionPolicy: policy } = facts;
    if (policy?.startsWith('allkeys-') && maxMemory !== 0) {
      problems.push(problem('warning', 'REDIS_SINK_EVICTS', { server, policy }));
    }
    return problems;
  } catch (error) {
    if (!isMillraceError(error)) throw error;
    return [{ code: error.code, message: error.message, remedy: error.hint, severity: 'error' }];
  } finally {
    stop.abort();
  }
};

const problem = <Code extends ErrorCode>(
  severity: Problem['severity'],
  code: Code,
  details: ErrorDetails<Code>,
): Problem => {
  const { message, hint: remedy } = new MillraceError(code, details);
  return { code, message, remedy, severity };
};
