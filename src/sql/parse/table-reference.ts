import type { Expression } from '../ast/expression.ts';
import type { Identifier } from '../ast/identifier.ts';
import type { Alias, JoinCondition, JoinType, Sample, TableReference } from '../ast/query.ts';
import { parseCall, seesCall } from './call.ts';
import type { Cursor } from './cursor.ts';
import { parseHints } from './hints.ts';
import { seesQuery } from './query-or-list.ts';

/** What stands behind FROM: tables, joined by words or commas. */
export const parseTableReferences = (cursor: Cursor): TableReference => {
  const { start } = cursor;
  let left = parseJoined(cursor);
  while (cursor.accept(',')) {
    const right = parseJoined(cursor);
    left = { kind: 'join', type: 'COMMA', natural: false, left, right, condition: null, ...cursor.spanFrom(start) };
  }
  return left;
};

const parseJoined = (cursor: Cursor): TableReference => {
  const { start } = cursor;
  let left = parsePrimaryTable(cursor);
  for (;;) {
    const natural = cursor.accept('NATURAL');
    const type = parseJoinWords(cursor);
    if (type === null) {
      if (natural) cursor.fail();
      return left;
    }
    const right = parsePrimaryTable(cursor);
    const condition = parseJoinCondition(cursor);
    left = { kind: 'join', type, natural, left, right, condition, ...cursor.spanFrom(start) };
  }
};

const parseJoinWords = (cursor: Cursor): JoinType | null => {
  if (cursor.accept('JOIN')) return 'INNER';
  const word = cursor.acceptOneOf('INNER', 'CROSS', 'LEFT', 'RIGHT', 'FULL');
  if (word === null) return null;
  if (word !== 'INNER' && word !== 'CROSS') cursor.accept('OUTER');
  cursor.expect('JOIN');
  return word;
};

const parseJoinCondition = (cursor: Cursor): JoinCondition | null => {
  const { start } = cursor;
  if (cursor.accept('ON')) return { kind: 'on', condition: cursor.expression(), ...cursor.spanFrom(start) };
  if (!cursor.accept('USING')) return null;
  return { kind: 'using', columns: cursor.parenthesized(() => cursor.name()), ...cursor.spanFrom(start) };
};

const parsePrimaryTable = (cursor: Cursor): TableReference => {
  const { start } = cursor;
  const lateral = cursor.accept('LATERAL');
  if (cursor.sees('UNNEST')) return parseUnnest(cursor, lateral, start);
  if (cursor.sees('TABLE', '(')) {
    cursor.take();
    cursor.expect('(');
    const call = parseCall(cursor);
    cursor.expect(')');
    const alias = parseAlias(cursor);
    return checked(cursor, { kind: 'table-function', lateral, call, alias, ...cursor.spanFrom(start) });
  }
  if (cursor.sees('(')) return parseParenthesized(cursor, lateral, start);
  if (seesCall(cursor)) cursor.fail('a table; a function stands in TABLE(...)');
  if (lateral) cursor.fail('TABLE(...), UNNEST(...) or a query in parentheses');
  return parseNamedTable(cursor, cursor.path('a table'), start);
};

const parseNamedTable = (cursor: Cursor, path: readonly Identifier[], start: number): TableReference => {
  const hints = parseHints(cursor);
  if (cursor.sees('EXTEND')) cursor.refuse(cursor.peek(), 'EXTEND', 'declare the columns in CREATE TABLE');
  let asOf: Expression | null = null;
  if (cursor.accept('FOR')) {
    cursor.expect('SYSTEM_TIME', 'AS', 'OF');
    asOf = cursor.expression();
  }
  const sample = parseSample(cursor);
  const alias = parseAlias(cursor);
  const table: TableReference = { kind: 'table-name', path, hints, asOf, sample, alias, ...cursor.spanFrom(start) };
  return checked(cursor, table);
};

const parseParenthesized = (cursor: Cursor, lateral: boolean, start: number): TableReference => {
  if (seesQuery(cursor, 1)) {
    cursor.expect('(');
    const query = cursor.query();
    cursor.expect(')');
    const sample = parseSample(cursor);
    const alias = parseAlias(cursor);
    return checked(cursor, { kind: 'derived-table', lateral, query, sample, alias, ...cursor.spanFrom(start) });
  }
  if (lateral) cursor.fail('a query in parentheses');
  cursor.expect('(');
  const of = parseTableReferences(cursor);
  cursor.expect(')');
  return checked(cursor, { kind: 'nested-join', of, ...cursor.spanFrom(start) });
};

const parseUnnest = (cursor: Cursor, lateral: boolean, start: number): TableReference => {
  cursor.expect('UNNEST');
  const operands = cursor.parenthesized(() => cursor.expression());
  const ordinality = cursor.accept('WITH', 'ORDINALITY');
  const alias = parseAlias(cursor);
  return { kind: 'unnest', lateral, operands, ordinality, alias, ...cursor.spanFrom(start) };
};

const parseAlias = (cursor: Cursor): Alias | null => {
  const { start } = cursor;
  if (!cursor.accept('AS') && !cursor.seesName()) return null;
  const name = cursor.name('a name for the table');
  const columns = cursor.sees('(') ? cursor.parenthesized(() => cursor.name()) : [];
  return { name, columns, ...cursor.spanFrom(start) };
};

const parseSample = (cursor: Cursor): Sample | null => {
  const { start } = cursor;
  if (!cursor.accept('TABLESAMPLE')) return null;
  const method = cursor.expectOneOf('BERNOULLI', 'SYSTEM');
  cursor.expect('(');
  if (cursor.peek().kind !== 'decimal') cursor.fail('a percentage');
  const percent = cursor.take().text;
  cursor.expect(')');
  let repeatable: number | null = null;
  if (cursor.accept('REPEATABLE')) {
    cursor.expect('(');
    repeatable = cursor.wholeNumber();
    cursor.expect(')');
  }
  return { method, percent, repeatable, ...cursor.spanFrom(start) };
};

/** Row patterns and pivots are known and refused where they stand. */
const checked = (cursor: Cursor, table: TableReference): TableReference => {
  const token = cursor.peek();
  if (token.keyword === 'MATCH_RECOGNIZE') {
    cursor.refuse(
      token,
      'MATCH_RECOGNIZE',
      'row patterns are not part of this engine; a self-join or LAG finds many of them',
    );
  }
  if (token.keyword === 'PIVOT' || token.keyword === 'UNPIVOT') {
    cursor.refuse(token, token.keyword, 'Flink itself plans none; write SUM(CASE WHEN ... END) or a UNION ALL');
  }
  return table;
};
