import { nearestName } from '../../core/nearest-name.ts';
import type { Expression } from '../../sql/ast/expression.ts';
import type { SelectItem } from '../../sql/ast/query.ts';
import { functionNamed, functionNames } from '../../sql/functions/function-table.ts';
import { parseExpressionText, parseWhole } from '../../sql/parse/grammar.ts';
import { parseSelectItem } from '../../sql/parse/select.ts';
import { sqlError } from '../../sql/sql-error.ts';

/** One entry of `transform:`, read: its texts are right as far as that shows without the tables. */
export interface TransformRule {
  matches(database: string, table: string): boolean;
  /** Null: all columns as they are. */
  readonly projection: readonly SelectItem[] | null;
  /** Null: all rows. */
  readonly filter: Expression | null;
  /** Null: the source's. */
  readonly primaryKeys: readonly string[] | null;
  /** A deleted row stays, as an update. */
  readonly softDelete: boolean;
}

/**
 * `*, UPPER(name) AS upper_name`. Flink CDC's `\*` is `*`. Throws an SQL_ error with the place in the text; names of columns are
 * not known here, names of functions are.
 */
export const parseProjection = (text: string): readonly SelectItem[] => {
  const items = parseWhole(text.replaceAll('\\*', ' *'), (cursor) => cursor.list(() => parseSelectItem(cursor)));
  for (const { expression, alias } of items) {
    checkFunctions(expression);
    if (expression.kind !== 'name' && expression.kind !== 'star' && alias === null) {
      throw sqlError('SQL_INVALID', expression, {
        reason: 'a computed column needs a name: write AS and the name behind it',
      });
    }
  }
  return items;
};

/** A condition over a table's columns, the metadata columns and the columns that the projection computes. */
export const parseFilter = (text: string): Expression => {
  const filter = parseExpressionText(text);
  checkFunctions(filter);
  return filter;
};

/** Finds functions that do not exist, which needs no table. */
const checkFunctions = (node: unknown): void => {
  if (Array.isArray(node)) for (const item of node) checkFunctions(item);
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return;
  const { kind } = node as { readonly kind?: unknown };
  if (kind === 'call') {
    const { path } = node as Extract<Expression, { kind: 'call' }>;
    const name = path.map((part) => part.name).join('.');
    if (functionNamed(name) === null) {
      const suggestion = nearestName(name.toUpperCase(), functionNames());
      throw sqlError(
        'SQL_UNKNOWN_NAME',
        { start: path[0]!.start, end: path.at(-1)!.end },
        { what: 'function', name, suggestion },
      );
    }
  }
  for (const value of Object.values(node)) checkFunctions(value);
};
