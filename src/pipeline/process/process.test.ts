import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrayRowImages } from '../../core/array-row-images.ts';
import type { Batch } from '../../core/batch.ts';
import type { Op, RowsChange } from '../../core/change.ts';
import { position } from '../../core/position.ts';
import { qualifiedName, type Table } from '../../core/table.ts';
import type { Row } from '../../core/value.ts';
import { MemorySink, MemoryStore } from '../../testing/memory-sink.ts';
import { MemoryLog, MemorySource } from '../../testing/memory-source.ts';
import { plain } from '../../testing/mysql-rig.ts';
import { never, silent } from '../../testing/pipeline-rig.ts';
import { origin } from '../../testing/sample-origin.ts';
import { column, int, ordersTable, table, varchar } from '../../testing/sample-tables.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import type { DeadLetter, DeadLetters } from '../dead-letters.ts';
import { createPipeline } from '../pipeline.ts';
import { systemClock } from '../system-clock.ts';
import { defineProcess, type Process } from './process.ts';
import { processBatches } from './process-batches.ts';
import { ProcessStep } from './process-step.ts';

interface StepOptions {
  readonly concurrency?: number;
  readonly timeoutMs?: number;
  readonly deadLetters?: DeadLetters;
  readonly matches?: (database: string, name: string) => boolean;
}

const stepOf = (process: Process, { concurrency = 4, timeoutMs = 5_000, deadLetters, matches }: StepOptions = {}) =>
  new ProcessStep({
    process,
    module: 'enrich.ts',
    matches: matches ?? (() => true),
    concurrency,
    timeoutMs,
    clock: systemClock,
    deadLetters: deadLetters ?? null,
  });

const change = (
  op: Op,
  rows: { before?: readonly Row[]; after?: readonly Row[] },
  of: Table = ordersTable,
): RowsChange => ({
  kind: 'rows',
  op,
  table: of,
  origin,
  rows: new ArrayRowImages(of, { before: rows.before ?? null, after: rows.after ?? null }),
});

const batchOf = (...changes: Batch['changes']): Batch => ({ changes, positions: new Map(), version: '1' });

const run = async (step: ProcessStep, ...changes: Batch['changes']): Promise<unknown[]> =>
  plain((await step.apply(batchOf(...changes), never)).changes);

const ids = (count: number): Row[] => Array.from({ length: count }, (_, i) => [i, 'new', i * 10]);
const pause = (ms: number): Promise<void> => systemClock.sleep(ms);

test('rows keep their order however long each of them takes, and no more than so many are worked on at once', async () => {
  const random = new SeededRandom(7);
  let working = 0;
  let most = 0;
  const step = stepOf(
    defineProcess({
      columns: { country: 'varchar(2)' },
      lookup: async ({ id }) => {
        working += 1;
        most = Math.max(most, working);
        await pause(random.integer(0, 6));
        working -= 1;
        return { country: Number(id) % 2 ? 'AT' : 'DE' };
      },
    }),
    { concurrency: 5 },
  );
  const result = await run(step, change('create', { after: ids(60) }), change('read', { after: ids(20) }));
  assert.deepEqual(
    result.map((each) => (each as [string, string, null, Row])[3]),
    [...ids(60), ...ids(20)].map((row) => [...row, Number(row[0]) % 2 ? 'AT' : 'DE']),
  );
  assert.equal(most, 5);
});

test('an update that leaves or enters what a filter lets through becomes a delete or a create', async () => {
  const step = stepOf({ filter: ({ total }) => Number(total) > 0 });
  const [yes, no]: [Row, Row] = [
    [1, 'a', 5],
    [1, 'a', 0],
  ];
  assert.deepEqual(
    await run(
      step,
      change('update', { before: [yes, yes, no, no], after: [no, yes, yes, no] }),
      change('delete', { before: [yes, no] }),
      change('create', { after: [no, yes] }),
    ),
    [
      ['delete', 'orders', yes, null],
      ['update', 'orders', yes, yes],
      ['create', 'orders', null, yes],
      ['delete', 'orders', yes, null],
      ['create', 'orders', null, yes],
    ],
  );
});

test('a row of several rows is kept up row by row', async () => {
  const step = stepOf({
    columns: { part: 'varchar(20)', status: null, total: null },
    key: ['id', 'part'],
    flatMap: ({ id, status }) =>
      String(status)
        .split(' ')
        .map((part) => ({ id: id!, part })),
  });
  assert.deepEqual(
    await run(
      step,
      change('create', { after: [[1, 'a b', 1]] }),
      change('update', { before: [[1, 'a b', 1]], after: [[1, 'b c', 1]] }),
      change('delete', { before: [[1, 'b c', 1]] }),
    ),
    [
      ['create', 'orders', null, [1, 'a']],
      ['create', 'orders', null, [1, 'b']],
      ['delete', 'orders', [1, 'a'], null],
      ['update', 'orders', [1, 'b'], [1, 'b']],
      ['create', 'orders', null, [1, 'c']],
      ['delete', 'orders', [1, 'b'], null],
      ['delete', 'orders', [1, 'c'], null],
    ],
  );
});

test('columns that were not logged stay absent, and tables that are not named pass as they are', async () => {
  const step = stepOf(
    { columns: { twice: 'bigint' }, map: (row) => ({ ...row, twice: Number(row['total'] ?? 0) * 2 }) },
    { matches: (_, name) => name === 'orders' },
  );
  const others = table('others', [column('id', int), column('v', varchar)], [0]);
  const [orders, untouched] = (
    await step.apply(
      batchOf(
        change('update', { before: [[1, undefined, 3]], after: [[1, undefined, 4]] }),
        change('create', { after: [[1, 'x']] }, others),
      ),
      never,
    )
  ).changes as [RowsChange, RowsChange];
  assert.deepEqual(orders.rows.after(0), [1, undefined, 4, 8]);
  assert.equal(untouched.table, others);
  assert.deepEqual(
    orders.table.columns.map(({ name }) => name),
    ['id', 'status', 'total', 'twice'],
  );
});

const failing: readonly [string, Process, string, RegExp][] = [
  [
    'throws',
    { map: () => assert.fail('secret value') },
    'PROCESS_FAILED',
    /map of enrich.ts failed on a row of shop.orders at binlog.000001:4: AssertionError at process.test.ts:\d+/,
  ],
  [
    'rejects',
    { lookup: async () => Promise.reject(new Error('secret value')) },
    'PROCESS_FAILED',
    /lookup of enrich.ts/,
  ],
  ['returns nothing', { map: () => undefined as never }, 'PROCESS_ROW_WRONG', /columns are no object/],
  ['forgets a column', { map: ({ id }) => ({ id: id! }) }, 'PROCESS_ROW_WRONG', /status is missing/],
  ['adds an undeclared column', { map: (row) => ({ ...row, x: 1 }) }, 'PROCESS_ROW_WRONG', /x is not declared/],
  [
    'writes text into a number',
    { map: (row) => ({ ...row, total: 'secret value' }) },
    'PROCESS_ROW_WRONG',
    /total is no integer/,
  ],
  ['writes too large a number', { map: (row) => ({ ...row, id: 2 ** 40 }) }, 'PROCESS_ROW_WRONG', /id is out of range/],
  ['declares a column that is there', { columns: { status: 'int' } }, 'PROCESS_COLUMNS', /has a column status already/],
  ['declares a type that is none', { columns: { x: 'strange' } }, 'PROCESS_COLUMNS', /strange is no type/],
  ['leaves the key out', { columns: { id: null } }, 'PROCESS_COLUMNS', /key column id/],
  ['multiplies rows without naming them', { flatMap: (row) => [row] }, 'PROCESS_COLUMNS', /flatMap needs `key`/],
];
for (const [what, process, code, message] of failing) {
  test(`a step that ${what} stops with ${code}, and tells no value`, async () => {
    await assert.rejects(
      run(stepOf(process), change('create', { after: ids(3) })),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, code);
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      },
    );
  });
}

test('a call that takes too long is told so, and fails in a way that may pass', async () => {
  let told = false;
  const step = stepOf(
    {
      lookup: (_, { signal }) =>
        new Promise(() => {
          signal.addEventListener('abort', () => {
            told = true;
          });
        }),
    },
    { timeoutMs: 10 },
  );
  await assert.rejects(run(step, change('create', { after: ids(1) })), { code: 'PROCESS_TIMEOUT', retryable: true });
  assert.equal(told, true);
});

test('with dead letters, rows that it fails on are put there and the others go on', async () => {
  const letters: DeadLetter[] = [];
  const step = stepOf(
    { map: (row) => (row['id'] === 2 ? assert.fail() : row) },
    { deadLetters: { write: async (letter) => void letters.push(letter) } },
  );
  const result = await run(step, change('create', { after: ids(4) }));
  assert.deepEqual(
    result.map((each) => (each as [string, string, null, Row])[3][0]),
    [0, 1, 3],
  );
  assert.deepEqual(
    letters.map(({ sink, code, rows, table: of }) => [sink, code, rows.after(0)?.[0], qualifiedName(of)]),
    [['enrich.ts', 'PROCESS_FAILED', 2, 'shop.orders']],
  );
});

test('batches leave in their order, and a slow step holds the source back', async () => {
  const gates: PromiseWithResolvers<void>[] = [];
  let read = 0;
  const source = async function* (): AsyncGenerator<Batch> {
    for (; read < 40; read += 1)
      yield { ...batchOf(), version: String(read), positions: new Map([['log', position(String(read))]]) };
  };
  const step = {
    apply: async (batch: Batch) => {
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      await gate.promise;
      return batch;
    },
  };
  const versions: string[] = [];
  const reading = (async () => {
    for await (const { version } of processBatches(source, step, never)) versions.push(version);
  })();
  for (let i = 0; i < 20; i += 1) await pause(0);
  assert.equal(Number(gates.length), 8);
  assert.ok(read <= 9);
  // The last ones end first.
  for (let done = 0; done < 40; done += 1) {
    while (gates.length === 0) await pause(0);
    gates.pop()!.resolve();
  }
  await reading;
  assert.deepEqual(
    versions,
    Array.from({ length: 40 }, (_, i) => String(i)),
  );
});

test('a pipeline that is stopped in the middle of a lookup, and fails on the way, hands on every row once in the end', async () => {
  const log = new MemoryLog();
  const store = new MemoryStore();
  for (let id = 0; id < 200; id += 1) log.commit(change('create', { after: [[id, 'new', id]] }));
  const random = new SeededRandom(3);
  for (let round = 0, done = false; round < 60 && !done; round += 1) {
    const step = stepOf({
      columns: { seen: 'int' },
      lookup: async ({ id }) => {
        await pause(random.integer(0, 2));
        if (random.integer(0, 60) === 0) throw new Error('now and then');
        return { seen: Number(id) + 1 };
      },
    });
    const inner = new MemorySource(log, {});
    const source = {
      read: (held: Parameters<MemorySource['read']>[0], signal: AbortSignal) =>
        processBatches((both) => inner.read(held, both), step, signal),
      covers: inner.covers.bind(inner),
      holds: inner.holds.bind(inner),
      [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
    };
    const pipeline = createPipeline({
      name: 'test',
      source: async () => source,
      sinks: [{ name: 'mirror', open: async () => new MemorySink(store) }],
      clock: systemClock,
      log: silent,
    });
    const stop = new AbortController();
    if (round % 2) setTimeout(() => stop.abort(), random.integer(1, 30));
    await pipeline
      .run(stop.signal, never)
      .catch((error: unknown) => assert.match(String(error), /PROCESS_FAILED|failed/));
    const result = step.apply(batchOf(change('create', { after: [] })), never);
    const [{ table: made }] = (await result).changes as [RowsChange];
    done = store.rows(made).length === 200;
    if (done)
      assert.deepEqual(
        store
          .rows(made)
          .map((row) => Number(row[3]))
          .toSorted((a, b) => a - b),
        Array.from({ length: 200 }, (_, i) => i + 1),
      );
    if (round === 59) assert.ok(done, 'all rows came');
  }
});
