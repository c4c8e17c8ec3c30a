import type { Batch, Lane, Position } from '../core/batch.ts';
import type { Source } from '../core/connector.ts';

/**
 * Of several sinks, the one furthest behind says where a lane starts, so the others are offered batches they hold already.
 * This leaves those out, lane by lane, until the sink has caught up with itself.
 */
export class SkipCovered {
  readonly #covers: Source['covers'];
  /** What the sink held when it claimed, for lanes that are not past it yet. */
  readonly #held = new Map<Lane, Position>();

  constructor(covers: Source['covers']) {
    this.#covers = covers;
  }

  holds(lane: Lane, held: Position | null): void {
    if (held === null) this.#held.delete(lane);
    else this.#held.set(lane, held);
  }

  /** Whether the sink already has this batch. */
  skips(batch: Batch): boolean {
    if (this.#held.size === 0 || batch.positions.size === 0) return false;
    const unfinished = batch.part !== undefined && !batch.part.last;
    let beyond = !unfinished;
    for (const [lane, at] of batch.positions) {
      const held = this.#held.get(lane);
      if (held === undefined || !this.#covers(held, at)) return this.#forget(batch);
      beyond ||= !this.#covers(at, held);
    }
    // An unfinished transaction carries the place before it. A sink that is exactly there lacks the transaction; one that is
    // anywhere beyond has all of it.
    return beyond || this.#forget(batch);
  }

  #forget(batch: Batch): false {
    for (const lane of batch.positions.keys()) this.#held.delete(lane);
    return false;
  }
}
