import type { MillraceError } from './errors.ts';

/** An error as programs get it: from the command line with `-o json`, and from the HTTP API. */
export interface ErrorObject {
  readonly code: string;
  readonly detail: string;
  readonly remedy: string;
  readonly retryable: boolean;
  readonly docs: string;
}

/** `redact` takes secrets out of whatever a library worded. */
export const errorObject = (error: MillraceError, redact: (text: string) => string = String): ErrorObject => ({
  code: error.code,
  detail: redact(error.message),
  remedy: error.hint,
  retryable: error.retryable,
  docs: `docs/errors.md#${error.code.toLowerCase()}`,
});
