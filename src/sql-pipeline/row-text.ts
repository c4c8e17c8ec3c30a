import type { SqlRow } from '../operators/incremental/delta.ts';
import { textOf } from '../sql/evaluate/cast.ts';
import type { EvaluationContext, SqlValue } from '../sql/evaluate/sql-value.ts';
import type { PlanColumn } from '../sql/plan/plan.ts';
import { isBinary, type SqlType } from '../sql/types/sql-type.ts';

/** What happened to a row of a result, in Flink's letters. */
export type RowKind = '+I' | '-U' | '+U' | '-D';

/** Rows as lines show them: `1, paid, NULL`. */
export const rowText = (columns: readonly PlanColumn[], context: EvaluationContext): ((row: SqlRow) => string) => {
  const texts = columns.map(({ type }) => cellText(type, context));
  return (row) => texts.map((text, at) => text(row[at]!)).join(', ');
};

/** A line stays a line: control characters are written as in JSON. Bytes are hexadecimal. */
export const cellText = (type: SqlType, context: EvaluationContext): ((value: SqlValue) => string) => {
  const text = isBinary(type) ? hex : (textOf(type) ?? String);
  return (value) =>
    value === null
      ? 'NULL'
      : text(value, context).replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
};

const hex = (value: unknown): string => `x'${Buffer.from(value as Uint8Array).toString('hex')}'`;
