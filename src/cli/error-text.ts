import { isMillraceError, MillraceError } from '../core/errors.ts';
import { saidOf } from './locale/language.ts';
import type { Terminal } from './terminal.ts';

type Paint = Terminal['paint'];

/** An error as every command says it: code and message, then what to do, then where to read more. */
export const errorText = (error: unknown, paint: Paint): string => {
  if (!(error instanceof MillraceError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `${paint('red', 'error')}  internal error, please report it: ${text}`;
  }
  const { message, hint } = saidOf(error);
  const causes: string[] = [];
  let said = error.message;
  for (let cause = error.cause; cause instanceof Error && causes.length < 4; cause = cause.cause) {
    if (said.includes(cause.message) || isSystemErrorSaid(cause, said)) continue;
    said += cause.message;
    const known = isMillraceError(cause) ? cause : null;
    causes.push(`  caused by: ${cause.message}${known === null ? '' : `  (${known.code})`}`);
    // Its own hint says to repair the cause, so it says how as well.
    if (known !== null && isMillraceError(error, 'PIPELINE_RETRIES_EXHAUSTED')) causes.push(`  ${saidOf(known).hint}`);
  }
  return [
    `${paint('red', 'error')}  ${paint('bold', error.code)}  ${message}`,
    ...causes,
    `  ${hint}`,
    paint('dim', `  More: millrace explain ${error.code}`),
  ].join('\n');
};

/** `connect ECONNREFUSED 127.0.0.1:8765` tells nothing more where a message that names the server has the code. */
const isSystemErrorSaid = (cause: NodeJS.ErrnoException, said: string): boolean =>
  cause.syscall !== undefined && cause.code !== undefined && said.includes(cause.code);
