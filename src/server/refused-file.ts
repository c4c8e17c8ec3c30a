import { type ErrorDetails, MillraceError } from '../core/errors.ts';

/** A pipeline file that the linter refused, with everything it found. */
export class RefusedFile extends MillraceError<'API_FILE_WRONG'> {
  readonly diagnostics: readonly unknown[];

  constructor(details: ErrorDetails<'API_FILE_WRONG'>, diagnostics: readonly unknown[]) {
    super('API_FILE_WRONG', details);
    this.diagnostics = diagnostics;
  }
}
