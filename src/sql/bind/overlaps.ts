import type { Expression } from '../ast/expression.ts';
import type { Bound } from '../evaluate/bound.ts';
import { type Span, sqlError } from '../sql-error.ts';
import { isInterval, isTimestamp, shortText } from '../types/sql-type.ts';
import { unifiedType } from '../types/unified-type.ts';
import { castTo } from './cast-to.ts';
import { bindArithmetic, bindBinary } from './operators.ts';

/** From its earlier end to its later one. */
type Period = readonly [from: Bound, to: Bound];

/**
 * `(start, end) OVERLAPS (start, end)`: whether two periods have a moment in common, their ends included. An end may be an interval behind the
 * start, and may lie before it. Throws SQL_TYPE_MISMATCH for what is no period.
 */
export const bindOverlaps = (
  left: Expression,
  right: Expression,
  bind: (part: Expression) => Bound,
  span: Span,
): Bound => {
  const [[from, to], [otherFrom, otherTo]] = [periodOf(left, bind), periodOf(right, bind)];
  const begins = bindBinary('>=', to, otherFrom, span);
  return bindBinary('AND', begins, bindBinary('>=', otherTo, from, span), span);
};

const periodOf = (expression: Expression, bind: (part: Expression) => Bound): Period => {
  const items = expression.kind === 'row' ? expression.items.map(bind) : [];
  const [start, second] = items;
  const refused = (found: string): Error =>
    sqlError('SQL_TYPE_MISMATCH', expression, {
      what: 'OVERLAPS',
      found,
      expected: '(start, end) of a DATE, TIME or TIMESTAMP',
    });
  if (start === undefined || second === undefined || items.length > 2) throw refused('something else');
  const end = isInterval(second.type) ? bindArithmetic('+', start, second, expression) : second;
  const type = unifiedType([start.type, end.type]);
  const isTime = type !== null && (type.kind === 'DATE' || type.kind === 'TIME' || isTimestamp(type));
  if (!isTime) throw refused(items.map((item) => shortText(item.type)).join(' and '));
  const [a, b] = [castTo(start, type)!, castTo(end, type)!];
  const inOrder = bindBinary('<=', a, b, expression);
  const earlierOr = (first: Bound, otherwise: Bound): Bound => ({
    kind: 'case',
    branches: [{ when: inOrder, result: first }],
    otherwise,
    type,
  });
  return [earlierOr(a, b), earlierOr(b, a)];
};
