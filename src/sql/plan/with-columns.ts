import type { Expression } from '../ast/expression.ts';
import type { Span } from '../sql-error.ts';

/** The expression with every part that `nameOf` gives a name for replaced by the column of that name; queries inside stay as they are. */
export const withColumns = (expression: Expression, nameOf: (part: Expression) => string | null): Expression => {
  const replace = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(replace);
    if (typeof node !== 'object' || node === null) return node;
    const { kind } = node as { readonly kind?: unknown };
    if (kind === 'query' || kind === 'identifier') return node;
    if (typeof kind === 'string' && expressionKinds.has(kind)) {
      const name = nameOf(node as Expression);
      if (name !== null) return reference(name, node as Span);
    }
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, replace(value)]));
  };
  return replace(expression) as Expression;
};

const reference = (name: string, { start, end }: Span): Expression => ({
  kind: 'name',
  path: [{ kind: 'identifier', name, start, end }],
  start,
  end,
});

/** Parts that can stand for a column: everything that computes. */
const expressionKinds: ReadonlySet<string> = new Set([
  'name',
  'call',
  'unary',
  'binary',
  'is',
  'between',
  'in',
  'exists',
  'subquery',
  'like',
  'case',
  'cast',
  'extract',
  'round-time',
  'trim',
  'overlay',
  'position',
  'timestamp-add',
  'timestamp-diff',
  'item',
  'field',
  'json-value',
  'json-arrayagg',
  'json-objectagg',
]);
