import { tablePatterns } from '../../core/table-pattern.ts';
import type { MysqlConfig } from './config.ts';
import { mapsPositions } from './mapped-table.ts';

/** The server's own databases, whose tables are no application's. */
const systemDatabases: ReadonlySet<string> = new Set([
  'mysql',
  'sys',
  'information_schema',
  'performance_schema',
  'ndbinfo',
]);

/** What a SQL sink of millrace keeps beside the rows, in whatever database `position.database` names. */
const keptBySinks = /^millrace_(?:schema_change|sweep_[0-9a-f]+)$/;

/**
 * Which tables a source's settings mean: `tables` less `tables.exclude` and those of `owned.elsewhere`, and never the server's own tables nor those in which millrace's
 * sinks keep their places. Carried elsewhere, those would take a target's own place from it, or tell of every write of a sink as a change.
 */
export const selectsTable = (
  config: Pick<MysqlConfig, 'tables' | 'tables.exclude' | 'owned.elsewhere'>,
): ((database: string, table: string) => boolean) => {
  const patterns = tablePatterns(config.tables, [
    ...(config['tables.exclude'] ?? []),
    ...(config['owned.elsewhere']?.tables ?? []),
  ]);
  return (database, table) =>
    patterns.matches(database, table) &&
    !systemDatabases.has(database.toLowerCase()) &&
    !mapsPositions(table) &&
    !keptBySinks.test(table);
};
