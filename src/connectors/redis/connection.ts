import { readFile } from 'node:fs/promises';
import type { Clock } from '../../core/clock.ts';
import { MillraceError } from '../../core/errors.ts';
import { type ByteStream, DuplexByteStream } from '../../net/byte-stream.ts';
import type { Dial } from '../../net/dial.ts';
import { dialTls } from '../../net/dial-tls.ts';
import { type CommandArgument, encodeCommand } from '../../protocol/redis/command-writer.ts';
import { Push, type Reply, ReplyError } from '../../protocol/redis/reply.ts';
import { ReplyDecoder } from '../../protocol/redis/reply-decoder.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import { redisFailure } from './redis-failure.ts';
import { selectDatabase } from './select-database.ts';

export interface ConnectOptions {
  readonly config: ConnectionSettings;
  readonly dial: Dial;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** RESP3 where the server knows it; left out: RESP2, which every server speaks. */
  readonly resp3?: boolean;
  /** What `CLIENT LIST` shows; left out: nothing. */
  readonly name?: string;
}

/** Commands whose answers are still to come. */
interface Asked {
  /** Commands in front that a MULTI takes in, whose answers are only looked at for a refusal. */
  queued: number;
  refusal: ReplyError | null;
  readonly count: number;
  readonly replies: Reply[];
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** What came back of commands within a MULTI, and of those behind them. */
export interface Answer {
  /** The first refusal among the commands within. */
  readonly refusal: ReplyError | null;
  readonly replies: readonly Reply[];
}

/**
 * A connection that is logged in, and in its database. Answers come in the order of the commands, so any number may be under way. The connection is
 * read only while an answer is awaited. It closes when the signal aborts; what is under way then rejects with NET_CLOSED.
 */
export class RedisConnection implements AsyncDisposable {
  readonly address: string;
  readonly #user: string;
  readonly #stream: ByteStream;
  readonly #signal: AbortSignal;
  readonly #decoder = new ReplyDecoder();
  readonly #asked: Asked[] = [];
  #reading = false;
  #failure: unknown = null;

  private constructor(stream: ByteStream, options: ConnectOptions) {
    this.#stream = stream;
    this.address = stream.address;
    this.#user = options.config.username ?? 'default';
    this.#signal = options.signal;
    this.#signal.addEventListener('abort', this.#abort, { once: true });
  }

  /** Throws NET_UNREACHABLE, NET_TLS, REDIS_AUTHENTICATION_FAILED, REDIS_NOT_READY, and CONFIG_WRONG_VALUE for a `database` that is not there. */
  static async open(options: ConnectOptions): Promise<RedisConnection> {
    const { config, clock, signal } = options;
    const mode = config['ssl.mode'];
    const dial = mode === 'disabled' ? options.dial : dialTls(options.dial, await tlsSettings(config, mode));
    const target = { host: config.hostname, port: config.port, timeoutMs: config['connect.timeout'], signal };
    const stream = new DuplexByteStream(await dial(target), `${config.hostname}:${config.port}`, clock);
    stream.deadline(config['connect.timeout']);
    const connection = new RedisConnection(stream, options);
    try {
      await connection.#login(options);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** One command's answer. Throws what the server's refusal means. */
  async command(...args: readonly CommandArgument[]): Promise<Reply> {
    const [reply] = await this.send(encodeCommand(...args), 1);
    if (reply instanceof ReplyError) throw this.failure(reply, String(args[0]));
    return reply!;
  }

  /** Sends the bytes of `count` commands; their answers in order, refusals among them as values. */
  async send(bytes: Uint8Array, count: number): Promise<readonly Reply[]> {
    return (await this.sendQueued(bytes, 0, count)).replies;
  }

  /** Sends `queued` commands that a MULTI takes in, and `count` others behind them. */
  async sendQueued(bytes: Uint8Array, queued: number, count: number): Promise<Answer> {
    if (this.#failure !== null) throw this.#failure;
    if (queued + count === 0) return { refusal: null, replies: [] };
    const answered = new Promise<Answer>((resolve, reject) => {
      this.#asked.push({ queued, refusal: null, count, replies: [], resolve, reject });
    });
    this.#stream.write(bytes);
    if (!this.#reading) void this.#read();
    return await answered;
  }

  /** What a refusal means for a pipeline. `command` is its name. */
  failure(reply: ReplyError, command: string): MillraceError {
    return redisFailure(reply, { server: this.address, user: this.#user, command });
  }

  /**
   * The connection's bytes from the last answer on, for what is no dialogue: a replication link. Nothing may be under way, and
   * neither `command` nor `send` may be called any more. Closing the stream closes the connection.
   */
  takeStream(): { readonly stream: ByteStream; readonly rest: Buffer } {
    return { stream: this.#stream, rest: this.#decoder.takeRest() };
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#abort);
    this.#stream.close();
    this.#fail(new MillraceError('NET_CLOSED', { address: this.address }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  readonly #abort = (): void => this.close();

  async #login({ config, resp3, name }: ConnectOptions): Promise<void> {
    const { username, password } = config;
    if (username !== undefined) await this.command('AUTH', username, password ?? '');
    else if (password !== undefined) await this.command('AUTH', password);
    if (resp3) {
      const [reply] = await this.send(encodeCommand('HELLO', '3'), 1);
      // Before Redis 6 there is no HELLO, and RESP2 is what remains.
      if (reply instanceof ReplyError && reply.code !== 'ERR') throw this.failure(reply, 'HELLO');
    }
    if (name !== undefined) {
      const [reply] = await this.send(encodeCommand('CLIENT', 'SETNAME', name), 1);
      if (reply instanceof ReplyError && isLocked(reply)) throw this.failure(reply, 'CLIENT');
    }
    const [reply] = await this.send(encodeCommand('PING'), 1);
    if (reply instanceof ReplyError && isLocked(reply)) throw this.failure(reply, 'PING');
    await selectDatabase(this, config.database);
  }

  async #read(): Promise<void> {
    this.#reading = true;
    try {
      while (this.#asked.length > 0) {
        const first = this.#asked[0]!;
        if (first.queued > 0) {
          first.queued -= this.#decoder.skipQueued(first.queued);
          if (first.queued + first.count === 0) this.#settle();
          if (first.queued === 0) continue;
        }
        const reply = this.#decoder.next();
        if (reply === undefined) {
          const chunk = await this.#stream.read();
          if (chunk === null) throw new MillraceError('NET_CLOSED', { address: this.address });
          this.#decoder.push(chunk);
        } else if (!(reply instanceof Push)) this.#answered(reply);
      }
    } catch (error) {
      this.#stream.close();
      this.#fail(error);
    } finally {
      this.#reading = false;
    }
  }

  #answered(reply: Reply): void {
    const first = this.#asked[0]!;
    if (first.queued > 0) {
      first.queued -= 1;
      if (reply instanceof ReplyError) first.refusal ??= reply;
    } else first.replies.push(reply);
    if (first.queued === 0 && first.replies.length === first.count) this.#settle();
  }

  #settle(): void {
    const { refusal, replies, resolve } = this.#asked.shift()!;
    resolve({ refusal, replies });
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    for (const asked of this.#asked.splice(0)) asked.reject(error);
  }
}

/** Refusals that concern the connection and not the command: an ACL may well forbid PING and still allow what is needed. */
const isLocked = (reply: ReplyError): boolean => reply.code !== 'NOPERM' && reply.code !== 'LOADING';

const tlsSettings = async (config: ConnectionSettings, mode: 'required' | 'verify-ca' | 'verify-identity') => ({
  mode,
  ...(config['ssl.ca'] === undefined ? {} : { ca: await readFile(config['ssl.ca']) }),
  ...(config['ssl.cert'] === undefined ? {} : { cert: await readFile(config['ssl.cert']) }),
  ...(config['ssl.key'] === undefined ? {} : { key: await readFile(config['ssl.key']) }),
});
