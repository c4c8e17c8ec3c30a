import type { Batch, Lane, Part, Position } from '../core/batch.ts';
import type { Source } from '../core/connector.ts';

/**
 * Of several sinks, the one furthest behind says where a lane starts, so the others are offered what they hold already. This
 * leaves it out, lane by lane, until the sink has caught up with itself.
 */
export class SkipCovered {
  readonly #source: Pick<Source, 'covers' | 'holds'>;
  /** What the sink held when it claimed, for lanes that are not past it yet. */
  readonly #held = new Map<Lane, Position>();
  /** The transaction in parts under way, and whether the sink holds it. */
  #inParts: { readonly transaction: string; readonly held: boolean } | null = null;

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
    if (batch.part !== undefined) return this.#holdsPart(batch, batch.part) ? null : batch;
    const places = [...batch.positions.keys()].flatMap((lane) => this.#held.get(lane) ?? []);
    if (places.length === 0) return batch;
    // A snapshot's rows move their own lane, which the sink may lack, together with the log's, where it may be further on. What
    // it holds of a lane must neither come again nor take its place back.
    const positions = new Map([...batch.positions].filter(([lane, at]) => !this.#isPast(lane, at)));
    if (positions.size === 0) return null;
    for (const lane of positions.keys()) this.#held.delete(lane);
    // The first batch beyond what the sink holds may begin before it.
    const changes = batch.changes.filter((change) => !places.some((place) => this.#source.holds(place, change)));
    return { ...batch, changes: changes.length < batch.changes.length ? changes : batch.changes, positions };
  }

  /** Whether the sink has a lane up to a place. */
  #isPast(lane: Lane, at: Position): boolean {
    const held = this.#held.get(lane);
    return held !== undefined && this.#source.covers(held, at);
  }

  /** Decided at the first part: a sink gets all parts of a transaction, or none. */
  #holdsPart({ changes, positions }: Batch, { transaction, index, last }: Part): boolean {
    if (index === 0 || this.#inParts?.transaction !== transaction) {
      const places = [...positions.keys()].flatMap((lane) => this.#held.get(lane) ?? []);
      const held =
        changes.length > 0
          ? changes.every((change) => places.some((place) => this.#source.holds(place, change)))
          : places.length > 0 && positions.entries().every(([lane, at]) => this.#isBeyond(lane, at));
      this.#inParts = { transaction, held };
    }
    const { held } = this.#inParts;
    if (last) this.#inParts = null;
    if (!held) for (const lane of positions.keys()) this.#held.delete(lane);
    return held;
  }

  /**
   * For a part without changes of its own. An unfinished transaction carries the place before it: a sink that is exactly there
   * lacks the transaction; one that is anywhere beyond has all of it.
   */
  #isBeyond(lane: Lane, at: Position): boolean {
    return this.#isPast(lane, at) && !this.#source.covers(at, this.#held.get(lane)!);
  }
}
