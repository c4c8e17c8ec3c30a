import type { Log, LogFields } from '../core/log.ts';
import { logEvent } from '../core/log-event.ts';
import type { LogLine } from '../server/log-ring.ts';
import type { Terminal } from './terminal.ts';

export type Level = 'debug' | 'info' | 'warn' | 'error';

const order: readonly Level[] = ['debug', 'info', 'warn', 'error'];
const colors = { debug: 'dim', info: 'green', warn: 'yellow', error: 'red' } as const;

export interface LogOptions {
  readonly format: 'pretty' | 'json';
  readonly level: Level;
  /** Put before each pretty line when several pipelines share a screen; null: not. */
  readonly prefix: string | null;
  /** Takes secrets out of whatever a library worded. */
  readonly redact: (text: string) => string;
  readonly now: () => Date;
  /** Writes a whole line to stderr, around whatever else is on the screen. */
  readonly write: (line: string) => void;
}

/** Log lines on stderr: for a person, or one JSON object each. */
export const stderrLog = (options: LogOptions, paint: Terminal['paint']): Log => {
  const { format, level, prefix, redact, now, write } = options;
  const at =
    (own: Level) =>
    (message: string, fields: LogFields = {}): void => {
      if (order.indexOf(own) < order.indexOf(level)) return;
      const clean = Object.fromEntries(
        Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? redact(value) : value]),
      );
      if (format === 'json') {
        write(
          JSON.stringify({
            time: now().toISOString(),
            level: own,
            event: logEvent(message),
            message: redact(message),
            ...clean,
          }),
        );
        return;
      }
      write(logText({ time: now().toISOString(), level: own, message: redact(message), fields: clean }, prefix, paint));
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
};

/** A log line for a person. `prefix`: put before it when it names no pipeline itself; null: it names none at all. */
export const logText = (
  { time, level, message, fields }: Omit<LogLine, 'event'>,
  prefix: string | null,
  paint: Terminal['paint'],
): string => {
  const { pipeline, ...rest } = fields;
  const words = Object.entries(rest).map(([name, value]) => paint('dim', `${name}=`) + shownValue(value));
  const head = `${paint('dim', time.slice(11, 23))} ${paint(colors[level], level.padEnd(5))}`;
  const who = prefix === null ? '' : `${paint('cyan', `[${pipeline ?? prefix}]`)} `;
  return [head, `${who}${message}`, ...words].join(' ');
};

const shownValue = (value: string | number | boolean | null): string =>
  typeof value === 'string' && /[\s"=]/.test(value) ? JSON.stringify(value) : String(value);

/** What `-q` and `-v` let through. */
export const logLevel = (call: { flag(option: string): boolean }): Level =>
  call.flag('verbose') ? 'debug' : call.flag('quiet') ? 'warn' : 'info';
