import { call, routine } from '../../sql/evaluate/bound.ts';
import type { SqlValue } from '../../sql/evaluate/sql-value.ts';
import type { SqlFunction } from '../../sql/functions/define.ts';
import type { UserFunction } from './define-function.ts';
import { type FunctionOrigin, FunctionSignature, typed } from './function-signature.ts';

/** A user's function of one row as SQL calls it. */
export const rowFunction = (
  name: string,
  { arguments: written, returns, call: run }: UserFunction,
  { span, made }: FunctionOrigin,
): SqlFunction => {
  const signature = new FunctionSignature(name, written, span);
  const result = typed(returns, span);
  const compute = run as (...values: readonly unknown[]) => unknown;
  const computed = routine(
    name,
    (...values: readonly SqlValue[]) => {
      const given = signature.given(values);
      return signature.taken(
        signature.ran(() => compute(...given)),
        result,
      );
    },
    { lenient: true, made },
  );
  return {
    name: name.toUpperCase(),
    category: 'own',
    usage: signature.usage,
    description: '',
    bind: (args, site) => call(computed, signature.converted(args, site), result.type),
  };
};
