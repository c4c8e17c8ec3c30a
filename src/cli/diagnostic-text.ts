import type { Diagnostic } from '../config/diagnostic.ts';
import type { LoadedFile } from '../config/pipeline-file.ts';
import { excerpt, placeName } from '../config/source-text.ts';
import { saidOf } from './locale/language.ts';
import type { Terminal } from './terminal.ts';

/** A finding about a file: where, what, the line with carets below it, and what to do. */
export const diagnosticText = (
  file: LoadedFile,
  { severity, error, place }: Diagnostic,
  paint: Terminal['paint'],
): string => {
  const { message, hint } = saidOf(error);
  const where = place ? placeName(place) : file.file;
  const label = severity === 'error' ? paint('red', 'error') : paint('yellow', 'warning');
  const lines = [`${paint('bold', where)}  ${label}  ${error.code}  ${file.redact(message)}`];
  if (place && place.end > place.start) {
    const [text, carets] = excerpt(place, file.secretPlaces);
    const number = String(place.source.positionOf(place.start).line);
    lines.push(`  ${number} | ${file.redact(text)}`, `  ${' '.repeat(number.length)} | ${paint('cyan', carets)}`);
  }
  lines.push(`  ${hint}`);
  return lines.join('\n');
};
