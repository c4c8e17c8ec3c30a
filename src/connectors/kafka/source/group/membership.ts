import type { PartitionName } from '../lane.ts';

/** This process as one of the members of a consumer group, among which Kafka spreads the partitions. */
export interface Membership extends AsyncDisposable {
  /** The topics to share. The first call joins the group. */
  subscribe(topics: readonly string[]): Promise<void>;
  /** Partitions to give up: they go to others once `released` was told of them. */
  readonly revoked: readonly PartitionName[];
  /** Partitions to begin, each after `taken` was told of it; what this answers may change with each. */
  readonly added: readonly PartitionName[];
  released(name: PartitionName): void;
  taken(name: PartitionName): void;
  /** Resolves when there may be something to give up or to begin, or the membership has ended. */
  changed(): Promise<void>;
  /** Throws KAFKA_GROUP_MEMBER_GONE, or why the group cannot be joined. */
  expectMember(): void;
  /** Tells the group how far its partitions are read. */
  commit(offsets: readonly (PartitionName & { readonly offset: number })[]): Promise<void>;
}
