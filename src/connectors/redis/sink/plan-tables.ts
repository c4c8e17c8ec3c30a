import { MillraceError } from '../../../core/errors.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import { tableMapping } from '../key-mapping.ts';
import type { RedisSinkConfig } from './config.ts';
import { tableSettings } from './table-settings.ts';

/** Nothing is to be made before rows come. Throws CONFIG_TEMPLATE where the settings do not fit a table, or name one that is not there. */
export const planRedisTables = (config: RedisSinkConfig, tables: readonly Table[]): readonly (readonly string[])[] => {
  const settingsOf = tableSettings(config);
  for (const table of tables) settingsOf(table);
  const known = new Set(tables.map(qualifiedName));
  const databases = new Set(tables.map(({ database }) => database));
  for (const setting of mappings) {
    for (const name of tableMapping(config[setting], '…').keys()) {
      // Tables of other databases may come from another source of the pipeline.
      if (known.has(name) || !databases.has(name.slice(0, name.indexOf('.')))) continue;
      throw new MillraceError('CONFIG_TEMPLATE', {
        text: name,
        reason: `${setting} names it, and no such table is captured`,
      });
    }
  }
  return tables.map(() => []);
};

const mappings = [
  'sink.tableId-to-key.mapping',
  'sink.tableId-to-value.mapping',
  'sink.tableId-to-mode.mapping',
  'sink.tableId-to-expiry.mapping',
  'sink.tableId-to-field-expiry.mapping',
  'sink.tableId-to-index.mapping',
  'sink.tableId-to-nest.mapping',
] as const;
