import type { Expression } from '../ast/expression.ts';
import type { CommonTable, OrderItem, Query, QueryBody } from '../ast/query.ts';
import type { Cursor } from './cursor.ts';
import { parseOrderItem } from './order-item.ts';
import { parseSelect } from './select.ts';

/** WITH, the body, ORDER BY, LIMIT, OFFSET and FETCH. */
export const parseQuery = (cursor: Cursor): Query => {
  const { start } = cursor;
  const tables = parseWith(cursor);
  const body = parseSetOperation(cursor, 0);
  let orderBy: readonly OrderItem[] = [];
  if (cursor.accept('ORDER')) {
    cursor.expect('BY');
    orderBy = cursor.list(() => parseOrderItem(cursor));
  }
  const { offset, limit } = parseLimits(cursor);
  return { kind: 'query', with: tables, body, orderBy, offset, limit, ...cursor.spanFrom(start) };
};

const parseWith = (cursor: Cursor): readonly CommonTable[] => {
  const { start } = cursor;
  if (!cursor.accept('WITH')) return [];
  if (cursor.accept('RECURSIVE')) {
    cursor.refuse(cursor.spanFrom(start), 'WITH RECURSIVE', 'Flink has no recursive queries over streams either');
  }
  return cursor.list(() => {
    const { start } = cursor;
    const name = cursor.name('a name for the common table');
    const columns = cursor.sees('(') ? cursor.parenthesized(() => cursor.name()) : [];
    cursor.expect('AS', '(');
    const query = cursor.query();
    cursor.expect(')');
    return { name, columns, query, ...cursor.spanFrom(start) };
  });
};

/** INTERSECT binds tighter than the others. */
const setPower: Readonly<Record<string, number>> = { UNION: 1, EXCEPT: 1, INTERSECT: 2 };

const parseSetOperation = (cursor: Cursor, least: number): QueryBody => {
  const { start } = cursor;
  let left = parseBody(cursor);
  for (;;) {
    const operator = cursor.acceptOneOf('UNION', 'INTERSECT', 'EXCEPT', 'MINUS');
    if (operator === null) return left;
    if (operator === 'MINUS') {
      cursor.rewind(cursor.mark - 1);
      cursor.fail('EXCEPT');
    }
    if (setPower[operator]! < least) {
      cursor.rewind(cursor.mark - 1);
      return left;
    }
    const all = cursor.acceptOneOf('ALL', 'DISTINCT') === 'ALL';
    const right = parseSetOperation(cursor, setPower[operator]! + 1);
    left = { kind: 'set-operation', operator, all, left, right, ...cursor.spanFrom(start) };
  }
};

const parseBody = (cursor: Cursor): QueryBody => {
  const { start } = cursor;
  if (cursor.sees('SELECT')) return parseSelect(cursor);
  if (cursor.accept('VALUES')) {
    const rows = cursor.list(() => cursor.expression());
    return { kind: 'values', rows, ...cursor.spanFrom(start) };
  }
  if (cursor.accept('TABLE'))
    return { kind: 'explicit-table', path: cursor.path('a table'), ...cursor.spanFrom(start) };
  if (cursor.sees('(')) {
    cursor.take();
    const query = cursor.query();
    cursor.expect(')');
    return query;
  }
  return cursor.fail('a query: SELECT, VALUES, TABLE or WITH');
};

/** `LIMIT n OFFSET m`, `OFFSET m ROWS FETCH NEXT n ROWS ONLY`, `LIMIT ALL`. */
const parseLimits = (cursor: Cursor): { readonly offset: Expression | null; readonly limit: Expression | null } => {
  let offset: Expression | null = null;
  let limit: Expression | null = null;
  if (cursor.accept('LIMIT')) {
    if (!cursor.accept('ALL')) limit = parseCount(cursor);
    if (cursor.accept('OFFSET')) {
      offset = parseCount(cursor);
      cursor.acceptOneOf('ROWS', 'ROW');
    }
    return { offset, limit };
  }
  if (cursor.accept('OFFSET')) {
    offset = parseCount(cursor);
    cursor.acceptOneOf('ROWS', 'ROW');
  }
  if (cursor.accept('FETCH')) {
    cursor.expectOneOf('FIRST', 'NEXT');
    limit = parseCount(cursor);
    cursor.expectOneOf('ROWS', 'ROW');
    cursor.expect('ONLY');
  }
  return { offset, limit };
};

const parseCount = (cursor: Cursor): Expression => {
  const { start } = cursor;
  if (cursor.accept('?')) return { kind: 'parameter', ...cursor.spanFrom(start) };
  const count = cursor.wholeNumber('a number of rows');
  return { kind: 'number', text: String(count), ...cursor.spanFrom(start) };
};
