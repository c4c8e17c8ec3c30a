import { Buffer } from 'node:buffer';
import type { Clock } from '../core/clock.ts';
import type { Reply } from '../protocol/redis/reply.ts';
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
  /** By table. */
  readonly #asking = new Map<string, Promise<AppliedPlace | null>>();

  constructor(links: RedisLinks, clock: Clock, lane: string) {
    this.#links = links;
    this.#clock = clock;
    this.#lane = lane;
  }

  /**
   * Whether the pipeline has applied a write to a table, within the time given. A read that is sent after this sees it. Redis is asked
   * each time: a server that was flushed, or that came back without its last writes, is at an earlier place than it was, and shows rows
   * of then. While a snapshot of the table is under way nothing is known: what lies between the place that was lost and the one at which
   * the snapshot began is in the rows only once it has come to them.
   */
  async reached(token: string, withinMs: number, table: string): Promise<boolean> {
    if (token === withoutGtids) return false;
    const until = this.#clock.monotonic() + withinMs;
    for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, maxPauseMs)) {
      if (this.#clock.monotonic() >= until && pause > firstPauseMs) return false;
      let place: AppliedPlace | null;
      try {
        place = await this.#look(table);
      } catch {
        return false;
      }
      if (place !== null && holdsWrite(place, token)) return true;
      const left = until - this.#clock.monotonic();
      if (left <= 0) return false;
      await this.#clock.sleep(Math.min(pause, left));
    }
  }

  /** null: nothing tells what a table's rows show. */
  #look(table: string): Promise<AppliedPlace | null> {
    const known = this.#asking.get(table);
    if (known !== undefined) return known;
    const look = this.#ask(table).finally(() => this.#asking.delete(table));
    this.#asking.set(table, look);
    return look;
  }

  async #ask(table: string): Promise<AppliedPlace | null> {
    const { position, tables } = this.#links.own;
    // Both are in one slot. The place first: the mark of a snapshot stands there before the place that it begins at.
    const link = this.#links.of(Buffer.from(position));
    const text = (reply: Reply): string | null => (Buffer.isBuffer(reply) ? reply.toString() : null);
    const [place, state] = await Promise.all([
      link.ask((commands) => void commands.add('HGET', position, this.#lane), text),
      link.ask((commands) => void commands.add('HGET', tables, table), text),
    ]);
    return state === 'begun' ? null : appliedPlace(place);
  }
}
