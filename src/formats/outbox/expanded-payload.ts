import { Buffer } from 'node:buffer';
import { isMillraceError } from '../../core/errors.ts';
import {
  CLOSE_BRACKET,
  COMMA,
  isNull,
  ObjectCursor,
  OPEN_BRACE,
  OPEN_BRACKET,
  skipBlanks,
  skipValue,
  unreadable,
} from '../json-rows/json-scanner.ts';

/** Fields that Debezium's event router leaves out unless it is told to keep them. */
export interface ExpandOptions {
  /** `table.json.payload.null.behavior` is not `ignore`. */
  readonly keepsNulls: boolean;
  /** `table.json.payload.empty.array.behavior` is not `ignore`. */
  readonly keepsEmptyArrays: boolean;
}

/**
 * A payload's text as the JSON it holds, without blanks, each value as it is written there (`table.expand.json.payload`); null: it is no
 * JSON object or array, and stays a text. Debezium takes only what Connect has a schema for; here arrays may mix types, and objects in
 * them keep the fields that they have.
 */
export const expandedPayload = (text: string, options: ExpandOptions): Buffer | null => {
  const bytes = Buffer.from(text);
  if (bytes[0] !== OPEN_BRACE && bytes[0] !== OPEN_BRACKET) return null;
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  const pieces: Uint8Array[] = [];
  try {
    putValue(pieces, bytes, 0, options, 0);
  } catch (error) {
    if (isMillraceError(error, 'FORMAT_MESSAGE_UNREADABLE')) return null;
    throw error;
  }
  return Buffer.concat(pieces);
};

/** MySQL's documents are at most this deep. */
const maxDepth = 100;

/** Gives the place behind the value. */
const putValue = (pieces: Uint8Array[], bytes: Buffer, at: number, options: ExpandOptions, depth: number): number => {
  if (depth > maxDepth) return unreadable(`it is nested more than ${maxDepth} deep`);
  if (bytes[at] === OPEN_BRACE) return putObject(pieces, bytes, at, options, depth);
  if (bytes[at] === OPEN_BRACKET) return putArray(pieces, bytes, at, options, depth);
  const end = skipValue(bytes, at, bytes.length);
  pieces.push(bytes.subarray(at, end));
  return end;
};

const putObject = (pieces: Uint8Array[], bytes: Buffer, at: number, options: ExpandOptions, depth: number): number => {
  const cursor = new ObjectCursor();
  let before = openBrace;
  for (cursor.open(bytes, at, bytes.length); cursor.next(); ) {
    const { keyStart, keyEnd, valueStart } = cursor;
    const end = cursor.pass();
    if (isNull(bytes, valueStart) && !options.keepsNulls) continue;
    if (isEmptyArray(bytes, valueStart) && !options.keepsEmptyArrays) continue;
    pieces.push(before, bytes.subarray(keyStart, keyEnd), colon);
    before = comma;
    cursor.passTo(end);
    putValue(pieces, bytes, valueStart, options, depth + 1);
  }
  pieces.push(before === openBrace ? emptyObject : closeBrace);
  return cursor.at;
};

const putArray = (pieces: Uint8Array[], bytes: Buffer, at: number, options: ExpandOptions, depth: number): number => {
  let place = skipBlanks(bytes, at + 1, bytes.length);
  pieces.push(openBracket);
  while (bytes[place] !== CLOSE_BRACKET) {
    place = skipBlanks(bytes, putValue(pieces, bytes, place, options, depth + 1), bytes.length);
    if (bytes[place] === COMMA) {
      pieces.push(comma);
      place = skipBlanks(bytes, place + 1, bytes.length);
    }
  }
  pieces.push(closeBracket);
  return place + 1;
};

const isEmptyArray = (bytes: Buffer, at: number): boolean =>
  bytes[at] === OPEN_BRACKET && bytes[skipBlanks(bytes, at + 1, bytes.length)] === CLOSE_BRACKET;

const openBrace = Buffer.from('{');
const closeBrace = Buffer.from('}');
const emptyObject = Buffer.from('{}');
const openBracket = Buffer.from('[');
const closeBracket = Buffer.from(']');
const comma = Buffer.from(',');
const colon = Buffer.from(':');
