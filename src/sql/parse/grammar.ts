import type { Expression } from '../ast/expression.ts';
import type { Query } from '../ast/query.ts';
import type { TypeName } from '../ast/type-name.ts';
import { Cursor, type Grammar } from './cursor.ts';
import { parseExpression } from './expression.ts';
import { parseQuery } from './query.ts';
import { parseTypeName } from './type-name.ts';

const grammar: Grammar = { expression: parseExpression, query: parseQuery, typeName: parseTypeName };

/** Reads the whole of `sql` with one reader. Throws SQL_SYNTAX or SQL_NOT_SUPPORTED with the place. */
export const parseWhole = <Node>(sql: string, read: (cursor: Cursor) => Node): Node => {
  const cursor = new Cursor(sql, grammar);
  const node = read(cursor);
  if (!cursor.ended) {
    cursor.accept('end of the text');
    cursor.fail();
  }
  return node;
};

export const parseExpressionText = (sql: string): Expression => parseWhole(sql, (cursor) => cursor.expression());

export const parseQueryText = (sql: string): Query => parseWhole(sql, (cursor) => cursor.query());

export const parseTypeText = (sql: string): TypeName => parseWhole(sql, (cursor) => cursor.typeName());
