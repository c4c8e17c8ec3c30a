import { isMillraceError } from '../../core/errors.ts';
import type { Bound, Evaluator } from './bound.ts';
import type { EvaluationContext, SqlValue } from './sql-value.ts';

/** Computes an expression by walking its tree: the oracle of what `compile` generates, and its fallback. */
export const interpret =
  (expression: Bound): Evaluator =>
  (row, context) =>
    evaluate(expression, row, context);

const evaluate = (expression: Bound, row: readonly SqlValue[], context: EvaluationContext): SqlValue => {
  switch (expression.kind) {
    case 'column':
      return row[expression.index]!;
    case 'constant':
      return expression.value;
    case 'call': {
      const { routine, args } = expression;
      const values: unknown[] = [];
      for (const arg of args) {
        const value = evaluate(arg, row, context);
        if (value === null && routine.strict) return null;
        values.push(value);
      }
      if (routine.contextual) values.push(context);
      return routine.run(...values);
    }
    case 'and':
    case 'or': {
      const deciding = expression.kind === 'or';
      const left = evaluate(expression.left, row, context);
      if (left === deciding) return deciding;
      const right = evaluate(expression.right, row, context);
      if (right === deciding) return deciding;
      return left === null || right === null ? null : !deciding;
    }
    case 'is-null':
      return (evaluate(expression.operand, row, context) === null) !== expression.negated;
    case 'case': {
      for (const { when, result } of expression.branches) {
        if (evaluate(when, row, context) === true) return evaluate(result, row, context);
      }
      return evaluate(expression.otherwise, row, context);
    }
    case 'coalesce': {
      for (const arg of expression.args) {
        const value = evaluate(arg, row, context);
        if (value !== null) return value;
      }
      return null;
    }
    case 'try':
      try {
        return evaluate(expression.operand, row, context);
      } catch (error) {
        if (isMillraceError(error, 'SQL_CAST_FAILED')) return null;
        throw error;
      }
  }
};
