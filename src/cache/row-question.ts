import type { CommandWriter } from '../protocol/redis/command-writer.ts';
import type { Reply } from '../protocol/redis/reply.ts';
import type { ReplyDecoder } from '../protocol/redis/reply-decoder.ts';
import type { CachedRow } from './cache-options.ts';
import type { Question } from './redis-link.ts';
import type { Held, RowCodec } from './row-codec.ts';

/** Who asked for rows. */
export interface RowTaker {
  /** Called as the answer arrives, before anything that came behind it. */
  held(held: Held, index: number): void;
  failed(error: unknown, index: number): void;
}

/** What Redis has of one row. */
export class RowQuestion implements Question {
  at = 0;
  readonly #codec: RowCodec;
  readonly #redisKey: Buffer;
  readonly #taker: RowTaker;
  readonly #index: number;

  constructor(codec: RowCodec, redisKey: Buffer, taker: RowTaker, index: number) {
    this.#codec = codec;
    this.#redisKey = redisKey;
    this.#taker = taker;
    this.#index = index;
  }

  write(commands: CommandWriter): void {
    this.#codec.ask(commands, this.#redisKey);
  }

  read(decoder: ReplyDecoder): boolean {
    const held = this.#codec.read(decoder);
    if (held === null) return false;
    this.#taker.held(held, this.#index);
    return true;
  }

  take(reply: Reply): void {
    this.#taker.held(this.#codec.held(reply), this.#index);
  }

  fail(error: unknown): void {
    this.#taker.failed(error, this.#index);
  }
}

/** One row that is read, for all who ask for it meanwhile. */
export class SingleRead implements RowTaker {
  readonly row: Promise<CachedRow | null>;
  readonly held: (held: Held) => void;
  readonly failed: (error: unknown) => void;

  /** `use` and `pass` say which row it is, given what Redis holds, or why it does not say. */
  constructor(
    use: (held: Held) => CachedRow | null | Promise<CachedRow | null>,
    pass: (error: unknown) => Promise<CachedRow | null>,
  ) {
    const { promise, resolve } = Promise.withResolvers<CachedRow | null>();
    this.row = promise;
    this.held = (held) => resolve(use(held));
    this.failed = (error) => resolve(pass(error));
  }
}

/** Rows that are asked for at once. */
export class BatchRead implements RowTaker {
  /** By index, when all have answered. */
  readonly answers: Promise<readonly (Held | { readonly error: unknown })[]>;
  readonly #keep: (held: Held, index: number) => void;
  readonly #came: (Held | { readonly error: unknown })[];
  readonly #done: (answers: readonly (Held | { readonly error: unknown })[]) => void;
  #missing: number;

  /** `keep` is called as each answer arrives. */
  constructor(rows: number, keep: (held: Held, index: number) => void) {
    const { promise, resolve } = Promise.withResolvers<readonly (Held | { readonly error: unknown })[]>();
    this.answers = promise;
    this.#done = resolve;
    this.#keep = keep;
    this.#came = new Array(rows);
    this.#missing = rows;
  }

  held(held: Held, index: number): void {
    this.#keep(held, index);
    this.#take(held, index);
  }

  failed(error: unknown, index: number): void {
    this.#take({ error }, index);
  }

  #take(answer: Held | { readonly error: unknown }, index: number): void {
    this.#came[index] = answer;
    this.#missing -= 1;
    if (this.#missing === 0) this.#done(this.#came);
  }
}
