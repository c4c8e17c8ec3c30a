import type { Cluster } from '../client/cluster.ts';
import { refusal } from '../client/cluster.ts';
import { kafkaError } from '../client/kafka-error.ts';
import { offsetCommitV8, offsetCommitV9, offsetFetchV8 } from '../client/protocol-library.ts';
import { laneOf, type PartitionName } from './lane.ts';

/** What a consumer group says of how far it is, by lane; partitions it knows nothing of are left out. */
export const fetchGroupOffsets = async (
  cluster: Cluster,
  group: string,
  partitions: readonly PartitionName[],
): Promise<ReadonlyMap<string, number>> =>
  await cluster.settled(async () => {
    const broker = await cluster.coordinator('group', group);
    const topics = [...Map.groupBy(partitions, ({ topic }) => topic)].map(([name, of]) => ({
      name,
      partitionIndexes: of.map(({ partition }) => partition),
    }));
    const answer = await broker.request(offsetFetchV8.api, [{ groupId: group, memberEpoch: -1, topics }], true);
    const [found] = answer.groups;
    if (found!.errorCode !== 0)
      throw refusal(found!.errorCode, broker.address, 'OffsetFetch', groupWords(group), 'read');
    const offsets = new Map<string, number>();
    for (const { name, partitions: each } of found!.topics) {
      for (const { partitionIndex, committedOffset, errorCode } of each) {
        if (errorCode !== 0) throw refusal(errorCode, broker.address, 'OffsetFetch', `the topic ${name}`, 'read');
        if (committedOffset >= 0n)
          offsets.set(laneOf({ topic: name, partition: partitionIndex }), Number(committedOffset));
      }
    }
    return offsets;
  });

/** Who tells it, where the group has members that Kafka assigns partitions to. */
export interface CommittingMember {
  readonly id: string;
  /** Or the generation of a classic group. */
  readonly epoch: number;
  readonly instanceId: string | null;
  readonly isClassic: boolean;
}

/**
 * Tells a consumer group how far its partitions are read, as tools that watch groups expect it. `member`: null where the group has
 * none. Throws when the group refuses.
 */
export const commitGroupOffsets = async (
  cluster: Cluster,
  group: string,
  offsets: readonly (PartitionName & { readonly offset: number })[],
  member: CommittingMember | null = null,
): Promise<void> => {
  await cluster.settled(async () => {
    const broker = await cluster.coordinator('group', group);
    const topics = [...Map.groupBy(offsets, ({ topic }) => topic)].map(([name, of]) => ({
      name,
      partitions: of.map(({ partition, offset }) => ({
        partitionIndex: partition,
        committedOffset: BigInt(offset),
        committedLeaderEpoch: -1,
        committedMetadata: '',
      })),
    }));
    const { api } = (member?.isClassic ?? true) ? offsetCommitV8 : offsetCommitV9;
    const { id, epoch, instanceId } = member ?? { id: '', epoch: -1, instanceId: null };
    const answer = await broker.request(api, group, epoch, id, instanceId, topics);
    for (const { partitions } of answer.topics) {
      for (const { errorCode } of partitions) {
        if (errorCode === kafkaError.NONE) continue;
        throw refusal(errorCode, broker.address, 'OffsetCommit', groupWords(group), 'use');
      }
    }
  }, 5_000);
};

const groupWords = (group: string): string => `the group ${group}`;
