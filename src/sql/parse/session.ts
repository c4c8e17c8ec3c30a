import type { Identifier } from '../ast/identifier.ts';
import type { Describe, SetOption, Show, Use } from '../ast/statement.ts';
import type { Cursor } from './cursor.ts';

/** DESCRIBE [EXTENDED] table, DESCRIBE CATALOG c, DESCRIBE DATABASE d */
export const parseDescribe = (cursor: Cursor): Describe => {
  const { start } = cursor;
  cursor.expectOneOf('DESCRIBE', 'DESC');
  const what =
    cursor.sees('CATALOG') || cursor.sees('DATABASE') ? (cursor.take().keyword as 'CATALOG' | 'DATABASE') : 'TABLE';
  const extended = cursor.accept('EXTENDED');
  const path = cursor.path();
  return { kind: 'describe', extended, what, path, ...cursor.spanFrom(start) };
};

const shown = [
  'CURRENT CATALOG',
  'CURRENT DATABASE',
  'CREATE TABLE',
  'CREATE VIEW',
  'CREATE CATALOG',
  'CATALOGS',
  'DATABASES',
  'TABLES',
  'VIEWS',
  'COLUMNS',
  'USER FUNCTIONS',
  'FUNCTIONS',
  'FULL MODULES',
  'MODULES',
  'JARS',
  'JOBS',
  'PARTITIONS',
  'PROCEDURES',
] as const;

/** SHOW TABLES [FROM d] [[NOT] LIKE 'p'] and its siblings. */
export const parseShow = (cursor: Cursor): Show => {
  const { start } = cursor;
  cursor.expect('SHOW');
  const what = shown.find((words) => cursor.accept(...words.split(' ')));
  if (what === undefined) return cursor.fail();
  let path: readonly Identifier[] = [];
  if (what.startsWith('CREATE') || what === 'PARTITIONS') path = cursor.path();
  else if (fromPlaces.has(what) && cursor.acceptOneOf('FROM', 'IN') !== null) path = cursor.path();
  if (what === 'COLUMNS' && path.length === 0) cursor.fail();
  if (what === 'PARTITIONS' && cursor.sees('PARTITION'))
    cursor.refuse(cursor.peek(), 'PARTITION', 'all partitions are shown');
  let like: Show['like'] = null;
  if (fromPlaces.has(what)) {
    const negated = cursor.accept('NOT');
    if (cursor.accept('LIKE')) like = { negated, caseless: false, pattern: cursor.string() };
    else if (caselessPlaces.has(what) && cursor.accept('ILIKE'))
      like = { negated, caseless: true, pattern: cursor.string() };
    else if (negated) cursor.fail();
  }
  return { kind: 'show', what, path, like, ...cursor.spanFrom(start) };
};

const fromPlaces: ReadonlySet<string> = new Set([
  'TABLES',
  'VIEWS',
  'COLUMNS',
  'DATABASES',
  'FUNCTIONS',
  'USER FUNCTIONS',
  'PROCEDURES',
]);
const caselessPlaces: ReadonlySet<string> = new Set(['DATABASES', 'FUNCTIONS', 'USER FUNCTIONS', 'PROCEDURES']);

/** SET, SET 'key' = 'value', SET key = value */
export const parseSet = (cursor: Cursor): SetOption => {
  const { start } = cursor;
  cursor.expect('SET');
  if (cursor.ended || cursor.sees(';')) return { kind: 'set', key: null, value: null, ...cursor.spanFrom(start) };
  const isQuoted = cursor.peek().kind === 'string';
  const key = parseKey(cursor);
  cursor.expect('=');
  const value = isQuoted || cursor.peek().kind === 'string' ? cursor.string() : parseBareValue(cursor);
  return { kind: 'set', key, value, ...cursor.spanFrom(start) };
};

/** RESET, RESET 'key' */
export const parseReset = (cursor: Cursor): SetOption => {
  const { start } = cursor;
  cursor.expect('RESET');
  const key = cursor.ended || cursor.sees(';') ? null : parseKey(cursor);
  return { kind: 'reset', key, value: null, ...cursor.spanFrom(start) };
};

const parseKey = (cursor: Cursor): string => {
  if (cursor.peek().kind === 'string') return cursor.string();
  if (cursor.peek().kind !== 'word') cursor.fail("the name of a setting, for example 'execution.runtime-mode'");
  return parseBareText(cursor, (text) => text === '=');
};

const parseBareValue = (cursor: Cursor): string => {
  if (cursor.ended || cursor.sees(';')) cursor.fail("a value, for example 'batch'");
  return parseBareText(cursor, () => false);
};

/** Tokens with nothing between them, as they are written: `execution.runtime-mode`. */
const parseBareText = (cursor: Cursor, stops: (text: string) => boolean): string => {
  const { start } = cursor;
  let { end } = cursor.take();
  while (!cursor.ended && cursor.start === end && !cursor.sees(';') && !stops(cursor.peek().text))
    end = cursor.take().end;
  return cursor.sql.slice(start, end);
};

/** USE CATALOG c, USE [catalog.]database */
export const parseUse = (cursor: Cursor): Use => {
  const { start } = cursor;
  cursor.expect('USE');
  if (cursor.sees('MODULES')) cursor.refuse(cursor.peek(), 'USE MODULES', 'there are no modules of functions');
  if (cursor.accept('CATALOG'))
    return { kind: 'use', what: 'CATALOG', path: [cursor.name()], ...cursor.spanFrom(start) };
  return { kind: 'use', what: 'DATABASE', path: cursor.path('a database'), ...cursor.spanFrom(start) };
};
