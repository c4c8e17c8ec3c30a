import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../pipeline/system-clock.ts';

const cli = fileURLToPath(new URL('../cli/main.ts', import.meta.url));
const patienceMs = 600_000;

/** A pipeline in a process of its own, as the published command runs it, whose memory is looked at. On Linux alone. */
export class MeasuredRun implements AsyncDisposable {
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #mostMiB = 0;

  /** `pipeline`: the contents of its file. */
  constructor(pipeline: object) {
    this.#folder = mkdtempSync(join(tmpdir(), 'millrace-measured-'));
    const file = join(this.#folder, 'pipeline.yaml');
    writeFileSync(file, JSON.stringify(pipeline));
    // With what the published command gives Node.
    this.#child = spawn(process.execPath, ['--max-semi-space-size=8', cli, 'run', file], {
      stdio: ['ignore', 'ignore', 'inherit'],
      cwd: this.#folder,
    });
    this.#ended = once(this.#child, 'exit');
  }

  /** The most that it had resident so far, in MiB; of a process that has ended: when it was last asked for. */
  get mostMiB(): number {
    if (this.#child.exitCode === null) {
      const status = readFileSync(`/proc/${this.#child.pid}/status`, 'latin1');
      this.#mostMiB = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1_024 || this.#mostMiB;
    }
    return this.#mostMiB;
  }

  /** Looks ten times a second whether `holds`. Throws when the process has ended and it does not, and after ten minutes. */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const patience = performance.now() + patienceMs;
    while (!(await holds())) {
      if (this.#child.exitCode !== null) {
        assert.ok(await holds(), `the process ended with ${this.#child.exitCode} before ${what}`);
        return;
      }
      assert.ok(performance.now() < patience, `${what} did not happen within ${patienceMs} ms`);
      await systemClock.sleep(100);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
    rmSync(this.#folder, { recursive: true });
  }
}
