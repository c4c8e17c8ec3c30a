import type { Argument, Call, Expression, TableArgument } from '../ast/expression.ts';
import type { Identifier } from '../ast/identifier.ts';
import type { OrderItem } from '../ast/query.ts';
import { type Cursor, isReserved } from './cursor.ts';
import { parseOrderItem } from './order-item.ts';
import { seesQuery } from './query-or-list.ts';
import { reservedFunctionNames } from './reserved-words.ts';
import { parseWindowSpecification } from './window-specification.ts';

/** Functions without parentheses. */
const bareCalls: ReadonlySet<string> = new Set([
  'CURRENT_CATALOG',
  'CURRENT_DATE',
  'CURRENT_DEFAULT_TRANSFORM_GROUP',
  'CURRENT_PATH',
  'CURRENT_ROLE',
  'CURRENT_SCHEMA',
  'CURRENT_TIME',
  'CURRENT_TIMESTAMP',
  'CURRENT_USER',
  'LOCALTIME',
  'LOCALTIMESTAMP',
  'SESSION_USER',
  'SYSTEM_USER',
  'USER',
]);

export const parseBareCall = (cursor: Cursor): Call | null => {
  const token = cursor.peek();
  if (!bareCalls.has(token.keyword) || cursor.sees(token.keyword, '(')) return null;
  cursor.take();
  return { ...plainCall, path: [identifierOf(token)], bare: true, ...cursor.spanFrom(token.start) };
};

const plainCall = {
  kind: 'call',
  bare: false,
  quantifier: null,
  arguments: [],
  orderBy: [],
  nulls: null,
  withinGroup: null,
  filter: null,
  over: null,
} as const;

const identifierOf = ({
  text,
  start,
  end,
}: {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}): Identifier => ({
  kind: 'identifier',
  name: text,
  start,
  end,
});

/** Whether a function's name and its parenthesis come next. */
export const seesCall = (cursor: Cursor): boolean => {
  const first = cursor.peek();
  if (isReserved(first)) {
    return (
      (reservedFunctionNames.has(first.keyword) || bareCalls.has(first.keyword)) && cursor.sees(first.keyword, '(')
    );
  }
  let at = 0;
  while (cursor.seesName(at)) {
    const after = cursor.peek(at + 1);
    if (after.kind !== 'symbol') return false;
    if (after.text === '(') return true;
    if (after.text !== '.') return false;
    at += 2;
  }
  return false;
};

/** `f(...)` with everything that may follow: WITHIN GROUP, FILTER, OVER. */
export const parseCall = (cursor: Cursor): Call => {
  const { start } = cursor;
  const path = isReserved(cursor.peek()) ? [identifierOf(cursor.take())] : cursor.path();
  cursor.expect('(');
  const quantifier = cursor.acceptOneOf('DISTINCT', 'ALL');
  const args: Argument[] = [];
  let orderBy: readonly OrderItem[] = [];
  let nulls: Call['nulls'] = null;
  if (!cursor.sees(')')) {
    args.push(...cursor.list(() => parseArgument(cursor)));
    if (cursor.accept('ORDER')) {
      cursor.expect('BY');
      orderBy = cursor.list(() => parseOrderItem(cursor));
    }
    nulls = parseNullTreatment(cursor);
  }
  cursor.expect(')');
  nulls ??= parseNullTreatment(cursor);
  const tail = parseCallTail(cursor);
  return { ...plainCall, path, quantifier, arguments: args, orderBy, nulls, ...tail, ...cursor.spanFrom(start) };
};

const parseNullTreatment = (cursor: Cursor): Call['nulls'] => {
  for (const word of ['IGNORE', 'RESPECT'] as const) if (cursor.accept(word, 'NULLS')) return word;
  return null;
};

const parseCallTail = (cursor: Cursor): Pick<Call, 'withinGroup' | 'filter' | 'over'> => {
  let withinGroup: readonly OrderItem[] | null = null;
  if (cursor.accept('WITHIN', 'GROUP')) {
    cursor.expect('(', 'ORDER', 'BY');
    withinGroup = cursor.list(() => parseOrderItem(cursor));
    cursor.expect(')');
  }
  let filter: Expression | null = null;
  if (cursor.accept('FILTER')) {
    cursor.expect('(', 'WHERE');
    filter = cursor.expression();
    cursor.expect(')');
  }
  let over: Call['over'] = null;
  if (cursor.accept('OVER')) over = cursor.sees('(') ? parseWindowSpecification(cursor) : cursor.name('a window');
  return { withinGroup, filter, over };
};

const parseArgument = (cursor: Cursor): Argument => {
  const { start } = cursor;
  if (cursor.seesName() && cursor.peek(1).kind === 'symbol' && cursor.peek(1).text === '=>') {
    const name = cursor.name();
    cursor.expect('=>');
    const value = parseArgument(cursor);
    return { kind: 'named', name, value, ...cursor.spanFrom(start) };
  }
  if (cursor.accept('*')) return { kind: 'star', path: [], ...cursor.spanFrom(start) };
  if (cursor.accept('DEFAULT')) return { kind: 'default', ...cursor.spanFrom(start) };
  if (cursor.sees('DESCRIPTOR', '(')) {
    cursor.take();
    const columns = cursor.accept('(', ')') ? [] : cursor.parenthesized(() => cursor.name());
    return { kind: 'descriptor', columns, ...cursor.spanFrom(start) };
  }
  if (cursor.sees('TABLE') || cursor.sees('SELECT') || cursor.sees('WITH')) return parseTableArgument(cursor);
  if (
    cursor.sees('(') &&
    (cursor.peek(1).keyword === 'TABLE' || cursor.peek(1).keyword === 'SELECT') &&
    seesQuery(cursor, 1)
  ) {
    const mark = cursor.mark;
    cursor.expect('(');
    const query = cursor.query();
    cursor.expect(')');
    // `(SELECT 1) + 1` is an expression, and a scalar subquery is one too.
    if (!cursor.sees('PARTITION') && !cursor.sees('ORDER')) {
      cursor.rewind(mark);
      return cursor.expression();
    }
    return { kind: 'table', table: query, ...parseTableOrder(cursor), ...cursor.spanFrom(start) };
  }
  return cursor.expression();
};

const parseTableArgument = (cursor: Cursor): TableArgument => {
  const { start } = cursor;
  if (!cursor.sees('TABLE') || cursor.peek(1).text === '(') {
    const query = cursor.query();
    return { kind: 'table', table: query, partitionBy: [], orderBy: [], ...cursor.spanFrom(start) };
  }
  cursor.expect('TABLE');
  const table = cursor.path('a table');
  return { kind: 'table', table, ...parseTableOrder(cursor), ...cursor.spanFrom(start) };
};

const parseTableOrder = (cursor: Cursor): Pick<TableArgument, 'partitionBy' | 'orderBy'> => {
  let partitionBy: readonly Expression[] = [];
  if (cursor.accept('PARTITION', 'BY')) {
    partitionBy = cursor.sees('(') ? cursor.parenthesized(() => cursor.expression()) : [cursor.expression()];
  }
  let orderBy: readonly OrderItem[] = [];
  if (cursor.accept('ORDER', 'BY')) {
    orderBy = cursor.sees('(') ? cursor.parenthesized(() => parseOrderItem(cursor)) : [parseOrderItem(cursor)];
  }
  return { partitionBy, orderBy };
};
