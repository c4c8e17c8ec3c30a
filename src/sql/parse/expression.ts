import type { BinaryOperator, Comparison, Expression, IsTest } from '../ast/expression.ts';
import type { Cursor } from './cursor.ts';
import { power } from './power.ts';
import { parsePrimary } from './primary.ts';
import { parseQueryOrList } from './query-or-list.ts';

const comparisons: Readonly<Record<string, Comparison>> = {
  '=': '=',
  '<>': '<>',
  '!=': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

/** Operators between two operands, by their words. */
const infix: readonly (readonly [words: readonly string[], operator: BinaryOperator, power: number])[] = [
  [['OR'], 'OR', power.or],
  [['AND'], 'AND', power.and],
  [['OVERLAPS'], 'OVERLAPS', power.comparison],
  [['CONTAINS'], 'CONTAINS', power.comparison],
  [['EQUALS'], 'EQUALS', power.comparison],
  [['PRECEDES'], 'PRECEDES', power.comparison],
  [['SUCCEEDS'], 'SUCCEEDS', power.comparison],
  [['IMMEDIATELY', 'PRECEDES'], 'IMMEDIATELY PRECEDES', power.comparison],
  [['IMMEDIATELY', 'SUCCEEDS'], 'IMMEDIATELY SUCCEEDS', power.comparison],
  [['MEMBER', 'OF'], 'MEMBER OF', power.comparison],
  [['SUBMULTISET', 'OF'], 'SUBMULTISET OF', power.comparison],
  [['+'], '+', power.sum],
  [['-'], '-', power.sum],
  [['*'], '*', power.product],
  [['/'], '/', power.product],
  [['%'], '%', power.product],
  [['||'], '||', power.product],
];

/** An expression by operator precedence: an operand, then what binds to it at least as tightly as `least`. */
export const parseExpression = (cursor: Cursor, least: number): Expression => {
  let left = parseOperand(cursor);
  for (;;) {
    const next = parseContinuation(cursor, left, least);
    if (next === null) return left;
    left = next;
  }
};

const parseOperand = (cursor: Cursor): Expression => {
  const { start } = cursor;
  if (cursor.sees('NOT')) {
    cursor.take();
    const operand = cursor.expression(power.not);
    return { kind: 'unary', operator: 'NOT', operand, ...cursor.spanFrom(start) };
  }
  if (cursor.sees('-') || cursor.sees('+')) {
    const operator = cursor.take().text as '-' | '+';
    const operand = cursor.expression(power.sign);
    return { kind: 'unary', operator, operand, ...cursor.spanFrom(start) };
  }
  return parsePrimary(cursor);
};

/** `left` with the operator that follows it; null: none follows that binds tightly enough. */
const parseContinuation = (cursor: Cursor, left: Expression, least: number): Expression | null => {
  const { start } = left;
  const comparison = comparisons[cursor.peek().kind === 'symbol' ? cursor.peek().text : ''];
  if (comparison !== undefined) {
    if (power.comparison < least) return null;
    cursor.take();
    const quantifier = (['SOME', 'ANY', 'ALL'] as const).find((word) => cursor.sees(word, '('));
    if (quantifier !== undefined) {
      cursor.take();
      const of = parseQueryOrList(cursor);
      return { kind: 'quantified', operand: left, operator: comparison, quantifier, of, ...cursor.spanFrom(start) };
    }
    const right = cursor.expression(power.comparison + 1);
    return { kind: 'binary', operator: comparison, left, right, ...cursor.spanFrom(start) };
  }
  for (const [words, operator, binding] of infix) {
    if (!cursor.sees(...words)) continue;
    if (binding < least) return null;
    cursor.accept(...words);
    const right = cursor.expression(binding + 1);
    return { kind: 'binary', operator, left, right, ...cursor.spanFrom(start) };
  }
  if (cursor.sees('IS')) return power.is < least ? null : parseIs(cursor, left);
  if (cursor.sees('[')) {
    if (power.access < least) return null;
    cursor.take();
    const index = cursor.expression();
    cursor.expect(']');
    return { kind: 'item', operand: left, index, ...cursor.spanFrom(start) };
  }
  if (cursor.sees('.')) {
    if (power.access < least) return null;
    cursor.take();
    const field = cursor.name("a field's name");
    return { kind: 'field', operand: left, field, ...cursor.spanFrom(start) };
  }
  return power.membership < least ? null : parseMembership(cursor, left);
};

const isTests: readonly IsTest[] = [
  'NULL',
  'TRUE',
  'FALSE',
  'UNKNOWN',
  'JSON VALUE',
  'JSON OBJECT',
  'JSON ARRAY',
  'JSON SCALAR',
  'JSON',
  'A SET',
  'EMPTY',
];

const parseIs = (cursor: Cursor, operand: Expression): Expression => {
  const { start } = operand;
  cursor.expect('IS');
  const negated = cursor.accept('NOT');
  if (cursor.accept('DISTINCT', 'FROM')) {
    const right = cursor.expression(power.sum);
    const operator = negated ? 'IS NOT DISTINCT FROM' : 'IS DISTINCT FROM';
    return { kind: 'binary', operator, left: operand, right, ...cursor.spanFrom(start) };
  }
  for (const test of isTests) {
    if (cursor.accept(...test.split(' '))) return { kind: 'is', operand, test, negated, ...cursor.spanFrom(start) };
  }
  return cursor.fail();
};

const memberships = ['BETWEEN', 'IN', 'LIKE', 'ILIKE', 'RLIKE', 'SIMILAR'];

/** BETWEEN, IN, LIKE and SIMILAR TO; null: none of them follows. */
const parseMembership = (cursor: Cursor, operand: Expression): Expression | null => {
  const { start } = operand;
  const negated = cursor.sees('NOT') && memberships.includes(cursor.peek(1).keyword);
  const word = cursor.peek(negated ? 1 : 0).keyword;
  if (!memberships.includes(word)) return null;
  if (negated) cursor.take();
  cursor.take();
  if (word === 'IN') {
    const of = parseQueryOrList(cursor);
    return { kind: 'in', operand, of, negated, ...cursor.spanFrom(start) };
  }
  if (word === 'BETWEEN') {
    const symmetric = cursor.acceptOneOf('SYMMETRIC', 'ASYMMETRIC') === 'SYMMETRIC';
    const low = cursor.expression(power.membership + 1);
    cursor.expect('AND');
    const high = cursor.expression(power.membership + 1);
    return { kind: 'between', operand, symmetric, low, high, negated, ...cursor.spanFrom(start) };
  }
  if (word === 'SIMILAR') cursor.expect('TO');
  const pattern = cursor.expression(power.membership + 1);
  const escapeCharacter = cursor.accept('ESCAPE') ? cursor.expression(power.membership + 1) : null;
  const operator = word === 'SIMILAR' ? 'SIMILAR TO' : (word as 'LIKE' | 'ILIKE' | 'RLIKE');
  return { kind: 'like', operator, operand, pattern, escape: escapeCharacter, negated, ...cursor.spanFrom(start) };
};
