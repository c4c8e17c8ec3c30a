import { type Routine, routine } from './bound.ts';
import type { SqlValue, Whole } from './sql-value.ts';

/** Texts by their code points, which is the order of their UTF-8 bytes. */
const compareText = (a: string, b: string): number => {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x === y) continue;
    // Surrogates stand for what lies above every other unit.
    const [isHighX, isHighY] = [x >= 0xd800 && x <= 0xdfff, y >= 0xd800 && y <= 0xdfff];
    if (isHighX !== isHighY) return isHighX ? 1 : -1;
    return x < y ? -1 : 1;
  }
  return a.length - b.length;
};

const compareBytes = (a: Uint8Array, b: Uint8Array): number => {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
};

/** The order of two values of one type, not NULL; values without one (MAP) are only told apart. */
export const compareValues = (a: SqlValue, b: SqlValue): number => {
  if (typeof a === 'string') return compareText(a, b as string);
  if (a instanceof Uint8Array) return compareBytes(a, b as Uint8Array);
  if (Array.isArray(a)) {
    const other = b as readonly SqlValue[];
    for (let i = 0; i < Math.min(a.length, other.length); i += 1) {
      const order = compareNullable(a[i], other[i]!);
      if (order !== 0) return order;
    }
    return a.length - other.length;
  }
  if (a instanceof Map) return sameMap(a, b as ReadonlyMap<SqlValue, SqlValue>) ? 0 : 1;
  return (a as Whole) < (b as Whole) ? -1 : (a as Whole) > (b as Whole) ? 1 : 0;
};

const compareNullable = (a: SqlValue, b: SqlValue): number => {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  return compareValues(a, b);
};

const sameMap = (a: ReadonlyMap<SqlValue, SqlValue>, b: ReadonlyMap<SqlValue, SqlValue>): boolean =>
  a.size === b.size && a.entries().every(([key, value]) => b.has(key) && compareNullable(value, b.get(key)!) === 0);

export type ComparisonOperator = '=' | '<>' | '<' | '<=' | '>' | '>=';

/** Whether two values of one type are in an order. Numbers, truth values and texts that are only told apart need no call. */
export const comparisonRoutine = (operator: ComparisonOperator, form: 'number' | 'text' | 'other'): Routine => {
  const inlined = { '=': '===', '<>': '!==', '<': '<', '<=': '<=', '>': '>', '>=': '>=' }[operator];
  const simple = form === 'number' || (form === 'text' && (operator === '=' || operator === '<>'));
  const run = (a: SqlValue, b: SqlValue): boolean => {
    const order = compareValues(a, b);
    switch (operator) {
      case '=':
        return order === 0;
      case '<>':
        return order !== 0;
      case '<':
        return order < 0;
      case '<=':
        return order <= 0;
      case '>':
        return order > 0;
      case '>=':
        return order >= 0;
    }
  };
  return routine(operator, run, simple ? { inline: (a, b) => `${a} ${inlined} ${b}` } : {});
};
