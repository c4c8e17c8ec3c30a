import { z } from 'zod';
import { secret } from '../../core/settings.ts';

const sentinelSettings = {
  'sentinel.master-name': z
    .string()
    .min(1)
    .optional()
    .describe(
      'The name that Sentinels have for the primary. `hostname` and `port` are then those of a Sentinel, which is asked where the primary is with each connection; `username` and `password` are those of the primary.',
    ),
  'sentinel.others': z
    .string()
    .optional()
    .describe(
      'More Sentinels, `host:port` each, separated by commas, asked in turn where the one before does not answer.',
    ),
  'sentinel.password': secret().optional().describe('Password of the Sentinels themselves, where they ask for one.'),
};

/** How the primary of a group is found, or the nodes of a cluster: the same keys for the source, the sink and the cache. */
export const routeSettings = {
  ...sentinelSettings,
  'cluster.others': z
    .string()
    .optional()
    .describe(
      'More nodes of a Redis Cluster, `host:port` each, separated by commas, asked in turn where `hostname` does not answer. Any node knows the others, so a few are enough.',
    ),
};
