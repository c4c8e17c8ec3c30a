import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../../core/clock.ts';
import { MillraceError } from '../../../core/errors.ts';
import type { ByteStream } from '../../../net/byte-stream.ts';
import type { Command } from '../../../protocol/redis/command-decoder.ts';
import { encodeCommand } from '../../../protocol/redis/command-writer.ts';
import { ReplicationDecoder, type ReplicationVisitor } from '../../../protocol/redis/replication-decoder.ts';
import { ReplyError } from '../../../protocol/redis/reply.ts';
import type { RedisConnection } from '../connection.ts';
import type { LinkPlace } from './link-place.ts';

export interface LinkOptions {
  readonly connection: RedisConnection;
  readonly clock: Clock;
  /** Where to go on; null: from a snapshot. */
  readonly from: LinkPlace | null;
  /** Called once, before any command: the place that commands follow. */
  readonly begun: (place: LinkPlace) => void;
  readonly command: (command: Command) => void;
  /** Whether so much waits to be applied that the server is not to send more. */
  readonly isFull: () => boolean;
}

/** How often it is looked whether there is room again. */
const roomEveryMs = 20;
/** A server that serves sends something every 10 s (`repl-ping-replica-period`). */
const silentAfterMs = 60_000;
/** How often the server is told how far we are; it ends links that say nothing for `repl-timeout`, 60 s. */
const tellEveryMs = 1_000;

/**
 * A link to a server that takes us for one of its replicas. What it sends is read at once, whatever the sinks do, because a server
 * drops replicas that do not keep up: the snapshot goes to a file, and of the commands only the keys are kept.
 */
export class ReplicationLink implements AsyncDisposable {
  readonly #reading: Promise<void>;
  readonly #stream: ByteStream;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #begin = Promise.withResolvers<string | null>();
  readonly #decoder: ReplicationDecoder;
  /** What the server is told that we hold. */
  #told: number;
  #speaks = false;
  #folder: string | null = null;
  #file: WriteStream | null = null;
  #snapshot = Promise.withResolvers<string>();
  #moved = Promise.withResolvers<void>();
  /** Why the link has ended; null: it has not. */
  #failure: { readonly error: unknown } | null = null;

  private constructor({ connection, clock, from, begun, command, isFull }: LinkOptions) {
    const { stream, rest } = connection.takeStream();
    this.#stream = stream;
    this.#clock = clock;
    this.#told = from?.offset ?? 0;
    const visitor: ReplicationVisitor = {
      command: (each) => {
        if (each.is(0, 'REPLCONF')) this.#tell();
        command(each);
      },
      note: () => {},
      full: (replicationId, offset) => {
        this.#told = offset;
        begun({ replicationId, offset, database: 0 });
        this.#begin.resolve(this.#snapshot.promise);
      },
      continued: (replicationId) => {
        this.#speaks = true;
        begun({ ...from!, replicationId: replicationId ?? from!.replicationId });
        this.#begin.resolve(null);
      },
      snapshot: (piece) => void this.#file!.write(Buffer.from(piece)),
      snapshotEnd: () => this.#file!.end(() => this.#snapshot.resolve(this.#file!.path as string)),
      refused: (reason) => {
        throw connection.failure(new ReplyError(reason), 'PSYNC');
      },
    };
    this.#decoder = new ReplicationDecoder(visitor, from?.offset ?? 0);
    stream.deadline(silentAfterMs);
    for (const each of [this.#snapshot.promise, this.#begin.promise]) each.catch(() => {});
    this.#reading = this.#read(rest, isFull);
  }

  /** Asks for the stream. Throws REDIS_NOT_PERMITTED and REDIS_COMMAND_REFUSED where the server lets nobody replicate. */
  static async open(options: LinkOptions): Promise<ReplicationLink> {
    const { connection, from } = options;
    await connection.command('REPLCONF', 'listening-port', '0');
    await connection.command('REPLCONF', 'capa', 'eof', 'capa', 'psync2');
    const link = new ReplicationLink(options);
    try {
      link.#folder = await mkdtemp(join(tmpdir(), 'millrace-redis-'));
      link.#file = createWriteStream(join(link.#folder, 'snapshot.rdb'), { mode: 0o600 });
      link.#file.on('error', (cause) => link.#fail(cause));
      const [id, next] = from === null ? ['?', '-1'] : [from.replicationId, String(from.offset + 1)];
      link.#stream.write(encodeCommand('PSYNC', id, next));
      void link.#tellNowAndThen();
      return link;
    } catch (error) {
      await link[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The path of the snapshot that comes first, once it is whole; null: the stream goes on where it was asked to. */
  async snapshotFile(): Promise<string | null> {
    return await this.#begin.promise;
  }

  /** Throws what ended the link, if something did. */
  check(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  /** Resolves when more has come. Throws what ended the link. */
  async moved(): Promise<void> {
    this.check();
    await this.#moved.promise;
    this.check();
  }

  /** What the sinks hold, for the server to be told. */
  acknowledge(offset: number): void {
    this.#told = Math.max(this.#told, offset);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#fail(new MillraceError('NET_CLOSED', { address: this.#stream.address }));
    this.#file?.destroy();
    await this.#reading;
    if (this.#folder !== null) await rm(this.#folder, { recursive: true, force: true });
  }

  /** Ends without an error; `check` tells it. */
  async #read(rest: Buffer, isFull: () => boolean): Promise<void> {
    try {
      this.#decoder.write(rest);
      while (this.#failure === null) {
        const piece = await this.#stream.read();
        if (piece === null) throw new MillraceError('NET_CLOSED', { address: this.#stream.address });
        this.#decoder.write(piece);
        await this.#writeSnapshot();
        const moved = this.#moved;
        this.#moved = Promise.withResolvers<void>();
        moved.resolve();
        while (isFull() && this.#failure === null) await this.#clock.sleep(roomEveryMs, this.#stop.signal);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  async #writeSnapshot(): Promise<void> {
    const file = this.#file;
    if (file?.writableNeedDrain && !file.writableEnded) {
      await new Promise<void>((resolve) => void file.once('drain', resolve).once('close', resolve));
    }
    // The server begins to send commands behind a snapshot once it hears that we have it.
    if (file?.writableEnded && !this.#speaks) {
      this.#speaks = true;
      this.#tell();
    }
  }

  async #tellNowAndThen(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#clock.sleep(tellEveryMs, signal);
      if (this.#speaks && !signal.aborted) this.#tell();
    }
  }

  #tell(): void {
    this.#stream.write(encodeCommand('REPLCONF', 'ACK', String(this.#told)));
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#stop.abort();
    this.#stream.close();
    this.#begin.reject(error);
    this.#snapshot.reject(error);
    this.#moved.resolve();
  }
}
