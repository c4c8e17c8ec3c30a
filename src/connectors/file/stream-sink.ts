import type { Writable } from 'node:stream';
import type { Batch, Lane, Position } from '../../core/batch.ts';
import type { Sink } from '../../core/connector.ts';
import { fileFailure } from '../file-failure.ts';
import type { LineEncoder } from './line-encoder.ts';

/**
 * Lines for whoever reads a stream, such as stdout. Nothing tells what the reader has kept, so this is at least once: positions
 * live only as long as the process, and the parts of a transaction are written as they come.
 */
export class StreamSink implements Sink {
  readonly #name: string;
  readonly #stream: Writable;
  readonly #encoder: LineEncoder;
  readonly #positions = new Map<Lane, Position>();
  /** A closed pipe is told by an event, which would end the process when nobody listened. */
  readonly #onError = (): void => {};

  constructor(name: string, stream: Writable, encoder: LineEncoder) {
    this.#name = name;
    this.#stream = stream;
    this.#encoder = encoder;
    stream.on('error', this.#onError);
  }

  async claim(lane: Lane): Promise<Position | null> {
    return this.#positions.get(lane) ?? null;
  }

  async write(batch: Batch, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const lines = this.#encoder.encode(batch.changes);
    if (lines.length > 0) await this.#writeLines(lines);
    for (const [lane, position] of batch.positions) this.#positions.set(lane, position);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stream.off('error', this.#onError);
  }

  /** Resolves when the system has taken the lines. */
  #writeLines(lines: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write(lines, (error) => {
        if (error) reject(fileFailure(error, this.#name));
        else resolve();
      });
    });
  }
}
