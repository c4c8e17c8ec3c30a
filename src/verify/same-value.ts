import type { ColumnType } from '../core/table.ts';
import type { Value } from '../core/value.ts';

/**
 * Whether two canonical values are the same value. Sides may declare a column differently (a longer fraction, a JSON document in a
 * text column): then what counts is the number, the moment, the document. `undefined` on one side: that column is not compared.
 */
export const sameValue = (
  left: Value | undefined,
  leftType: ColumnType,
  right: Value | undefined,
  rightType: ColumnType,
): boolean => {
  if (left === right) return true;
  if (left === undefined || right === undefined) return true;
  if (left === null || right === null) return false;
  if (left instanceof Uint8Array || right instanceof Uint8Array) return sameBytes(left, right);
  if (leftType.kind === rightType.kind && typeof left === 'string' && sameForm(leftType, rightType)) return false;
  return normal(left, leftType, rightType) === normal(right, rightType, leftType);
};

const sameBytes = (left: Exclude<Value, null>, right: Exclude<Value, null>): boolean =>
  Buffer.compare(bytesOf(left), bytesOf(right)) === 0;

const bytesOf = (value: Exclude<Value, null>): Uint8Array =>
  value instanceof Uint8Array ? value : Buffer.from(String(value), 'utf8');

/** Types of one kind whose equal values have equal text. */
const sameForm = (left: ColumnType, right: ColumnType): boolean => {
  if (left.kind === 'decimal' && right.kind === 'decimal') return left.scale === right.scale;
  if ('fsp' in left && 'fsp' in right) return left.fsp === right.fsp;
  return left.kind !== 'json';
};

/** A value in the form in which equal ones of both sides are equal, for counting. */
export const comparableValue = (value: Value | undefined, type: ColumnType, other: ColumnType): Value => {
  if (value === null || value === undefined) return null;
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string' && type.kind === other.kind && sameForm(type, other)) return value;
  return normal(value, type, other);
};

const normal = (value: Exclude<Value, null>, type: ColumnType, other: ColumnType): string => {
  // -0 and 0: SQLite keeps only one of them.
  if (typeof value === 'number') return String(value === 0 ? 0 : value);
  const text = String(value);
  if (type.kind === 'json' || other.kind === 'json') return documentText(text);
  if (type.kind === 'decimal' || 'fsp' in type) return text.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
  return text;
};

const documentText = (text: string): string => {
  try {
    return JSON.stringify(sorted(JSON.parse(text)));
  } catch {
    return text;
  }
};

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
};
