import type { Clock } from '../../../../core/clock.ts';
import { MillraceError } from '../../../../core/errors.ts';
import { encodeCommand } from '../../../../protocol/redis/command-writer.ts';
import { ReplyError } from '../../../../protocol/redis/reply.ts';
import { ReplyDecoder } from '../../../../protocol/redis/reply-decoder.ts';
import type { RedisConnection } from '../../connection.ts';

/** How often the server is asked to say something, and how long it may say nothing. */
const askEveryMs = 15_000;
const silentAfterMs = 60_000;

/**
 * Listens to a server's keyspace notifications: the names of keys that something happened to. They are sent once and kept by nobody, so what
 * happens while no connection is there is never told.
 */
export class KeyEvents implements AsyncDisposable {
  readonly #connection: RedisConnection;
  readonly #stream: ReturnType<RedisConnection['takeStream']>['stream'];
  readonly #decoder = new ReplyDecoder();
  readonly #stop = new AbortController();
  readonly #reading: Promise<void>;
  readonly #heard: (key: Buffer) => void;
  readonly #subscribed = Promise.withResolvers<void>();
  #failure: { readonly error: unknown } | null = null;

  private constructor(connection: RedisConnection, heard: (key: Buffer) => void) {
    this.#connection = connection;
    this.#heard = heard;
    const { stream, rest } = connection.takeStream();
    this.#stream = stream;
    this.#decoder.push(rest);
    stream.deadline(silentAfterMs);
    this.#reading = this.#read();
  }

  /** From when it resolves on, tells `heard` of each key of the database that something happened to. Throws REDIS_NOT_PERMITTED. */
  static async listen(
    connection: RedisConnection,
    clock: Clock,
    database: number,
    heard: (key: Buffer) => void,
  ): Promise<KeyEvents> {
    const events = new KeyEvents(connection, heard);
    events.#stream.write(encodeCommand('PSUBSCRIBE', `__keyevent@${database}__:*`));
    await events.#subscribed.promise;
    void events.#askNowAndThen(clock);
    return events;
  }

  /** Throws what ended the listening. */
  check(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#failure ??= { error: new MillraceError('NET_CLOSED', { address: this.#stream.address }) };
    this.#stream.close();
    await this.#reading;
  }

  /** Ends without an error; `check` tells it. */
  async #read(): Promise<void> {
    try {
      while (this.#failure === null) {
        const piece = await this.#stream.read();
        if (piece === null) throw new MillraceError('NET_CLOSED', { address: this.#stream.address });
        this.#decoder.push(piece);
        for (let reply = this.#decoder.next(); reply !== undefined; reply = this.#decoder.next()) {
          if (reply instanceof ReplyError) throw this.#connection.failure(reply, 'PSUBSCRIBE');
          const [kind, , , key] = Array.isArray(reply) ? reply : [];
          if (String(kind) === 'psubscribe') this.#subscribed.resolve();
          else if (Buffer.isBuffer(key) && String(kind) === 'pmessage') this.#heard(key);
        }
      }
    } catch (error) {
      this.#failure ??= { error };
      this.#subscribed.reject(error);
      this.#stop.abort();
      this.#stream.close();
    }
  }

  async #askNowAndThen(clock: Clock): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await clock.sleep(askEveryMs, signal);
      if (!signal.aborted) this.#stream.write(encodeCommand('PING'));
    }
  }
}
