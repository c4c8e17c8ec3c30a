/**
 * The changes that PARTIAL_UPDATE_ROWS logs instead of a whole document, applied in order to the before image's value.
 *
 *   { op u1: 0 replace, 1 insert, 2 remove | path length lenenc | path utf8 | not for remove: value length lenenc | JSON binary }*
 *   path: $ and then .name, ."quoted name" with JSON escapes, [n], [last] or [last-n]
 *
 * Nothing at all: the value is unchanged. MySQL sql-common/json_diff.h.
 */

import { DamagedValue } from '../columns/column-reader.ts';
import { maxJsonDepth } from './json-binary.ts';
import { type JsonNode, openNode, storedNode } from './json-tree.ts';

/** `node` after the diffs in `bytes` from `start` to `end`. Changes `node`'s opened containers in place. */
export const applyJsonDiffs = (node: JsonNode, bytes: Buffer, start: number, end: number): JsonNode => {
  let root = node;
  let at = start;
  while (at < end) {
    const op = bytes[at]!;
    const path = lenencRange(bytes, at + 1, end);
    at = path.end;
    const legs = parsePath(bytes.utf8Slice(path.start, path.end));
    if (op === operation.REMOVE) {
      root = change(root, legs, 0, op, null);
      continue;
    }
    if (op !== operation.REPLACE && op !== operation.INSERT)
      throw new DamagedValue(`unknown JSON diff operation ${op}`);
    const value = lenencRange(bytes, at, end);
    at = value.end;
    root = change(root, legs, 0, op, storedNode(bytes, value.start, value.end));
  }
  return root;
};

const operation = { REPLACE: 0, INSERT: 1, REMOVE: 2 } as const;

/** A member's name as a byte string, an array index, or one counted from the array's end (0: the last). */
type Leg = string | number | { readonly fromEnd: number };

/** The tree with the change made below `legs[depth]`. */
const change = (node: JsonNode, legs: readonly Leg[], depth: number, op: number, value: JsonNode | null): JsonNode => {
  const leg = legs[depth];
  if (leg === undefined) {
    if (op !== operation.REPLACE || value === null)
      throw new DamagedValue('a JSON diff inserts or removes the whole document');
    return value;
  }
  const last = depth === legs.length - 1;
  const container = openNode(node);
  if (typeof leg !== 'string') {
    // A path's [0] or [last] on what is no array means the value itself.
    if (container.kind !== 'array') {
      if ((typeof leg === 'number' ? leg : leg.fromEnd) !== 0 || (last && op !== operation.REPLACE)) throw unfit();
      return change(container, legs, depth + 1, op, value);
    }
    const { items } = container;
    const index = typeof leg === 'number' ? leg : items.length - 1 - leg.fromEnd;
    if (last && op === operation.INSERT) items.splice(Math.max(index, 0), 0, value!);
    else {
      const item = items[index];
      if (item === undefined) throw unfit();
      if (last && op === operation.REMOVE) items.splice(index, 1);
      else items[index] = change(item, legs, depth + 1, op, value);
    }
    return container;
  }
  if (container.kind !== 'object') throw unfit();
  const { keys, values } = container;
  const index = findKey(keys, leg);
  const present = keys[index] === leg;
  if (last && op === operation.INSERT) {
    if (present) throw unfit();
    keys.splice(index, 0, leg);
    values.splice(index, 0, value!);
  } else {
    if (!present) throw unfit();
    if (last && op === operation.REMOVE) {
      keys.splice(index, 1);
      values.splice(index, 1);
    } else values[index] = change(values[index]!, legs, depth + 1, op, value);
  }
  return container;
};

const unfit = (): DamagedValue => new DamagedValue('a JSON diff does not fit the document before it');

/** Where `key` is or belongs: keys are sorted by length, then by their bytes. */
const findKey = (keys: readonly string[], key: string): number => {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = keys[middle]!;
    if (other.length < key.length || (other.length === key.length && other < key)) low = middle + 1;
    else high = middle;
  }
  return low;
};

const legPattern = /\[(?:(\d+)|last(?:-(\d+))?)\]|\.("(?:[^"\\]|\\.)*"|[^.["]+)/gsy;

const parsePath = (path: string): Leg[] => {
  const legs: Leg[] = [];
  let at = path.startsWith('$') ? 1 : -1;
  while (at >= 0 && at < path.length) {
    legPattern.lastIndex = at;
    const match = legPattern.exec(path);
    if (match === null) break;
    if (match[3] !== undefined) legs.push(byteString(match[3]));
    else legs.push(match[1] === undefined ? { fromEnd: Number(match[2] ?? 0) } : Number(match[1]));
    at = legPattern.lastIndex;
  }
  if (at !== path.length || legs.length > maxJsonDepth)
    throw new DamagedValue('a JSON diff has a path that cannot be read');
  return legs;
};

const byteString = (name: string): string => {
  const text = name.startsWith('"') ? unquote(name) : name;
  return Buffer.from(text, 'utf8').toString('latin1');
};

const unquote = (name: string): string => {
  try {
    return JSON.parse(name) as string;
  } catch (error) {
    throw new DamagedValue('a JSON diff has a path that cannot be read', { cause: error });
  }
};

const lenencRange = (b: Buffer, at: number, limit: number): { readonly start: number; readonly end: number } => {
  const first = at < limit ? b[at]! : 0xff;
  const size = first < 0xfb ? 0 : first === 0xfc ? 2 : first === 0xfd ? 3 : first === 0xfe ? 8 : -1;
  if (size < 0 || at + 1 + size > limit) throw new DamagedValue('a JSON diff is cut off');
  const length = size === 0 ? first : size === 8 ? Number(b.readBigUInt64LE(at + 1)) : b.readUIntLE(at + 1, size);
  const start = at + 1 + size;
  if (start + length > limit) throw new DamagedValue('a JSON diff is cut off');
  return { start, end: start + length };
};
