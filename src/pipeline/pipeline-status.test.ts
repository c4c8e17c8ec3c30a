import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Source } from '../core/connector.ts';
import { MillraceError } from '../core/errors.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { MemorySink, MemoryStore } from '../testing/memory-sink.ts';
import { MemoryLog, MemorySource } from '../testing/memory-source.ts';
import { create, HandSink, idsIn, settle, setup, silent, upTo } from '../testing/pipeline-rig.ts';
import { ordersTable } from '../testing/sample-tables.ts';
import { mergeSources } from './merge-sources.ts';
import { createPipeline } from './pipeline.ts';

test('pauses with everything written and both ends closed, and resumes', async () => {
  const sources: MemorySource[] = [];
  const log = new MemoryLog();
  const { store, pipeline, stop } = setup({
    source: async () => {
      const source = new MemorySource(log, { follow: true });
      sources.push(source);
      return source;
    },
  });
  const running = pipeline.run(stop.signal);
  log.commit(create(1));
  await settle();
  pipeline.pause();
  await settle();
  assert.equal(pipeline.status().health, 'paused');
  assert.deepEqual(idsIn(store), [1]);
  assert.equal(sources[0]!.closed, true);
  log.commit(create(2));
  await settle();
  assert.deepEqual(idsIn(store), [1]);
  pipeline.resume();
  await settle();
  assert.equal(pipeline.status().health, 'running');
  assert.deepEqual(idsIn(store), [1, 2]);
  stop.abort();
  await running;
});

test('says where the sinks are before anything new has come', async () => {
  const { log, store, pipeline, stop } = setup();
  log.commit(create(1));
  log.commit(create(2));
  await pipeline.run(stop.signal);

  const again = createPipeline({
    name: 'test',
    source: async () => new MemorySource(log, { follow: true }),
    sinks: [{ name: 'mirror', open: async () => new MemorySink(store) }],
    clock: new FakeClock(),
    log: silent,
  });
  assert.equal(again.status().positions.size, 0);
  const running = again.run(stop.signal);
  await settle();
  assert.deepEqual([...again.status().positions], [['log', '2']]);
  stop.abort();
  await running;
});

test('says that it is done when the source has no more, however long ago', async () => {
  const { log, clock, pipeline, stop } = setup();
  log.commit(create(1));
  assert.equal((await pipeline.run(stop.signal)).outcome, 'finished');
  clock.advance(3_600_000);
  const { health, reason, finished, connected } = pipeline.status();
  assert.deepEqual([health, reason, finished, connected], ['paused', 'done: the source has no more', true, false]);
});

test('resumes after it was paused twice', async () => {
  const { log, store, pipeline, stop } = setup({ reading: { follow: true } });
  pipeline.pause();
  const running = pipeline.run(stop.signal);
  await settle();
  pipeline.pause();
  log.commit(create(1));
  await settle();
  assert.equal(pipeline.atRest, true);
  pipeline.resume();
  await settle();
  assert.deepEqual(idsIn(store), [1]);
  assert.equal(pipeline.atRest, false);
  stop.abort();
  await running;
});

test('says stalled when nothing moves though there is something to move', async () => {
  const sink = new HandSink();
  const { log, clock, pipeline, stop } = setup({ sink, reading: { follow: true }, stalledAfterMs: 30_000 });
  const running = pipeline.run(stop.signal);
  log.commit(create(1));
  await settle();
  clock.advance(29_000);
  assert.equal(pipeline.status().health, 'running');
  clock.advance(2_000);
  assert.equal(pipeline.status().health, 'stalled');
  assert.equal(pipeline.status().reason, 'no sink write has ended for 31 s');
  sink.end();
  await settle();
  assert.equal(pipeline.status().health, 'running');
  clock.advance(300_000);
  assert.equal(pipeline.status().health, 'running', 'an idle source is no stall');
  stop.abort();
  await running;
});

test('says stalled when a source that sends heartbeats has fallen silent, or does not open', async () => {
  const silentSource = setup({ reading: { follow: true }, silentAfterMs: 60_000 });
  const running = silentSource.pipeline.run(silentSource.stop.signal);
  silentSource.log.commit();
  await settle();
  silentSource.clock.advance(59_000);
  assert.equal(silentSource.pipeline.status().health, 'running');
  silentSource.clock.advance(2_000);
  assert.equal(silentSource.pipeline.status().health, 'stalled');
  silentSource.stop.abort();
  await running;

  const opening = Promise.withResolvers<Source>();
  const neverOpen = setup({ source: () => opening.promise });
  const ended = neverOpen.pipeline.run(neverOpen.stop.signal);
  await settle();
  neverOpen.clock.advance(31_000);
  assert.equal(neverOpen.pipeline.status().reason, 'still opening after 31 s');
  opening.resolve(new MemorySource(new MemoryLog()));
  await ended;
});

test('says snapshotting between the marks', async () => {
  const { log, pipeline, stop } = setup({ reading: { follow: true } });
  const running = pipeline.run(stop.signal);
  log.commit({ kind: 'snapshot', at: 'begin', table: ordersTable, reason: 'initial' });
  await settle();
  assert.equal(pipeline.status().health, 'snapshotting');
  assert.deepEqual(pipeline.status().snapshotting, ['shop.orders']);
  log.commit({ kind: 'snapshot', at: 'end', table: ordersTable, reason: 'initial' });
  await settle();
  assert.equal(pipeline.status().health, 'running');
  stop.abort();
  await running;
});

test('says snapshotting while the source does, which goes on with a snapshot that it began before a restart', async () => {
  const log = new MemoryLog();
  let underWay = ['shop.orders'];
  const source = async (): Promise<Source> =>
    Object.assign(new MemorySource(log, { follow: true }), { snapshotting: () => underWay });
  const sink = new HandSink();
  const { pipeline, stop } = setup({ source, sink });
  const running = pipeline.run(stop.signal);
  await settle();
  assert.equal(pipeline.status().health, 'snapshotting');
  assert.deepEqual(pipeline.status().snapshotting, ['shop.orders']);
  log.commit({ kind: 'snapshot', at: 'end', table: ordersTable, reason: 'initial' });
  await settle();
  underWay = [];
  assert.equal(pipeline.status().health, 'snapshotting', 'its end is not durable yet');
  sink.end();
  await settle();
  assert.equal(pipeline.status().health, 'running');
  stop.abort();
  await running;
});

test('does not know of snapshots until the source has looked, and knows again that there are none at its end', async () => {
  const log = new MemoryLog();
  const opening = Promise.withResolvers<void>();
  let known: string[] | null = null;
  const { pipeline, stop } = setup({
    source: async () => {
      await opening.promise;
      return Object.assign(new MemorySource(log, { follow: true }), { snapshotting: () => known });
    },
  });
  const running = pipeline.run(stop.signal);
  await settle();
  assert.equal(pipeline.status().snapshotting, null, 'nothing is read yet');
  opening.resolve();
  await settle();
  assert.deepEqual(
    [pipeline.status().connected, pipeline.status().snapshotting],
    [true, null],
    'it has not looked yet',
  );
  known = ['shop.orders'];
  assert.deepEqual(pipeline.status().snapshotting, ['shop.orders']);
  known = [];
  assert.deepEqual(pipeline.status().snapshotting, []);
  pipeline.pause();
  await settle();
  assert.equal(pipeline.status().snapshotting, null, 'the next reading may begin one');
  stop.abort();
  await running;

  const finished = setup();
  await finished.pipeline.run(finished.stop.signal);
  assert.deepEqual(finished.pipeline.status().snapshotting, []);
});

test('shards know of their snapshots once each of them does', () => {
  const said = (tables: readonly string[] | null): Source =>
    Object.assign(new MemorySource(new MemoryLog()), { snapshotting: () => tables });
  const silentOne = new MemorySource(new MemoryLog());
  assert.equal(mergeSources([said(['shop.orders']), said(null)]).snapshotting?.(), null);
  assert.deepEqual(mergeSources([said(['shop.orders']), said([]), silentOne]).snapshotting?.(), ['shop.orders']);
});

test('a snapshot ends where routes give its table another name too', async () => {
  const renamed = { ...ordersTable, id: 'renamed', name: 'renamed' };
  const { log, pipeline, stop } = setup({
    reading: { follow: true },
    operators: [
      (batch) => ({
        ...batch,
        changes: batch.changes.map((change) => (change.kind === 'snapshot' ? { ...change, table: renamed } : change)),
      }),
    ],
  });
  const running = pipeline.run(stop.signal);
  log.commit({ kind: 'snapshot', at: 'begin', table: ordersTable, reason: 'initial' });
  log.commit({ kind: 'snapshot', at: 'end', table: ordersTable, reason: 'initial' });
  await settle();
  assert.equal(pipeline.status().health, 'running');
  stop.abort();
  await running;
});

test('measures the four speeds where they are', async () => {
  const sink = new HandSink();
  const { log, clock, pipeline, stop } = setup({
    sink,
    reading: { follow: true },
    operators: [(batch) => ({ ...batch, changes: batch.changes.slice(0, 1) })],
  });
  const running = pipeline.run(stop.signal);
  await settle();
  clock.advance(1_000);
  log.commit(create(...upTo(100)), create(...upTo(100)));
  await settle();
  log.commit(create(...upTo(50)), create(...upTo(50)));
  await settle();
  const rows = () =>
    Object.fromEntries(Object.entries(pipeline.status().totals).map(([speed, { rows: n }]) => [speed, n]));
  assert.deepEqual(rows(), { receive: 300, process: 150, push: 100, sync: 0 });
  sink.end();
  await settle();
  assert.deepEqual(rows(), { receive: 300, process: 150, push: 150, sync: 100 });
  assert.equal(pipeline.status().speeds.receive.rowsPerSecond, 300);
  clock.advance(1_000);
  assert.equal(pipeline.status().speeds.receive.rowsPerSecond, 150);
  clock.advance(20_000);
  assert.equal(pipeline.status().speeds.receive.rowsPerSecond, 0);
  assert.deepEqual(pipeline.status().tables.get('shop.orders')?.create, 300);
  stop.abort();
  sink.end();
  await running;
});

test('measures the lag from commit to durable in every sink', async () => {
  const sink = new HandSink();
  const { log, clock, pipeline, stop } = setup({ sink, reading: { follow: true } });
  const running = pipeline.run(stop.signal);
  log.commit(create(1));
  await settle();
  clock.advance(250);
  assert.equal(pipeline.status().lag.currentMs, 250);
  sink.end();
  await settle();
  const { currentMs, maxMs, p99Ms } = pipeline.status().lag;
  assert.equal(currentMs, 250);
  assert.equal(maxMs, 250);
  assert.ok(p99Ms >= 250 * 0.91 && p99Ms <= 250);
  const [{ writes } = assert.fail('the sink has figures')] = pipeline.status().sinks;
  for (const { steps, count, sumSeconds } of [pipeline.status().latency, writes]) {
    assert.deepEqual(
      steps.filter((step) => step.count > 0),
      [{ le: 0.25, count: 1 }],
    );
    assert.deepEqual([count, sumSeconds], [1, 0.25]);
  }
  log.commit();
  await settle();
  sink.end();
  await settle();
  assert.equal(pipeline.status().lag.currentMs, 0, 'a heartbeat says that there is nothing more');
  stop.abort();
  await running;
});

test('gives its health without asking the source for figures', async () => {
  const log = new MemoryLog();
  let asked = 0;
  const { pipeline, stop } = setup({
    source: async () =>
      Object.assign(new MemorySource(log, { follow: true }), {
        figures: () => {
          asked += 1;
          return [];
        },
      }),
  });
  const running = pipeline.run(stop.signal);
  await settle();
  assert.equal(pipeline.health, 'running');
  assert.equal(asked, 0);
  assert.equal(pipeline.status().health, 'running');
  assert.equal(asked, 1);
  stop.abort();
  await running;
});

test('tells what a sink met in its target, also behind one that fits its rows to definitions that stayed', async () => {
  for (const schemaBehavior of ['evolve', 'lenient'] as const) {
    const keys = [{ mode: 'hot', hit: 1, nothing: 2 }];
    const sink = Object.assign(new MemorySink(new MemoryStore()), { figures: () => ({ keys }) });
    const { pipeline, stop } = setup({ sink, schemaBehavior, reading: { follow: true } });
    const running = pipeline.run(stop.signal);
    await settle();
    assert.deepEqual(pipeline.status().sinks[0]!.keys, keys, schemaBehavior);
    stop.abort();
    await running;
  }
});

test('tells what waits for each sink, and nothing once nobody reads', async () => {
  const sink = new HandSink();
  const { log, pipeline, stop } = setup({ sink, reading: { follow: true } });
  const running = pipeline.run(stop.signal);
  log.commit(create(1));
  await settle();
  log.commit(create(2));
  await settle();
  const [figures] = pipeline.status().sinks;
  assert.ok(figures!.queuedBytes > 0, 'the second waits while the first is written');
  assert.equal(figures!.capacityBytes, 1_048_576);
  sink.end();
  await settle();
  assert.equal(pipeline.status().sinks[0]!.queuedBytes, 0);
  stop.abort();
  sink.end();
  await running;
  const [after] = pipeline.status().sinks;
  assert.deepEqual([after!.queuedBytes, after!.capacityBytes, after!.writes.count], [0, 0, 2]);
});

test('the lag grows while a change waits to be written again, until it is', async () => {
  const sink = new HandSink();
  const { log, clock, pipeline, stop } = setup({ sink, reading: { follow: true } });
  const lag = (): number => pipeline.status().lag.currentMs;
  const running = pipeline.run(stop.signal);
  log.commit(create(1));
  await settle();
  clock.advance(250);
  for (const waitedMs of [100_250, 200_250]) {
    sink.end(new MillraceError('NET_CLOSED', { address: 'db1:3306' }));
    await settle();
    assert.equal(pipeline.status().health, 'degraded');
    assert.equal(lag(), waitedMs - 100_000, 'nothing is under way, and the change waits');
    clock.advance(100_000);
    assert.equal(lag(), waitedMs);
    await settle();
    assert.equal(sink.underWay, 1);
    assert.equal(lag(), waitedMs, 'it is no younger for being written again');
  }
  sink.end();
  await settle();
  clock.advance(100_000);
  assert.equal(lag(), 200_250, 'that of the change that arrived last');
  log.commit();
  await settle();
  sink.end();
  await settle();
  assert.equal(lag(), 0);
  stop.abort();
  await running;
});
