import type { Explain, Statement } from '../ast/statement.ts';
import { parseCreate } from './create.ts';
import type { Cursor } from './cursor.ts';
import { parseDrop } from './drop.ts';
import { parseInsert, parseStatementSet } from './insert.ts';
import { parseDescribe, parseReset, parseSet, parseShow, parseUse } from './session.ts';

/** One statement, without the `;` behind it. */
export const parseStatement = (cursor: Cursor): Statement => {
  const { start } = cursor;
  const token = cursor.peek();
  switch (token.keyword) {
    case 'CREATE':
      return parseCreate(cursor);
    case 'DROP':
      return parseDrop(cursor);
    case 'INSERT':
    case 'UPSERT':
      return parseInsert(cursor);
    case 'BEGIN':
      return parseStatementSet(cursor);
    case 'EXECUTE':
      return parseExecute(cursor);
    case 'EXPLAIN':
      return parseExplain(cursor);
    case 'DESCRIBE':
    case 'DESC':
      return parseDescribe(cursor);
    case 'SHOW':
      return parseShow(cursor);
    case 'SET':
      return parseSet(cursor);
    case 'RESET':
      return parseReset(cursor);
    case 'USE':
      return parseUse(cursor);
    case 'SELECT':
    case 'WITH':
    case 'VALUES':
    case 'TABLE':
      return { kind: 'select', query: cursor.query(), ...cursor.spanFrom(start) };
  }
  if (token.text === '(') return { kind: 'select', query: cursor.query(), ...cursor.spanFrom(start) };
  const reason = refused[token.keyword];
  if (reason !== undefined) cursor.refuse(token, token.keyword, reason);
  return cursor.fail('a statement: SELECT, CREATE, INSERT INTO, EXPLAIN, SHOW, SET...');
};

/** Statements of Flink's that have no meaning here. */
const refused: Readonly<Record<string, string>> = {
  ADD: 'there is no JVM to load a jar into; functions are TypeScript modules, named by CREATE FUNCTION',
  REMOVE: 'there is no JVM that holds jars',
  LOAD: 'there are no modules of functions; docs/sql/functions.md lists what there is',
  UNLOAD: 'there are no modules of functions',
  ALTER: 'a definition is changed by dropping it and creating it anew',
  ANALYZE: 'no statistics are kept',
  COMPILE: 'plans are not stored; the statement itself is the plan',
  STOP: 'jobs are stopped by ending the program that runs them',
  CALL: 'there are no procedures',
  UPDATE: 'rows are changed where they come from',
  DELETE: 'rows are deleted where they come from',
  TRUNCATE: 'rows are deleted where they come from',
  MERGE: 'Flink has none either; use INSERT INTO a table with a primary key',
  HELP: '`millrace sql --help` lists what there is',
  QUIT: 'end the program with Ctrl-D',
  EXIT: 'end the program with Ctrl-D',
  CLEAR: 'the terminal clears itself with Ctrl-L',
};

const parseExecute = (cursor: Cursor): Statement => {
  const { start } = cursor;
  if (cursor.sees('EXECUTE', 'STATEMENT')) return parseStatementSet(cursor);
  if (cursor.sees('EXECUTE', 'PLAN')) cursor.refuse(cursor.peek(1), 'EXECUTE PLAN', 'plans are not stored');
  cursor.expect('EXECUTE');
  if (cursor.sees('INSERT')) return { ...parseInsert(cursor), ...cursor.spanFrom(start) };
  if (cursor.sees('SELECT') || cursor.sees('WITH') || cursor.sees('VALUES')) {
    return { kind: 'select', query: cursor.query(), ...cursor.spanFrom(start) };
  }
  return cursor.fail('STATEMENT SET, INSERT or SELECT');
};

const explainDetails = ['ESTIMATED_COST', 'CHANGELOG_MODE', 'JSON_EXECUTION_PLAN', 'PLAN_ADVICE'] as const;

const parseExplain = (cursor: Cursor): Statement => {
  const { start } = cursor;
  cursor.expect('EXPLAIN');
  let details: Explain['details'] = [];
  if (cursor.accept('PLAN')) cursor.expect('FOR');
  else if (explainDetails.some((detail) => cursor.sees(detail))) {
    details = cursor.list(() => cursor.expectOneOf(...explainDetails));
  }
  const what = cursor.peek();
  if (what.keyword === 'EXECUTE') cursor.fail('a query, INSERT or STATEMENT SET');
  const statement = cursor.sees('STATEMENT', 'SET') ? parseStatementSet(cursor) : parseStatement(cursor);
  if (statement.kind !== 'select' && statement.kind !== 'insert' && statement.kind !== 'statement-set') {
    cursor.refuse(what, `EXPLAIN ${what.keyword}`, 'only queries, INSERT and statement sets have a plan');
  }
  return { kind: 'explain', details, statement, ...cursor.spanFrom(start) };
};
