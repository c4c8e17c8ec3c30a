import type { SqlValue } from '../../sql/evaluate/sql-value.ts';
import type { SqlType } from '../../sql/types/sql-type.ts';
import type { SqlRow } from './delta.ts';

/** What rows are told apart by in a Map: equal for equal values, NULL among them, and different for different ones. */
export type RowKey = string | number | bigint | boolean | null;

/** The key of a row's `columns`, whose types are `types`. */
export const rowKey = (columns: readonly number[], types: readonly SqlType[]): ((row: SqlRow) => RowKey) => {
  if (columns.length === 0) return () => null;
  const forms = types.map(formOf);
  if (columns.length === 1) {
    const [column] = columns as [number];
    if (forms[0] !== 'other') return (row) => row[column] as RowKey;
    return (row) => valueText(row[column]!);
  }
  if (columns.length === 2 && forms.every((form) => form === 'number')) {
    const [a, b] = columns as [number, number];
    return (row) => pairKey(row[a]!, row[b]!);
  }
  return (row) => {
    let key = '';
    for (let i = 0; i < columns.length; i += 1) {
      const value = row[columns[i]!]!;
      // A text says its length, so that no two rows read the same.
      if (typeof value === 'string') key += `${value.length}:${value}`;
      else if (forms[i] === 'other') key += `${valueText(value)};`;
      else key += `${value};`;
    }
    return key;
  };
};

type Form = 'number' | 'text' | 'other';

const formOf = (type: SqlType): Form => {
  switch (type.kind) {
    case 'BINARY':
    case 'VARBINARY':
    case 'ARRAY':
    case 'MULTISET':
    case 'MAP':
    case 'ROW':
      return 'other';
    case 'CHAR':
    case 'VARCHAR':
      return 'text';
    default:
      return 'number';
  }
};

const LIMIT = 2 ** 26;

/** Two small numbers make one, which is the cheapest key; -0 and 0 are the same. */
const pairKey = (a: SqlValue, b: SqlValue): RowKey => {
  if (typeof a === 'number' && typeof b === 'number' && a >= 0 && b >= 0 && a < LIMIT && b < LIMIT) {
    const packed = a * LIMIT + b;
    if (Number.isInteger(a) && Number.isInteger(b)) return packed;
  }
  return `${a};${b};`;
};

/** One text for each value of a type. */
const valueText = (value: SqlValue): string => {
  if (value === null) return '-';
  if (typeof value === 'string') return `${value.length}:${value}`;
  if (value instanceof Uint8Array) {
    const { buffer, byteOffset, byteLength } = value;
    return `${byteLength}:${Buffer.from(buffer, byteOffset, byteLength).toString('latin1')}`;
  }
  if (Array.isArray(value)) return `[${value.map(valueText).join(',')}]`;
  if (value instanceof Map) {
    const items = [...value].map(([key, item]) => `${valueText(key)}=${valueText(item)}`);
    return `{${items.sort().join(',')}}`;
  }
  return String(value);
};
