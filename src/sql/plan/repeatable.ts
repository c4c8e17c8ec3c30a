import type { Bound } from '../evaluate/bound.ts';
import type { Plan } from './plan.ts';
import { inputsOf } from './plan-inputs.ts';

/**
 * Whether a plan gives the same rows for the same tables whenever it is computed, in whatever ticks their rows come: it asks neither for
 * the time nor for chance, and the order in which rows came decides nothing.
 */
export const isRepeatable = (plan: Plan): boolean =>
  !expressionsOf(plan).some(asks) && !isOrderTaken(plan) && inputsOf(plan).every(isRepeatable);

/** Whether two of it are as good as one: it asks neither for the time nor for chance. */
export const isShareable = (plan: Plan): boolean =>
  !expressionsOf(plan).some(asks) && inputsOf(plan).every(isShareable);

/** Whether the step takes rows as they come, or what another system says just then, where nothing else decides between them. */
const isOrderTaken = (plan: Plan): boolean => {
  switch (plan.kind) {
    case 'temporal-join':
      return plan.time === null;
    case 'lookup-join':
      return true;
    case 'aggregate':
    case 'over':
      return plan.calls.some(({ name, fold, own }) => (fold ?? own) !== undefined || takesOrder.has(name));
    case 'top':
      return plan.order.length === 0 && plan.limit !== null;
    case 'window':
      return plan.closes !== null;
    default:
      return false;
  }
};

const takesOrder: ReadonlySet<string> = new Set([
  'FIRST_VALUE',
  'LAST_VALUE',
  'LISTAGG',
  'STRING_AGG',
  'ARRAY_AGG',
  'JSON_ARRAYAGG',
  'JSON_OBJECTAGG',
]);

const expressionsOf = (plan: Plan): readonly Bound[] => {
  switch (plan.kind) {
    case 'values':
      return plan.rows.flat();
    case 'project':
      return plan.expressions;
    case 'filter':
    case 'temporal-join':
      return [plan.condition];
    case 'lookup-join':
      return [plan.condition, ...expressionsOf(plan.right)];
    case 'join':
      return plan.condition === null ? [] : [plan.condition];
    case 'unnest':
      return [plan.operand];
    default:
      return [];
  }
};

/** Routines that get the context, and ask for nothing of it but the time zone, which is one for a whole job. */
const asksForZone = /^(CAST AS|EXTRACT|FLOOR TO|CEIL TO|TIMESTAMPDIFF|DATE_FORMAT|FROM_UNIXTIME|ARRAY_JOIN|JSON)/;

const asks = (expression: Bound): boolean => {
  switch (expression.kind) {
    case 'column':
    case 'constant':
      return false;
    case 'call': {
      const { contextual, name } = expression.routine;
      return (contextual && !asksForZone.test(name)) || expression.args.some(asks);
    }
    case 'and':
    case 'or':
      return asks(expression.left) || asks(expression.right);
    case 'is-null':
    case 'try':
      return asks(expression.operand);
    case 'case':
      return expression.branches.some(({ when, result }) => asks(when) || asks(result)) || asks(expression.otherwise);
    case 'coalesce':
      return expression.args.some(asks);
  }
};
