import type { Origin } from '../core/change.ts';

/** Where rows come from that no log had: they were read, made up, or computed at this time. */
export const ownOrigin = (nowMs: number): Origin => ({
  kind: 'mysql',
  flavor: 'mysql',
  serverId: 0,
  gtid: null,
  file: '',
  offset: 0,
  commitMicros: Math.floor(nowMs * 1_000),
  thread: null,
  query: null,
});

/** Where a result comes from whose first change came from `origin`. Formats of changes describe those of MySQL alone; what they keep of others is the time. */
export const resultOrigin = (origin: Origin | null, nowMs: number): Origin => {
  switch (origin?.kind) {
    case 'mysql':
      return origin;
    case 'kafka':
      return ownOrigin(origin.timestampMs);
    default:
      return ownOrigin(nowMs);
  }
};
