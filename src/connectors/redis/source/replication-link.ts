import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../../core/clock.ts';
import { MillraceError } from '../../../core/errors.ts';
import type { ByteStream } from '../../../net/byte-stream.ts';
import { type Command, CommandDecoder } from '../../../protocol/redis/command-decoder.ts';
import { encodeCommand } from '../../../protocol/redis/command-writer.ts';
import { ReplicationDecoder, type ReplicationVisitor } from '../../../protocol/redis/replication-decoder.ts';
import { ReplyError } from '../../../protocol/redis/reply.ts';
import type { RedisConnection } from '../connection.ts';
import { ArrivalTimes } from './arrival-times.ts';
import type { LinkPlace } from './link-place.ts';
import type { StreamSpool } from './stream-spool.ts';

export interface LinkOptions {
  readonly connection: RedisConnection;
  readonly clock: Clock;
  /** Where to go on; null: from a snapshot. */
  readonly from: LinkPlace | null;
  /** Keeps what waits of the stream. The link disposes of it. */
  readonly spool: StreamSpool;
  /** Called once, before any command: the place that commands follow. */
  readonly begun: (place: LinkPlace) => void;
  readonly command: (command: Command) => void;
  /** Whether so much waits to be applied that no more commands are to be looked at. */
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
 * drops replicas that do not keep up: the snapshot goes to a file, and the stream to a spool, from where commands are told.
 */
export class ReplicationLink implements AsyncDisposable {
  readonly #options: LinkOptions;
  readonly #stream: ByteStream;
  readonly #clock: Clock;
  readonly #spool: StreamSpool;
  readonly #stop = new AbortController();
  readonly #begin = Promise.withResolvers<'snapshot' | 'stream'>();
  readonly #decoder: ReplicationDecoder;
  /** What the server is told that we hold. */
  #told: number;
  #speaks = false;
  #folder: string | null = null;
  #file: WriteStream | null = null;
  readonly #snapshot = Promise.withResolvers<string>();
  #reading: Promise<void> = Promise.resolve();
  #telling: Promise<void> = Promise.resolve();
  /** The server's answer, until it has been acted upon. */
  #answer: { readonly place: LinkPlace; readonly isFull: boolean } | null = null;
  /** Of what came over this link; null: nothing has. */
  #arrivals: ArrivalTimes | null = null;
  /** What came of the stream and is not in the spool yet. */
  #pieces: Buffer[] = [];
  #arrived = Promise.withResolvers<void>();
  #moved = Promise.withResolvers<void>();
  /** Why the link has ended; null: it has not. */
  #failure: { readonly error: unknown } | null = null;

  private constructor(options: LinkOptions) {
    const { connection, clock, from, spool } = options;
    const { stream, rest } = connection.takeStream();
    this.#options = options;
    this.#stream = stream;
    this.#clock = clock;
    this.#spool = spool;
    this.#told = from?.offset ?? 0;
    const visitor: ReplicationVisitor = {
      full: (replicationId, offset) => {
        this.#told = offset;
        this.#answer = { place: { replicationId, offset, database: 0 }, isFull: true };
      },
      continued: (replicationId) => {
        this.#speaks = true;
        const place = { ...from!, replicationId: replicationId ?? from!.replicationId };
        this.#answer = { place, isFull: false };
      },
      snapshot: (piece) => void this.#file!.write(Buffer.from(piece)),
      snapshotEnd: () => this.#file!.end(() => this.#snapshot.resolve(this.#file!.path as string)),
      stream: (piece) => void this.#pieces.push(piece),
      refused: (reason) => {
        throw connection.failure(new ReplyError(reason), 'PSYNC');
      },
    };
    this.#decoder = new ReplicationDecoder(visitor);
    stream.deadline(silentAfterMs);
    for (const each of [this.#snapshot.promise, this.#begin.promise]) each.catch(() => {});
    this.#reading = this.#read(rest);
  }

  /** Asks for the stream. Throws REDIS_NOT_PERMITTED and REDIS_COMMAND_REFUSED where the server lets nobody replicate. */
  static async open(options: LinkOptions): Promise<ReplicationLink> {
    const { connection, from, spool } = options;
    await connection.command('REPLCONF', 'listening-port', '0');
    await connection.command('REPLCONF', 'capa', 'eof', 'capa', 'psync2');
    await spool.resume(from);
    const link = new ReplicationLink(options);
    try {
      link.#folder = await mkdtemp(join(tmpdir(), 'millrace-redis-'));
      link.#file = createWriteStream(join(link.#folder, 'snapshot.rdb'), { mode: 0o600 });
      link.#file.on('error', (cause) => link.#fail(cause));
      const [id, next] = from === null ? ['?', '-1'] : [from.replicationId, String(spool.end + 1)];
      link.#stream.write(encodeCommand('PSYNC', id, next));
      void link.#tellNowAndThen();
      return link;
    } catch (error) {
      await link[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The offset up to which the stream has come. */
  get received(): number {
    return this.#spool.end;
  }

  /** What is held of the stream, in memory and on disk. */
  get heldBytes(): number {
    return this.#spool.heldBytes;
  }

  /** When the byte behind `offset` came over this link, in milliseconds since 1970; null: it did not. Nothing before it is asked for again. */
  arrivedBehind(offset: number): number | null {
    return this.#arrivals?.behind(offset) ?? null;
  }

  /** With what the server begins: a snapshot, or the stream where it was asked to go on. Throws what ended the link before. */
  async begins(): Promise<'snapshot' | 'stream'> {
    return await this.#begin.promise;
  }

  /** The path of the snapshot, where one comes first, once it is whole. Throws what ended the link before. */
  async snapshotFile(): Promise<string> {
    return await this.#snapshot.promise;
  }

  /** The snapshot's file is not needed any more. */
  async dropSnapshot(): Promise<void> {
    if (this.#folder !== null) await rm(join(this.#folder, 'snapshot.rdb'), { force: true });
  }

  /** Throws what ended the link, if something did. */
  check(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  /** Resolves when more has come, or after so long. Throws what ended the link. */
  async moved(withinMs: number, signal: AbortSignal): Promise<void> {
    this.check();
    const woken = new AbortController();
    const either = AbortSignal.any([signal, woken.signal]);
    await Promise.race([this.#moved.promise, this.#clock.sleep(withinMs, either)]);
    woken.abort();
    this.check();
  }

  /** What the sinks hold, for the server to be told. Throws REDIS_SPOOL_FAILED. */
  async acknowledge(offset: number): Promise<void> {
    this.#told = Math.max(this.#told, offset);
    await this.#spool.release(offset);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#fail(new MillraceError('NET_CLOSED', { address: this.#stream.address }));
    this.#file?.destroy();
    await Promise.all([this.#reading, this.#telling]);
    await this.#spool[Symbol.asyncDispose]();
    if (this.#folder !== null) await rm(this.#folder, { recursive: true, force: true });
  }

  /** Ends without an error; `check` tells it. */
  async #read(rest: Buffer): Promise<void> {
    try {
      this.#decoder.write(rest);
      while (this.#failure === null) {
        const piece = await this.#stream.read();
        if (piece === null) throw new MillraceError('NET_CLOSED', { address: this.#stream.address });
        const nowMs = this.#clock.now();
        this.#decoder.write(piece);
        await this.#act();
        await this.#writeSnapshot();
        for (const each of this.#pieces.splice(0)) await this.#spool.append(each);
        this.#arrivals?.note(this.#spool.end, nowMs);
        this.#wakeTelling();
        while (this.#spool.isFull && this.#failure === null) await this.#clock.sleep(roomEveryMs, this.#stop.signal);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Acts upon the server's answer: from then on there are commands. */
  async #act(): Promise<void> {
    if (this.#answer === null) return;
    const { place, isFull } = this.#answer;
    this.#answer = null;
    if (isFull) await this.#spool.begin(place);
    else await this.#spool.goOn(place);
    this.#arrivals = new ArrivalTimes(this.#spool.end);
    this.#options.begun(place);
    this.#begin.resolve(isFull ? 'snapshot' : 'stream');
    this.#telling = this.#tellCommands(place.offset);
  }

  /** Tells of the commands behind `offset`, as long as there is room for what they name. Ends without an error; `check` tells it. */
  async #tellCommands(offset: number): Promise<void> {
    const { command, isFull } = this.#options;
    const commands = new CommandDecoder(
      {
        command: (each) => {
          if (each.is(0, 'REPLCONF')) this.#tell();
          command(each);
        },
        note: () => {},
      },
      offset,
    );
    try {
      while (this.#failure === null) {
        const arrived = this.#arrived.promise;
        const piece = await this.#spool.take();
        if (piece === null) {
          await arrived;
          continue;
        }
        commands.write(piece);
        const moved = this.#moved;
        this.#moved = Promise.withResolvers<void>();
        moved.resolve();
        while (isFull() && this.#failure === null) await this.#clock.sleep(roomEveryMs, this.#stop.signal);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #wakeTelling(): void {
    const arrived = this.#arrived;
    this.#arrived = Promise.withResolvers<void>();
    arrived.resolve();
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
    this.#wakeTelling();
  }
}
