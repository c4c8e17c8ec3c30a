import { isMillraceError } from '../core/errors.ts';
import { tablePatterns } from '../core/table-pattern.ts';
import { parseFilter, parseProjection } from '../operators/transform/transform-rule.ts';
import { spanOfError } from '../sql/sql-error.ts';
import { type MapNode, mapEntry } from './config-node.ts';
import type { Report } from './diagnostic.ts';
import type { TransformSettings } from './frame.ts';
import { placeInScalar } from './scalar-place.ts';

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
