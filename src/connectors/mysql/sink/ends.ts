import type { Ends } from '../../../core/connector.ts';
import type { MysqlSinkConfig } from './config.ts';
import { openMysqlSink } from './sink.ts';

export const mysqlSinkEnds: Ends<MysqlSinkConfig> = {
  openSink: openMysqlSink,
  openReader: async (config, context) => {
    const [{ MysqlReader }, { readingConfig }] = await Promise.all([
      import('../reader/reader.ts'),
      import('./reading-config.ts'),
    ]);
    return new MysqlReader({ config: readingConfig(config), context });
  },
  planTables: async (config, context, tables) =>
    (await import('./plan-tables.ts')).planMysqlTables(config, context, tables),
  check: async (config, context) => (await import('./check.ts')).checkMysqlSink(config, context),
};
