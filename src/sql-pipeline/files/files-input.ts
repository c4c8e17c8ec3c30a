import { basename } from 'node:path';
import { filesOf, piecesOf } from '../../connectors/file/lines/file-pieces.ts';
import type { FileRows } from '../../connectors/file/lines/file-reading.ts';
import type { Context } from '../../core/connector.ts';
import type { Input, InputStep } from '../input.ts';
import { ownOrigin } from '../own-origin.ts';

interface FilesInputOptions {
  /** A file, or a folder. */
  readonly path: string;
  readonly open: (path: string) => FileRows;
  readonly context: Context;
}

/** Files of lines, read once from their beginnings to their ends, in the order of their names. Those whose names end with `.gz` are unpacked. */
export class FilesInput implements Input {
  readonly wholeAtEnd = true;
  readonly missing: ReadonlySet<string> = new Set();
  readonly resumable = null;
  readonly #options: FilesInputOptions;

  constructor(options: FilesInputOptions) {
    this.#options = options;
  }

  async *read(signal: AbortSignal): AsyncGenerator<InputStep, void, undefined> {
    const { path, open, context } = this.#options;
    const step = (tell: () => void): InputStep => ({
      inside: false,
      apply: () => {
        tell();
        return ownOrigin(context.clock.now());
      },
    });
    for (const file of await filesOf(path)) {
      const rows = open(file);
      for await (const bytes of piecesOf(file)) {
        if (signal.aborted) return;
        yield step(() => rows.piece(bytes));
      }
      yield step(() => rows.end());
      if (rows.ignored > 0)
        context.log.warn('lines that cannot be read were left out', { file: basename(file), lines: rows.ignored });
    }
  }

  figures(): readonly [] {
    return [];
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
