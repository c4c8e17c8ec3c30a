import type { MillraceError } from '../core/errors.ts';
import type { Place } from './source-text.ts';

/** Something to say about a pipeline file. With an error it cannot run; with warnings only it can. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly error: MillraceError;
  /** Null: about the file as a whole. */
  readonly place: Place | null;
}

export type Report = (severity: Diagnostic['severity'], place: Place | null, error: MillraceError) => void;
