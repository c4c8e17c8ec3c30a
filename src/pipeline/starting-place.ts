import type { Lane, Position } from '../core/batch.ts';
import type { Source } from '../core/connector.ts';
import { MillraceError } from '../core/errors.ts';

export interface HeldBySink {
  readonly sink: string;
  readonly held: Position | null;
}

/** The place that every sink is at or past: null when one of them holds nothing, or when there is none and the lane may begin anew. */
export const startingPlace = (
  pipeline: string,
  lane: Lane,
  sinks: readonly HeldBySink[],
  source: Pick<Source, 'covers' | 'beginsAnew'>,
): Position | null => {
  const held = sinks.map((sink) => sink.held).filter((place) => place !== null);
  if (held.length < sinks.length) return null;
  const lowest = held.find((candidate) =>
    held.every((other) => other === candidate || source.covers(other, candidate)),
  );
  if (lowest !== undefined) return lowest;
  if (source.beginsAnew?.(lane)) return null;
  throw new MillraceError('PIPELINE_SINKS_DIVERGED', {
    pipeline,
    lane,
    sinks: sinks.map(({ sink, held: place }) => `${sink} at ${place}`).join(', '),
  });
};
