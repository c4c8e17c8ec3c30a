import type { Expression, JsonBehavior } from '../ast/expression.ts';
import type { Cursor } from './cursor.ts';

type JsonNulls = 'NULL' | 'ABSENT' | null;

/** JSON_VALUE, JSON_QUERY, JSON_EXISTS, JSON_OBJECT, JSON_ARRAY and their aggregates; null: something else. */
export const parseJsonCall = (cursor: Cursor): Expression | null => {
  const { start } = cursor;
  const { keyword } = cursor.peek();
  if (!jsonNames.has(keyword)) return null;
  cursor.take();
  cursor.expect('(');
  const call = parseArguments(cursor, keyword, start);
  cursor.expect(')');
  return { ...call, ...cursor.spanFrom(start) };
};

const jsonNames: ReadonlySet<string> = new Set([
  'JSON_VALUE',
  'JSON_QUERY',
  'JSON_EXISTS',
  'JSON_OBJECT',
  'JSON_ARRAY',
  'JSON_OBJECTAGG',
  'JSON_ARRAYAGG',
]);

const parseArguments = (cursor: Cursor, name: string, start: number): Expression => {
  const span = { start, end: start };
  switch (name) {
    case 'JSON_OBJECT':
      return {
        kind: 'json-object',
        entries: seesEnd(cursor) ? [] : cursor.list(() => parseEntry(cursor)),
        onNull: parseOnNull(cursor),
        ...span,
      };
    case 'JSON_OBJECTAGG':
      return { kind: 'json-objectagg', entries: [parseEntry(cursor)], onNull: parseOnNull(cursor), ...span };
    case 'JSON_ARRAY':
      return {
        kind: 'json-array',
        items: seesEnd(cursor) ? [] : cursor.list(() => parseInput(cursor)),
        onNull: parseOnNull(cursor),
        ...span,
      };
    case 'JSON_ARRAYAGG':
      return { kind: 'json-arrayagg', items: [parseInput(cursor)], onNull: parseOnNull(cursor), ...span };
  }
  const operand = parseInput(cursor);
  cursor.expect(',');
  const path = cursor.expression();
  if (name === 'JSON_EXISTS') {
    const behavior = parseBehavior(cursor, ['TRUE', 'FALSE', 'UNKNOWN', 'ERROR']);
    if (behavior !== null) cursor.expect('ON', 'ERROR');
    return { kind: 'json-exists', operand, path, onError: behavior, ...span };
  }
  if (name === 'JSON_VALUE') {
    const returning = cursor.accept('RETURNING') ? cursor.typeName() : null;
    return { kind: 'json-value', operand, path, returning, ...parseOnEmptyOnError(cursor), ...span };
  }
  let wrapper: 'WITHOUT' | 'WITH CONDITIONAL' | 'WITH UNCONDITIONAL' | null = null;
  if (cursor.accept('WITHOUT')) wrapper = 'WITHOUT';
  else if (cursor.accept('WITH'))
    wrapper =
      cursor.acceptOneOf('CONDITIONAL', 'UNCONDITIONAL') === 'CONDITIONAL' ? 'WITH CONDITIONAL' : 'WITH UNCONDITIONAL';
  if (wrapper !== null) {
    cursor.accept('ARRAY');
    cursor.expect('WRAPPER');
  }
  return { kind: 'json-query', operand, path, wrapper, ...parseOnEmptyOnError(cursor), ...span };
};

const seesEnd = (cursor: Cursor): boolean =>
  cursor.sees(')') || cursor.sees('NULL', 'ON') || cursor.sees('ABSENT', 'ON');

const parseInput = (cursor: Cursor): Expression => {
  const expression = cursor.expression();
  if (cursor.accept('FORMAT')) cursor.expect('JSON');
  return expression;
};

/** `KEY k VALUE v`, `k VALUE v` or `k : v` */
const parseEntry = (cursor: Cursor): { readonly key: Expression; readonly value: Expression } => {
  cursor.accept('KEY');
  const key = cursor.expression();
  cursor.expectOneOf('VALUE', ':');
  return { key, value: parseInput(cursor) };
};

const parseOnNull = (cursor: Cursor): JsonNulls => {
  const word = cursor.acceptOneOf('NULL', 'ABSENT');
  if (word !== null) cursor.expect('ON', 'NULL');
  return word;
};

const parseOnEmptyOnError = (
  cursor: Cursor,
): { readonly onEmpty: JsonBehavior | null; readonly onError: JsonBehavior | null } => {
  let onEmpty: JsonBehavior | null = null;
  let onError: JsonBehavior | null = null;
  for (let i = 0; i < 2; i += 1) {
    const behavior = parseBehavior(cursor, ['NULL', 'ERROR', 'EMPTY ARRAY', 'EMPTY OBJECT', 'EMPTY']);
    if (behavior === null) break;
    cursor.expect('ON');
    const when =
      onEmpty === null && onError === null ? cursor.expectOneOf('EMPTY', 'ERROR') : cursor.expectOneOf('ERROR');
    if (when === 'EMPTY') onEmpty = behavior;
    else {
      onError = behavior;
      break;
    }
  }
  return { onEmpty, onError };
};

const parseBehavior = (cursor: Cursor, kinds: readonly string[]): JsonBehavior | null => {
  for (const kind of kinds) {
    if (cursor.accept(...kind.split(' '))) {
      return { kind: (kind === 'EMPTY' ? 'EMPTY ARRAY' : kind) as Exclude<JsonBehavior['kind'], 'DEFAULT'> };
    }
  }
  return kinds.includes('NULL') && cursor.accept('DEFAULT') ? { kind: 'DEFAULT', value: cursor.expression() } : null;
};
