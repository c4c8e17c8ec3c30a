import { type DeclaredType, readType } from './declared-type.ts';
import type { ColumnDefinition, DefaultValue } from './effect.ts';
import type { TokenCursor } from './token-cursor.ts';

/** Reads `name type attributes`, up to what belongs to the list or to ALTER TABLE (`,`, `)`, FIRST, AFTER). */
export const readColumn = (cursor: TokenCursor, realAsFloat: boolean): ColumnDefinition =>
  readColumnAttributes(cursor, cursor.name(), readType(cursor, realAsFloat));

const readColumnAttributes = (cursor: TokenCursor, name: string, declared: DeclaredType): ColumnDefinition => {
  let type = declared;
  let nullable: boolean | null = type.serial ? false : null;
  let defaultValue: DefaultValue | null = null;
  let generated = false;
  let invisible = false;
  let autoIncrement = type.serial;
  let comment: string | null = null;
  let primaryKey = false;
  let uniqueKey = type.serial;
  let jsonCheck = false;
  for (;;) {
    const token = cursor.peek();
    if (token.kind !== 'word') break;
    if (cursor.skip('NOT', 'NULL')) nullable = false;
    else if (cursor.skip('NULL')) nullable = true;
    else if (cursor.skip('DEFAULT')) defaultValue = readDefault(cursor);
    else if (cursor.skip('ON', 'UPDATE')) readExpression(cursor);
    else if (cursor.skip('AUTO_INCREMENT')) autoIncrement = true;
    else if (cursor.skip('SERIAL', 'DEFAULT', 'VALUE')) {
      nullable = false;
      autoIncrement = true;
      uniqueKey = true;
    } else if (cursor.skip('PRIMARY', 'KEY') || cursor.skip('PRIMARY') || cursor.skip('KEY')) primaryKey = true;
    else if (cursor.skip('UNIQUE', 'KEY') || cursor.skip('UNIQUE')) uniqueKey = true;
    else if (cursor.skip('COMMENT')) comment = cursor.string();
    else if (cursor.skip('COLLATE')) {
      cursor.skipSymbol('=');
      type = { ...type, collation: cursor.nameOrString() };
    } else if (cursor.at('GENERATED') || cursor.at('AS')) {
      generated = true;
      readGenerated(cursor);
    } else if (cursor.skip('INVISIBLE')) invisible = true;
    else if (cursor.skip('VISIBLE')) invisible = false;
    else if (cursor.skip('CONSTRAINT')) {
      if (!cursor.at('CHECK')) cursor.name();
    } else if (cursor.skip('CHECK')) {
      jsonCheck ||= isJsonCheck(cursor.parentheses(), name);
      skipEnforced(cursor);
    } else if (cursor.at('REFERENCES')) skipReferences(cursor);
    else if (cursor.skipAny('VIRTUAL', 'STORED', 'PERSISTENT') !== null) continue;
    else if (cursor.skip('NOT', 'SECONDARY') || cursor.skip('WITH', 'SYSTEM', 'VERSIONING')) continue;
    else if (cursor.skip('WITHOUT', 'SYSTEM', 'VERSIONING')) continue;
    else if (cursor.at('FIRST') || cursor.at('AFTER') || cursor.at('PARTITION', 'BY')) break;
    else skipUnknownAttribute(cursor);
  }
  return {
    name,
    type,
    nullable,
    default: defaultValue,
    generated,
    invisible,
    autoIncrement,
    comment,
    primaryKey,
    uniqueKey,
    jsonCheck,
  };
};

/** json_valid(`name`), as MariaDB writes it into the statement of a JSON column. */
const isJsonCheck = (expression: string, name: string): boolean => {
  const match = /^json_valid\s*\(\s*(.*?)\s*\)$/is.exec(expression);
  const argument = match?.[1]?.replace(/^`(.*)`$/s, (_, inner: string) => inner.replaceAll('``', '`'));
  return argument?.toLowerCase() === name.toLowerCase();
};

/** GENERATED ALWAYS AS (expression), AS (expression), and MariaDB's AS ROW START. */
const readGenerated = (cursor: TokenCursor): void => {
  if (cursor.skip('GENERATED')) cursor.skip('ALWAYS');
  cursor.expect('AS');
  if (cursor.skip('ROW')) cursor.skipAny('START', 'END');
  else cursor.parentheses();
};

/** What comes after DEFAULT. */
export const readDefault = (cursor: TokenCursor): DefaultValue => {
  const token = cursor.peek();
  if (token.kind === 'symbol' && token.text === '(') return { kind: 'expression', text: cursor.parentheses() };
  if (token.keyword.startsWith('_') && cursor.peek(1).kind === 'string') cursor.take();
  const literal = cursor.peek();
  if (literal.kind === 'string') {
    if (literal.form === 'hex' || literal.form === 'bit') return { kind: literal.form, digits: cursor.take().text };
    return { kind: 'text', text: cursor.string() };
  }
  if (cursor.skip('NULL')) return { kind: 'null' };
  if (cursor.skip('TRUE')) return { kind: 'number', text: '1' };
  if (cursor.skip('FALSE')) return { kind: 'number', text: '0' };
  if (cursor.skipSymbol('+')) return { kind: 'number', text: readNumber(cursor) };
  if (cursor.skipSymbol('-')) return { kind: 'number', text: `-${readNumber(cursor)}` };
  if (literal.kind === 'number') return { kind: 'number', text: readNumber(cursor) };
  if (nowWords.has(literal.keyword)) {
    cursor.take();
    const inside = cursor.atSymbol('(') ? cursor.parentheses() : '';
    return { kind: 'now', fsp: Number(inside) || 0 };
  }
  return { kind: 'expression', text: readExpression(cursor) };
};

const nowWords: ReadonlySet<string> = new Set(['CURRENT_TIMESTAMP', 'NOW', 'LOCALTIME', 'LOCALTIMESTAMP']);

const readNumber = (cursor: TokenCursor): string => {
  if (cursor.peek().kind !== 'number') cursor.fail('a number');
  return cursor.take().text;
};

/** An expression without parentheses around it: a call, or NEXT VALUE FOR a sequence. */
const readExpression = (cursor: TokenCursor): string => {
  const { start } = cursor.peek();
  if (cursor.skip('NEXT', 'VALUE', 'FOR')) skipQualifiedName(cursor);
  else if (cursor.atSymbol('(')) cursor.parentheses();
  else {
    skipQualifiedName(cursor);
    if (cursor.atSymbol('(')) cursor.parentheses();
  }
  return cursor.writtenSince(start);
};

const skipQualifiedName = (cursor: TokenCursor): void => {
  cursor.name();
  while (cursor.skipSymbol('.')) cursor.name();
};

export const skipEnforced = (cursor: TokenCursor): void => {
  cursor.skip('NOT', 'ENFORCED');
  cursor.skip('ENFORCED');
};

/** REFERENCES table (columns) MATCH ... ON DELETE ... ON UPDATE ... */
export const skipReferences = (cursor: TokenCursor): void => {
  cursor.expect('REFERENCES');
  skipQualifiedName(cursor);
  if (cursor.atSymbol('(')) cursor.parentheses();
  for (;;) {
    if (cursor.skip('MATCH')) cursor.take();
    else if (cursor.skip('ON', 'DELETE') || cursor.skip('ON', 'UPDATE')) {
      if (!cursor.skip('SET', 'NULL') && !cursor.skip('SET', 'DEFAULT') && !cursor.skip('NO', 'ACTION')) cursor.take();
    } else return;
  }
};

/**
 * An attribute that does not change the shape: COLUMN_FORMAT DYNAMIC, STORAGE DISK, SRID 4326, ENGINE_ATTRIBUTE '...',
 * MariaDB's option=value. What comes without a value could be anything, so it is not skipped.
 */
const skipUnknownAttribute = (cursor: TokenCursor): void => {
  const following = cursor.peek(1);
  if (cursor.skipAny('COLUMN_FORMAT', 'STORAGE') !== null) {
    cursor.take();
    return;
  }
  const assigned = following.kind === 'symbol' && following.text === '=';
  if (!assigned && following.kind !== 'string' && following.kind !== 'number') cursor.fail('a column attribute');
  cursor.take();
  cursor.skipSymbol('=');
  cursor.take();
};
