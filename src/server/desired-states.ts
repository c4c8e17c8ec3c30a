import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { MillraceError } from '../core/errors.ts';
import type { Desired } from './pipeline-view.ts';

const shape = z.strictObject({ version: z.literal(1), pipelines: z.record(z.string(), z.enum(['paused', 'stopped'])) });

/** Which pipelines were paused or stopped on request, kept in a file so that it survives the process. */
export class DesiredStates {
  readonly #file: string;
  readonly #states: Map<string, Exclude<Desired, 'running'>>;

  /** Throws SERVE_STATE_UNREADABLE for a file that is there and not understood: guessing could start what somebody stopped. */
  constructor(folder: string) {
    this.#file = join(folder, 'state.json');
    this.#states = new Map(Object.entries(read(this.#file)));
  }

  of(pipeline: string): Desired {
    return this.#states.get(pipeline) ?? 'running';
  }

  set(pipeline: string, desired: Desired): void {
    if (desired === this.of(pipeline)) return;
    if (desired === 'running') this.#states.delete(pipeline);
    else this.#states.set(pipeline, desired);
    writeWhole(this.#file, `${JSON.stringify({ version: 1, pipelines: Object.fromEntries(this.#states) }, null, 2)}\n`);
  }
}

const read = (file: string): z.output<typeof shape>['pipelines'] => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return {};
    throw new MillraceError('SERVE_STATE_UNREADABLE', { file, reason: code ?? message });
  }
  try {
    return shape.parse(JSON.parse(text)).pipelines;
  } catch (cause) {
    throw new MillraceError('SERVE_STATE_UNREADABLE', { file, reason: 'it is damaged' }, { cause });
  }
};

/** Puts a whole file in place of an older one, so that a crash leaves one or the other. */
export const writeWhole = (file: string, text: string): void => {
  try {
    mkdirSync(dirname(file), { recursive: true });
    const aside = `${file}.new`;
    const handle = openSync(aside, 'w', 0o600);
    try {
      writeSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(aside, file);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    throw new MillraceError('SERVE_STATE_UNREADABLE', { file, reason }, { cause: error });
  }
};
