import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { MillraceError } from '../../core/errors.ts';
import type { EventFrame } from '../../protocol/mysql/event-frame.ts';
import { eventType } from '../../protocol/mysql/event-type.ts';
import { FileFramer } from '../../protocol/mysql/file-framer.ts';
import { fileNumber } from './binlog-position.ts';
import { missingBetween } from './file-feed.ts';
import type { LogFeed } from './log-feed.ts';

export interface FollowedFilesOptions {
  /** The files that are there now, in the order they were written. */
  readonly list: () => Promise<readonly string[]>;
  /** Bare name of the file to begin with. It may not be there yet. */
  readonly first: string;
  readonly clock: Clock;
  /** `read` gives something at least this often, if only no bytes: whoever reads may have something to do. */
  readonly heartbeatMs: number;
}

const pieceBytes = 256 * 1024;
/** A look at the end of the log costs two system calls and a list of the folder. */
const shortestWaitMs = 20;
const longestWaitMs = 1_000;
/** How long a file that another follows may stand still before what it lacks is missing for good, and not only on its way. */
const arrivalMs = 5_000;

/**
 * Binlog files that are still being written or copied. At the end of the last one it waits until that grows or another follows. The
 * file before is finished by the event that says so (ROTATE, STOP), or when it has stood still for a while: a server that was
 * killed writes none.
 */
export class FollowedFiles implements LogFeed {
  readonly #options: FollowedFilesOptions;
  readonly #closed = new AbortController();
  #path: string | null = null;
  #handle: FileHandle | null = null;
  #framer: FileFramer;
  #offset = 0;
  /** The last event was the file's last word. */
  #ended = false;
  #grewAtMs: number;
  #waitMs = shortestWaitMs;
  #reading = false;

  constructor(options: FollowedFilesOptions) {
    this.#options = options;
    this.#framer = new FileFramer({ name: options.first });
    this.#grewAtMs = options.clock.monotonic();
  }

  /** The file whose bytes `read` gave last, by its bare name. */
  get file(): string {
    return basename(this.#path ?? this.#options.first);
  }

  async read(): Promise<Buffer | null> {
    this.#reading = true;
    try {
      return await this.#next();
    } finally {
      this.#reading = false;
      if (this.#closed.signal.aborted) await this.#release();
    }
  }

  push(chunk: Buffer, onEvent: (frame: EventFrame) => void): void {
    this.#framer.push(chunk, (frame) => {
      this.#ended = frame.type === eventType.ROTATE || frame.type === eventType.STOP;
      onEvent(frame);
    });
  }

  close(): void {
    this.#closed.abort();
    if (!this.#reading) void this.#release();
  }

  async #next(): Promise<Buffer | null> {
    const { clock, heartbeatMs } = this.#options;
    const askedAtMs = clock.monotonic();
    while (!this.#closed.signal.aborted) {
      const bytes = await this.#more();
      if (bytes !== null) return bytes;
      if (await this.#moveOn()) continue;
      if (clock.monotonic() - askedAtMs >= heartbeatMs) return Buffer.alloc(0);
      await clock.sleep(this.#waitMs, this.#closed.signal);
      this.#waitMs = Math.min(2 * this.#waitMs, longestWaitMs);
    }
    return null;
  }

  async #release(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }

  /** What the file has beyond what was read; null: nothing. */
  async #more(): Promise<Buffer | null> {
    if (this.#handle === null) return null;
    const { size } = await this.#handle.stat();
    if (size < this.#offset) {
      throw new MillraceError('MYSQL_BINLOG_FILES', {
        path: this.#path!,
        reason: `it was ${this.#offset} bytes long and has ${size} now`,
      });
    }
    if (size === this.#offset) return null;
    // Frames point into it, so each piece has memory of its own.
    const piece = Buffer.allocUnsafe(Math.min(pieceBytes, size - this.#offset));
    const { bytesRead } = await this.#handle.read(piece, 0, piece.length, this.#offset);
    if (bytesRead === 0) return null;
    this.#offset += bytesRead;
    this.#grewAtMs = this.#options.clock.monotonic();
    this.#waitMs = shortestWaitMs;
    return piece.subarray(0, bytesRead);
  }

  /** Opens the file that comes next; false: there is none, or this one may still grow. */
  async #moveOn(): Promise<boolean> {
    const { list, first, clock } = this.#options;
    const files = await list();
    const path = this.#path;
    const next = path === null ? firstFrom(files, first) : after(files, path);
    if (next === undefined) return false;
    // It may have grown before the next one came.
    if (this.#handle !== null && (await this.#handle.stat()).size > this.#offset) return true;
    const lacking = path === null ? missingBefore(next, first) : (this.#lacks(next) ?? missingBetween(path, next));
    const patient = clock.monotonic() - this.#grewAtMs < arrivalMs;
    if (patient && (lacking !== null || (path !== null && !this.#ended))) return false;
    if (lacking !== null) throw new MillraceError('MYSQL_BINLOG_FILES', { path: path ?? first, reason: lacking });
    await this.#release();
    this.#handle = await open(next, 'r');
    this.#path = next;
    this.#offset = 0;
    this.#ended = false;
    this.#framer = new FileFramer({ name: next });
    this.#grewAtMs = clock.monotonic();
    return true;
  }

  /** What the file lacks though another follows it; null: it is whole. */
  #lacks(next: string): string | null {
    const torn = this.#framer.finish();
    if (torn === null) return null;
    return `${torn.bytes === 0 ? 'it is empty' : `it ends inside the event at ${torn.position}`}, and ${basename(next)} follows it`;
  }
}

const after = (files: readonly string[], path: string): string | undefined => {
  const at = files.indexOf(path);
  return at >= 0 ? files[at + 1] : files.find((file) => fileNumber(basename(file)) > fileNumber(basename(path)));
};

const firstFrom = (files: readonly string[], name: string): string | undefined =>
  files.find((file) => basename(file) === name) ?? files.find((file) => fileNumber(basename(file)) >= fileNumber(name));

const missingBefore = (next: string, first: string): string | null =>
  basename(next) === first ? null : `it is missing, and ${basename(next)} is there`;
