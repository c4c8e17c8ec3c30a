import assert from 'node:assert/strict';
import { type FileHandle, open, rm } from 'node:fs/promises';
import type { Batch, Lane, Part, Position } from '../../core/batch.ts';
import type { Sink } from '../../core/connector.ts';
import { MillraceError } from '../../core/errors.ts';
import { fileFailure } from '../file-failure.ts';
import { PositionFile } from '../position-file.ts';
import type { LineEncoder } from './line-encoder.ts';

const copyBytes = 1_048_576;

export const openFileSink = async (path: string, pipeline: string, encoder: LineEncoder): Promise<Sink> => {
  try {
    // Not 'a': after a crash the log is written from its recorded length on, over what was never finished.
    const log = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return open(path, 'w+');
    });
    try {
      return new FileSink(path, log, new PositionFile(`${path}.position`, pipeline, (await log.stat()).size), encoder);
    } catch (error) {
      await log.close();
      throw error;
    }
  } catch (error) {
    throw fileFailure(error, path);
  }
};

/**
 * A change log that is appended to. The order of a write is: lines, flush, then length and positions in one record. A crash in
 * between leaves lines beyond the recorded length, and claiming a lane cuts them off: no line is lost and none is there twice.
 * Whoever follows the file (`tail -f`) may have seen them.
 */
class FileSink implements Sink {
  readonly #path: string;
  readonly #log: FileHandle;
  readonly #record: PositionFile;
  readonly #encoder: LineEncoder;
  /** The lines of a transaction that comes in parts, in a file of their own until the last has come. */
  #open: { readonly transaction: string; next: number; readonly lines: FileHandle; length: number } | null = null;
  /** The log may hold more than is recorded. */
  #overhang = true;

  constructor(path: string, log: FileHandle, record: PositionFile, encoder: LineEncoder) {
    this.#path = path;
    this.#log = log;
    this.#record = record;
    this.#encoder = encoder;
  }

  async claim(lane: Lane): Promise<Position | null> {
    return await this.#locked(async () => {
      await this.#discardParts();
      const held = this.#record.claim(lane);
      this.#overhang = true;
      await this.#cut();
      return held;
    });
  }

  async write(batch: Batch, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { part } = batch;
    if (part === undefined) await this.#discardParts();
    else await this.#join(part, batch);
    if (part !== undefined && !part.last) return;
    await this.#locked(async () => {
      this.#record.checkFence();
      await this.#cut();
      const before = this.#record.length;
      const again = this.#record.isAt(batch.positions);
      this.#overhang = true;
      const length = again ? before : before + (await this.#append(batch, before));
      this.#record.record(length, batch.positions);
    });
    this.#overhang = false;
    await this.#discardParts();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#discardParts();
    this.#record[Symbol.dispose]();
    await this.#log.close();
  }

  /** Runs `body` while no other process can write, and records what it recorded. */
  async #locked<Result>(body: () => Promise<Result>): Promise<Result> {
    try {
      this.#record.begin();
      const result = await body();
      this.#record.commit();
      return result;
    } catch (error) {
      this.#record.rollback();
      throw fileFailure(error, this.#path);
    }
  }

  /** Appends and flushes; the number of bytes. */
  async #append(batch: Batch, at: number): Promise<number> {
    let length = 0;
    if (this.#open !== null) length = await this.#copyParts(at);
    else {
      const lines = this.#encoder.encode(batch.changes);
      await writeFully(this.#log, lines, at);
      length = lines.length;
    }
    if (length > 0) await this.#log.datasync();
    return length;
  }

  async #copyParts(at: number): Promise<number> {
    const { lines, length } = this.#open!;
    const buffer = Buffer.allocUnsafe(Math.min(copyBytes, length));
    let copied = 0;
    while (copied < length) {
      const { bytesRead } = await lines.read(buffer, 0, buffer.length, copied);
      assert(bytesRead > 0, 'the file of parts is as long as what was written to it');
      await writeFully(this.#log, buffer.subarray(0, bytesRead), at + copied);
      copied += bytesRead;
    }
    return copied;
  }

  /** Takes a part's lines; index 0 discards what an earlier attempt left. */
  async #join(part: Part, batch: Batch): Promise<void> {
    try {
      if (part.index === 0) {
        await this.#discardParts();
        this.#record.checkFence();
        const lines = await open(`${this.#path}.part`, 'w+');
        this.#open = { transaction: part.transaction, next: 0, lines, length: 0 };
      }
      const follows = this.#open?.transaction === part.transaction && this.#open.next === part.index;
      assert(this.#open !== null && follows, 'the parts of a transaction follow each other from index 0');
      const lines = this.#encoder.encode(batch.changes);
      await writeFully(this.#open.lines, lines, this.#open.length);
      this.#open.length += lines.length;
      this.#open.next += 1;
    } catch (error) {
      await this.#discardParts();
      throw fileFailure(error, this.#path);
    }
  }

  async #discardParts(): Promise<void> {
    const { lines } = this.#open ?? {};
    this.#open = null;
    if (lines === undefined) return;
    await lines.close();
    await rm(`${this.#path}.part`, { force: true });
  }

  /** Cuts the log back to its recorded length. */
  async #cut(): Promise<void> {
    if (!this.#overhang) return;
    const recorded = this.#record.length;
    const { size } = await this.#log.stat();
    if (size < recorded) {
      throw new MillraceError('FILE_SHORTER_THAN_RECORDED', { path: this.#path, length: size, recorded });
    }
    if (size > recorded) await this.#log.truncate(recorded);
  }
}

const writeFully = async (file: FileHandle, bytes: Buffer, at: number): Promise<void> => {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, at + written);
    written += bytesWritten;
  }
};
