import type { MysqlOrigin } from '../core/change.ts';

/** Where the changes of tests come from, when it does not matter. It committed as a FakeClock starts. */
export const origin: MysqlOrigin = {
  kind: 'mysql',
  flavor: 'mysql',
  serverId: 1,
  gtid: null,
  file: 'binlog.000001',
  offset: 4,
  commitMicros: Date.UTC(2026, 0, 1) * 1000,
  thread: null,
  query: null,
};
