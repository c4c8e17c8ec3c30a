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
  #blindAt = Number.NEGATIVE_INFINITY;

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

  /** The pipeline has written no place to Redis, so that rows are brought and not kept. */
  blind(): void {
    if (this.#clock.monotonic() - this.#blindAt < everyMs) return;
    this.#blindAt = this.#clock.monotonic();
    this.#log.warn('the pipeline has written nothing to Redis yet, so rows are not kept there', { table: this.#table });
  }
}
