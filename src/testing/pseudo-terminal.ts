import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';

/** A program on a pseudo terminal of its own (`script` of util-linux), and somebody who reads and types. */
export class PseudoTerminal {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  #screen = '';
  #read = 0;
  #changed = Promise.withResolvers<void>();

  constructor(
    args: readonly string[],
    options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
  ) {
    const command = [process.execPath, ...args].map((word) => `'${word}'`).join(' ');
    const env = { PATH: process.env['PATH'], TERM: 'xterm', SHELL: '/bin/sh', ...options.env };
    this.#child = spawn('script', ['-qefc', command, '/dev/null'], { cwd: options.cwd, env });
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#screen += text;
      this.#tell();
    });
    this.#ended = new Promise((resolve) => this.#child.once('close', resolve));
    void this.#ended.then(() => this.#tell());
  }

  /** Everything that was ever shown. */
  get screen(): string {
    return stripVTControlCharacters(this.#screen).replaceAll('\r', '');
  }

  /** Resolves when `what` is shown after what was waited for before. */
  async sees(what: string | RegExp): Promise<void> {
    const patience = AbortSignal.timeout(60_000);
    patience.addEventListener('abort', () => this.#tell());
    for (;;) {
      const unread = this.screen.slice(this.#read);
      const at = typeof what === 'string' ? unread.indexOf(what) : unread.search(what);
      if (at >= 0) {
        const length = typeof what === 'string' ? what.length : what.exec(unread)![0].length;
        this.#read += at + length;
        return;
      }
      assert.ok(this.#child.exitCode === null, `ended without ${what}:\n${this.screen}`);
      assert.ok(!patience.aborted, `${what} did not come:\n${this.screen}`);
      await this.#changed.promise;
    }
  }

  /** Types, as it is: `\r` is Enter, `\x03` Ctrl-C. */
  types(text: string): void {
    this.#child.stdin!.write(text);
  }

  async answers(question: string | RegExp, text: string): Promise<void> {
    await this.sees(question);
    this.types(`${text}\r`);
  }

  /** The exit code of the program. */
  get exitCode(): Promise<number | null> {
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#ended;
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
