import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MillraceError } from '../../../core/errors.ts';
import type { LinkPlace } from './link-place.ts';
import { SpoolFiles } from './spool-files.ts';

/** Of the stream that waits, so much is in memory. */
const memoryBytes = 4 * 1024 * 1024;
const maxFileBytes = 64 * 1024 * 1024;

export interface SpoolOptions {
  /** Where the stream is kept over restarts, for this pipeline alone; null: in a folder for temporary files, while the link is there. */
  readonly directory: string | null;
  /** How much may wait on disk. */
  readonly maxBytes: number;
  /** Streams of other servers of the pipeline are kept there, too. Left out: this one alone, and what is there of another goes. */
  readonly isShared?: boolean;
}

/** A piece of the stream, and the offset before it. */
interface Piece {
  readonly at: number;
  readonly bytes: Buffer;
}

/**
 * What a server's stream brought and nobody has looked at yet: the last of it in memory, what does not fit there in files. So the socket
 * is emptied at the pace of the server, however slow the target is.
 */
export class StreamSpool implements AsyncDisposable {
  readonly #options: SpoolOptions;
  #temporary: string | null = null;
  #files: SpoolFiles | null = null;
  readonly #waiting: Piece[] = [];
  #waitingBytes = 0;
  /** The offset of what is taken next. */
  #next = 0;
  #end = 0;

  constructor(options: SpoolOptions) {
    this.#options = options;
  }

  /** The offset up to which the stream has come. */
  get end(): number {
    return this.#end;
  }

  /** What is held of the stream, in memory and on disk. */
  get heldBytes(): number {
    const onDisk = this.#files?.bytes ?? 0;
    return this.#isKept ? onDisk : onDisk + this.#waitingBytes;
  }

  /** Whether what waits is there after a restart. */
  get #isKept(): boolean {
    return this.#options.directory !== null;
  }

  /** Whether no more may come until some has been taken. */
  get isFull(): boolean {
    return this.#next < this.#end && (this.#files?.bytes ?? 0) >= this.#options.maxBytes;
  }

  /** Takes up what was kept of the stream behind `from`, or begins with nothing: what comes behind `end` is wanted. */
  async resume(from: LinkPlace | null): Promise<void> {
    const { directory } = this.#options;
    if (from === null) return;
    this.#next = from.offset;
    this.#end = from.offset;
    if (directory === null) return;
    if (!this.#options.isShared) await removeHistories(directory, (name) => name !== from.replicationId);
    this.#files = await this.#open(join(directory, from.replicationId));
    this.#end = await this.#files.recover(from.offset);
  }

  /** The stream begins here, and nothing of another counts. */
  async begin({ replicationId, offset }: LinkPlace): Promise<void> {
    const { directory } = this.#options;
    await this.#files?.[Symbol.asyncDispose]();
    this.#files = null;
    this.#next = offset;
    this.#end = offset;
    if (directory === null) return;
    // A server may begin its history anew under the same name.
    await removeHistories(directory, (name) => !this.#options.isShared || name === replicationId);
    this.#files = await this.#open(join(directory, replicationId));
  }

  /** The stream goes on behind what was kept, maybe under another name. */
  async goOn({ replicationId }: LinkPlace): Promise<void> {
    const { directory } = this.#options;
    if (directory !== null) await this.#files!.move(join(directory, replicationId));
  }

  /** The bytes are kept, and must last. Throws REDIS_SPOOL_FAILED. */
  async append(bytes: Buffer): Promise<void> {
    const at = this.#end;
    this.#end += bytes.length;
    if (this.#isKept) await this.#files!.write(at, bytes);
    this.#waiting.push({ at, bytes });
    this.#waitingBytes += bytes.length;
    while (this.#waitingBytes > memoryBytes) {
      const first = this.#shift();
      if (!this.#isKept) await (await this.#temporaryFiles()).write(first.at, first.bytes);
    }
  }

  /** The next bytes; null: none have come. Throws REDIS_SPOOL_FAILED. */
  async take(): Promise<Buffer | null> {
    // What is kept is in both places, and may have been read from its file meanwhile.
    while (this.#waiting[0] !== undefined && this.#waiting[0].at < this.#next) this.#shift();
    const bytes =
      this.#waiting[0]?.at === this.#next ? this.#shift().bytes : await (this.#files?.read(this.#next) ?? null);
    if (bytes === null) return null;
    this.#next += bytes.length;
    if (!this.#isKept) await this.#files?.release(this.#next);
    return bytes;
  }

  /** Nobody will ask for what came before this. */
  async release(offset: number): Promise<void> {
    if (this.#isKept) await this.#files?.release(offset);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#files?.[Symbol.asyncDispose]();
    if (this.#temporary !== null) await rm(this.#temporary, { recursive: true, force: true });
  }

  async #open(folder: string): Promise<SpoolFiles> {
    return await SpoolFiles.open(folder, Math.min(maxFileBytes, Math.ceil(this.#options.maxBytes / 8)));
  }

  #shift(): Piece {
    const first = this.#waiting.shift()!;
    this.#waitingBytes -= first.bytes.length;
    return first;
  }

  async #temporaryFiles(): Promise<SpoolFiles> {
    if (this.#files === null) {
      this.#temporary = await mkdtemp(join(tmpdir(), 'millrace-redis-stream-'));
      this.#files = await this.#open(this.#temporary);
    }
    return this.#files;
  }
}

/** Removes what was kept of some histories. Throws REDIS_SPOOL_FAILED. */
export const removeHistories = async (directory: string, isGone: (name: string) => boolean): Promise<void> => {
  try {
    const names = await readdir(directory).catch((error) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    });
    for (const name of names)
      if (/^[\da-f]{40}$/.test(name) && isGone(name)) await rm(join(directory, name), { recursive: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MillraceError('REDIS_SPOOL_FAILED', { folder: directory, reason }, { cause: error });
  }
};
