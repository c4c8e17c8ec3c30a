import { isMillraceError, MillraceError } from '../../../core/errors.ts';

/** Links that ended alike before it is given up. */
const maxAlike = 5;

/**
 * Counts links that the server ended before anything behind their beginning was durable, over all attempts of a pipeline: a server whose
 * output buffer is too small for a value, or for what is written during its snapshot, ends each one at the same place.
 */
export class LinkFailures {
  #times = 0;
  #gaps = 0;
  /** The server has been asked for a link. */
  #isAsked = false;
  /** The offset at which the link at hand began; null: the server has not answered yet. */
  #begun: number | null = null;

  /** How often the server no longer had what comes after the held place. */
  get gaps(): number {
    return this.#gaps;
  }

  gap(): void {
    this.#gaps += 1;
  }

  asked(): void {
    this.#isAsked = true;
  }

  began(offset: number): void {
    this.#begun = offset;
  }

  acknowledged(offset: number): void {
    if (this.#begun !== null && offset > this.#begun) this.#times = 0;
  }

  /** A link ended with `error`. Throws REDIS_REPLICATION_CUT_OFF once that has happened too often. */
  ended(error: unknown, server: string): void {
    const isCut = this.#isAsked && isMillraceError(error, 'NET_CLOSED');
    this.#isAsked = false;
    this.#begun = null;
    if (!isCut) return;
    this.#times += 1;
    const times = this.#times;
    if (times < maxAlike) return;
    this.#times = 0;
    throw new MillraceError('REDIS_REPLICATION_CUT_OFF', { server, times }, { cause: error });
  }
}
