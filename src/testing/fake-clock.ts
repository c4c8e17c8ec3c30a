import type { Clock } from '../core/clock.ts';

interface Sleeper {
  readonly wakeAt: number;
  readonly order: number;
  readonly wake: () => void;
}

/** Time that moves only when a test says so. */
export class FakeClock implements Clock {
  #now: number;
  readonly #start: number;
  #order = 0;
  readonly #sleepers = new Set<Sleeper>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#now = startMs;
    this.#start = startMs;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#start;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const sleeper: Sleeper = { wakeAt: this.#now + ms, order: this.#order, wake };
      this.#order += 1;
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }

  /** How many wait for time to pass. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  /** Lets `ms` pass, waking whoever is due in the order of their time. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (let next = this.#next(); next !== null && next.wakeAt <= until; next = this.#next()) {
      this.#now = Math.max(this.#now, next.wakeAt);
      next.wake();
    }
    this.#now = until;
  }

  /** Jumps to the next moment somebody waits for and wakes them; false when nobody does. */
  advanceToNext(): boolean {
    const next = this.#next();
    if (next === null) return false;
    this.advance(Math.max(next.wakeAt - this.#now, 0));
    return true;
  }

  #next(): Sleeper | null {
    let next: Sleeper | null = null;
    for (const sleeper of this.#sleepers) {
      const earlier = next === null || sleeper.wakeAt < next.wakeAt;
      if (earlier || (sleeper.wakeAt === next?.wakeAt && sleeper.order < next.order)) next = sleeper;
    }
    return next;
  }
}
