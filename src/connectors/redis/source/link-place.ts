import type { Lane, Position } from '../../../core/batch.ts';
import { position } from '../../../core/position.ts';

/** The one lane of a replication link. */
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

/** `8de1…eb761:9472:0` */
export const positionAt = ({ replicationId, offset, database }: LinkPlace): Position =>
  position(`${replicationId}:${offset}:${database}`);

export const placeAt = (held: Position): LinkPlace => {
  const [replicationId, offset, database] = held.split(':');
  return { replicationId: replicationId!, offset: Number(offset), database: Number(database) };
};
