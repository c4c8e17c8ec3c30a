import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../core/batch.ts';
import { withOwnedColumns } from '../core/column-owners.ts';
import type { Sink } from '../core/connector.ts';
import { isMillraceError, MillraceError } from '../core/errors.ts';
import { position } from '../core/position.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { MemorySink, MemoryStore } from '../testing/memory-sink.ts';
import { MemoryLog, MemorySource } from '../testing/memory-source.ts';
import {
  closed,
  create,
  HandSink,
  idsIn,
  never,
  rowsIn,
  settle,
  setup,
  silent,
  upTo,
} from '../testing/pipeline-rig.ts';
import { origin } from '../testing/sample-origin.ts';
import { ordersTable, table } from '../testing/sample-tables.ts';
import type { DeadLetter } from './dead-letters.ts';
import { createPipeline } from './pipeline.ts';

test('carries everything to the sink and ends with the source', async () => {
  const { log, store, pipeline } = setup();
  for (const id of upTo(100)) log.commit(create(id));
  const result = await pipeline.run(never);
  assert.equal(result.outcome, 'finished');
  assert.deepEqual([...result.positions], [['log', '100']]);
  assert.deepEqual(idsIn(store), upTo(100));
});

test('a delete of every row that matches is refused for a sink that does not know of such, and nothing is written', async () => {
  const { log, store, pipeline } = setup();
  const change = create(1);
  assert.ok(change.kind === 'rows');
  log.commit({ ...change, op: 'delete', everyMatch: true });
  await assert.rejects(pipeline.run(never), (error) => isMillraceError(error, 'SINK_ROW_REFUSED'));
  assert.deepEqual(idsIn(store), []);
});

test('a table of which the target owns columns is refused for a sink that would write over them, and nothing is written', async () => {
  const { log, store, pipeline } = setup();
  const change = create(1);
  assert.ok(change.kind === 'rows');
  log.commit({ ...change, table: withOwnedColumns(change.table, [1]) });
  await assert.rejects(pipeline.run(never), (error) => isMillraceError(error, 'SINK_ROW_REFUSED'));
  assert.deepEqual(idsIn(store), []);
});

test('goes on where the sink is in the next run', async () => {
  const first = setup();
  for (const id of upTo(3)) first.log.commit(create(id));
  await first.pipeline.run(never);
  const seen: Batch[] = [];
  const second = createPipeline({
    name: 'test',
    source: async () => new MemorySource(first.log),
    operators: [
      (batch) => {
        seen.push(batch);
        return batch;
      },
    ],
    sinks: [{ name: 'mirror', open: async () => new MemorySink(first.store) }],
    clock: first.clock,
    log: silent,
  });
  first.log.commit(create(4));
  await second.run(never);
  assert.deepEqual(seen.map(rowsIn), [1]);
  assert.deepEqual(idsIn(first.store), upTo(4));
});

test('writes at once when the sink is idle, and gathers what comes while it is busy', async () => {
  const sink = new HandSink();
  const { log, pipeline, stop } = setup({ sink, reading: { follow: true } });
  const running = pipeline.run(stop.signal);
  await settle();
  log.commit(create(1));
  await settle();
  assert.deepEqual(sink.written.map(rowsIn), [1]);
  for (const id of [2, 3, 4]) {
    log.commit(create(id));
    await settle();
  }
  assert.equal(sink.underWay, 1);
  sink.end();
  await settle();
  assert.deepEqual(sink.written.map(rowsIn), [1, 3]);
  assert.deepEqual([...sink.written[1]!.positions], [['log', '4']]);
  stop.abort();
  sink.end();
  await running;
});

test('gathers all that a source has at hand into one write', async () => {
  const sink = new HandSink();
  const { log, pipeline } = setup({ sink });
  for (const id of upTo(50)) log.commit(create(id));
  const running = pipeline.run(never);
  await settle();
  assert.deepEqual(sink.written.map(rowsIn), [50]);
  sink.end();
  await running;
});

test('begins a write after the grouping time though the source has more at hand', async () => {
  const sink = new HandSink();
  const clock = new FakeClock();
  const { log, pipeline } = setup({
    sink,
    clock,
    grouping: { maxMs: 10 },
    operators: [
      (batch) => {
        clock.advance(4);
        return batch;
      },
    ],
  });
  for (const id of upTo(6)) log.commit(create(id));
  const running = pipeline.run(never);
  await settle();
  assert.deepEqual(sink.written.map(rowsIn), [3]);
  sink.end();
  await settle();
  sink.end();
  await running;
});

test('reads no further than its queue while a sink is slow', async () => {
  const sink = new HandSink();
  let read = 0;
  const { log, pipeline } = setup({
    sink,
    grouping: { maxBytes: 10_000 },
    reading: {
      beforeYield: () => {
        read += 1;
      },
    },
  });
  for (const id of upTo(1_000)) log.commit(create(id));
  const running = pipeline.run(never);
  await settle();
  // About 1 KiB each with the objects around it: one group is being written and one is waiting.
  assert.ok(read > 10 && read < 30, `${read} batches were read`);
  for (let turn = 0; turn < 1_000 && sink.underWay > 0; turn += 1) {
    sink.end();
    await settle();
  }
  await running;
  assert.equal(
    sink.written.reduce((sum, batch) => sum + rowsIn(batch), 0),
    1_000,
  );
});

test('keeps schema changes, truncates and parts out of groups', async () => {
  const sink = new HandSink();
  const { log, pipeline } = setup({ sink, reading: { changesPerPart: 2 } });
  log.commit(create(1));
  log.commit(create(2));
  log.commit({
    kind: 'schema',
    before: ordersTable,
    after: table('orders', ordersTable.columns, [0]),
    statement: 'ALTER',
    origin: origin,
  });
  log.commit(create(3));
  log.commit({ kind: 'truncate', table: ordersTable, origin: origin });
  log.commit(create(4), create(5), create(6));
  log.commit(create(7));
  const running = pipeline.run(never);
  for (let turn = 0; turn < 20; turn += 1) {
    await settle();
    sink.end();
  }
  await running;
  const shape = sink.written.map((batch) => batch.part?.index ?? batch.changes.map(({ kind }) => kind).join());
  assert.deepEqual(shape, ['rows,rows', 'schema', 'rows', 'truncate', 0, 1, 'rows']);
});

test('has as many writes under way as the sink takes, and acknowledges in order', async () => {
  const sink = new HandSink(3);
  const acknowledged: string[] = [];
  const log = new MemoryLog();
  const source = new MemorySource(log, { follow: true });
  source.acknowledge = async (held) => void acknowledged.push(held.get('log')!);
  const { pipeline, stop } = setup({ sink, source: async () => source });
  const running = pipeline.run(stop.signal);
  for (const id of upTo(4)) {
    await settle();
    log.commit(create(id));
  }
  await settle();
  assert.equal(sink.underWay, 3);
  assert.deepEqual(acknowledged, []);
  sink.end();
  await settle();
  assert.deepEqual(acknowledged, ['1']);
  assert.equal(sink.written.length, 4);
  stop.abort();
  for (let turn = 0; turn < 4; turn += 1) {
    sink.end();
    await settle();
  }
  await running;
  assert.equal(acknowledged.at(-1), '4');
});

test('starts where every sink is, and gives a sink that is ahead only what it lacks', async () => {
  const log = new MemoryLog();
  for (const id of upTo(6)) log.commit(create(id));
  const stores = [new MemoryStore(), new MemoryStore()];
  for (const [i, held] of ['2', '5'].entries()) {
    stores[i]!.lanes.set('log', { epoch: 1, position: position(held) });
  }
  const { pipeline } = setup({
    source: async () => new MemorySource(log, { transactionsPerBatch: 2 }),
    sinks: stores.map((store, i) => ({ name: `sink ${i}`, open: async () => new MemorySink(store) })),
  });
  await pipeline.run(never);
  assert.deepEqual(idsIn(stores[0]!), [3, 4, 5, 6]);
  assert.deepEqual(idsIn(stores[1]!), [6]);
});

test('gives a sink that is past a huge transaction none of its parts, and one that is before it all', async () => {
  const log = new MemoryLog();
  log.commit(create(1));
  log.commit(create(2), create(3), create(4));
  const stores = [new MemoryStore(), new MemoryStore()];
  for (const [i, held] of ['1', '2'].entries()) {
    stores[i]!.lanes.set('log', { epoch: 1, position: position(held) });
  }
  const { pipeline } = setup({
    source: async () => new MemorySource(log, { changesPerPart: 1 }),
    sinks: stores.map((store, i) => ({ name: `sink ${i}`, open: async () => new MemorySink(store) })),
  });
  await pipeline.run(never);
  assert.deepEqual(idsIn(stores[0]!), [2, 3, 4]);
  assert.deepEqual(idsIn(stores[1]!), []);
});

test('claims a lane that the source begins without asking', async () => {
  const log = new MemoryLog();
  log.commit(create(1));
  const { store, pipeline } = setup({
    source: async () => {
      const source = new MemorySource(log);
      return Object.assign(source, {
        read: (_: unknown, signal: AbortSignal) => MemorySource.prototype.read.call(source, async () => null, signal),
      });
    },
  });
  await pipeline.run(never);
  assert.deepEqual(store.lanes.get('log'), { epoch: 1, position: '1' });
});

test('takes a lane that begins on the way only while nothing is being written', async () => {
  const sink = new HandSink();
  let claimedDuringWrite = false;
  sink.claim = async () => {
    claimedDuringWrite ||= sink.underWay > 0;
    return null;
  };
  const batch = (id: number, lane: string): Batch => ({
    changes: [create(id)],
    positions: new Map([[lane, position(String(id))]]),
    version: String(id),
  });
  const { pipeline } = setup({
    sink,
    source: async () =>
      Object.assign(new MemorySource(new MemoryLog()), {
        async *read() {
          yield batch(1, 'log');
          await settle();
          yield batch(2, 'new table');
        },
      }),
  });
  const running = pipeline.run(never);
  // The first write ends only after the second lane was asked for.
  for (let turn = 0; turn < 4; turn += 1) await settle();
  for (let turn = 0; turn < 6; turn += 1) {
    await settle();
    sink.end();
  }
  await running;
  assert.equal(sink.written.length, 2);
  assert.ok(!claimedDuringWrite);
});

test('finishes a huge transaction before it takes a lane that begins behind it', async () => {
  const store = new MemoryStore();
  const sink = new MemorySink(store);
  let claims = 0;
  const claim = sink.claim.bind(sink);
  // As sinks do that keep a transaction open: taking a lane gives it up.
  sink.claim = async (lane) => {
    claims += 1;
    assert.deepEqual(idsIn(store), claims === 1 ? [] : [1, 2, 3]);
    return await claim(lane);
  };
  const part = (index: number): Batch => ({
    changes: [create(index + 1)],
    positions: new Map([['log', position('1')]]),
    version: String(index),
    part: { transaction: 'huge', index, last: index === 2 },
  });
  const { pipeline } = setup({
    sink,
    source: async () =>
      Object.assign(new MemorySource(new MemoryLog()), {
        async *read(held: (lane: string) => Promise<unknown>) {
          await held('log');
          for (const index of [0, 1, 2]) yield part(index);
          yield { changes: [create(4)], positions: new Map([['new table', position('1')]]), version: '3' };
        },
      }),
  });
  await pipeline.run(never);
  assert.equal(claims, 2);
  assert.deepEqual(idsIn(store), [1, 2, 3, 4]);
});

test('refuses sinks whose positions have no common place before them', async () => {
  const stores = [new MemoryStore(), new MemoryStore()];
  for (const [i, held] of ['a:1', 'b:1'].entries()) {
    stores[i]!.lanes.set('log', { epoch: 1, position: position(held) });
  }
  const { pipeline } = setup({
    sinks: stores.map((store, i) => ({ name: `sink ${i}`, open: async () => new MemorySink(store) })),
  });
  await assert.rejects(pipeline.run(never), (error) => isMillraceError(error, 'PIPELINE_SINKS_DIVERGED'));
  assert.equal(pipeline.status().health, 'failed');
});

test('begins a lane anew whose places have nothing in common, where the source says that it may', async () => {
  const log = new MemoryLog();
  log.commit(create(1), create(2));
  const stores = [new MemoryStore(), new MemoryStore()];
  for (const [i, held] of ['a:1', 'b:1'].entries()) {
    stores[i]!.lanes.set('log', { epoch: 1, position: position(held) });
  }
  const { pipeline } = setup({
    source: async () => Object.assign(new MemorySource(log), { beginsAnew: (lane: string) => lane === 'log' }),
    sinks: stores.map((store, i) => ({ name: `sink ${i}`, open: async () => new MemorySink(store) })),
  });
  await pipeline.run(never);
  for (const store of stores) assert.deepEqual(idsIn(store), [1, 2]);
});

test('tries again after an error that may pass, with growing pauses, and says degraded meanwhile', async () => {
  let fails = 4;
  const waits: number[] = [];
  const { log, store, clock, pipeline } = setup({
    reading: {
      beforeYield: () => {
        if (fails-- > 0) throw closed();
      },
    },
    log: { ...silent, warn: (_, fields) => void waits.push(Number(fields!['waitMs'])) },
  });
  log.commit(create(1));
  const running = pipeline.run(never);
  for (let turn = 0; turn < 4; turn += 1) {
    await settle();
    assert.equal(pipeline.status().health, 'degraded');
    assert.equal(pipeline.status().reason, 'connection to db:3306 closed');
    clock.advanceToNext();
  }
  await running;
  assert.deepEqual(waits, [75, 150, 300, 600]);
  assert.deepEqual(idsIn(store), [1]);
  assert.equal(pipeline.status().finished, true);
  assert.equal(pipeline.status().retries, 4);
});

test('stops at once at an error that does not pass', async () => {
  const { log, pipeline } = setup({
    reading: {
      beforeYield: () => {
        throw new MillraceError('SINK_FENCED', { sink: 's', pipeline: 'p', lane: 'l' });
      },
    },
  });
  log.commit(create(1));
  await assert.rejects(pipeline.run(never), (error) => isMillraceError(error, 'SINK_FENCED'));
  assert.equal(pipeline.status().health, 'failed');
});

test('gives up after as many attempts without progress as it is allowed', async () => {
  const { clock, pipeline } = setup({
    source: async () => {
      throw closed();
    },
    retry: { attempts: 3 },
  });
  const running = pipeline.run(never);
  const failed = assert.rejects(running, (error) => {
    assert.ok(isMillraceError(error, 'PIPELINE_RETRIES_EXHAUSTED'));
    assert.equal(error.details.attempts, 3);
    assert.ok(isMillraceError(error.cause, 'NET_CLOSED'));
    return true;
  });
  for (let turn = 0; turn < 5; turn += 1) {
    await settle();
    clock.advanceToNext();
  }
  await failed;
});

test('counts attempts anew once something has become durable', async () => {
  let fails = 0;
  const { log, store, clock, pipeline, stop } = setup({
    reading: {
      follow: true,
      beforeYield: () => {
        fails += 1;
        if (fails % 2 === 0) throw closed();
      },
    },
    retry: { attempts: 2 },
  });
  const running = pipeline.run(stop.signal);
  for (const id of upTo(8)) {
    log.commit(create(id));
    for (let turn = 0; turn < 3; turn += 1) {
      await settle();
      clock.advance(1_000);
    }
  }
  stop.abort();
  await running;
  assert.deepEqual(idsIn(store), upTo(8));
});

test('opens a sink again after it failed, and leaves the others open', async () => {
  const opened = [0, 0];
  const stores = [new MemoryStore(), new MemoryStore()];
  let fail = true;
  const { log, clock, pipeline } = setup({
    sinks: stores.map((store, i) => ({
      name: `sink ${i}`,
      open: async () => {
        opened[i]! += 1;
        const sink = new MemorySink(store);
        if (i === 1) return sink;
        const write = sink.write.bind(sink);
        return Object.assign(sink, {
          write: async (batch: Batch, signal: AbortSignal) => {
            if (fail) {
              fail = false;
              throw closed();
            }
            await write(batch, signal);
          },
        });
      },
    })),
  });
  log.commit(create(1));
  const running = pipeline.run(never);
  await settle();
  clock.advanceToNext();
  await running;
  assert.deepEqual(opened, [2, 1]);
  assert.deepEqual(stores.map(idsIn), [[1], [1]]);
});

test('asks a sink for nothing while it still takes a lane for an attempt that failed', async () => {
  const clock = new FakeClock();
  const log = new MemoryLog();
  log.commit(create(1));
  let underWay = 0;
  let together = 0;
  let failures = 3;
  const rest = { write: async () => {}, [Symbol.asyncDispose]: async () => {} };
  const slow: Sink = {
    ...rest,
    claim: async () => {
      underWay += 1;
      together = Math.max(together, underWay);
      await clock.sleep(10_000);
      underWay -= 1;
      return null;
    },
  };
  const failing: Sink = {
    ...rest,
    claim: async () => {
      failures -= 1;
      if (failures >= 0) throw closed();
      return null;
    },
  };
  const { pipeline } = setup({
    clock,
    source: async () => new MemorySource(log),
    sinks: [
      { name: 'slow', open: async () => slow },
      { name: 'failing', open: async () => failing },
    ],
  });
  const running = pipeline.run(never);
  for (let turn = 0; turn < 50; turn += 1) {
    await settle();
    clock.advanceToNext();
  }
  assert.equal((await running).outcome, 'finished');
  assert.equal(together, 1);
});

test('writes what was read when it is stopped, and ends', async () => {
  const sink = new HandSink();
  const { log, pipeline, stop } = setup({ sink, reading: { follow: true } });
  const running = pipeline.run(stop.signal);
  await settle();
  log.commit(create(1));
  await settle();
  log.commit(create(2));
  await settle();
  stop.abort();
  await settle();
  sink.end();
  await settle();
  sink.end();
  const result = await running;
  assert.equal(result.outcome, 'stopped');
  assert.deepEqual([...result.positions], [['log', '2']]);
});

test('does not wait for writes when it is aborted', async () => {
  const { log, pipeline, stop } = setup({
    sink: {
      claim: async () => null,
      write: (_, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      async [Symbol.asyncDispose]() {},
    },
    reading: { follow: true },
  });
  const abort = new AbortController();
  const running = pipeline.run(stop.signal, abort.signal);
  log.commit(create(1));
  await settle();
  stop.abort();
  await settle();
  abort.abort();
  await assert.rejects(running, (error) => isMillraceError(error, 'PIPELINE_ABORTED'));
});

test('ends its pause between retries when it is stopped', async () => {
  const { pipeline, stop, clock } = setup({
    source: async () => {
      throw closed();
    },
  });
  const running = pipeline.run(stop.signal);
  await settle();
  assert.equal(clock.sleeping, 1);
  stop.abort();
  assert.equal((await running).outcome, 'stopped');
});

test('puts refused rows into the dead letters where asked to, and everything else into the sink', async () => {
  const store = new MemoryStore();
  const bad = new Set([7, 13, 14]);
  const letters: DeadLetter[] = [];
  const picky = (): Sink => {
    const sink = new MemorySink(store);
    const write = sink.write.bind(sink);
    return Object.assign(sink, {
      write: async (batch: Batch, signal: AbortSignal) => {
        const refused = batch.changes.some(
          (change) =>
            change.kind === 'rows' &&
            upTo(change.rows.length).some((i) => bad.has(Number(change.rows.after(i - 1)![0]))),
        );
        if (refused)
          throw new MillraceError('SINK_ROW_REFUSED', { sink: 'mirror', table: 'shop.orders', reason: 'bad' });
        await write(batch, signal);
      },
    });
  };
  const strict = setup({ sink: picky() });
  strict.log.commit(create(...upTo(20)));
  await assert.rejects(strict.pipeline.run(never), (error) => isMillraceError(error, 'SINK_ROW_REFUSED'));
  assert.deepEqual(idsIn(store), []);

  const tolerant = setup({ sink: picky(), deadLetters: { write: async (letter) => void letters.push(letter) } });
  tolerant.log.commit(create(...upTo(20)));
  tolerant.log.commit(create(21));
  const { positions } = await tolerant.pipeline.run(never);
  assert.deepEqual(
    idsIn(store),
    upTo(21).filter((id) => !bad.has(id)),
  );
  assert.deepEqual(
    letters.map(({ rows, code }) => [rows.after(0)![0], code]),
    [...bad].map((id) => [id, 'SINK_ROW_REFUSED']),
  );
  assert.equal(positions.get('log'), '2');
  assert.equal(tolerant.pipeline.status().deadLetters, 3);

  const within = setup({
    source: async (deadLetters) => {
      const alone = create(22);
      assert.ok(alone.kind === 'rows');
      const batch = { changes: [alone], positions: new Map(), version: '1' };
      const { table, op, rows } = alone;
      await deadLetters?.write({ sink: 'step.ts', table, op, rows, batch, code: 'PROCESS_FAILED', message: 'bad' });
      return new MemorySource(new MemoryLog());
    },
    deadLetters: { write: async (letter) => void letters.push(letter) },
  });
  await within.pipeline.run(never);
  assert.equal(letters.pop()?.sink, 'step.ts');
  assert.equal(within.pipeline.status().deadLetters, 1, 'what a step within the source refuses counts as well');

  // The parts before the refused row are gone by then, so it cannot be left out.
  const inParts = setup({
    sink: picky(),
    reading: { changesPerPart: 2 },
    deadLetters: { write: async (letter) => void letters.push(letter) },
  });
  for (const _ of upTo(2)) inParts.log.commit();
  inParts.log.commit(create(31), create(32), create(33), create(13), create(34));
  await assert.rejects(inParts.pipeline.run(never), (error) => {
    assert.ok(isMillraceError(error, 'SINK_PART_REFUSED'), String(error));
    assert.deepEqual(error.details, {
      sink: 'mirror',
      transaction: '3',
      part: 2,
      reason: 'mirror refused a row of shop.orders: bad',
    });
    return true;
  });
  assert.equal(letters.length, 3);
  assert.ok(!idsIn(store).includes(31));
});

test('fails when an operator throws, with the position where it was', async () => {
  const { log, store, pipeline } = setup({
    operators: [
      (batch) => {
        if (batch.positions.get('log') === '3') throw new TypeError('operator broke');
        return batch;
      },
    ],
  });
  for (const id of upTo(5)) log.commit(create(id));
  await assert.rejects(pipeline.run(never), /operator broke/);
  assert.equal(store.lanes.get('log')?.position, '2');
  assert.deepEqual(idsIn(store), [1, 2]);
});

test('acknowledges nothing before it is durable in every sink', async () => {
  const slow = new HandSink();
  const log = new MemoryLog();
  const source = new MemorySource(log, { follow: true });
  const { store, pipeline, stop } = setup({
    source: async () => source,
    sinks: [
      { name: 'slow', open: async () => slow },
      { name: 'fast', open: async () => new MemorySink(store2) },
    ],
  });
  const running = pipeline.run(stop.signal);
  log.commit(create(1));
  await settle();
  assert.deepEqual(idsIn(store2), [1]);
  assert.equal(source.acknowledged.size, 0);
  slow.end();
  await settle();
  assert.deepEqual([...source.acknowledged], [['log', '1']]);
  assert.equal(store.tables.size, 0);
  stop.abort();
  await running;
});
const store2 = new MemoryStore();
