import { type FileHandle, open, readFile } from 'node:fs/promises';
import type { Clock } from '../core/clock.ts';
import { MillraceError } from '../core/errors.ts';
import type { UnreadableMessage } from '../core/unreadable-message.ts';
import type { DeadLetter, DeadLetters } from '../pipeline/dead-letters.ts';
import { type DeadLetterLine, deadLetterLine, type SettledLine } from './dead-letter-line.ts';
import { unreadableLine } from './unreadable-line.ts';

/**
 * Appends rows that a sink refused, and messages that a source could not read, to a file, one JSON object a line, with the reason. The file only ever grows, since a pipeline
 * may be writing it: a letter that was replayed or dropped gets a line that says so.
 */
export class DeadLetterFile implements DeadLetters {
  readonly #path: string;
  readonly #clock: Clock;
  #handle: Promise<FileHandle> | null = null;

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  async write(letter: DeadLetter): Promise<void> {
    await this.#append([deadLetterLine(letter, this.#now())]);
  }

  async putAside(messages: readonly UnreadableMessage[], source: number): Promise<void> {
    const time = this.#now();
    await this.#append(messages.map((message) => unreadableLine(message, source, time)));
  }

  /** Says of a letter that it needs nobody any more. */
  async settle(id: string, how: SettledLine['how']): Promise<void> {
    await this.#append([{ time: this.#now(), settled: id, how }]);
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }

  async #append(lines: readonly (DeadLetterLine | SettledLine)[]): Promise<void> {
    const text = lines
      .map((line) => `${JSON.stringify(line, (_, value) => (typeof value === 'bigint' ? String(value) : value))}\n`)
      .join('');
    try {
      this.#handle ??= open(this.#path, 'a');
      const handle = await this.#handle;
      await handle.appendFile(text);
      await handle.datasync();
    } catch (error) {
      throw new MillraceError(
        'SINK_WRITE_FAILED',
        { sink: this.#path, reason: (error as Error).message },
        { cause: error },
      );
    }
  }
}

/**
 * The letters that still need somebody, oldest first, each once. A file that is not there holds none; a last line that a crash
 * cut off is left out, since its row comes again.
 */
export const readDeadLetters = async (path: string): Promise<readonly DeadLetterLine[]> => {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new MillraceError('DLQ_UNREADABLE', { path, line: 0, reason: (error as Error).message }, { cause: error });
  }
  const letters = new Map<string, DeadLetterLine>();
  const lines = text.split('\n');
  for (const [at, line] of lines.entries()) {
    if (line === '') continue;
    let read: DeadLetterLine | SettledLine;
    try {
      read = JSON.parse(line) as DeadLetterLine | SettledLine;
    } catch (error) {
      if (at === lines.length - 1) break;
      throw new MillraceError('DLQ_UNREADABLE', { path, line: at + 1, reason: 'it is no JSON' }, { cause: error });
    }
    if ('settled' in read) letters.delete(read.settled);
    else if (typeof read.id !== 'string' || !('definition' in read || 'topic' in read)) {
      throw new MillraceError('DLQ_UNREADABLE', { path, line: at + 1, reason: 'it is no dead letter' });
    } else if (!letters.has(read.id)) letters.set(read.id, read);
  }
  return [...letters.values()];
};
