import { errorObject } from '../core/error-object.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { LoadedFile } from './pipeline-file.ts';

/** A finding about a file as programs get it. */
export const diagnosticObject = (file: LoadedFile, { severity, error, place }: Diagnostic) => ({
  severity,
  ...errorObject(error, file.redact),
  place: place ? { file: place.source.name, ...place.source.positionOf(place.start) } : { file: file.file },
});
