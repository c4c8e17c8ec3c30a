import type { Bound } from './bound.ts';

/** The columns that an expression reads, each once, in ascending order. */
export const columnsOf = (expression: Bound): readonly number[] => {
  const found = new Set<number>();
  substitute(expression, (index) => {
    found.add(index);
    return null;
  });
  return [...found].sort((a, b) => a - b);
};

/** Whether an expression asks for more than its row: the time, chance or the time zone. */
export const isContextual = (expression: unknown): boolean => {
  if (typeof expression !== 'object' || expression === null) return false;
  if ((expression as { readonly contextual?: unknown }).contextual === true) return true;
  return Object.values(expression).some(isContextual);
};

/** The expression with columns replaced by what `by` gives for them; null leaves a column as it is. */
export const substitute = (expression: Bound, by: (index: number) => Bound | null): Bound => {
  const replace = (part: Bound): Bound => substitute(part, by);
  switch (expression.kind) {
    case 'column':
      return by(expression.index) ?? expression;
    case 'constant':
      return expression;
    case 'call':
    case 'coalesce':
      return { ...expression, args: expression.args.map(replace) };
    case 'and':
    case 'or':
      return { ...expression, left: replace(expression.left), right: replace(expression.right) };
    case 'is-null':
    case 'try':
      return { ...expression, operand: replace(expression.operand) };
    case 'case':
      return {
        ...expression,
        branches: expression.branches.map(({ when, result }) => ({ when: replace(when), result: replace(result) })),
        otherwise: replace(expression.otherwise),
      };
  }
};
