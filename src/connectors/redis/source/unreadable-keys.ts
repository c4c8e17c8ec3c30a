import type { RedisOrigin } from '../../../core/change.ts';
import type { Context } from '../../../core/connector.ts';
import type { MillraceError } from '../../../core/errors.ts';
import type { UnreadableMessage } from '../../../core/unreadable-message.ts';

/** How letters name where they come from, as a topic is named. */
const topic = 'redis';

/**
 * Keys that are no rows of their table, where such are kept: each is a letter with its name, and its place, without what it holds, because a
 * replay reads it again as it is then.
 */
export class UnreadableKeys {
  readonly #context: Context;
  #letters: UnreadableMessage[] = [];

  constructor(context: Context) {
    this.#context = context;
  }

  /** Whether reading stops at such a key. */
  get stops(): boolean {
    return this.#context.putAside === undefined;
  }

  add(key: Buffer, { offset, db }: Omit<RedisOrigin, 'kind'>, { code, message }: MillraceError): void {
    this.#letters.push({
      topic,
      partition: db,
      offset: Number(offset),
      timestampMs: Math.floor(this.#context.clock.now()),
      key: Buffer.from(key),
      value: null,
      headers: [],
      code,
      message,
    });
  }

  /** Keeps the keys at hand; before any place behind them is told. */
  async putAside(): Promise<void> {
    const [first] = this.#letters;
    if (first === undefined) return;
    const { putAside, log, pipeline } = this.#context;
    const { length: keys } = this.#letters;
    await putAside!(this.#letters);
    this.#letters = [];
    log.warn('keys that are no rows of their table are in the dead letters', { pipeline, keys, first: first.message });
  }
}
