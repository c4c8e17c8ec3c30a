import type { CreateCatalog, CreateDatabase, CreateFunction, CreateView, Statement } from '../ast/statement.ts';
import { parseCreateTable } from './create-table.ts';
import type { Cursor } from './cursor.ts';
import { parseOptions } from './options.ts';

/** CREATE of anything. */
export const parseCreate = (cursor: Cursor): Statement => {
  const { start } = cursor;
  cursor.expect('CREATE');
  if (cursor.sees('OR')) cursor.refuse(cursor.peek(), 'CREATE OR REPLACE', 'drop the old one first');
  const temporary = cursor.accept('TEMPORARY');
  const system = temporary && cursor.accept('SYSTEM');
  if (!system) {
    if (cursor.accept('TABLE')) return parseCreateTable(cursor, temporary, start);
    if (cursor.accept('VIEW')) return parseCreateView(cursor, temporary, start);
  }
  if (cursor.accept('FUNCTION')) {
    return parseCreateFunction(cursor, system ? 'TEMPORARY SYSTEM' : temporary ? 'TEMPORARY' : null, start);
  }
  if (!temporary) {
    if (cursor.accept('CATALOG')) return parseCreateCatalog(cursor, start);
    if (cursor.accept('DATABASE')) return parseCreateDatabase(cursor, start);
    if (cursor.sees('MATERIALIZED'))
      cursor.refuse(cursor.peek(), 'CREATE MATERIALIZED TABLE', 'write INSERT INTO a table');
  }
  return cursor.fail();
};

const parseIfNotExists = (cursor: Cursor): boolean => cursor.accept('IF', 'NOT', 'EXISTS');

const parseComment = (cursor: Cursor): string | null => (cursor.accept('COMMENT') ? cursor.string() : null);

const parseCreateView = (cursor: Cursor, temporary: boolean, start: number): CreateView => {
  const ifNotExists = parseIfNotExists(cursor);
  const path = cursor.path('a name for the view');
  const columns = cursor.sees('(') ? cursor.parenthesized(() => cursor.name('a column')) : [];
  const comment = parseComment(cursor);
  cursor.expect('AS');
  const query = cursor.query();
  return { kind: 'create-view', temporary, ifNotExists, path, columns, comment, query, ...cursor.spanFrom(start) };
};

const parseCreateFunction = (cursor: Cursor, scope: CreateFunction['scope'], start: number): CreateFunction => {
  const ifNotExists = parseIfNotExists(cursor);
  const path = cursor.path('a name for the function');
  cursor.expect('AS');
  const implementation = cursor.string('the module or class in single quotes');
  let language: string | null = null;
  if (cursor.accept('LANGUAGE')) {
    const expected = 'TYPESCRIPT, JAVA, SCALA, PYTHON or SQL';
    if (cursor.peek().kind !== 'word') cursor.fail(expected);
    language = cursor.take().keyword;
    if (!['TYPESCRIPT', 'JAVA', 'SCALA', 'PYTHON', 'SQL'].includes(language)) {
      cursor.rewind(cursor.mark - 1);
      cursor.fail(expected);
    }
  }
  let jars: readonly string[] = [];
  if (language !== 'PYTHON' && cursor.accept('USING')) {
    jars = cursor.list(() => {
      cursor.expect('JAR');
      return cursor.string();
    });
  }
  return {
    kind: 'create-function',
    scope,
    ifNotExists,
    path,
    implementation,
    language,
    jars,
    ...cursor.spanFrom(start),
  };
};

const parseCreateCatalog = (cursor: Cursor, start: number): CreateCatalog => {
  const ifNotExists = parseIfNotExists(cursor);
  const name = cursor.name('a name for the catalog');
  const comment = parseComment(cursor);
  const options = cursor.accept('WITH') ? parseOptions(cursor) : [];
  return { kind: 'create-catalog', ifNotExists, name, comment, options, ...cursor.spanFrom(start) };
};

const parseCreateDatabase = (cursor: Cursor, start: number): CreateDatabase => {
  const ifNotExists = parseIfNotExists(cursor);
  const path = cursor.path('a name for the database');
  const comment = parseComment(cursor);
  const options = cursor.accept('WITH') ? parseOptions(cursor) : [];
  return { kind: 'create-database', ifNotExists, path, comment, options, ...cursor.spanFrom(start) };
};
