import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A place in a run of ticks. Runs begin anew where a result does, and ticks count up within one. */
export interface TickPlace {
  readonly run: string;
  readonly tick: number;
}

/**
 * What a tick was made of, a line of JSON each, in files that begin at a checkpoint: `<run>-<first tick>.ticks`. A line is written
 * whole or not at all as far as any reader can see: one that a kill cut off has no end.
 */
export class TickJournal implements Disposable {
  readonly #folder: string;
  #file: number | null = null;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The lines of a run behind a tick, in order, as far as they are there without a gap. */
  after({ run, tick }: TickPlace): readonly string[] {
    const lines: string[] = [];
    for (const { name, at } of this.#files().filter(({ at }) => at.run === run)) {
      const whole = readFileSync(join(this.#folder, name), 'utf8').split('\n').slice(0, -1);
      for (const [index, line] of whole.entries()) if (at.tick + index === tick + 1 + lines.length) lines.push(line);
    }
    return lines;
  }

  /** The next line is that of this tick. */
  begin({ run, tick }: TickPlace): void {
    this[Symbol.dispose]();
    const name = `${run}-${String(tick).padStart(16, '0')}.ticks`;
    // A file of this name holds only what a kill cut off.
    this.#file = openSync(join(this.#folder, name), 'w');
  }

  append(line: string): void {
    writeSync(this.#file!, `${line}\n`);
  }

  /** Removes what stands before a file that begins at this tick or before it, and other runs. */
  forgetBefore({ run, tick }: TickPlace): void {
    const files = this.#files();
    const needed = files.findLast(({ at }) => at.run === run && at.tick <= tick + 1);
    for (const { name, at } of files) {
      if (at.run !== run || (needed !== undefined && at.tick < needed.at.tick)) rmSync(join(this.#folder, name));
    }
  }

  [Symbol.dispose](): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  #files(): readonly { readonly name: string; readonly at: TickPlace }[] {
    return readdirSync(this.#folder)
      .filter((name) => name.endsWith('.ticks'))
      .sort()
      .map((name) => {
        const [, run, tick] = /^(.*)-(\d+)\.ticks$/.exec(name)!;
        return { name, at: { run: run!, tick: Number(tick) } };
      });
  }
}
