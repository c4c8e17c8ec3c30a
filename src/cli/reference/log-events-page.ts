import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { logEvent } from '../../core/log-event.ts';
import { code, markdownTable } from './markdown.ts';

const source = fileURLToPath(new URL('../../', import.meta.url));

/** docs/log-events.md: every log line that the sources hold. */
export const logEventsPage = (): string =>
  [
    '# Log lines',
    '',
    'Made from the sources by `npm run docs`.',
    '',
    'With `--log-format json` each line on stderr is one object: `time` (ISO 8601), `level`, `event` (the code below), `message`, and the fields of that line:',
    '`pipeline`, `table`, `file` and so on. Fields hold names, counts and positions, never row values or secrets. `error`: somebody must act. `warn`: millrace',
    'recovered, or something will hurt one day. `info`: a change of state. A line about an error has its `code` as well ([errors.md](errors.md)). The API and',
    '`millrace logs -o jsonl` give the same `event`, with the fields in `fields`.',
    '',
    markdownTable(
      ['event', 'level', 'message', 'said by'],
      logLines()
        .toSorted((a, b) => (a.event < b.event ? -1 : 1))
        .map(({ event, level, message, file }) => [code(event), level, message, code(file)]),
    ),
    '',
  ].join('\n');

interface LoggedLine {
  readonly event: string;
  readonly level: string;
  readonly message: string;
  readonly file: string;
}

const logLines = (): readonly LoggedLine[] =>
  globSync('**/*.ts', { cwd: source })
    .filter((file) => !file.includes('.test.') && !/^(testing|demo)[\\/]/.test(file))
    .toSorted()
    .flatMap((file) =>
      Array.from(
        readFileSync(`${source}${file}`, 'utf8').matchAll(/\blog\.(debug|info|warn|error)\(\s*'((?:[^'\\]|\\.)+)'/g),
        ([, level, message]) => ({
          event: logEvent(message!),
          level: level!,
          message: message!,
          file: `src/${file.replaceAll('\\', '/')}`,
        }),
      ),
    );
