import { Buffer } from 'node:buffer';
import type { SqlType } from '../types/sql-type.ts';
import { textOf } from './cast.ts';
import type { EvaluationContext, Multiset, SqlValue } from './sql-value.ts';

/** A parsed document as text without blanks. */
export const jsonText = (value: unknown): string => JSON.stringify(value) ?? 'null';

// biome-ignore lint/suspicious/noExplicitAny: the type that is written says what the value is.
export type JsonWriter = (value: any, context: EvaluationContext) => string;

/** How a value is written into a JSON document; null: it is not. */
export const jsonWriter = (type: SqlType): JsonWriter | null => {
  switch (type.kind) {
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'BIGINT':
    case 'DECIMAL':
      return textOf(type);
    case 'FLOAT':
    case 'DOUBLE':
      return textOf(type);
    case 'BOOLEAN':
      return String;
    case 'BINARY':
    case 'VARBINARY':
      return (value: Uint8Array) => jsonText(Buffer.from(value).toString('base64'));
    case 'ARRAY': {
      const inner = jsonWriter(type.element);
      if (inner === null) return null;
      return (items: readonly SqlValue[], context) =>
        `[${items.map((item) => (item === null ? 'null' : inner(item, context))).join(',')}]`;
    }
    case 'MULTISET': {
      const element = textOf(type.element);
      if (element === null) return null;
      return (value: Multiset, context) =>
        `{${value.map(([item, times]) => `${jsonText(element(item, context))}:${times}`).join(',')}}`;
    }
    case 'MAP': {
      const [key, value] = [textOf(type.key), jsonWriter(type.value)];
      if (key === null || value === null) return null;
      return (map: ReadonlyMap<SqlValue, SqlValue>, context) =>
        `{${Array.from(map, ([k, v]) => `${jsonText(key(k, context))}:${v === null ? 'null' : value(v, context)}`).join(',')}}`;
    }
    case 'ROW': {
      const fields = type.fields.map((field) => jsonWriter(field.type));
      if (fields.includes(null)) return null;
      return (row: readonly SqlValue[], context) =>
        `{${row.map((item, index) => `${jsonText(type.fields[index]!.name)}:${item === null ? 'null' : fields[index]!(item, context)}`).join(',')}}`;
    }
    case 'NULL':
      return () => 'null';
    default: {
      const text = textOf(type);
      return text === null ? null : (value, context) => jsonText(text(value, context));
    }
  }
};
