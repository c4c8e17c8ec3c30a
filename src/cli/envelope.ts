import { errorObject } from '../core/error-object.ts';
import type { MillraceError } from '../core/errors.ts';

/**
 * What `-o json` prints: one object on stdout. Fields are only ever added within a version of its schema; arrays are never null.
 */
export const envelope = (command: string, data: unknown, warnings: readonly unknown[] = []): string =>
  `${JSON.stringify({ schema: `millrace.${command.replaceAll(' ', '-')}/v1`, command, data, warnings }, null, 2)}\n`;

/** What it prints instead when the command fails. `lines`: the output is an object a line, and so is this one. */
export const errorEnvelope = (
  error: MillraceError,
  lines: boolean,
  redact: (text: string) => string = String,
): string =>
  `${JSON.stringify({ schema: 'millrace.error/v1', error: errorObject(error, redact) }, null, lines ? undefined : 2)}\n`;
