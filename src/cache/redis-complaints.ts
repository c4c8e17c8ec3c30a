import type { Clock } from '../core/clock.ts';
import { isMillraceError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';

const everyMs = 60_000;

/** Says once in a while that Redis refuses what a table's readers ask. That it is away, the links say. */
export class RedisComplaints {
  readonly #table: string;
  readonly #clock: Clock;
  readonly #log: Log;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(table: string, clock: Clock, log: Log) {
    this.#table = table;
    this.#clock = clock;
    this.#log = log;
  }

  /** What Redis says no to, or does not answer, is MySQL's to answer; everything else is a bug, and thrown on. */
  readonly pass = (error: unknown): null => {
    if (!isMillraceError(error)) throw error;
    if (error.code.startsWith('NET_') || this.#clock.monotonic() - this.#saidAt < everyMs) return null;
    this.#saidAt = this.#clock.monotonic();
    this.#log.warn('Redis refuses what the cache asks, so MySQL answers', {
      table: this.#table,
      code: error.code,
      reason: error.message,
    });
    return null;
  };
}
