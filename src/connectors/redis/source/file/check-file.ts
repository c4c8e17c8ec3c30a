import type { Context, Problem } from '../../../../core/connector.ts';
import { isMillraceError } from '../../../../core/errors.ts';
import { keyTables } from '../key-tables.ts';
import { SavedLog } from './saved-log.ts';
import type { FileSettings } from './settings.ts';

/** Whether the files are there and can be read; what is in them is looked at when they are. */
export const checkRedisFile = async (config: FileSettings, { passed }: Context): Promise<readonly Problem[]> => {
  try {
    const tables = keyTables(config);
    await using log = await SavedLog.open(config.path, config['aof.until'] ?? null);
    await log.identity();
    passed?.(`${config.path} can be opened`);
    passed?.(`${tables.length} tables are declared`);
    return [];
  } catch (error) {
    if (!isMillraceError(error)) throw error;
    const { code, message, hint: remedy } = error;
    return [{ code, message, remedy, severity: 'error' }];
  }
};
