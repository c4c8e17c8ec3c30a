import type { Drop } from '../ast/statement.ts';
import type { Cursor } from './cursor.ts';

/** DROP [TEMPORARY [SYSTEM]] TABLE | VIEW | FUNCTION | DATABASE | CATALOG [IF EXISTS] name */
export const parseDrop = (cursor: Cursor): Drop => {
  const { start } = cursor;
  cursor.expect('DROP');
  let scope: Drop['scope'] = cursor.accept('TEMPORARY') ? 'TEMPORARY' : null;
  if (scope !== null && cursor.accept('SYSTEM')) scope = 'TEMPORARY SYSTEM';
  const what =
    scope === 'TEMPORARY SYSTEM'
      ? cursor.expectOneOf('FUNCTION')
      : scope === 'TEMPORARY'
        ? cursor.expectOneOf('TABLE', 'VIEW', 'FUNCTION')
        : cursor.expectOneOf('TABLE', 'VIEW', 'FUNCTION', 'DATABASE', 'CATALOG');
  const ifExists = cursor.accept('IF', 'EXISTS');
  const path = what === 'CATALOG' ? [cursor.name()] : cursor.path();
  const behavior = what === 'DATABASE' ? cursor.acceptOneOf('CASCADE', 'RESTRICT') : null;
  return { kind: 'drop', what, scope, ifExists, path, behavior, ...cursor.spanFrom(start) };
};
