import { type ErrorCode, MillraceError } from '../../core/errors.ts';
import { nearestName } from '../../core/nearest-name.ts';
import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ErrorPage, errorCodes, errorPage } from '../error-page.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { localTexts } from '../locale/language.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal, format } = call;
  const inWords = format === 'json' ? errorPage : localPage;
  const pages = (call.arguments.length === 0 ? errorCodes : call.arguments.map(findCode)).map(inWords);
  if (format === 'json') {
    await terminal.print(envelope('explain', { codes: pages }));
    return exitCode.ok;
  }
  if (call.arguments.length === 0) {
    const width = Math.max(...pages.map(({ code }) => code.length));
    for (const { code, message } of pages) await terminal.print(`${code.padEnd(width)}  ${message}\n`);
    return exitCode.ok;
  }
  for (const [index, { code, message, retryable, hint }] of pages.entries()) {
    const lines = [
      ...(index === 0 ? [] : ['']),
      terminal.paintData('bold', code),
      `  ${message}`,
      '',
      `  What to do:  ${hint}`,
      `  Retryable:   ${retryable ? 'yes: millrace tries again by itself' : 'no: somebody must act first'}`,
      '',
    ];
    await terminal.print(lines.join('\n'));
  }
  return exitCode.ok;
};

/** The page in the language of this process. */
const localPage = (code: ErrorCode): ErrorPage => ({ ...errorPage(code), ...localTexts(code) });

const findCode = (given: string): ErrorCode => {
  const code = given.toUpperCase().replaceAll('-', '_');
  const found = errorCodes.find((known) => known === code);
  if (found) return found;
  const near = nearestName(code, errorCodes);
  const words = code.split('_').filter((word) => word.length > 3);
  const sharing = errorCodes.filter((known) => words.some((word) => known.includes(word)));
  const suggestions = [...new Set([...(near === null ? [] : [near]), ...sharing])].slice(0, 3);
  throw new MillraceError('CLI_UNKNOWN_CODE', { code: given, suggestions });
};
