import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrayRowImages } from '../core/array-row-images.ts';
import type { Batch } from '../core/batch.ts';
import type { Change, RowsChange } from '../core/change.ts';
import type { Sink } from '../core/connector.ts';
import type { Row } from '../core/value.ts';
import { MemorySink, MemoryStore } from './memory-sink.ts';
import { type SinkHarness, sinkCases } from './sink-contract.ts';

/** A sink with one mistake, and the rule that has to catch it. */
interface Planted {
  readonly mistake: string;
  readonly caughtBy: string;
  make(store: MemoryStore): Sink;
}

/** A right sink, with `write` replaced. */
const writing = (
  store: MemoryStore,
  write: (sink: MemorySink, batch: Batch, signal: AbortSignal) => Promise<void>,
): Sink => {
  const sink = new MemorySink(store);
  return {
    claim: (lane) => sink.claim(lane),
    write: (batch, signal) => write(sink, batch, signal),
    [Symbol.asyncDispose]: () => sink[Symbol.asyncDispose](),
  };
};

/** A right sink that is told something else than what happened. */
const told =
  (change: (change: Change) => Change | null) =>
  (store: MemoryStore): Sink =>
    writing(store, (sink, batch, signal) =>
      sink.write({ ...batch, changes: batch.changes.map(change).filter((each) => each !== null) }, signal),
    );

const withAfter = (change: RowsChange, map: (row: Row) => Row): RowsChange => {
  const { rows, table } = change;
  const all = (image: 'before' | 'after'): Row[] | null =>
    rows[image](0) === null ? null : Array.from({ length: rows.length }, (_, i) => rows[image](i)!);
  return {
    ...change,
    rows: new ArrayRowImages(table, { before: all('before'), after: all('after')?.map(map) ?? null }),
  };
};

const planted: readonly Planted[] = [
  {
    mistake: 'loses the position',
    caughtBy: 'answers a claim with the last position written',
    make: (store) => writing(store, (sink, batch, signal) => sink.write({ ...batch, positions: new Map() }, signal)),
  },
  {
    mistake: 'writes rows and position apart, position first, and is killed in between',
    caughtBy: 'holds rows and position of a resolved write after a kill',
    make: (store) => {
      let late: Batch | null = null;
      return writing(store, async (sink, batch, signal) => {
        if (late !== null) await sink.write(late, signal);
        late = { ...batch, positions: new Map() };
        await sink.write({ ...batch, changes: [] }, signal);
      });
    },
  },
  {
    mistake: 'resolves before the write has happened',
    caughtBy: 'makes creates, updates and deletes visible when write resolves',
    make: (store) =>
      writing(store, async (sink, batch, signal) => {
        setImmediate(() => void sink.write(batch, signal));
      }),
  },
  {
    mistake: 'appends rows instead of replacing those with the same key',
    caughtBy: 'leaves the same rows when a batch is written again by the next writer',
    make: (store) =>
      writing(store, async (sink, batch, signal) => {
        const keyless = (change: Change): Change =>
          change.kind === 'rows' ? { ...change, table: { ...change.table, primaryKey: [] } } : change;
        await sink.write({ ...batch, changes: batch.changes.map(keyless), positions: new Map() }, signal);
        await sink.write({ ...batch, changes: [] }, signal);
      }),
  },
  {
    mistake: 'doubles rows without a key when a batch comes again',
    caughtBy: 'writes a batch twice without doubling rows that have no primary key',
    make: (store) =>
      writing(store, async (sink, batch, signal) => {
        await sink.write({ ...batch, positions: new Map() }, signal);
        await sink.write({ ...batch, changes: [] }, signal);
      }),
  },
  {
    mistake: 'keeps equal rows without a key only once',
    caughtBy: 'counts equal rows of a table without a primary key',
    make: told((change) =>
      change.kind === 'rows' && change.table.primaryKey.length === 0
        ? { ...change, table: { ...change.table, primaryKey: change.table.columns.map((_, i) => i) } }
        : change,
    ),
  },
  {
    mistake: 'ignores fencing',
    caughtBy: 'fences an older writer once a newer one has claimed the lane',
    make: (store) =>
      writing(store, async (sink, batch, signal) => {
        const held = [...store.lanes];
        for (const lane of batch.positions.keys()) await sink.claim(lane);
        await sink.write(batch, signal);
        for (const [lane, { epoch }] of held) store.lanes.get(lane)!.epoch = epoch;
      }),
  },
  {
    mistake: 'checks the fence for rows only',
    caughtBy: 'fences an older writer that sends parts or heartbeats',
    make: (store) =>
      writing(store, async (sink, batch, signal) => {
        if (batch.changes.length > 0) await sink.write(batch, signal);
      }),
  },
  {
    mistake: 'drops heartbeats',
    caughtBy: 'moves the position for a heartbeat and touches no row',
    make: (store) =>
      writing(store, async (sink, batch, signal) => {
        if (batch.changes.length > 0) await sink.write(batch, signal);
      }),
  },
  {
    mistake: 'shows each part at once',
    caughtBy: 'shows nothing of a transaction before its last part',
    make: (store) =>
      writing(store, (sink, { changes, positions, version }, signal) =>
        sink.write({ changes, positions, version }, signal),
      ),
  },
  {
    mistake: 'leaves the parts of a killed attempt',
    caughtBy: 'forgets unfinished parts after a kill',
    make: (store) =>
      writing(store, (sink, { changes, positions, version }, signal) =>
        sink.write({ changes, positions, version }, signal),
      ),
  },
  {
    mistake: 'adds a new attempt to the open one',
    caughtBy: 'discards an open attempt when a transaction starts again at index 0',
    make: (store) => {
      let parts: Change[] = [];
      return writing(store, async (sink, { changes, positions, version, part }, signal) => {
        parts.push(...changes);
        if (part !== undefined && !part.last) return;
        await sink.write({ changes: parts, positions, version }, signal);
        parts = [];
      });
    },
  },
  {
    mistake: 'applies an open attempt with whatever comes next',
    caughtBy: 'discards an open attempt when another batch comes instead',
    make: (store) => {
      let parts: Change[] = [];
      return writing(store, async (sink, { changes, positions, version, part }, signal) => {
        parts.push(...changes);
        if (part !== undefined && !part.last) return;
        await sink.write({ changes: parts, positions, version }, signal);
        parts = [];
      });
    },
  },
  {
    mistake: 'forgets the last part',
    caughtBy: 'makes the parts of a transaction durable with the last one',
    make: (store) =>
      writing(store, (sink, batch, signal) =>
        batch.part?.last ? sink.write({ ...batch, changes: [] }, signal) : sink.write(batch, signal),
      ),
  },
  {
    mistake: 'writes NULL for columns that were not logged',
    caughtBy: 'leaves columns alone that an update did not log',
    make: told((change) =>
      change.kind === 'rows' ? withAfter(change, (row) => row.map((value) => value ?? null)) : change,
    ),
  },
  {
    mistake: 'leaves the row behind whose key changed',
    caughtBy: 'follows a row whose primary key changes',
    make: told((change) => (change.kind === 'rows' && change.op === 'update' ? { ...change, op: 'create' } : change)),
  },
  {
    mistake: 'applies creates before everything else in a batch',
    caughtBy: 'applies the changes of a batch in their order',
    make: (store) =>
      writing(store, (sink, batch, signal) => {
        const creates = batch.changes.filter((change) => change.kind === 'rows' && change.op === 'create');
        const others = batch.changes.filter((change) => !creates.includes(change));
        return sink.write({ ...batch, changes: [...creates, ...others] }, signal);
      }),
  },
  {
    mistake: 'takes the first key column for the whole key',
    caughtBy: 'names rows by all columns of their primary key',
    make: told((change) =>
      change.kind === 'rows'
        ? { ...change, table: { ...change.table, primaryKey: change.table.primaryKey.slice(0, 1) } }
        : change,
    ),
  },
  {
    mistake: 'ignores truncate',
    caughtBy: 'empties a table that is truncated',
    make: told((change) => (change.kind === 'truncate' ? null : change)),
  },
  {
    mistake: 'ignores schema changes',
    caughtBy: 'follows added and dropped columns, and written twice they change nothing',
    make: told((change) => (change.kind === 'schema' ? null : change)),
  },
  {
    mistake: 'takes a renamed column for another',
    caughtBy: 'keeps the values of a renamed column',
    make: told((change) => (change.kind === 'schema' ? { ...change, renamedColumns: new Map() } : change)),
  },
  {
    mistake: 'takes a renamed table for a new one',
    caughtBy: 'follows a renamed and a dropped table',
    make: told((change) => (change.kind === 'schema' && change.after ? { ...change, before: null } : change)),
  },
  {
    mistake: 'ignores the marks of a snapshot',
    caughtBy: 'sweeps rows that vanished before a new snapshot, and no row that was written since it began',
    make: told((change) => (change.kind === 'snapshot' ? null : change)),
  },
  {
    mistake: 'empties the table when a snapshot begins',
    caughtBy: 'sweeps rows that vanished before a new snapshot, and no row that was written since it began',
    make: (store) =>
      writing(store, (sink, batch, signal) => {
        const [first] = batch.changes;
        const begins = first?.kind === 'snapshot' && first.at === 'begin';
        const origin = { kind: 'redis', replicationId: '', offset: 0n, db: 0 } as const;
        return sink.write(
          begins ? { ...batch, changes: [{ kind: 'truncate', table: first.table, origin }] } : batch,
          signal,
        );
      }),
  },
  {
    mistake: 'forgets an open snapshot with the process',
    caughtBy: 'sweeps after a kill between the marks, and not twice',
    make: (store) => {
      store.vanishing.clear();
      return new MemorySink(store);
    },
  },
  {
    mistake: 'adds a new snapshot to the rows of a table without a key',
    caughtBy: 'replaces the rows of a table without a primary key in a new snapshot',
    make: told((change) => (change.kind === 'snapshot' && change.table.primaryKey.length === 0 ? null : change)),
  },
  {
    mistake: 'stops at ten thousand rows',
    caughtBy: 'takes a batch of many thousand rows',
    make: told((change) => {
      if (change.kind !== 'rows') return change;
      const after = Array.from({ length: Math.min(change.rows.length, 5_000) }, (_, i) => change.rows.after(i)!);
      return change.op === 'create'
        ? { ...change, rows: new ArrayRowImages(change.table, { before: null, after }) }
        : change;
    }),
  },
  {
    mistake: 'writes although it was aborted',
    caughtBy: 'leaves rows and position alone when the write was aborted before it began',
    make: (store) => writing(store, (sink, batch) => sink.write(batch, new AbortController().signal)),
  },
  {
    mistake: 'takes one position for all lanes',
    caughtBy: 'keeps the position of each lane apart',
    make: (store) => {
      const sink = new MemorySink(store);
      return {
        claim: async () => await sink.claim('all'),
        write: async (batch, signal) =>
          await sink.write({ ...batch, positions: new Map([['all', [...batch.positions.values()].at(-1)!]]) }, signal),
        [Symbol.asyncDispose]: () => sink[Symbol.asyncDispose](),
      };
    },
  },
  {
    mistake: 'lets a later write overtake an earlier one',
    caughtBy: 'makes writes that are under way together durable in their order',
    make: (store) => {
      const sink = new MemorySink(store);
      let calls = 0;
      return {
        inFlight: 3,
        claim: (lane) => sink.claim(lane),
        write: async (batch, signal) => {
          calls += 1;
          for (let turns = calls % 3; turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve));
          await sink.write(batch, signal);
        },
        [Symbol.asyncDispose]: () => sink[Symbol.asyncDispose](),
      };
    },
  },
  {
    mistake: 'answers a claim from nowhere',
    caughtBy: 'holds nothing before the first write',
    make: (store) => {
      const sink = new MemorySink(store);
      return Object.assign(Object.create(sink) as Sink, {
        claim: async (lane: string) => (await sink.claim(lane)) ?? ('beginning' as never),
        write: (batch: Batch, signal: AbortSignal) => sink.write(batch, signal),
        [Symbol.asyncDispose]: () => sink[Symbol.asyncDispose](),
      });
    },
  },
];

for (const { mistake, caughtBy, make } of planted) {
  test(`the sink contract catches a sink that ${mistake}`, async () => {
    const rule = sinkCases.find(({ name }) => name === caughtBy);
    assert.ok(rule, `there is no rule named ${caughtBy}`);
    const store = new MemoryStore();
    const harness: SinkHarness = {
      open: async () => make(store),
      rows: async (table) => store.rows(table),
      async [Symbol.asyncDispose]() {},
    };
    await assert.rejects(
      rule.run(harness),
      (error) => error instanceof assert.AssertionError || error instanceof Error,
    );
  });
}
