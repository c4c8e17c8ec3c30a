import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MillraceError } from '../../core/errors.ts';
import type { EventFrame } from '../../protocol/mysql/event-frame.ts';
import { FileFramer } from '../../protocol/mysql/file-framer.ts';
import { fileNumber } from './binlog-position.ts';
import type { LogFeed } from './log-feed.ts';

/**
 * The binlog files that `paths` mean, in the order they were written: files as named, folders as their index file lists them, else
 * by the number in the names. `growing`: with those that an index does not list yet. Throws MYSQL_BINLOG_FILES when there is none.
 */
export const findBinlogFiles = async (
  paths: readonly string[],
  { growing = false }: { readonly growing?: boolean } = {},
): Promise<readonly string[]> => {
  const files: string[] = [];
  for (const path of paths) {
    const found = await stat(path).catch(() => null);
    if (found === null) throw new MillraceError('MYSQL_BINLOG_FILES', { path, reason: 'it does not exist' });
    if (found.isDirectory()) files.push(...(await filesOfFolder(path, growing)));
    else files.push(path);
  }
  return files;
};

const filesOfFolder = async (folder: string, growing: boolean): Promise<readonly string[]> => {
  const names = await readdir(folder);
  const index = names.find((name) => /^(?!.*relay).*\.index$/.test(name));
  if (index !== undefined) {
    const listed = (await readFile(join(folder, index), 'utf8')).split('\n').filter((line) => line.trim() !== '');
    const present = listed.map((line) => basename(line.trim())).filter((name) => names.includes(name));
    const last = present.at(-1);
    if (last !== undefined) {
      const stem = last.slice(0, last.lastIndexOf('.') + 1);
      const newer = growing ? names.filter((name) => name.startsWith(stem) && fileNumber(name) > fileNumber(last)) : [];
      return [...present, ...newer.sort(byNumber)].map((name) => join(folder, name));
    }
  }
  const files = names.filter((name) => /\.\d{6,}$/.test(name)).sort(byNumber);
  if (files.length === 0)
    throw new MillraceError('MYSQL_BINLOG_FILES', { path: folder, reason: 'it holds no binlog files' });
  return files.map((name) => join(folder, name));
};

const byNumber = (a: string, b: string): number => fileNumber(a) - fileNumber(b);

/** What is missing between two files of one log that should follow each other, for an error; null: nothing, or they are of two logs. */
export const missingBetween = (path: string, next: string): string | null => {
  const stem = (file: string): string => file.slice(0, file.lastIndexOf('.'));
  const [before, behind] = [fileNumber(basename(path)), fileNumber(basename(next))];
  if (stem(path) !== stem(next) || behind <= before + 1) return null;
  return `${behind - before - 1} of the files between it and ${basename(next)} are missing`;
};

/** Reading larger pieces than this is not faster. */
const pieceBytes = 256 * 1024;

/**
 * Binlog files, one after the other. A file that breaks off is an error once all before the break has been read, and so is one that
 * is missing between two files of a folder; files that are `named` one by one may leave others out.
 */
export class FileFeed implements LogFeed {
  readonly #files: readonly string[];
  readonly #named: ReadonlySet<string>;
  #at = 0;
  #framer: FileFramer;
  #pieces: AsyncIterator<Buffer> | null = null;
  #closed = false;

  constructor(files: readonly string[], named: readonly string[] = []) {
    this.#files = files;
    this.#named = new Set(named);
    this.#framer = new FileFramer({ name: files[0] ?? '' });
  }

  /** The file whose bytes `read` gave last, by its bare name. */
  get file(): string {
    return basename(this.#files[this.#at] ?? '');
  }

  async read(): Promise<Buffer | null> {
    while (!this.#closed && this.#at < this.#files.length) {
      const path = this.#files[this.#at]!;
      this.#pieces ??= createReadStream(path, { highWaterMark: pieceBytes })[Symbol.asyncIterator]();
      const piece = await this.#pieces.next();
      if (!piece.done) return piece.value;
      this.#finishFile(path);
    }
    return null;
  }

  push(chunk: Buffer, onEvent: (frame: EventFrame) => void): void {
    this.#framer.push(chunk, onEvent);
  }

  close(): void {
    this.#closed = true;
    void this.#pieces?.return?.();
  }

  #finishFile(path: string): void {
    const torn = this.#framer.finish();
    if (torn !== null) {
      const place = torn.bytes === 0 ? 'it is empty' : `it ends inside the event at ${torn.position}`;
      throw new MillraceError('MYSQL_BINLOG_FILES', { path, reason: place });
    }
    this.#at += 1;
    const next = this.#files[this.#at];
    const missing = next === undefined || this.#named.has(next) ? null : missingBetween(path, next);
    if (missing !== null) throw new MillraceError('MYSQL_BINLOG_FILES', { path, reason: missing });
    this.#pieces = null;
    this.#framer = new FileFramer({ name: this.#files[this.#at] ?? '' });
  }
}

/** The folder's name tells archived logs of one server from another's. */
export const identityOfFiles = (files: readonly string[]): string => `files-${basename(dirname(files[0] ?? ''))}`;
