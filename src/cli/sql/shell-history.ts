import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

export const historyLength = 1_000;

/** Lines that may hold a password are kept nowhere: statements give them as texts. */
const tells = /password|secret|token|authorization|jaas|mysql:\/\//i;

/** What was typed in shells before, the last line first, in a file that only its owner may read. */
export class ShellHistory {
  readonly lines: string[];
  readonly #file: string;

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#file =
      env['MILLRACE_SQL_HISTORY'] ??
      join(env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'millrace', 'sql-history');
    this.lines = read(this.#file);
  }

  /** Takes readline's own list, the last line first. A file that cannot be written costs the history, not the session. */
  keep(lines: readonly string[]): void {
    const kept = lines.filter((line) => !tells.test(line)).slice(0, historyLength);
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
      writeFileSync(
        this.#file,
        kept
          .toReversed()
          .map((line) => `${line}\n`)
          .join(''),
        { mode: 0o600 },
      );
    } catch {
      // As after `MILLRACE_SQL_HISTORY=/dev/full`: there is none.
    }
  }
}

const read = (file: string): string[] => {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .toReversed()
      .slice(0, historyLength);
  } catch {
    return [];
  }
};
