import { mysqlConfig } from '../connectors/mysql/config.ts';
import type { Table } from '../core/table.ts';
import type { Settings } from './connected-table.ts';

/** The settings of a source that means one table alone. */
export const scanConfig = (settings: Settings, { database, name }: Pick<Table, 'database' | 'name'>) =>
  mysqlConfig.parse({ ...settings, tables: [`${exactPattern(database)}.${exactPattern(name)}`] });

/** A name as a part of a table pattern that means it alone. */
export const exactPattern = (name: string): string => name.replace(/[\^$\\.*+?()[\]{}|/,]/g, '\\$&');
