import type { SqlRow } from '../operators/incremental/delta.ts';
import { textOf } from '../sql/evaluate/cast.ts';
import { jsonText, jsonWriter } from '../sql/evaluate/json-text.ts';
import type { EvaluationContext, SqlValue } from '../sql/evaluate/sql-value.ts';
import type { PlanColumn } from '../sql/plan/plan.ts';
import type { SqlType } from '../sql/types/sql-type.ts';

/** Rows as objects of JSON: `{"id":1,"price":"12.50"}`. A second column of one name, `id`, is `id_2`. */
export const rowJson = (columns: readonly PlanColumn[], context: EvaluationContext): ((row: SqlRow) => string) => {
  const names = distinctNames(columns).map(jsonText);
  const values = columns.map(({ type }) => valueJson(type, context));
  return (row) => `{${values.map((value, at) => `${names[at]}:${value(row[at]!)}`).join(',')}}`;
};

/** Numbers that a reader's own might not hold exactly, and those that JSON has not, are texts, as `binlog dump` has them. Bytes are base64. */
const valueJson = (type: SqlType, context: EvaluationContext): ((value: SqlValue) => string) => {
  const json = notNullJson(type, context);
  return (value) => (value === null ? 'null' : json(value));
};

const notNullJson = (type: SqlType, context: EvaluationContext): ((value: SqlValue) => string) => {
  switch (type.kind) {
    case 'ARRAY': {
      const item = valueJson(type.element, context);
      return (value) => `[${(value as readonly SqlValue[]).map(item).join(',')}]`;
    }
    case 'ROW': {
      const fields = rowJson(type.fields, context);
      return (value) => fields(value as SqlRow);
    }
    case 'MAP': {
      const [key, item] = [textOf(type.key) ?? String, valueJson(type.value, context)];
      return (value) =>
        `{${Array.from(value as ReadonlyMap<SqlValue, SqlValue>, ([each, of]) => `${jsonText(each === null ? 'NULL' : key(each, context))}:${item(of)}`).join(',')}}`;
    }
    default: {
      const json = jsonWriter(type) ?? ((value: SqlValue) => jsonText(String(value)));
      return (value) => {
        const isText = type.kind === 'DECIMAL' || typeof value === 'bigint' || !isFiniteValue(value);
        const text = json(value, context);
        return isText && !text.startsWith('"') ? `"${text}"` : text;
      };
    }
  }
};

const isFiniteValue = (value: SqlValue): boolean => typeof value !== 'number' || Number.isFinite(value);

const distinctNames = (columns: readonly PlanColumn[]): readonly string[] => {
  const taken = new Set<string>();
  return columns.map(({ name }) => {
    let free = name;
    for (let number = 2; taken.has(free); number += 1) free = `${name}_${number}`;
    taken.add(free);
    return free;
  });
};
