import { MillraceError } from '../core/errors.ts';
import type { Terminal } from './terminal.ts';

type Paint = Terminal['paint'];

/** An error as every command says it: code and message, then what to do, then where to read more. */
export const errorText = (error: unknown, paint: Paint): string => {
  if (!(error instanceof MillraceError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `${paint('red', 'error')}  internal error, please report it: ${text}`;
  }
  const causes: string[] = [];
  for (let cause = error.cause; cause instanceof Error && causes.length < 4; cause = cause.cause) {
    if (!error.message.includes(cause.message)) causes.push(`  caused by: ${cause.message}`);
  }
  return [
    `${paint('red', 'error')}  ${paint('bold', error.code)}  ${error.message}`,
    ...causes,
    `  ${error.hint}`,
    paint('dim', `  More: millrace explain ${error.code}`),
  ].join('\n');
};
