import type { Duplex } from 'node:stream';
import type { Clock } from '../core/clock.ts';
import { MillraceError } from '../core/errors.ts';

/** Bytes both ways, read on demand: what is not read is not taken from the peer either. */
export interface ByteStream {
  /** `host:port`, for messages. */
  readonly address: string;
  /**
   * The next bytes, as they arrived; null once the peer closed in order, or `close` was called. Rejects with NET_CLOSED when the
   * connection broke and with NET_TIMEOUT when the deadline passed. One call at a time.
   */
  read(): Promise<Buffer | null>;
  write(bytes: Uint8Array): void;
  /** How long `read` may wait for the first byte; null: for ever. A stream that times out is closed. */
  deadline(ms: number | null): void;
  close(): void;
}

/** Chunks that wait for `read`, in bytes, before the peer is told to stop sending. */
const highWaterBytes = 1024 * 1024;

/** A ByteStream over a socket, or whatever else is a Duplex: TLS, a tunnel, a test's memory. Takes over its `data` events. */
export class DuplexByteStream implements ByteStream {
  readonly address: string;
  readonly #duplex: Duplex;
  readonly #clock: Clock;
  readonly #chunks: Buffer[] = [];
  #queuedBytes = 0;
  #waiting: { readonly resolve: (chunk: Buffer | null) => void; readonly reject: (error: unknown) => void } | null =
    null;
  #ended: 'no' | 'in order' | { readonly error: unknown } = 'no';
  #stopWatch: AbortController | null = null;
  /** Grows with every chunk and every wait, so that the watch sees whether anything moved. */
  #moves = 0;

  constructor(duplex: Duplex, address: string, clock: Clock) {
    this.address = address;
    this.#duplex = duplex;
    this.#clock = clock;
    duplex.on('data', (chunk: Buffer) => this.#arrived(chunk));
    duplex.on('end', () => this.#end('in order'));
    duplex.on('error', (cause) => this.#end({ error: new MillraceError('NET_CLOSED', { address }, { cause }) }));
    duplex.on('close', () => this.#end({ error: new MillraceError('NET_CLOSED', { address }) }));
    duplex.resume();
  }

  read(): Promise<Buffer | null> {
    this.#moves += 1;
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#queuedBytes -= chunk.length;
      if (this.#queuedBytes < highWaterBytes / 2 && this.#duplex.isPaused()) this.#duplex.resume();
      return Promise.resolve(chunk);
    }
    if (this.#ended === 'in order') return Promise.resolve(null);
    if (this.#ended !== 'no') return Promise.reject(this.#ended.error);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  write(bytes: Uint8Array): void {
    this.#duplex.write(bytes);
  }

  deadline(ms: number | null): void {
    this.#stopWatch?.abort();
    this.#stopWatch = null;
    if (ms === null || this.#ended !== 'no') return;
    const stop = new AbortController();
    this.#stopWatch = stop;
    void this.#watch(ms, stop.signal);
  }

  close(): void {
    this.#end('in order');
    this.#duplex.destroy();
  }

  #arrived(chunk: Buffer): void {
    this.#moves += 1;
    const waiting = this.#waiting;
    if (waiting !== null) {
      this.#waiting = null;
      waiting.resolve(chunk);
      return;
    }
    this.#chunks.push(chunk);
    this.#queuedBytes += chunk.length;
    if (this.#queuedBytes >= highWaterBytes) this.#duplex.pause();
  }

  #end(how: 'in order' | { readonly error: unknown }): void {
    if (this.#ended !== 'no') return;
    this.#ended = how;
    this.#stopWatch?.abort();
    const waiting = this.#waiting;
    this.#waiting = null;
    if (how === 'in order') waiting?.resolve(null);
    else waiting?.reject(how.error);
  }

  /** Looks in at half the time, so that no timer is set and cleared for each chunk; the deadline holds to half its length. */
  async #watch(ms: number, signal: AbortSignal): Promise<void> {
    let seen = this.#moves;
    let silentLooks = 0;
    for (;;) {
      await this.#clock.sleep(ms / 2, signal);
      if (signal.aborted) return;
      silentLooks = this.#waiting !== null && this.#moves === seen ? silentLooks + 1 : 0;
      seen = this.#moves;
      if (silentLooks === 2) {
        this.#end({ error: new MillraceError('NET_TIMEOUT', { address: this.address, waitedMs: ms }) });
        this.#duplex.destroy();
        return;
      }
    }
  }
}
