import type { Identifier } from '../ast/identifier.ts';
import type { Insert, StatementSet } from '../ast/statement.ts';
import type { Cursor } from './cursor.ts';
import { parseHints } from './hints.ts';
import { seesQuery } from './query-or-list.ts';

/** INSERT INTO | OVERWRITE table PARTITION (...) (columns) query */
export const parseInsert = (cursor: Cursor): Insert => {
  const { start } = cursor;
  if (cursor.sees('UPSERT')) cursor.refuse(cursor.peek(), 'UPSERT', 'INSERT INTO a table with a primary key is one');
  cursor.expect('INSERT');
  const overwrite = cursor.expectOneOf('INTO', 'OVERWRITE') === 'OVERWRITE';
  const path = cursor.path('a table');
  const hints = parseHints(cursor);
  let partition: Insert['partition'] = [];
  if (cursor.accept('PARTITION')) partition = cursor.parenthesized(() => parsePartition(cursor));
  let columns: Insert['columns'] = [];
  if (cursor.sees('(') && !seesQuery(cursor, 0)) columns = cursor.parenthesized(() => cursor.path('a column'));
  const query = cursor.query();
  return { kind: 'insert', overwrite, path, hints, partition, columns, query, ...cursor.spanFrom(start) };
};

const parsePartition = (
  cursor: Cursor,
): { readonly column: Identifier; readonly value: Insert['partition'][number]['value'] } => {
  const column = cursor.name('a column');
  const value = cursor.accept('=') ? cursor.expression() : null;
  return { column, value };
};

/** EXECUTE STATEMENT SET BEGIN ... END, or BEGIN STATEMENT SET; ... END */
export const parseStatementSet = (cursor: Cursor): StatementSet => {
  const { start } = cursor;
  if (cursor.accept('BEGIN')) {
    cursor.expect('STATEMENT', 'SET', ';');
  } else {
    cursor.accept('EXECUTE');
    cursor.expect('STATEMENT', 'SET', 'BEGIN');
  }
  const inserts: Insert[] = [];
  while (!cursor.accept('END')) {
    if (!cursor.sees('INSERT')) cursor.fail(inserts.length === 0 ? 'INSERT' : 'INSERT or END');
    inserts.push(parseInsert(cursor));
    cursor.expect(';');
  }
  if (inserts.length === 0)
    cursor.refuse(cursor.spanFrom(start), 'a statement set without statements', 'it would do nothing');
  return { kind: 'statement-set', inserts, ...cursor.spanFrom(start) };
};
