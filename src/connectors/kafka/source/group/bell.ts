import type { Clock } from '../../../../core/clock.ts';

/** Wakes one who waits; one who comes later finds that it was rung. */
export class Bell {
  #next = Promise.withResolvers<void>();

  ring(): void {
    this.#next.resolve();
  }

  /** Resolves once it was rung since this was asked last. */
  async rung(): Promise<void> {
    await this.#next.promise;
    this.#next = Promise.withResolvers();
  }

  /** The same, or when the time is over or `signal` aborts. */
  async rungOrAfter(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const { promise } = this.#next;
    await Promise.race([promise, clock.sleep(ms, AbortSignal.any([signal, ended.signal]))]);
    ended.abort();
    this.#next = Promise.withResolvers();
  }
}
