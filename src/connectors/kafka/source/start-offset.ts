import { MillraceError } from '../../../core/errors.ts';
import type { Cluster } from '../client/cluster.ts';
import type { KafkaSourceConfig } from './config.ts';
import { fetchGroupOffsets } from './group-offsets.ts';
import { laneOf, type PartitionName } from './lane.ts';
import { parseSpecificOffsets } from './specific-offsets.ts';

/** Where partitions are begun that no sink holds a place of, by lane, as `scan.startup.mode` says. */
export const startOffsets = async (
  cluster: Cluster,
  config: KafkaSourceConfig,
  group: string,
  partitions: readonly PartitionName[],
): Promise<ReadonlyMap<string, number>> => {
  const isolation = config['properties.isolation.level'];
  const each = async (at: (name: PartitionName) => Promise<number>): Promise<ReadonlyMap<string, number>> => {
    const found = new Map<string, number>();
    for (const name of partitions) found.set(laneOf(name), await at(name));
    return found;
  };
  const earliest = ({ topic, partition }: PartitionName): Promise<number> =>
    cluster.offset(topic, partition, 'earliest');
  const latest = ({ topic, partition }: PartitionName): Promise<number> =>
    cluster.offset(topic, partition, 'latest', isolation);
  switch (config['scan.startup.mode']) {
    case 'earliest-offset':
      return await each(earliest);
    case 'latest-offset':
      return await each(latest);
    case 'timestamp': {
      const time = config['scan.startup.timestamp-millis']!;
      return await each(async (name) => {
        const offset = await cluster.offset(name.topic, name.partition, time, isolation);
        return offset < 0 ? await latest(name) : offset;
      });
    }
    case 'specific-offsets': {
      const offsets = parseSpecificOffsets(config['scan.startup.specific-offsets']!)!;
      return await each(async (name) => offsets.get(name.partition) ?? (await earliest(name)));
    }
    case 'group-offsets': {
      const known = await fetchGroupOffsets(cluster, group, partitions);
      const reset = config['properties.auto.offset.reset'];
      return await each(async (name) => {
        const offset = known.get(laneOf(name));
        if (offset !== undefined) return offset;
        if (reset === 'none') throw new MillraceError('KAFKA_GROUP_OFFSET_MISSING', { group, ...name });
        return await (reset === 'earliest' ? earliest(name) : latest(name));
      });
    }
  }
};
