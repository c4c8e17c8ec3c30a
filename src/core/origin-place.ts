import type { Origin } from './change.ts';

/** Where a change stands in its log: the same whenever the log is read, and no other change's of that log. */
export const originPlace = (origin: Origin): readonly (string | number)[] => {
  switch (origin.kind) {
    case 'mysql':
      return [origin.gtid ?? '', origin.file, origin.offset];
    case 'kafka':
      return [origin.topic, origin.partition, String(origin.offset)];
    case 'redis':
      return [origin.replicationId, String(origin.offset)];
  }
};
