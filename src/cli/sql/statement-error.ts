import { excerpt, placeName, SourceText } from '../../config/source-text.ts';
import type { MillraceError } from '../../core/errors.ts';
import type { Span } from '../../sql/sql-error.ts';
import { saidOf } from '../locale/language.ts';
import type { Terminal } from '../terminal.ts';

/** An error about a statement: where, what, the line with carets below it, and what to do. */
export const statementErrorText = (
  error: MillraceError,
  span: Span,
  script: { readonly name: string; readonly text: string },
  paint: Terminal['paint'],
): string => {
  const place = { source: new SourceText(script.name, script.text), ...span };
  const { message, hint } = saidOf(error);
  const [line, carets] = excerpt(place, []);
  const number = String(place.source.positionOf(place.start).line);
  return [
    `${paint('bold', placeName(place))}  ${paint('red', 'error')}  ${error.code}  ${message}`,
    `  ${number} | ${line}`,
    `  ${' '.repeat(number.length)} | ${paint('cyan', carets)}`,
    `  ${hint}`,
  ].join('\n');
};
