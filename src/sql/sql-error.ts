import { type ErrorDetails, isMillraceError, MillraceError } from '../core/errors.ts';

/** A range of a statement's text, in UTF-16 units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Errors about a statement, each with the range of the text it is about. */
export type SqlErrorCode =
  | 'SQL_SYNTAX'
  | 'SQL_NOT_SUPPORTED'
  | 'SQL_UNKNOWN_NAME'
  | 'SQL_AMBIGUOUS_NAME'
  | 'SQL_TYPE_MISMATCH'
  | 'SQL_BAD_LITERAL'
  | 'SQL_INVALID'
  | 'SQL_KEY_MISSING'
  | 'SQL_KEY_MISMATCH'
  | 'SQL_FEEDS_ITSELF';

/** Makes an error about the text in `span`. */
export const sqlError = <Code extends SqlErrorCode>(
  code: Code,
  span: Span,
  details: Omit<ErrorDetails<Code>, 'start' | 'end'>,
): MillraceError<Code> =>
  new MillraceError(code, { ...details, start: span.start, end: span.end } as unknown as ErrorDetails<Code>);

/** Where in the statement an error lies; null: it is not about a statement. */
export const spanOfError = (error: unknown): Span | null => {
  if (!isMillraceError(error)) return null;
  const { start, end } = error.details as { readonly start?: unknown; readonly end?: unknown };
  return error.code.startsWith('SQL_') && typeof start === 'number' && typeof end === 'number' ? { start, end } : null;
};
