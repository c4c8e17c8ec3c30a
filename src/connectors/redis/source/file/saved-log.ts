import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { crc32 } from 'node:zlib';
import { isMillraceError, MillraceError } from '../../../../core/errors.ts';
import { type AofEnd, AofReader, type AofVisitor } from '../../../../protocol/redis/aof/aof-reader.ts';
import { aofFiles } from './aof-files.ts';

/** Bytes that are read at once. */
const pieceBytes = 1 << 18;
/** Of a file's start and end, which tell it from another of its size: a saved file ends with its checksum. */
const sampleBytes = 1 << 16;

/**
 * A saved file of keys, or an append-only log: one after the other, the files that it is made of. They are held open, and read to where
 * they ended when they were opened: a server that goes on writing, or rewrites its log and removes them, changes nothing of what is read.
 */
export class SavedLog implements AsyncDisposable {
  readonly #files: readonly OpenFile[];
  readonly #until: number | null;
  /** Where the reader at work is. */
  #file = '';

  private constructor(files: readonly OpenFile[], until: number | null) {
    this.#files = files;
    this.#until = until;
  }

  /** `until`: seconds since 1970. Throws REDIS_FILE_UNREADABLE. */
  static async open(path: string, until: number | null): Promise<SavedLog> {
    return await named(path, async () => {
      const files: OpenFile[] = [];
      const log = new SavedLog(files, until);
      try {
        for (const file of await aofFiles(path)) {
          const opened: OpenFile = { path: file, handle: await open(file), bytes: 0 };
          files.push(opened);
          opened.bytes = (await opened.handle.stat()).size;
        }
        // The newest file of a log may well be empty; one that stands alone was not copied.
        if (files[0]?.path === path && files[0].bytes === 0) throw new MillraceError('REDIS_RDB_CUT', { offset: 0 });
        return log;
      } catch (error) {
        await log[Symbol.asyncDispose]();
        throw error;
      }
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
    for (const { path, handle, bytes } of this.#files) {
      size += bytes;
      for (const at of [0, Math.max(0, bytes - sampleBytes)]) {
        const length = Math.min(sampleBytes, bytes - at);
        const { buffer, bytesRead } = await named(path, () => handle.read(Buffer.alloc(length), 0, length, at));
        sum = crc32(buffer.subarray(0, bytesRead), sum);
      }
    }
    return `${size}-${sum.toString(16).padStart(8, '0')}`;
  }

  /** Tells `visitor` all of it; yields between pieces. Throws REDIS_FILE_UNREADABLE with the file and the place. */
  async *read(visitor: AofVisitor): AsyncGenerator<void, AofEnd> {
    const reader = new AofReader(visitor, this.#until === null ? {} : { until: this.#until });
    let end: AofEnd = { offset: 0, cutBytes: 0, droppedCommands: 0 };
    for (const [index, file] of this.#files.entries()) {
      if (reader.done) break;
      this.#file = file.path;
      reader.open(basename(file.path));
      try {
        for await (const piece of piecesOf(file)) {
          reader.write(piece);
          yield;
          if (reader.done) break;
        }
        end = reader.close(index === this.#files.length - 1);
      } catch (error) {
        throw unreadable(file.path, error);
      }
    }
    return end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { handle } of this.#files) await handle.close();
  }
}

interface OpenFile {
  readonly path: string;
  readonly handle: FileHandle;
  /** When it was opened. */
  bytes: number;
}

async function* piecesOf({ handle, bytes }: OpenFile): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes; ) {
    const length = Math.min(pieceBytes, bytes - at);
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafeSlow(length), 0, length, at);
    // Somebody cut it: the reader says where.
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
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
