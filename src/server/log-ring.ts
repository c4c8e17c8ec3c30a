import type { Log, LogFields } from '../core/log.ts';
import { logEvent } from '../core/log-event.ts';

export interface LogLine {
  /** ISO 8601 */
  readonly time: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** Which line it is, for programs: its code in docs/log-events.md. */
  readonly event: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** The last lines that a pipeline logged, for `millrace logs`. */
export class LogRing {
  readonly #lines: LogLine[] = [];
  readonly #most: number;
  /** How many lines there were before the oldest one that is kept. */
  #dropped = 0;

  constructor(most = 1_000) {
    this.#most = most;
  }

  add(line: LogLine): void {
    this.#lines.push(line);
    // A tenth at once, so that a full ring does not move its lines for each new one.
    if (this.#lines.length > this.#most * 1.1)
      this.#dropped += this.#lines.splice(0, this.#lines.length - this.#most).length;
  }

  /** The last `limit` lines from the `since`-th on, oldest first, and the number to ask from next. */
  read(limit: number, since = 0): { readonly lines: readonly LogLine[]; readonly next: number } {
    const from = Math.max(since - this.#dropped, this.#lines.length - limit, 0);
    return { lines: this.#lines.slice(from), next: this.#dropped + this.#lines.length };
  }
}

/** Hands every line to `take`, and to `also`. Secrets are taken out before. */
export const tellingLog = (take: (line: LogLine) => void, redact: (text: string) => string, also: Log | null): Log => {
  const at =
    (level: LogLine['level']) =>
    (message: string, fields: LogFields = {}): void => {
      also?.[level](message, fields);
      const clean = Object.fromEntries(
        Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? redact(value) : value]),
      );
      take({
        time: new Date().toISOString(),
        level,
        event: logEvent(message),
        message: redact(message),
        fields: clean,
      });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
};
