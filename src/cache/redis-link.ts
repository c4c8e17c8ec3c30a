import { Buffer } from 'node:buffer';
import { redisFailure } from '../connectors/redis/redis-failure.ts';
import { openPrimary } from '../connectors/redis/sentinel.ts';
import type { Clock } from '../core/clock.ts';
import { isMillraceError, MillraceError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { ByteStream } from '../net/byte-stream.ts';
import { dialTcp } from '../net/dial.ts';
import { CommandWriter } from '../protocol/redis/command-writer.ts';
import { Push, type Reply, ReplyError } from '../protocol/redis/reply.ts';
import { ReplyDecoder } from '../protocol/redis/reply-decoder.ts';
import type { RedisSettings } from './addresses.ts';

export interface RedisLinkOptions {
  readonly config: RedisSettings;
  readonly clock: Clock;
  readonly log: Log;
  /** After how long without an answer the server counts as away. */
  readonly timeoutMs: number;
  /** Commands that each new connection begins with. */
  readonly prepare: (commands: CommandWriter) => void;
  /** A key that this connection read has changed; null: any may have. */
  readonly invalidated: (key: Buffer | null) => void;
  /** Called when it does not answer any more, and why; null: it answers again. */
  readonly turned?: (redis: string, reason: string | null) => void;
  /** It is a node of a cluster. Called when it has sent a command to another. */
  readonly elsewhere?: () => void;
}

/** One command, and who waits for its answer. */
export interface Question {
  /** When it was asked; the link's to set. */
  at: number;
  /** Adds the command. */
  write(commands: CommandWriter): void;
  /** Reads the answer where it lies, without a reply being made of it; false: it is none of the kind, and `take` is given it. */
  read?(decoder: ReplyDecoder): boolean;
  take(reply: Reply): void;
  fail(error: unknown): void;
}

/** How often it is looked whether the server still answers, and what it may evict. */
const watchMs = 1_000;
const firstPauseMs = 50;
const maxPauseMs = 2_000;

/**
 * The cache's connection to Redis. What is asked within one turn of the event loop leaves as one write. It is read without pause, so
 * that the server's word of changed keys comes in the order in which they changed, between the answers. While the server is away
 * whatever is asked fails at once, and nothing is kept for later.
 */
export class RedisLink implements AsyncDisposable {
  readonly address: string;
  readonly #options: RedisLinkOptions;
  readonly #stop = new AbortController();
  readonly #commands = new CommandWriter(16 * 1024);
  #stream: ByteStream | null = null;
  #asked: Question[] = [];
  /** Where in `#asked` the next answer belongs. */
  #answered = 0;
  /** When something was heard last. */
  #heardAt = 0;
  /** When what was asked in this turn was; null: nothing was. */
  #leavesAt: number | null = null;
  #running: Promise<void> | null = null;
  /** Whether rows may leave by themselves, because memory is full. null: not known. */
  #evicts: boolean | null = null;
  /** How often `prepare` was called. */
  #prepared = 0;
  reconnects = 0;

  constructor(options: RedisLinkOptions) {
    this.#options = options;
    this.address = `${options.config.hostname}:${options.config.port}`;
  }

  get isUp(): boolean {
    return this.#stream !== null;
  }

  /** Whether rows that were written are there until somebody removes them. */
  get keepsRows(): boolean {
    return this.#evicts === false;
  }

  /** Connects. An unreachable server is tried again from then on; throws what trying again would not mend. */
  async open(): Promise<void> {
    try {
      await this.#connect();
    } catch (error) {
      if (!isMillraceError(error) || !error.retryable) throw error;
      this.#options.log.warn('Redis is away, so MySQL answers', { redis: this.address, reason: error.message });
      this.#options.turned?.(this.address, error.message);
    }
    this.#running = this.#run();
  }

  /** Sends what each connection begins with, because there is more of it now. Rejects where the server refuses it, or is lost over it. */
  async prepare(): Promise<void> {
    this.#prepared += 1;
    // One that is being made finds out by itself.
    if (this.#stream === null) return;
    const commands = new CommandWriter(4096);
    this.#options.prepare(commands);
    const bytes = Buffer.from(commands.view());
    const answers = Array.from({ length: commands.commands }, (_, i) =>
      this.ask(
        // The first adds them all.
        (writer) => void (i === 0 && writer.raw(bytes, 0, bytes.length)),
        () => {},
      ),
    );
    await Promise.all(answers);
  }

  /**
   * Sends what `write` adds, one command. `take` is called as the answer arrives, before anything that came behind it, and says what
   * the promise gives. Rejects with NET_CLOSED where the server is away, and with what a refusal means.
   */
  ask<Result>(write: (commands: CommandWriter) => void, take: (reply: Reply) => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.send({
        at: 0,
        write,
        take: (reply) => {
          try {
            resolve(take(reply));
          } catch (error) {
            reject(error);
          }
        },
        fail: reject,
      });
    });
  }

  /** Likewise, for who is called himself. */
  send(question: Question): void {
    if (this.#stream === null) {
      question.fail(new MillraceError('NET_CLOSED', { address: this.address }));
      return;
    }
    question.write(this.#commands);
    if (this.#leavesAt === null) {
      this.#leavesAt = this.#options.clock.monotonic();
      queueMicrotask(this.#flush);
    }
    question.at = this.#leavesAt;
    this.#asked.push(question);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#down(new MillraceError('NET_CLOSED', { address: this.address }));
    await this.#running;
  }

  readonly #flush = (): void => {
    this.#leavesAt = null;
    if (this.#stream === null || this.#commands.byteLength === 0) return;
    // The socket may keep what it is given until it is sent.
    this.#stream.write(Buffer.from(this.#commands.view()));
    this.#commands.clear();
  };

  async #run(): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stop;
    let pause = firstPauseMs;
    while (!signal.aborted) {
      if (this.#stream !== null) {
        await clock.sleep(Math.min(watchMs, this.#options.timeoutMs / 2), signal);
        await this.#watch();
        pause = firstPauseMs;
        continue;
      }
      try {
        await this.#connect();
        this.reconnects += 1;
        log.info('Redis answers again', { redis: this.address });
        this.#options.turned?.(this.address, null);
      } catch (error) {
        if (signal.aborted) return;
        const reason = error instanceof Error ? error.message : String(error);
        if (pause === maxPauseMs) log.warn('Redis is still away', { redis: this.address, reason });
        await clock.sleep(pause, signal);
        pause = Math.min(pause * 2, maxPauseMs);
      }
    }
  }

  async #connect(): Promise<void> {
    const { config, clock, timeoutMs, prepare } = this.#options;
    const patient = {
      ...config,
      'connect.timeout': Math.min(config['connect.timeout'], Math.max(timeoutMs * 4, 1_000)),
    };
    const connection = await openPrimary({
      config: patient,
      dial: dialTcp,
      clock,
      signal: this.#stop.signal,
      resp3: true,
      name: 'millrace:cache',
    });
    const prepared = this.#prepared;
    const commands = new CommandWriter(4096);
    commands.add('INFO', 'memory').add('INFO', 'replication');
    prepare(commands);
    const [info, role, ...replies] = await connection.send(commands.view(), commands.commands);
    for (const reply of replies) {
      if (!(reply instanceof ReplyError)) continue;
      connection.close();
      throw connection.failure(reply, 'SCRIPT LOAD');
    }
    this.#learn(info!);
    if (this.#isDemoted(role!)) {
      connection.close();
      throw this.#demoted();
    }
    if (prepared !== this.#prepared) {
      connection.close();
      return await this.#connect();
    }
    const { stream, rest } = connection.takeStream();
    stream.deadline(null);
    this.#commands.clear();
    this.#asked = [];
    this.#answered = 0;
    this.#stream = stream;
    void this.#read(stream, rest);
  }

  async #read(stream: ByteStream, rest: Buffer): Promise<void> {
    const decoder = new ReplyDecoder();
    try {
      decoder.push(rest);
      for (;;) {
        for (;;) {
          const question = this.#asked[this.#answered];
          if (question?.read?.(decoder) === true) {
            this.#next();
            continue;
          }
          const reply = decoder.next();
          if (reply === undefined) break;
          if (reply instanceof Push) this.#pushed(reply);
          else this.#take(reply);
        }
        const chunk = await stream.read();
        if (chunk === null) throw new MillraceError('NET_CLOSED', { address: this.address });
        this.#heardAt = this.#options.clock.monotonic();
        decoder.push(chunk);
      }
    } catch (error) {
      if (this.#stream === stream) this.#down(error);
    }
  }

  #take(reply: Reply): void {
    const question = this.#next();
    if (!(reply instanceof ReplyError)) {
      question.take(reply);
      return;
    }
    const refusal = this.#refusal(reply);
    question.fail(refusal);
    // A new connection begins with loading them.
    if (reply.code === 'NOSCRIPT') this.#down(refusal);
  }

  #next(): Question {
    const question = this.#asked[this.#answered]!;
    this.#answered += 1;
    // Taken from the front only now and then: moving what remains for each answer would cost more the more is under way.
    if (this.#answered === this.#asked.length) {
      this.#asked = [];
      this.#answered = 0;
    } else if (this.#answered >= 1024) {
      this.#asked.splice(0, this.#answered);
      this.#answered = 0;
    }
    return question;
  }

  #refusal(reply: ReplyError): MillraceError {
    if (reply.code === 'NOSCRIPT')
      return new MillraceError('REDIS_NOT_READY', { server: this.address, reason: 'its scripts were flushed' });
    if (reply.code === 'MOVED' || reply.code === 'ASK') this.#options.elsewhere?.();
    return redisFailure(reply, {
      server: this.address,
      user: this.#options.config.username ?? 'default',
      command: 'a command of the cache',
    });
  }

  /** Whether it is a replica now, where another server is known to be looked for then. */
  #isDemoted(info: Reply): boolean {
    const { config, elsewhere } = this.#options;
    const isLooked = config['sentinel.master-name'] !== undefined || elsewhere !== undefined;
    return isLooked && Buffer.isBuffer(info) && /^role:slave/m.test(info.toString());
  }

  #demoted(): MillraceError {
    return new MillraceError('REDIS_NOT_READY', { server: this.address, reason: 'it has become a replica' });
  }

  #pushed({ items }: Push): void {
    const [kind, keys] = items;
    if (!Buffer.isBuffer(kind) || kind.toString('latin1') !== 'invalidate') return;
    if (!Array.isArray(keys)) this.#options.invalidated(null);
    else for (const key of keys) if (Buffer.isBuffer(key)) this.#options.invalidated(key);
  }

  async #watch(): Promise<void> {
    const stream = this.#stream;
    if (stream === null) return;
    const oldest = this.#asked[this.#answered];
    const { clock, timeoutMs } = this.#options;
    if (oldest === undefined) {
      // Whether it is still there shows in whether it answers; and its settings may have been changed.
      this.ask(
        (commands) => void commands.add('INFO', 'memory'),
        (reply) => this.#learn(reply),
      ).catch(() => {});
      this.ask(
        (commands) => void commands.add('INFO', 'replication'),
        (reply) => {
          if (this.#isDemoted(reply)) this.#down(this.#demoted());
        },
      ).catch(() => {});
      return;
    }
    // An answer of many rows may be long under way.
    const waited = (): number => Math.round(clock.monotonic() - Math.max(oldest.at, this.#heardAt));
    if (waited() < timeoutMs) return;
    // Where the process itself stood still, the answer lies there and is read only now.
    await clock.sleep(1, this.#stop.signal);
    const waitedMs = waited();
    if (this.#stream !== stream || this.#asked[this.#answered] !== oldest || waitedMs < timeoutMs) return;
    this.#down(new MillraceError('NET_TIMEOUT', { address: this.address, waitedMs }));
  }

  /** By `maxmemory-policy`; who may not ask does not know. */
  #learn(info: Reply): void {
    const text = Buffer.isBuffer(info) ? info.toString() : '';
    const policy = /^maxmemory_policy:(\S+)/m.exec(text)?.[1];
    const limit = /^maxmemory:(\d+)/m.exec(text)?.[1];
    this.#evicts = policy === undefined || limit === undefined ? null : limit !== '0' && policy.startsWith('allkeys-');
  }

  #down(error: unknown): void {
    const stream = this.#stream;
    if (stream === null) return;
    this.#stream = null;
    stream.close();
    this.#commands.clear();
    const unanswered = this.#asked.slice(this.#answered);
    this.#asked = [];
    this.#answered = 0;
    // What changes from now on is not heard of.
    this.#options.invalidated(null);
    for (const question of unanswered) question.fail(error);
    if (this.#stop.signal.aborted) return;
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.log.warn('Redis is away, so MySQL answers', { redis: this.address, reason });
    this.#options.turned?.(this.address, reason);
  }
}
