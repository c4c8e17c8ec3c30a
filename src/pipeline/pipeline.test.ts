import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrayRowImages } from '../core/array-row-images.ts';
import type { Change, MysqlOrigin } from '../core/change.ts';
import type { Log } from '../core/log.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { MemorySink, MemoryStore } from '../testing/memory-sink.ts';
import { MemoryLog, MemorySource } from '../testing/memory-source.ts';
import { ordersTable } from '../testing/sample-tables.ts';
import { createPipeline } from './pipeline.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
const origin: MysqlOrigin = {
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
const upsert = (id: number, status: string): Change => ({
  kind: 'rows',
  op: 'create',
  table: ordersTable,
  origin,
  rows: new ArrayRowImages(ordersTable, { before: null, after: [[id, status, 1]] }),
});

test('carries everything from the source to the sink and ends with it', async () => {
  const log = new MemoryLog();
  for (let id = 0; id < 100; id += 1) log.commit(upsert(id, 'new'));
  const store = new MemoryStore();
  const pipeline = createPipeline({
    name: 'test',
    source: async () => new MemorySource(log),
    sinks: [{ name: 'mirror', open: async () => new MemorySink(store) }],
    clock: new FakeClock(),
    log: silent,
  });
  const result = await pipeline.run(new AbortController().signal);
  assert.equal(result.outcome, 'finished');
  assert.equal(store.rows(ordersTable).length, 100);
  assert.equal(result.positions.get('log'), '100');
});
