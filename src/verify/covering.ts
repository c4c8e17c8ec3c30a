import type { Clock } from '../core/clock.ts';
import { MillraceError } from '../core/errors.ts';
import type { Reader } from '../core/reader.ts';

export interface CoveringOptions {
  readonly source: Reader;
  readonly target: Reader;
  readonly clock: Clock;
  /** How long a sink may take to get to a place of the log. */
  readonly waitMs: number;
  /** How long to wait instead where the target does not say where it is. */
  readonly pauseMs: number;
}

/** Waits until a sink has everything that has been read from its source. */
export class Covering {
  readonly #options: CoveringOptions;
  /** null: not looked at yet. */
  #tells: boolean | null = null;

  constructor(options: CoveringOptions) {
    this.#options = options;
  }

  /** Whether the target says where it is. If not, all that can be done is to look again a little later. */
  async tells(): Promise<boolean> {
    if (this.#tells === null) {
      const { source, target } = this.#options;
      const held = source.log === undefined ? [] : await target.held(source.log.lane);
      this.#tells = held.length > 0;
    }
    return this.#tells;
  }

  /**
   * Resolves when the sink has everything that was read before this call: true; false: it took longer than `withinMs`. Without
   * `withinMs`, throws VERIFY_SINK_BEHIND after the time that is set for it.
   */
  async reached(signal: AbortSignal, withinMs?: number): Promise<boolean> {
    const { source, target, clock, waitMs, pauseMs } = this.#options;
    const { log } = source;
    if (log === undefined || !(await this.tells())) {
      await clock.sleep(pauseMs, signal);
      signal.throwIfAborted();
      return true;
    }
    const end = await log.end();
    const started = clock.monotonic();
    for (let pause = 2; ; pause = Math.min(pause * 2, 100)) {
      const held = await target.held(log.lane);
      if (held.length > 0 && held.every((place) => log.covers(place, end))) return true;
      const waitedMs = Math.round(clock.monotonic() - started);
      if (withinMs !== undefined && waitedMs >= withinMs) return false;
      if (waitedMs >= waitMs) throw new MillraceError('VERIFY_SINK_BEHIND', { sink: target.name, waitedMs });
      await clock.sleep(pause, signal);
      signal.throwIfAborted();
    }
  }
}
