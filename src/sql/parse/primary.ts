import type { Expression } from '../ast/expression.ts';
import type { Query } from '../ast/query.ts';
import { sqlError } from '../sql-error.ts';
import { parseBareCall, parseCall, seesCall } from './call.ts';
import type { Cursor } from './cursor.ts';
import { parseLiteral } from './literal.ts';
import { seesQuery } from './query-or-list.ts';
import { parseSpecialCall } from './special-call.ts';

/** An operand without operators around it. */
export const parsePrimary = (cursor: Cursor): Expression => {
  const { start } = cursor;
  const literal = parseLiteral(cursor);
  if (literal !== null) return literal;
  if (cursor.sees('(')) return parseParenthesized(cursor);
  if (cursor.accept('?')) return { kind: 'parameter', ...cursor.spanFrom(start) };
  if (cursor.sees('CASE')) return parseCase(cursor);
  if (cursor.sees('CAST', '(') || cursor.sees('TRY_CAST', '(')) return parseCast(cursor);
  if (cursor.sees('EXISTS') || cursor.sees('UNIQUE')) {
    const kind = cursor.take().keyword === 'EXISTS' ? 'exists' : 'unique';
    return { kind, query: parseSubquery(cursor), ...cursor.spanFrom(start) };
  }
  const constructed = parseConstructor(cursor);
  if (constructed !== null) return constructed;
  const special = parseSpecialCall(cursor);
  if (special !== null) return special;
  const bare = parseBareCall(cursor);
  if (bare !== null) return bare;
  if (seesCall(cursor)) return parseCall(cursor);
  if (!cursor.seesName()) cursor.fail('an expression');
  return parseName(cursor);
};

/** `a.b.c`; `t.*` where a list of columns stands takes it from here. */
const parseName = (cursor: Cursor): Expression => {
  const { start } = cursor;
  const path = [cursor.name()];
  while (cursor.sees('.')) {
    cursor.take();
    if (cursor.accept('*')) return { kind: 'star', path, ...cursor.spanFrom(start) };
    path.push(cursor.name());
  }
  return { kind: 'name', path, ...cursor.spanFrom(start) };
};

const parseParenthesized = (cursor: Cursor): Expression => {
  const { start } = cursor;
  if (seesQuery(cursor, 1)) return { kind: 'subquery', query: parseSubquery(cursor), ...cursor.spanFrom(start) };
  const items = cursor.parenthesized(() => cursor.expression());
  if (items.length === 1) return items[0]!;
  return { kind: 'row', explicit: false, items, ...cursor.spanFrom(start) };
};

const parseSubquery = (cursor: Cursor): Query => {
  cursor.expect('(');
  const query = cursor.query();
  cursor.expect(')');
  return query;
};

const parseCase = (cursor: Cursor): Expression => {
  const { start } = cursor;
  cursor.expect('CASE');
  const operand = cursor.sees('WHEN') ? null : cursor.expression();
  const branches = [];
  while (cursor.accept('WHEN')) {
    const when = operand === null ? [cursor.expression()] : cursor.list(() => cursor.expression());
    cursor.expect('THEN');
    branches.push({ when, result: cursor.expression() });
  }
  if (branches.length === 0) cursor.fail();
  const otherwise = cursor.accept('ELSE') ? cursor.expression() : null;
  cursor.expect('END');
  return { kind: 'case', operand, branches, otherwise, ...cursor.spanFrom(start) };
};

const parseCast = (cursor: Cursor): Expression => {
  const { start } = cursor;
  const lenient = cursor.take().keyword === 'TRY_CAST';
  cursor.expect('(');
  const operand = cursor.expression();
  cursor.expect('AS');
  const type = cursor.typeName();
  if (type.nullable !== null) {
    throw sqlError('SQL_SYNTAX', type, { found: 'a type with a word about NULL', expected: 'the type alone' });
  }
  cursor.expect(')');
  return { kind: 'cast', lenient, operand, type, ...cursor.spanFrom(start) };
};

/** ARRAY[...], MULTISET[...], MAP[...], ROW(...), and ARRAY(SELECT ...); null: something else. */
const parseConstructor = (cursor: Cursor): Expression | null => {
  const { start } = cursor;
  for (const word of ['ARRAY', 'MULTISET'] as const) {
    if (!cursor.sees(word, '[')) continue;
    cursor.accept(word, '[');
    const items = cursor.sees(']') ? [] : cursor.list(() => cursor.expression());
    cursor.expect(']');
    return { kind: word === 'ARRAY' ? 'array' : 'multiset', items, ...cursor.spanFrom(start) };
  }
  if (cursor.sees('MAP', '[')) {
    cursor.accept('MAP', '[');
    const items = cursor.sees(']') ? [] : cursor.list(() => cursor.expression());
    cursor.expect(']');
    return { kind: 'map', items, ...cursor.spanFrom(start) };
  }
  for (const into of ['ARRAY', 'MULTISET', 'MAP'] as const) {
    if (!cursor.sees(into, '(')) continue;
    cursor.take();
    return { kind: 'collected', into, query: parseSubquery(cursor), ...cursor.spanFrom(start) };
  }
  if (cursor.sees('ROW', '(')) {
    cursor.take();
    const items = cursor.parenthesized(() => cursor.expression());
    return { kind: 'row', explicit: true, items, ...cursor.spanFrom(start) };
  }
  return null;
};
