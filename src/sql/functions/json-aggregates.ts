import type { Expression, JsonCall } from '../ast/expression.ts';
import { type Bound, call, routine } from '../evaluate/bound.ts';
import { jsonText } from '../evaluate/json-text.ts';
import type { EvaluationContext, SqlValue } from '../evaluate/sql-value.ts';
import { sqlError } from '../sql-error.ts';
import { string } from '../types/sql-type.ts';
import { bindJsonValue, bindText, raise } from './json-calls.ts';

/** JSON_ARRAYAGG and JSON_OBJECTAGG. */
export type JsonAggregate = Extract<JsonCall, { readonly kind: 'json-arrayagg' | 'json-objectagg' }>;

export const isJsonAggregate = (expression: Expression): expression is JsonAggregate =>
  expression.kind === 'json-arrayagg' || expression.kind === 'json-objectagg';

export const jsonAggregateName = (expression: JsonAggregate): string =>
  expression.kind === 'json-arrayagg' ? 'JSON_ARRAYAGG' : 'JSON_OBJECTAGG';

/** What the aggregate collects of each row, as JSON: an item, or a key and its value. NULL: left out. */
export const jsonAggregateArguments = (
  expression: JsonAggregate,
  bind: (part: Expression) => Bound,
): readonly Bound[] => {
  if (expression.kind === 'json-arrayagg') {
    const [item, ...others] = expression.items;
    if (item === undefined || others.length > 0)
      throw sqlError('SQL_INVALID', expression, { reason: 'JSON_ARRAYAGG takes one value' });
    return [asJson(item, bind, expression.onNull === 'NULL')];
  }
  const [entry, ...others] = expression.entries;
  if (entry === undefined || others.length > 0)
    throw sqlError('SQL_INVALID', expression, { reason: 'JSON_OBJECTAGG takes one key and its value' });
  const keyText = (key: string | null): SqlValue =>
    key === null ? raise('JSON_OBJECTAGG', 'a key is NULL') : jsonText(key);
  const key = call(routine('JSON', keyText, { lenient: true }), [bindText(entry.key, bind, 'KEY')], string(false));
  return [key, asJson(entry.value, bind, expression.onNull !== 'ABSENT')];
};

const asJson = (expression: Expression, bind: (part: Expression) => Bound, keepsNull: boolean): Bound => {
  const { bound, writer, isJson } = bindJsonValue(expression, bind);
  const run = (value: SqlValue, context: EvaluationContext): SqlValue =>
    value === null ? (keepsNull ? 'null' : null) : writer(value, context);
  return call(
    routine('JSON', run, { lenient: true, contextual: true, made: `${keepsNull} ${isJson}` }),
    [bound],
    string(!keepsNull),
  );
};
