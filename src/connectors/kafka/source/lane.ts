import type { Lane, Position } from '../../../core/batch.ts';
import type { KafkaOrigin } from '../../../core/change.ts';
import { position } from '../../../core/position.ts';

/** One partition of one topic. */
export interface PartitionName {
  readonly topic: string;
  readonly partition: number;
}

/** `shop.orders/3`: no topic has a slash in its name. */
export const laneOf = ({ topic, partition }: PartitionName): Lane => `${topic}/${partition}`;

/** `shop.orders/3@42`: the lane, and the offset of the next record to read. */
export const placeOf = (name: PartitionName, offset: number): Position => position(`${laneOf(name)}@${offset}`);

/** The offset of the next record to read. */
export const offsetOf = (held: Position): number => Number(held.slice(held.lastIndexOf('@') + 1));

/** The topic and partition that a lane names. */
export const partitionOf = (lane: Lane): PartitionName => {
  const slash = lane.lastIndexOf('/');
  return { topic: lane.slice(0, slash), partition: Number(lane.slice(slash + 1)) };
};

/** Whether a position is one of the lane that a record came from. */
export const isOfLane = (held: Position, { topic, partition }: KafkaOrigin): boolean =>
  held.startsWith(`${topic}/${partition}@`);
