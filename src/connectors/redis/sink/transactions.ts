import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Lane, Position } from '../../../core/batch.ts';
import { MillraceError } from '../../../core/errors.ts';
import type { Log } from '../../../core/log.ts';
import { CommandWriter, encodeCommand } from '../../../protocol/redis/command-writer.ts';
import { type Reply, ReplyError } from '../../../protocol/redis/reply.ts';
import type { Answer, RedisConnection } from '../connection.ts';
import type { OwnKeys } from './own-keys.ts';

interface Options {
  readonly connection: RedisConnection;
  readonly own: OwnKeys;
  readonly pipeline: string;
  readonly log: Log;
}

export interface Execution {
  readonly positions: ReadonlyMap<Lane, Position>;
  /**
   * What is held of the lanes of `positions` without the block, where all of it may be done once more: whoever claims them goes on
   * from there until the block's answers were seen. Left out: nothing in the block can be refused, or doing it twice would show.
   */
  readonly before?: ReadonlyMap<Lane, Position | null>;
  /** Commands whose refusal is nothing to speak of, by their index from MULTI on. */
  readonly mayFail?: ReadonlySet<number>;
  /** Commands of which it is to be told what they gave, by their index from MULTI on; in a cluster, which has none, in the block. */
  readonly asked?: readonly number[];
  /** Told what the commands gave from the `first` on; of those that were not asked for it may be anything. */
  readonly replied?: (results: readonly Reply[], first: number) => void;
}

/** How blocks of commands take effect together, with positions, as long as a writer is the pipeline's own. */
export interface SinkTransactions {
  claim(lane: Lane): Promise<Position | null>;
  check(): Promise<void>;
  begin(block: CommandWriter): void;
  queue(block: CommandWriter): Promise<void>;
  execute(block: CommandWriter, execution: Execution): Promise<ReplyError | null>;
  held(lanes: Iterable<Lane>): ReadonlyMap<Lane, Position | null>;
  takeBack(held: ReadonlyMap<Lane, Position | null>): Promise<void>;
  discard(): Promise<void>;
}

/** Beside the lanes; none is called so. */
const beforeField = '(before)';

/**
 * Transactions that take effect only while this writer is the pipeline's own:
 *
 *     WATCH writer, GET writer       sent behind the EXEC before, so the answer is there when the next one begins
 *     MULTI … HSET position lane place … EXEC
 *
 * Whoever takes over sets the key `writer` to a number of its own, and FLUSHALL removes it: the next EXEC does nothing then.
 *
 * Redis rolls nothing back: a command that fails within EXEC leaves the others done, the positions among them. So the positions from
 * before are written with them, in the field `(before)`, and removed once EXEC's answers were seen. A writer that was killed in
 * between leaves them there, and the next one takes the positions back to them.
 */
export class Transactions implements SinkTransactions {
  readonly #connection: RedisConnection;
  readonly #own: OwnKeys;
  readonly #pipeline: string;
  readonly #writer = randomUUID();
  readonly #held = new Map<Lane, Position | null>();
  #claimed = false;
  /** Why this writer may not write any more: it is no longer the pipeline's own, or Redis is not what it was. */
  #over: MillraceError | null = null;
  /** A MULTI was sent, and neither EXEC nor DISCARD. */
  #open = false;
  readonly #log: Log;
  readonly #seen: Buffer;

  constructor({ connection, own, pipeline, log }: Options) {
    this.#connection = connection;
    this.#own = own;
    this.#pipeline = pipeline;
    this.#log = log;
    this.#seen = encodeCommand('HDEL', own.position, beforeField);
  }

  /** What is held of a lane. The first claim makes this writer the only one. Throws SINK_FENCED and REDIS_DATA_LOST. */
  async claim(lane: Lane): Promise<Position | null> {
    await this.discard();
    const block = new CommandWriter(512);
    if (!this.#claimed) block.add('SET', this.#own.writer, this.#writer);
    block.add('WATCH', this.#own.writer).add('GET', this.#own.writer).add('HGET', this.#own.position, lane);
    const replies = await this.#send(block);
    for (const reply of replies) if (reply instanceof ReplyError) throw this.#connection.failure(reply, 'SET');
    this.#checkWriter(replies.at(-2)!, lane);
    if (!this.#claimed) {
      this.#claimed = true;
      if (await this.#takeUnseenBack()) return await this.claim(lane);
    }
    const reply = replies.at(-1)!;
    const held = Buffer.isBuffer(reply) ? (reply.toString() as Position) : null;
    this.#held.set(lane, held);
    return held;
  }

  /** Whether this writer is still the pipeline's own. No MULTI may be open. Throws SINK_FENCED and REDIS_DATA_LOST. */
  async check(): Promise<void> {
    if (!this.#claimed) return;
    const [writer] = await this.#send(new CommandWriter(256).add('GET', this.#own.writer));
    this.#checkWriter(writer!, '');
  }

  /** Begins a block of commands. */
  begin(block: CommandWriter): void {
    if (!this.#open) block.add('MULTI');
  }

  /** Sends commands of a transaction that goes on. */
  async queue(block: CommandWriter): Promise<void> {
    this.#open = true;
    const { refusal } = await this.#sendQueued(block, block.commands);
    if (refusal !== null) throw this.#connection.failure(refusal, 'a command of MULTI');
  }

  /**
   * Ends a transaction with what is in the block, and moves the positions with it. Resolves with the first refusal within it that is
   * not one that may come; all else is done then, the positions too.
   */
  async execute(block: CommandWriter, { positions, before, mayFail, replied }: Execution): Promise<ReplyError | null> {
    assert(this.#claimed, 'a lane is claimed before anything is written');
    // One of the two is in every transaction, and tells whoever reads the replication stream whose it is.
    if (positions.size === 0) block.add('SET', this.#own.writer, this.#writer);
    else {
      block.begin(2 + 2 * positions.size + (before === undefined ? 0 : 2));
      block.text('HSET');
      block.text(this.#own.position);
      for (const [lane, place] of positions) {
        block.text(lane);
        block.text(place);
      }
      if (before !== undefined) {
        block.text(beforeField);
        block.text(JSON.stringify([...before]));
      }
    }
    const queued = block.commands;
    block.add('EXEC').add('WATCH', this.#own.writer).add('GET', this.#own.writer);
    const { refusal, replies } = await this.#sendQueued(block, queued);
    this.#open = false;
    if (refusal !== null) throw this.#connection.failure(refusal, 'a command of MULTI');
    const executed = replies[0]!;
    if (executed instanceof ReplyError) throw this.#connection.failure(executed, 'EXEC');
    this.#checkWriter(replies.at(-1)!, [...positions.keys()].join(', '));
    // The key is ours, and was touched all the same: it was removed and put back, as SWAPDB twice does.
    if (executed === null)
      throw this.#ended(new MillraceError('REDIS_DATA_LOST', { server: this.#connection.address }));
    for (const [lane, place] of positions) this.#held.set(lane, place);
    const results = executed as readonly Reply[];
    replied?.(results, 1);
    for (let i = 0; i < results.length; i += 1) {
      const result = results[i];
      if (result instanceof ReplyError && !mayFail?.has(i + 1)) return result;
    }
    // It is on its way before anybody is told, so that what was said to be durable is not taken back after `kill -9`.
    if (before !== undefined && positions.size > 0) void this.#connection.send(this.#seen, 1).catch(() => {});
    return null;
  }

  /** What is held of each of these lanes. */
  held(lanes: Iterable<Lane>): ReadonlyMap<Lane, Position | null> {
    return new Map([...lanes].map((lane) => [lane, this.#held.get(lane) ?? null]));
  }

  /** Sets positions to what was held before. */
  async takeBack(held: ReadonlyMap<Lane, Position | null>): Promise<void> {
    if (held.size === 0) return;
    const block = new CommandWriter(512);
    this.begin(block);
    block.add('HDEL', this.#own.position, beforeField);
    const positions = new Map<Lane, Position>();
    for (const [lane, place] of held) {
      if (place !== null) positions.set(lane, place);
      else block.add('HDEL', this.#own.position, lane);
    }
    await this.execute(block, { positions });
    for (const lane of held.keys()) if (!positions.has(lane)) this.#held.set(lane, null);
  }

  /** Forgets a transaction that was not ended. */
  async discard(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    const block = new CommandWriter(256).add('DISCARD').add('WATCH', this.#own.writer).add('GET', this.#own.writer);
    const replies = await this.#send(block);
    this.#checkWriter(replies.at(-1)!, '');
  }

  /** Where the last writer did not come to see what EXEC answered, its rows are written once more. */
  async #takeUnseenBack(): Promise<boolean> {
    const [reply] = await this.#send(new CommandWriter(256).add('HGET', this.#own.position, beforeField));
    if (!Buffer.isBuffer(reply)) return false;
    const before = new Map(JSON.parse(reply.toString()) as readonly (readonly [Lane, Position | null])[]);
    this.#log.info('the writer before did not see whether its last rows were taken, so they are read again', {
      pipeline: this.#pipeline,
      lanes: [...before.keys()].join(', '),
    });
    await this.takeBack(before);
    return true;
  }

  async #send(block: CommandWriter): Promise<readonly Reply[]> {
    return (await this.#sendQueued(block, 0)).replies;
  }

  /** `queued`: how many of the block's first commands a MULTI takes in. */
  async #sendQueued(block: CommandWriter, queued: number): Promise<Answer> {
    if (this.#over !== null) throw this.#over;
    return await this.#connection.sendQueued(block.view(), queued, block.commands - queued);
  }

  #checkWriter(reply: Reply, lane: string): void {
    if (reply instanceof ReplyError) throw this.#connection.failure(reply, 'GET');
    const { address: server } = this.#connection;
    if (!Buffer.isBuffer(reply)) throw this.#ended(new MillraceError('REDIS_DATA_LOST', { server }));
    if (reply.toString() === this.#writer) return;
    const details = { sink: server, pipeline: this.#pipeline, lane: lane === '' ? 'the lanes' : lane };
    throw this.#ended(new MillraceError('SINK_FENCED', details));
  }

  #ended(error: MillraceError): MillraceError {
    this.#over = error;
    return error;
  }
}
