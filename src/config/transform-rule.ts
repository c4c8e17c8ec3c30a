import { tablePatterns } from '../core/table-pattern.ts';
import { parseFilter, parseProjection, type TransformRule } from '../operators/transform/transform-rule.ts';
import type { TransformSettings } from './frame.ts';

/** An entry of `transform:` as operators take it. Throws CONFIG_TABLE_PATTERN and SQL_ errors. */
export const transformRule = (settings: TransformSettings): TransformRule => {
  const patterns = tablePatterns([settings['source-table']], []);
  return {
    matches: (database, table) => patterns.matches(database, table),
    projection: settings.projection === undefined ? null : parseProjection(settings.projection),
    filter: settings.filter === undefined ? null : parseFilter(settings.filter),
    primaryKeys: settings['primary-keys']?.split(',').map((key) => key.trim()) ?? null,
    softDelete: settings['converter-after-transform'] === 'SOFT_DELETE',
  };
};
