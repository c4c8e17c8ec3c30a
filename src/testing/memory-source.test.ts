import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrayRowImages } from '../core/array-row-images.ts';
import type { Batch, Position } from '../core/batch.ts';
import type { Change } from '../core/change.ts';
import type { Source } from '../core/connector.ts';
import { position } from '../core/position.ts';
import { MemoryLog, MemorySource } from './memory-source.ts';
import { origin } from './sample-origin.ts';
import { column, int, table } from './sample-tables.ts';
import { type SourceHarness, sourceCases, sourceContract } from './source-contract.ts';

const rowsTable = table('contract', [column('id', int, { nullable: false }), column('transaction', int)], [0]);
const altered = table('contract', [...rowsTable.columns, column('note', int)], [0]);

const harness = (
  wrap: (source: MemorySource) => Source,
  options: { readonly transactionsPerBatch?: number } = {},
): SourceHarness => {
  const log = new MemoryLog();
  return {
    open: async () => wrap(new MemorySource(log, { follow: true, changesPerPart: 50, ...options })),
    async commit(rows) {
      // One change per row: a row is the smallest thing a part can hold.
      const changes = rows.map(({ id, transaction }): Change => {
        const images = new ArrayRowImages(rowsTable, { before: null, after: [[id, transaction]] });
        return { kind: 'rows', op: 'create', table: rowsTable, rows: images, origin };
      });
      log.commit(...changes);
    },
    async alter() {
      log.commit({ kind: 'schema', before: rowsTable, after: altered, statement: 'ALTER TABLE contract', origin });
    },
    rowsForParts: 230,
    patienceMs: 100,
    async [Symbol.asyncDispose]() {},
  };
};

sourceContract('memory', async () => harness((source) => source));
sourceContract('memory, several transactions a batch', async () =>
  harness((source) => source, { transactionsPerBatch: 3 }),
);

/** The right source with its batches changed on the way. */
const yielding =
  (change: (batches: AsyncIterable<Batch>, source: MemorySource) => AsyncIterable<Batch>, more: Partial<Source> = {}) =>
  (source: MemorySource): Source => ({
    read: (held, signal) => change(source.read(held, signal), source),
    covers: (held, at) => source.covers(held, at),
    holds: (held, change) => source.holds(held, change),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
    ...more,
  });

const mapped = (map: (batch: Batch, index: number) => Batch | null): ((source: MemorySource) => Source) =>
  yielding(async function* (batches) {
    let index = 0;
    for await (const batch of batches) {
      const result = map(batch, index);
      index += 1;
      if (result !== null) yield result;
    }
  });

const shifted = (batch: Batch, by: number): ReadonlyMap<string, Position> =>
  new Map([...batch.positions].map(([lane, at]) => [lane, position(String(Math.max(Number(at) + by, 0)))]));

const planted: readonly { mistake: string; caughtBy: string; wrap: (source: MemorySource) => Source }[] = [
  {
    mistake: 'skips a transaction',
    caughtBy: 'yields every row once, in commit order',
    wrap: mapped((batch, index) => (index === 2 ? null : batch)),
  },
  {
    mistake: 'yields a batch twice',
    caughtBy: 'yields every row once, in commit order',
    wrap: yielding(async function* (batches) {
      for await (const batch of batches) {
        yield batch;
        yield batch;
      }
    }),
  },
  {
    mistake: 'cuts a transaction in two',
    caughtBy: 'yields whole transactions',
    wrap: yielding(async function* (batches) {
      for await (const batch of batches) {
        yield { ...batch, changes: batch.changes.slice(0, 1) };
        if (batch.changes.length > 1) yield { ...batch, changes: batch.changes.slice(1) };
      }
    }),
  },
  {
    mistake: 'gives positions from before the batch',
    caughtBy: 'goes on exactly after any position it gave',
    wrap: mapped((batch) => ({ ...batch, positions: shifted(batch, -1) })),
  },
  {
    mistake: 'gives positions from after the next batch',
    caughtBy: 'goes on exactly after any position it gave',
    wrap: mapped((batch) => ({ ...batch, positions: shifted(batch, 1) })),
  },
  {
    mistake: 'starts at the beginning whatever is held',
    caughtBy: 'goes on after its last position with what is committed later',
    wrap: (source) => ({
      read: (_, signal) => source.read(async () => null, signal),
      covers: (held, at) => source.covers(held, at),
      holds: (held, change) => source.holds(held, change),
      [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
    }),
  },
  {
    mistake: 'never asks what is held',
    caughtBy: 'asks what is held for every lane it goes on with',
    wrap: (source) => ({
      read: (_, signal) => source.read(async () => null, signal),
      covers: (held, at) => source.covers(held, at),
      holds: (held, change) => source.holds(held, change),
      [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
    }),
  },
  {
    mistake: 'moves no lane',
    caughtBy: 'moves a lane with every batch that has changes',
    wrap: mapped((batch) => ({ ...batch, positions: new Map() })),
  },
  {
    mistake: 'compares positions as text',
    caughtBy: 'covers a place by itself and by later ones, and no later place by an earlier one',
    wrap: (source) =>
      yielding((batches) => batches, { covers: (held, at) => held.length > at.length || held < at })(source),
  },
  {
    mistake: 'says that everything is covered',
    caughtBy: 'covers a place by itself and by later ones, and no later place by an earlier one',
    wrap: yielding((batches) => batches, { covers: () => true }),
  },
  {
    mistake: 'says that a change is held which comes after the position',
    caughtBy: 'tells which changes are held at a position',
    wrap: yielding((batches) => batches, { holds: () => true }),
  },
  {
    mistake: 'says that no change is held',
    caughtBy: 'tells which changes are held at a position',
    wrap: yielding((batches) => batches, { holds: () => false }),
  },
  {
    mistake: 'gives every batch the same version',
    caughtBy: 'gives versions of one width that grow with every batch',
    wrap: mapped((batch) => ({ ...batch, version: '0000' })),
  },
  {
    mistake: 'gives versions that outgrow their width',
    caughtBy: 'gives versions of one width that grow with every batch',
    wrap: mapped((batch, index) => ({ ...batch, version: String(index + 7) })),
  },
  {
    mistake: 'gives the first part the position from after the transaction',
    caughtBy: 'yields a transaction larger than memory in parts that follow each other',
    wrap: mapped((batch) => (batch.part && !batch.part.last ? { ...batch, positions: shifted(batch, 1) } : batch)),
  },
  {
    mistake: 'loses a part',
    caughtBy: 'yields a transaction larger than memory in parts that follow each other',
    wrap: mapped((batch) => (batch.part?.index === 1 ? null : batch)),
  },
  {
    mistake: 'goes on with the next part after a break',
    caughtBy: 'starts a transaction again at its first part when it was left in the middle',
    wrap: mapped((batch) => (batch.part && !batch.part.last ? { ...batch, positions: shifted(batch, 1) } : batch)),
  },
  {
    mistake: 'puts a schema change into a batch with rows',
    caughtBy: 'gives a schema change a batch of its own, between the rows before and after it',
    wrap: yielding(async function* (batches) {
      let schema: Batch | null = null;
      for await (const batch of batches) {
        if (batch.changes[0]?.kind === 'schema') schema = batch;
        else {
          yield { ...batch, changes: [...(schema?.changes ?? []), ...batch.changes] };
          schema = null;
        }
      }
    }),
  },
  {
    mistake: 'throws when it is asked to stop',
    caughtBy: 'returns when the signal aborts, in the middle and at the end of the log',
    wrap: (source) => ({
      async *read(held, signal) {
        yield* source.read(held, signal);
        signal.throwIfAborted();
      },
      covers: (held, at) => source.covers(held, at),
      holds: (held, change) => source.holds(held, change),
      [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
    }),
  },
];

for (const { mistake, caughtBy, wrap } of planted) {
  test(`the source contract catches a source that ${mistake}`, async () => {
    const rule = sourceCases.find(({ name }) => name === caughtBy);
    assert.ok(rule, `there is no rule named ${caughtBy}`);
    await assert.rejects(rule.run(harness(wrap)));
  });
}
