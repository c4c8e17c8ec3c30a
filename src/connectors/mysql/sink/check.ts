import type { Context, Problem } from '../../../core/connector.ts';
import { type ErrorCode, type ErrorDetails, MillraceError } from '../../../core/errors.ts';
import { quoteName } from '../statements.ts';
import type { MysqlSinkConfig } from './config.ts';
import { ServerError, sinkFailure } from './server-error.ts';
import { StatementSession } from './statement-session.ts';

/**
 * Looks at a server as the sink would use it, and says what to repair, each with the SQL that does. Nothing stays changed, but for the
 * sink's own database, which may be new and empty.
 */
export const checkMysqlSink = async (config: MysqlSinkConfig, context: Context): Promise<readonly Problem[]> => {
  const stop = new AbortController();
  try {
    const session = await StatementSession.open({ config, clock: context.clock, signal: stop.signal, mode: 'lax' });
    const { address } = session;
    const variables = new Map(
      (
        await session.query(
          "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('read_only', 'super_read_only', 'binlog_format', 'log_bin')",
        )
      ).map(([name, value]) => [name!, value ?? '']),
    );
    const problems: Problem[] = [];
    const readOnly = ['super_read_only', 'read_only'].find((name) => variables.get(name) === 'ON');
    if (readOnly !== undefined) {
      problems.push(
        problem(
          'MYSQL_SINK_READ_ONLY',
          { address, variable: readOnly },
          'SET GLOBAL super_read_only = 0, GLOBAL read_only = 0;',
        ),
      );
    }
    const format = variables.get('binlog_format') ?? 'ROW';
    if (variables.get('log_bin') === 'ON' && format === 'STATEMENT') {
      problems.push(problem('MYSQL_SINK_BINLOG_FORMAT', { address, format }, "SET GLOBAL binlog_format = 'ROW';"));
    }
    problems.push(...(await rightsProblems(session, config)));
    return problems;
  } catch (error) {
    const failure = sinkFailure(error, {
      address: `${config.hostname}:${config.port}`,
      user: config.username,
      what: 'check the sink',
    });
    if (!(failure instanceof MillraceError)) throw failure;
    return [{ code: failure.code, message: failure.message, remedy: failure.hint, severity: 'error' }];
  } finally {
    stop.abort();
  }
};

const problem = <Code extends ErrorCode>(code: Code, details: ErrorDetails<Code>, remedy: string | null): Problem => {
  const { message, hint } = new MillraceError(code, details);
  return { code, message, remedy: remedy ?? hint, severity: 'error' };
};

/** What the sink does with the tables it keeps for itself; rights on the source's tables are not known before their names are. */
const wanted = ['CREATE', 'SELECT', 'INSERT', 'UPDATE', 'DELETE', 'DROP'];

/** Tries the sink's own tables with one that is dropped again, since roles and partial revokes make SHOW GRANTS hard to add up. */
const rightsProblems = async (session: StatementSession, config: MysqlSinkConfig): Promise<readonly Problem[]> => {
  const database = quoteName(config['position.database']);
  const probe = `${database}.millrace_check`;
  const [account] = await session.query('SELECT CURRENT_USER()');
  const user = account?.[0] ?? '';
  try {
    // It stays, as the sink leaves it: a pipeline that begins meanwhile may have its positions there by the time it would be dropped.
    await session.run(`CREATE DATABASE IF NOT EXISTS ${database}`);
    await session.run(`CREATE TABLE IF NOT EXISTS ${probe} (id INT PRIMARY KEY) ENGINE = InnoDB`);
    await session.run(`INSERT INTO ${probe} VALUES (1) ON DUPLICATE KEY UPDATE id = 1`);
    await session.run(`DELETE FROM ${probe} WHERE id = 1`);
    await session.run(`DROP TABLE ${probe}`);
    return [];
  } catch (error) {
    if (!(error instanceof ServerError) || ![1044, 1142, 1227].includes(error.number)) throw error;
    const quoted = user.replace(/^(.*)@([^@]*)$/, "'$1'@'$2'");
    const grant = wanted.join(', ');
    const on = `${database}.*`;
    return [problem('MYSQL_MISSING_GRANT', { grant, user, on }, `GRANT ${grant} ON ${on} TO ${quoted};`)];
  }
};
