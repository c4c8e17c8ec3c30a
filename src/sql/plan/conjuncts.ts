import type { Expression } from '../ast/expression.ts';
import type { Bound } from '../evaluate/bound.ts';

/** What all has to hold for a condition to hold. */
export const conjunctsOf = (condition: Bound): readonly Bound[] =>
  condition.kind === 'and' ? [...conjunctsOf(condition.left), ...conjunctsOf(condition.right)] : [condition];

export const conjunction = (left: Bound, right: Bound): Bound => ({
  kind: 'and',
  left,
  right,
  type: { kind: 'BOOLEAN', nullable: left.type.nullable || right.type.nullable },
});

/** The same of a condition as it is written. */
export const writtenConjuncts = (condition: Expression): readonly Expression[] =>
  condition.kind === 'binary' && condition.operator === 'AND'
    ? [...writtenConjuncts(condition.left), ...writtenConjuncts(condition.right)]
    : [condition];
