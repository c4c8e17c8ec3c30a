import type { Lane, Position } from '../../../core/batch.ts';
import type { Change } from '../../../core/change.ts';
import { position } from '../../../core/position.ts';

/** The one lane of all replication links: what a cluster's nodes have is held together. */
export const replicationLane: Lane = 'replication';

/** A place in a server's replication stream. */
export interface LinkPlace {
  /** Names the history that the offset counts in; a failover begins another. */
  readonly replicationId: string;
  /** Bytes of the stream up to here. */
  readonly offset: number;
  /** The database that commands are about: the stream does not repeat it where it goes on. */
  readonly database: number;
}

/** `8de1…eb761:9472:0`, of several servers with commas between. */
export const positionAt = (places: readonly LinkPlace[]): Position =>
  position(places.map(({ replicationId, offset, database }) => `${replicationId}:${offset}:${database}`).join());

export const placesAt = (held: Position): readonly LinkPlace[] =>
  held.split(',').map((text) => {
    const [replicationId, offset, database] = text.split(':');
    return { replicationId: replicationId!, offset: Number(offset), database: Number(database) };
  });

/** Whether a sink that holds `held` already has everything up to `at`. */
export const placesCover = (held: Position, at: Position): boolean => {
  const places = placesAt(held);
  return placesAt(at).every((each) => isPast(places, each.replicationId, each.offset));
};

/** Whether a sink that holds `held` already has this change. */
export const placesHold = (held: Position, change: Change): boolean => {
  if (change.kind === 'snapshot' || change.origin.kind !== 'redis') return false;
  const { replicationId, offset } = change.origin;
  return isPast(placesAt(held), replicationId, Number(offset));
};

const isPast = (places: readonly LinkPlace[], replicationId: string, offset: number): boolean =>
  places.some((place) => place.replicationId === replicationId && place.offset >= offset);
