import type { Context } from '../../../core/connector.ts';
import type { Table } from '../../../core/table.ts';
import type { MysqlSinkConfig } from './config.ts';
import { sinkFailure } from './server-error.ts';
import { StatementSession } from './statement-session.ts';
import { TargetSchema } from './target-schema.ts';

/** The definitions that the sink would send for each table, as this server takes them. Only its catalogue is read. */
export const planMysqlTables = async (
  config: MysqlSinkConfig,
  context: Context,
  tables: readonly Table[],
): Promise<readonly (readonly string[])[]> => {
  const stop = new AbortController();
  try {
    const session = await StatementSession.open({ config, clock: context.clock, signal: stop.signal, mode: 'lax' });
    const schema = await TargetSchema.toPlan(session, config, context);
    const plans: (readonly string[])[] = [];
    for (const table of tables) plans.push(await schema.statementsFor(table));
    return plans;
  } catch (error) {
    const address = `${config.hostname}:${config.port}`;
    throw sinkFailure(error, { address, user: config.username, what: 'plan the tables' });
  } finally {
    stop.abort();
  }
};
