import type { Batch, Lane, Position } from '../core/batch.ts';
import type { Change } from '../core/change.ts';
import type { Source } from '../core/connector.ts';

/**
 * Of several sinks, the one furthest behind says where a lane starts, so the others are offered what they hold already. This
 * leaves it out, lane by lane, until the sink has caught up with itself.
 */
export class SkipCovered {
  readonly #source: Pick<Source, 'covers' | 'holds'>;
  /** What the sink held when it claimed, for lanes that are not past it yet. */
  readonly #held = new Map<Lane, Position>();

  constructor(source: Pick<Source, 'covers' | 'holds'>) {
    this.#source = source;
  }

  holds(lane: Lane, held: Position | null): void {
    if (held === null) this.#held.delete(lane);
    else this.#held.set(lane, held);
  }

  /** What of the batch the sink lacks; null: nothing. */
  missing(batch: Batch): Batch | null {
    if (this.#held.size === 0 || batch.positions.size === 0) return batch;
    if (this.#covers(batch)) return null;
    const held = [...batch.positions.keys()].flatMap((lane) => this.#held.get(lane) ?? []);
    for (const lane of batch.positions.keys()) this.#held.delete(lane);
    // The first batch beyond what the sink holds may begin before it.
    const isHeld = (change: Change): boolean => held.some((place) => this.#source.holds(place, change));
    return batch.changes.some(isHeld)
      ? { ...batch, changes: batch.changes.filter((change) => !isHeld(change)) }
      : batch;
  }

  #covers(batch: Batch): boolean {
    const unfinished = batch.part !== undefined && !batch.part.last;
    let beyond = !unfinished;
    for (const [lane, at] of batch.positions) {
      const held = this.#held.get(lane);
      if (held === undefined || !this.#source.covers(held, at)) return false;
      beyond ||= !this.#source.covers(at, held);
    }
    // An unfinished transaction carries the place before it. A sink that is exactly there lacks the transaction; one that is
    // anywhere beyond has all of it.
    return beyond;
  }
}
