import assert from 'node:assert/strict';
import { mkdtempDisposableSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { LiveQuery, sqlCatalog, sqlTable, type TableChange } from '../testing/sql-rig.ts';
import type { Input, ResumableInput } from './input.ts';
import { JobMemory } from './job-memory.ts';

const catalog = sqlCatalog([sqlTable('orders', { customer: 'BIGINT', price: 'DECIMAL(10, 2)' })]);
const query = 'SELECT customer, COUNT(*), SUM(price) FROM orders GROUP BY customer';
const keys = 3_000;
/** What a tick is made of: every key at first, and then some of them over and over. */
const changesOf = (tick: number): readonly TableChange[] =>
  Array.from({ length: tick === 0 ? keys : 40 }, (_, i) => ['orders', [(i * (tick + 7)) % keys, tick + i], 1] as const);

/** A query with its memory in a folder, by a clock that goes on a millisecond whenever it is asked. */
const remembering = (folder: string): { readonly live: LiveQuery; readonly memory: JobMemory } => {
  const live = new LiveQuery(query, catalog);
  let ms = 0;
  const clock = { now: () => 0, monotonic: () => ++ms, sleep: async () => {} };
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const resumable: ResumableInput = {
    identity: '',
    tables: [],
    place: { lanes: {}, rows: 0 },
    resume: () => {},
    readsTablesApart: false,
  };
  const memory = JobMemory.open({
    folder,
    isChosen: true,
    identity: 'totals',
    surroundings: '',
    targets: [],
    intervalMs: 60_000,
    mostMemory: 64 * 1_048_576,
    flow: live.flow,
    inputs: [{ resumable } as unknown as Input],
    context: { pipeline: 'totals', clock, log },
  });
  return { live, memory: memory! };
};

test('a checkpoint that is written a little after each tick holds what was there at its own', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'millrace-job-memory-'));
  const told: (readonly string[])[] = [];
  const run = 'r';
  let tick = -1;
  {
    const { live, memory } = remembering(folder.path);
    await using _ = memory;
    memory.resume(null);
    memory.begin({ run, tick: 0 });
    const next = (when: 'due' | 'now'): void => {
      tick += 1;
      memory.record({ tick, idle: false, ended: false, now: 0, seed: 0 });
      told.push(live.tick(changesOf(tick)));
      memory.acknowledge(tick);
      memory.ticked(tick, when);
    };
    next('now');
    const [groups] = live.flow.memory!;
    /** The last journal's file: another one begins with each checkpoint. */
    const begun = (): string | undefined =>
      readdirSync(folder.path)
        .sort()
        .findLast((name) => name.endsWith('.ticks'));
    let writtenAhead = 0;
    for (const first = begun(); begun() === first; ) {
      const before = groups!.unwritten;
      next('due');
      if (begun() === first && groups!.unwritten < before) writtenAhead += 1;
      // The disk has to have the first one.
      await setTimeout(1);
    }
    assert.ok(writtenAhead > 1, 'it was written at once');
    for (let more = 0; more < 5; more += 1) next('due');
  }
  const { live, memory } = remembering(folder.path);
  await using _ = memory;
  const again = memory.resume({ run, tick });
  assert.ok(Array.isArray(again), `resumed from ${again}`);
  assert.equal(again.at(-1).tick, tick);
  assert.ok(again.length >= 5 && again.length <= tick, 'it goes on from the second checkpoint');
  for (const record of again) assert.deepEqual(live.tick(changesOf(record.tick)), told[record.tick]);
});
