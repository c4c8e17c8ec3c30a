import { type FileHandle, open } from 'node:fs/promises';
import type { Clock } from '../core/clock.ts';
import { MillraceError } from '../core/errors.ts';
import { jsonValue } from '../core/json-value.ts';
import type { DeadLetter, DeadLetters } from '../pipeline/dead-letters.ts';

/** Appends rows that a sink refused to a file, one JSON object a line, with the reason. */
export class DeadLetterFile implements DeadLetters {
  readonly #path: string;
  readonly #clock: Clock;
  #handle: Promise<FileHandle> | null = null;

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  async write({ sink, table, op, rows, code, message }: DeadLetter): Promise<void> {
    const named = (row: ReturnType<typeof rows.after>) =>
      row &&
      Object.fromEntries(
        row.flatMap((value, at) => (value === undefined ? [] : [[table.columns[at]!.name, jsonValue(value)]])),
      );
    const time = new Date(this.#clock.now()).toISOString();
    const { database, name } = table;
    const images = { before: named(rows.before(0)), after: named(rows.after(0)) };
    const line = JSON.stringify({ time, sink, database, table: name, op, code, message, ...images });
    try {
      this.#handle ??= open(this.#path, 'a');
      const handle = await this.#handle;
      await handle.appendFile(`${line}\n`);
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
