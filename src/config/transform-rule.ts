import { isMillraceError } from '../core/errors.ts';
import { tablePatterns } from '../core/table-pattern.ts';
import { parseFilter, parseProjection, type TransformRule } from '../operators/transform/transform-rule.ts';
import { spanOfError } from '../sql/sql-error.ts';
import { type MapNode, mapEntry } from './config-node.ts';
import type { Report } from './diagnostic.ts';
import type { TransformSettings } from './frame.ts';
import { placeInScalar } from './scalar-place.ts';

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

/** Reports what is wrong with an entry, each at its place inside the text it is in. */
export const checkTransform = (settings: TransformSettings, node: MapNode, report: Report): void => {
  const check = (key: 'source-table' | 'projection' | 'filter', read: (text: string) => unknown): void => {
    const text = settings[key];
    if (text === undefined) return;
    try {
      read(text);
    } catch (error) {
      if (!isMillraceError(error)) throw error;
      const value = mapEntry(node, key)?.value;
      const span = spanOfError(error);
      const place =
        value?.kind === 'scalar' && span !== null ? placeInScalar(value, span) : (value?.place ?? node.place);
      report('error', place, error);
    }
  };
  check('source-table', (pattern) => tablePatterns([pattern], []));
  check('projection', parseProjection);
  check('filter', parseFilter);
};
