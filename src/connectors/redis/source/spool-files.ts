import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { MillraceError } from '../../../core/errors.ts';

const headBytes = 8;

/** One file: a run of the stream. */
interface Segment {
  readonly path: string;
  /** The offset in the stream before its first byte. */
  readonly start: number;
  /** And behind its last that is whole. */
  end: number;
  fileBytes: number;
}

/** Where reading stands in a file. */
interface Cursor {
  readonly segment: Segment;
  readonly file: FileHandle;
  /** In the file, and the offset in the stream that stands there. */
  fileAt: number;
  at: number;
}

/**
 * Pieces of a replication stream in files of a folder, named by the offset they begin at, `0000000000009472.stream`:
 *
 *     ┌ bytes, u32 ┬ CRC-32 of them, u32 ┬ bytes of the stream ┬ the next piece …
 *
 * A piece that was cut by a crash ends its file. All throws REDIS_SPOOL_FAILED.
 */
export class SpoolFiles implements AsyncDisposable {
  #folder: string;
  /** A file is left for the next one at this size, so that what has been read can be deleted. */
  readonly #segmentBytes: number;
  readonly #segments: Segment[] = [];
  #out: { readonly segment: Segment; readonly file: FileHandle } | null = null;
  #in: Cursor | null = null;

  private constructor(folder: string, segmentBytes: number) {
    this.#folder = folder;
    this.#segmentBytes = segmentBytes;
  }

  static async open(folder: string, segmentBytes: number): Promise<SpoolFiles> {
    const files = new SpoolFiles(folder, segmentBytes);
    await files.#or(() => mkdir(folder, { recursive: true, mode: 0o700 }));
    return files;
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.#segments.reduce((sum, { fileBytes }) => sum + fileBytes, 0);
  }

  /** Takes up the files that hold the stream without a gap from `from` on, and deletes the others. Answers up to where they hold it. */
  async recover(from: number): Promise<number> {
    return await this.#or(async () => {
      const starts = (await readdir(this.#folder)).flatMap((name) => /^(\d{16})\.stream$/.exec(name)?.[1] ?? []).sort();
      const first = starts.findLastIndex((text) => Number(text) <= from);
      let end = from;
      for (const [index, text] of starts.entries()) {
        const start = Number(text);
        const segment: Segment = { path: this.#pathOf(start), start, end: start, fileBytes: 0 };
        const joins = first >= 0 && index >= first && start <= end;
        if (joins) await measure(segment);
        if (joins && segment.end > end) {
          this.#segments.push(segment);
          end = segment.end;
        } else await rm(segment.path, { force: true });
      }
      return end;
    });
  }

  /** Appends what stands at `at`, which is where the last piece ended, or behind that. */
  async write(at: number, piece: Buffer): Promise<void> {
    await this.#or(async () => {
      let out = this.#out;
      if (out === null || out.segment.end !== at || out.segment.fileBytes >= this.#segmentBytes) {
        await out?.file.close();
        const segment: Segment = { path: this.#pathOf(at), start: at, end: at, fileBytes: 0 };
        out = { segment, file: await open(segment.path, 'w', 0o600) };
        this.#out = out;
        this.#segments.push(segment);
      }
      const bytes = headBytes + piece.length;
      const head = Buffer.alloc(headBytes);
      head.writeUInt32LE(piece.length, 0);
      head.writeUInt32LE(crc32(piece), 4);
      const { bytesWritten } = await out.file.writev([head, piece]);
      if (bytesWritten !== bytes) throw new Error(`${bytesWritten} of ${bytes} bytes could be written`);
      out.segment.fileBytes += bytes;
      out.segment.end = at + piece.length;
    });
  }

  /** The rest of the piece in which `at` stands; null: no file holds it. */
  async read(at: number): Promise<Buffer | null> {
    return await this.#or(async () => {
      const segment = this.#segments.findLast(({ start, end }) => start <= at && at < end);
      if (segment === undefined) return null;
      if (this.#in?.segment !== segment || this.#in.at > at) {
        await this.#in?.file.close();
        this.#in = { segment, file: await open(segment.path), fileAt: 0, at: segment.start };
      }
      for (;;) {
        const { at: start } = this.#in;
        const piece = await nextPiece(this.#in);
        if (piece === null) throw new Error(`${segment.path} is damaged behind offset ${start}`);
        if (start + piece.length > at) return piece.subarray(at - start);
      }
    });
  }

  /** Deletes files that hold nothing from `offset` on. */
  async release(offset: number): Promise<void> {
    while (this.#segments.length > 1 && this.#segments[0]!.end <= offset) {
      const gone = this.#segments.shift()!;
      if (this.#in?.segment === gone) {
        await this.#in.file.close();
        this.#in = null;
      }
      await this.#or(() => rm(gone.path, { force: true }));
    }
  }

  /** The history that the stream belongs to has another name from now on. */
  async move(folder: string): Promise<void> {
    if (folder === this.#folder) return;
    await this.#or(async () => {
      await this.#out?.file.close();
      this.#out = null;
      await rm(folder, { recursive: true, force: true });
      await rename(this.#folder, folder);
      this.#folder = folder;
      for (const [index, segment] of this.#segments.entries())
        this.#segments[index] = { ...segment, path: this.#pathOf(segment.start) };
      await this.#in?.file.close();
      this.#in = null;
    });
  }

  /** Leaves the files where they are. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([this.#out?.file.close(), this.#in?.file.close()]);
  }

  #pathOf(start: number): string {
    return join(this.#folder, `${String(start).padStart(16, '0')}.stream`);
  }

  async #or<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new MillraceError('REDIS_SPOOL_FAILED', { folder: this.#folder, reason }, { cause: error });
    }
  }
}

/** Finds up to where a file is whole. */
const measure = async (segment: Segment): Promise<void> => {
  const file = await open(segment.path);
  try {
    const cursor: Cursor = { segment, file, fileAt: 0, at: segment.start };
    while ((await nextPiece(cursor)) !== null);
    segment.end = cursor.at;
    segment.fileBytes = cursor.fileAt;
  } finally {
    await file.close();
  }
};

/** The piece at the cursor, which then stands behind it; null: there is none that is whole. */
const nextPiece = async (cursor: Cursor): Promise<Buffer | null> => {
  const head = Buffer.alloc(headBytes);
  if ((await cursor.file.read(head, 0, headBytes, cursor.fileAt)).bytesRead !== headBytes) return null;
  const length = head.readUInt32LE(0);
  const fileBytes = (await cursor.file.stat()).size;
  if (length === 0 || cursor.fileAt + headBytes + length > fileBytes) return null;
  const piece = Buffer.allocUnsafe(length);
  const { bytesRead } = await cursor.file.read(piece, 0, length, cursor.fileAt + headBytes);
  if (bytesRead !== length || crc32(piece) !== head.readUInt32LE(4)) return null;
  cursor.fileAt += headBytes + length;
  cursor.at += length;
  return piece;
};
