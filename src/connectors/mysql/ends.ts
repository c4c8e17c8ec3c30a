import type { Ends } from '../../core/connector.ts';
import type { MysqlConfig } from './config.ts';

export const mysqlEnds: Ends<MysqlConfig> = {
  openSource: async (config, context) => {
    if (config['binlog.files'] !== undefined) {
      const { BinlogFileSource } = await import('./file-source.ts');
      return new BinlogFileSource(config, context);
    }
    const [{ MysqlSource }, { openSnapshotRun }] = await Promise.all([
      import('./source.ts'),
      import('./snapshot/snapshot-run.ts'),
    ]);
    return new MysqlSource({ config, context, openSnapshots: openSnapshotRun });
  },
  openReader: async (config, context) => {
    const { MysqlReader } = await import('./reader/reader.ts');
    return new MysqlReader({ config, context });
  },
  check: async (config, context) => (await import('./check.ts')).checkMysql(config, context),
};
