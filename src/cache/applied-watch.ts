import { Buffer } from 'node:buffer';
import type { Clock } from '../core/clock.ts';
import { type AppliedPlace, appliedPlace, holdsWrite, withoutGtids } from './applied-place.ts';
import type { RedisLinks } from './redis-links.ts';

/** Pauses between looks at how far the pipeline is, as long as somebody waits for it. */
const firstPauseMs = 1;
const maxPauseMs = 20;

/** How far the pipeline is, asked for once for all who wait. */
export class AppliedWatch {
  readonly #links: RedisLinks;
  readonly #clock: Clock;
  readonly #lane: string;
  #asking: Promise<AppliedPlace | null> | null = null;

  constructor(links: RedisLinks, clock: Clock, lane: string) {
    this.#links = links;
    this.#clock = clock;
    this.#lane = lane;
  }

  /**
   * Whether the pipeline has applied a write, within the time given. A read that is sent after this sees it. Redis is asked each time: a
   * server that was flushed, or that came back without its last writes, is at an earlier place than it was, and shows rows of then.
   */
  async reached(token: string, withinMs: number): Promise<boolean> {
    if (token === withoutGtids) return false;
    const until = this.#clock.monotonic() + withinMs;
    for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, maxPauseMs)) {
      if (this.#clock.monotonic() >= until && pause > firstPauseMs) return false;
      let place: AppliedPlace | null;
      try {
        place = await this.#look();
      } catch {
        return false;
      }
      if (place !== null && holdsWrite(place, token)) return true;
      const left = until - this.#clock.monotonic();
      if (left <= 0) return false;
      await this.#clock.sleep(Math.min(pause, left));
    }
  }

  #look(): Promise<AppliedPlace | null> {
    const { position } = this.#links.own;
    this.#asking ??= this.#links
      .of(Buffer.from(position))
      .ask(
        (commands) => void commands.add('HGET', position, this.#lane),
        (reply) => appliedPlace(Buffer.isBuffer(reply) ? reply.toString() : null),
      )
      .finally(() => {
        this.#asking = null;
      });
    return this.#asking;
  }
}
