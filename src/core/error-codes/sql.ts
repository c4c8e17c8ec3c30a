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
    hint: 'Names of columns and tables are case-sensitive; docs/sql/functions.md lists the functions.',
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
} as const satisfies Record<string, ErrorEntry>;
