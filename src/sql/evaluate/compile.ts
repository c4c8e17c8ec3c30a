import type { Bound, Evaluator } from './bound.ts';
import { ExpressionWriter } from './expression-writer.ts';
import { interpret } from './interpret.ts';

/**
 * Computes an expression by JavaScript made for it. Where code generation is forbidden
 * (`--disallow-code-generation-from-strings`), the interpreter computes instead.
 */
export const compile = (expression: Bound): Evaluator => {
  const writer = new ExpressionWriter();
  const result = writer.write(expression);
  const body = `return (row, context) => {\n${writer.lines.join('\n')}\nreturn ${result};\n};`;
  return writer.load<Evaluator>(body) ?? interpret(expression);
};
