import type { Terminal } from './terminal.ts';

/** How often progress is shown: written over on a screen, one plain line each time elsewhere. */
const LIVE_MS = 500;
const PLAIN_MS = 10_000;

/**
 * Progress lines at the foot of stderr. On a screen they are written over in place and log lines scroll above them; elsewhere
 * each is a plain line every 10 s.
 */
export class LiveLines implements Disposable {
  readonly #terminal: Terminal;
  readonly #lines: () => readonly string[];
  readonly #timer: NodeJS.Timeout;
  /** Lines on the screen that the next drawing replaces. */
  #drawn = 0;

  constructor(terminal: Terminal, lines: () => readonly string[]) {
    this.#terminal = terminal;
    this.#lines = lines;
    this.#timer = setInterval(() => this.#show(), terminal.live ? LIVE_MS : PLAIN_MS);
    this.#timer.unref();
  }

  /** Writes a line that stays. */
  write(line: string): void {
    this.#erase();
    this.#terminal.say(line);
    if (this.#terminal.live) this.#show();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    if (this.#terminal.live) this.#show();
    this.#drawn = 0;
  }

  #show(): void {
    this.#erase();
    const width = (this.#terminal.stderr.columns ?? 120) - 1;
    const lines = this.#lines();
    for (const line of lines) this.#terminal.say(this.#terminal.live ? line.slice(0, width) : line);
    if (this.#terminal.live) this.#drawn = lines.length;
  }

  #erase(): void {
    if (this.#drawn > 0) this.#terminal.stderr.write(`\x1b[${this.#drawn}A\x1b[J`);
    this.#drawn = 0;
  }
}
