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
  #place: AppliedPlace | null = null;
  #asking: Promise<void> | null = null;

  constructor(links: RedisLinks, clock: Clock, lane: string) {
    this.#links = links;
    this.#clock = clock;
    this.#lane = lane;
  }

  /** Whether the pipeline has applied a write, within the time given. A read that is sent after this sees it. */
  async reached(token: string, withinMs: number): Promise<boolean> {
    if (token === withoutGtids) return false;
    const until = this.#clock.monotonic() + withinMs;
    for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, maxPauseMs)) {
      // What was once applied stays so, until the link breaks: another server may answer then, with less.
      if (this.#links.isUp && this.#place !== null && holdsWrite(this.#place, token)) return true;
      if (this.#clock.monotonic() >= until && pause > firstPauseMs) return false;
      try {
        await this.#look();
      } catch {
        return false;
      }
      if (this.#place !== null && holdsWrite(this.#place, token)) return true;
      const left = until - this.#clock.monotonic();
      if (left <= 0) return false;
      await this.#clock.sleep(Math.min(pause, left));
    }
  }

  forget(): void {
    this.#place = null;
  }

  async #look(): Promise<void> {
    const { position } = this.#links.own;
    this.#asking ??= this.#links
      .of(Buffer.from(position))
      .ask(
        (commands) => void commands.add('HGET', position, this.#lane),
        (reply) => {
          this.#place = appliedPlace(Buffer.isBuffer(reply) ? reply.toString() : null);
        },
      )
      .finally(() => {
        this.#asking = null;
      });
    await this.#asking;
  }
}
