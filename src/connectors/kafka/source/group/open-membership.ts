import type { Cluster } from '../../client/cluster.ts';
import type { KafkaSourceConfig } from '../config.ts';
import { ConsumerMembership } from './consumer-membership.ts';
import type { Membership } from './membership.ts';

/** Null: the settings ask for none. */
export const openMembership = (cluster: Cluster, group: string, config: KafkaSourceConfig): Membership | null => {
  const protocol = config['properties.group.protocol'];
  if (protocol === undefined) return null;
  return new ConsumerMembership(cluster, {
    group,
    instanceId: config['properties.group.instance.id'] ?? null,
    rebalanceTimeoutMs: config['properties.max.poll.interval.ms'],
  });
};
