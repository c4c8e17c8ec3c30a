import { MillraceError } from '../../core/errors.ts';
import { errorCodes, errorPage } from '../error-page.ts';
import { exitCodeOf } from '../exit-code.ts';
import { code, markdownTable } from './markdown.ts';

const areas: Readonly<Record<string, string>> = {
  BINLOG: 'Reading binlog events',
  BYTES: 'Reading bytes',
  CLI: 'The command line',
  CONFIG: 'Pipeline files',
  NET: 'Connections',
};

/** docs/errors.md: every code with its message, what to do, and whether millrace tries again. */
export const errorsPage = (): string => {
  const byArea = Map.groupBy(errorCodes, (errorCode) => errorCode.slice(0, errorCode.indexOf('_')));
  const sections = [...byArea].flatMap(([area, codes]) => [
    ...(areas[area] ? [`## ${area}: ${areas[area].toLowerCase()}`] : [`## ${area}`]),
    ...codes.map((errorCode) => {
      const { message, retryable, hint } = errorPage(errorCode);
      const exit = exitCodeOf(Object.assign(Object.create(MillraceError.prototype), { code: errorCode }));
      return [
        `### ${errorCode}`,
        '',
        `> ${escaped(message)}`,
        '',
        escaped(hint),
        '',
        retryable ? 'Retryable: millrace tries again by itself.' : `Not retryable. Exit code ${exit}.`,
      ].join('\n');
    }),
  ]);
  return [
    '# Error codes',
    '',
    'Made from the table in `src/core/error-codes/` by `npm run docs`. A code keeps its meaning for ever; a new meaning gets a new code.',
    '`millrace explain CODE` prints the same offline. Details in a message stand here as `<name>`.',
    '',
    markdownTable(
      ['code', 'message'],
      errorCodes.map((errorCode) => [
        `[${errorCode}](#${errorCode.toLowerCase()})`,
        escaped(errorPage(errorCode).message),
      ]),
    ),
    '',
    sections.join('\n\n'),
    '',
  ].join('\n');
};

/** `<name>` outside code would be taken for HTML. */
const escaped = (text: string): string =>
  text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith('`') ? part : part.replace(/<([\w. ]+)>/g, (found) => code(found))))
    .join('');
