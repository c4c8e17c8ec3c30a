import type { ErrorEntry } from './entry.ts';

const orElse = (suggestion: string | null): string => (suggestion === null ? '' : `; did you mean ${suggestion}?`);

/** Places are offsets into the statement's text; whoever shows the error makes a line and carets of them. */
export interface At {
  readonly start: number;
  readonly end: number;
}

/** Stream SQL: what can be wrong with a statement, and what can go wrong with a row. */
export const sqlErrors = {
  SQL_SYNTAX: {
    retryable: false,
    message: (d: At & { readonly found: string; readonly expected: string }) =>
      `expected ${d.expected}, found ${d.found}`,
    hint: 'Look at the place shown. A name that is a reserved word of Flink SQL stands in backquotes: `value`, `one`, `year`.',
  },
  SQL_NOT_SUPPORTED: {
    retryable: false,
    message: (d: At & { readonly what: string; readonly reason: string }) => `${d.what} is not supported: ${d.reason}`,
    hint: 'docs/sql/differences.md lists what Flink takes and millrace does not, and what to write instead.',
  },
  SQL_UNKNOWN_NAME: {
    retryable: false,
    message: (d: At & { readonly what: string; readonly name: string; readonly suggestion: string | null }) =>
      `there is no ${d.what} ${d.name}${orElse(d.suggestion)}`,
    hint: 'Names of columns and tables are case-sensitive; docs/sql/functions.md lists the functions, docs/sql/statements.md the connectors and their options.',
  },
  SQL_AMBIGUOUS_NAME: {
    retryable: false,
    message: (d: At & { readonly name: string; readonly candidates: readonly string[] }) =>
      `${d.name} may be ${d.candidates.join(' or ')}`,
    hint: 'Write the table or its alias before the column: `o.id`.',
  },
  SQL_TYPE_MISMATCH: {
    retryable: false,
    message: (d: At & { readonly what: string; readonly found: string; readonly expected: string }) =>
      `${d.what} takes ${d.expected}, and this is ${d.found}`,
    hint: 'Convert with CAST(value AS TYPE), or with TRY_CAST, which gives NULL where a value does not fit.',
  },
  SQL_BAD_LITERAL: {
    retryable: false,
    message: (d: At & { readonly what: string; readonly expected: string }) =>
      `this is no ${d.what}; expected ${d.expected}`,
    hint: 'Write the literal as the message says; numbers beyond DECIMAL(38) can be written as strings and cast.',
  },
  SQL_INVALID: {
    retryable: false,
    message: (d: At & { readonly reason: string }) => d.reason,
    hint: 'Change the statement at the place shown.',
  },
  SQL_KEY_MISSING: {
    retryable: false,
    message: (d: At & { readonly table: string; readonly connector: string }) =>
      `the query changes rows that it gave before, and ${d.table} has no key to find them by`,
    hint: "Declare PRIMARY KEY (column) NOT ENFORCED on the columns that tell the query's rows apart: those of its GROUP BY, or the key of its source.",
  },
  SQL_KEY_MISMATCH: {
    retryable: false,
    message: (d: At & { readonly table: string; readonly key: string; readonly found: string }) =>
      `the key of ${d.table} is (${d.key}), and ${d.found}: two rows of the query could fall on one row of the table`,
    hint: "Declare the key on the columns that tell the query's rows apart, or give the query those columns; `EXPLAIN INSERT INTO ...` shows them.",
  },
  SQL_FEEDS_ITSELF: {
    retryable: false,
    message: (d: At & { readonly table: string; readonly store: string }) =>
      `${d.table} is read by the query that writes it (${d.store}), so each result would be its next input`,
    hint: "Write to another table, or read it once: declare the source with 'connector' = 'jdbc', or SET 'execution.runtime-mode' = 'batch'.",
  },
  SQL_NULL_REFUSED: {
    retryable: false,
    message: (d: { readonly table: string; readonly column: string }) =>
      `a row for ${d.table} has NULL in ${d.column}, which is NOT NULL`,
    hint: 'Leave such rows out with WHERE, put COALESCE around the column, or declare it without NOT NULL. The position stays before this row.',
  },
  SQL_CAST_FAILED: {
    retryable: false,
    message: (d: { readonly from: string; readonly to: string }) => `a ${d.from} value cannot be cast to ${d.to}`,
    hint: 'Use TRY_CAST, which gives NULL for such values, or repair the value at its source. The position stays before this row.',
  },
  SQL_DIVISION_BY_ZERO: {
    retryable: false,
    message: (d: { readonly operation: string }) => `${d.operation} by zero`,
    hint: 'Guard the divisor: `a / NULLIF(b, 0)` gives NULL. The position stays before this row.',
  },
  SQL_FUNCTION_FAILED: {
    retryable: false,
    message: (d: { readonly name: string; readonly reason: string }) => `${d.name} failed: ${d.reason}`,
    hint: 'Guard the argument with CASE or a filter. The position stays before this row.',
  },
  SQL_LOOKUP_FAILED: {
    retryable: true,
    message: (d: { readonly table: string; readonly tries: number }) =>
      `${d.table} was asked for rows ${d.tries} times and gave no answer`,
    hint: "Look at the cause: the server is away, or too slow for its deadline. The position stays before the row, and millrace tries again by itself. 'lookup.max-retries' says how often it asks first, and 'lookup.cache' = 'PARTIAL' asks less.",
  },
  TRANSFORM_DOES_NOT_FIT: {
    retryable: false,
    message: (d: { readonly table: string; readonly reason: string }) =>
      `transform does not fit ${d.table}: ${d.reason}`,
    hint: 'Change the projection or filter to the columns that the table has now, and run the pipeline again: the position stays before the change.',
  },
  TRANSFORM_DEFINITIONS_DIFFER: {
    retryable: false,
    message: (d: { readonly table: string }) => `the transforms that match ${d.table} give it different columns`,
    hint: 'Give all transforms of a table the same columns and types, in the same order; a constant can stand where one has nothing.',
  },
  TRANSFORM_KEY_UNKNOWN: {
    retryable: false,
    message: (d: { readonly table: string; readonly column: string }) =>
      `primary-keys names ${d.column}, which the projection of ${d.table} does not have`,
    hint: 'Name columns as the projection calls them.',
  },
  TRANSFORM_KEY_NULL: {
    retryable: false,
    message: (d: { readonly table: string; readonly column: string }) =>
      `a row of ${d.table} has NULL in ${d.column}, which is part of its primary key`,
    hint: 'Leave such rows out with a filter, or put COALESCE around the key.',
  },
  TRANSFORM_COLUMN_ABSENT: {
    retryable: false,
    message: (d: { readonly table: string }) => `the log does not hold a column that the filter of ${d.table} needs`,
    hint: 'Set binlog_row_image=FULL on the server (SET PERSIST binlog_row_image=FULL).',
  },
} as const satisfies Record<string, ErrorEntry>;
