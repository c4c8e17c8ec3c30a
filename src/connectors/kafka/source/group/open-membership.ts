import type { Cluster } from '../../client/cluster.ts';
import type { KafkaSourceConfig } from '../config.ts';
import { ClassicMembership } from './classic-membership.ts';
import { ConsumerMembership } from './consumer-membership.ts';
import type { Membership } from './membership.ts';

/** Null: the settings ask for none. `another`: makes a cluster with connections of its own. */
export const openMembership = (
  cluster: Cluster,
  another: () => Cluster,
  group: string,
  config: KafkaSourceConfig,
): Membership | null => {
  const protocol = config['properties.group.protocol'];
  const settings = {
    group,
    instanceId: config['properties.group.instance.id'] ?? null,
    rebalanceTimeoutMs: config['properties.max.poll.interval.ms'],
  };
  switch (protocol) {
    case undefined:
      return null;
    case 'consumer':
      return new ConsumerMembership(cluster, settings);
    case 'classic': {
      const sessionTimeoutMs = config['properties.session.timeout.ms'];
      return new ClassicMembership(cluster, another(), { ...settings, sessionTimeoutMs });
    }
  }
};
