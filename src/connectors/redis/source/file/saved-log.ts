import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { crc32 } from 'node:zlib';
import { isMillraceError, MillraceError } from '../../../../core/errors.ts';
import { type AofEnd, AofReader, type AofVisitor } from '../../../../protocol/redis/aof/aof-reader.ts';
import { aofFiles } from './aof-files.ts';

/** Bytes that are read at once. */
const pieceBytes = 1 << 18;
/** Of a file's start and end, which tell it from another of its size: a saved file ends with its checksum. */
const sampleBytes = 1 << 16;

/** A saved file of keys, or an append-only log: one after the other, the files that it is made of. */
export class SavedLog {
  readonly #files: readonly string[];
  readonly #until: number | null;
  /** Where the reader at work is. */
  #file = '';

  private constructor(files: readonly string[], until: number | null) {
    this.#files = files;
    this.#until = until;
  }

  /** `until`: seconds since 1970. Throws REDIS_FILE_UNREADABLE. */
  static async open(path: string, until: number | null): Promise<SavedLog> {
    return await named(path, async () => {
      const files = await aofFiles(path);
      // The newest file of a log may well be empty; one that stands alone was not copied.
      if (files[0] === path && (await stat(path)).size === 0) throw new MillraceError('REDIS_RDB_CUT', { offset: 0 });
      return new SavedLog(files, until);
    });
  }

  /** Where the key or command at hand stands, for messages. */
  get place(): string {
    return basename(this.#file);
  }

  /** Names these bytes, read up to that time: another text for others. */
  async identity(): Promise<string> {
    let sum = crc32(String(this.#until));
    let size = 0;
    for (const path of this.#files) {
      await named(path, async () => {
        await using file = await open(path);
        const { size: bytes } = await file.stat();
        size += bytes;
        for (const at of [0, Math.max(0, bytes - sampleBytes)]) {
          const { buffer, bytesRead } = await file.read(Buffer.alloc(sampleBytes), 0, sampleBytes, at);
          sum = crc32(buffer.subarray(0, bytesRead), sum);
        }
      });
    }
    return `${size}-${sum.toString(16).padStart(8, '0')}`;
  }

  /** Tells `visitor` all of it; yields between pieces. Throws REDIS_FILE_UNREADABLE with the file and the place. */
  async *read(visitor: AofVisitor): AsyncGenerator<void, AofEnd> {
    const reader = new AofReader(visitor, this.#until === null ? {} : { until: this.#until });
    let end: AofEnd = { offset: 0, cutBytes: 0, droppedCommands: 0 };
    for (const [index, path] of this.#files.entries()) {
      if (reader.done) break;
      this.#file = path;
      reader.open(basename(path));
      try {
        for await (const piece of createReadStream(path, { highWaterMark: pieceBytes })) {
          reader.write(piece as Buffer);
          yield;
          if (reader.done) break;
        }
        end = reader.close(index === this.#files.length - 1);
      } catch (error) {
        throw unreadable(path, error);
      }
    }
    return end;
  }
}

const named = async <Result>(path: string, body: () => Promise<Result>): Promise<Result> => {
  try {
    return await body();
  } catch (error) {
    throw unreadable(path, error);
  }
};

/** What a key holds is another matter than whether its file can be read. */
const unreadable = (path: string, error: unknown): unknown => {
  const isOfTheFile = isMillraceError(error)
    ? /^REDIS_(RDB|AOF|COMMANDS)_/.test(error.code)
    : typeof (error as NodeJS.ErrnoException).syscall === 'string';
  if (!isOfTheFile) return error;
  return new MillraceError('REDIS_FILE_UNREADABLE', { file: path, reason: (error as Error).message }, { cause: error });
};
