import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrayRowImages } from '../../core/array-row-images.ts';
import type { Batch } from '../../core/batch.ts';
import type { Change, Op, RowsChange, SchemaChange } from '../../core/change.ts';
import { withOwnedColumns } from '../../core/column-owners.ts';
import type { Sink } from '../../core/connector.ts';
import { isMillraceError, MillraceError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { position } from '../../core/position.ts';
import type { Table } from '../../core/table.ts';
import type { Row } from '../../core/value.ts';
import { ValueCollector } from '../../core/value-collector.ts';
import { MemorySink, MemoryStore } from '../../testing/memory-sink.ts';
import { never, silent } from '../../testing/pipeline-rig.ts';
import { origin } from '../../testing/sample-origin.ts';
import { bigint, column, int, table, varchar } from '../../testing/sample-tables.ts';
import { sinkContract } from '../../testing/sink-contract.ts';
import { governSink, type SchemaBehavior } from './governed-sink.ts';

const id = column('id', int, { nullable: false });
const first = table('t', [id, column('name', varchar, { nullable: false }), column('age', int)], [0]);
/** `age` dropped, `name` renamed to `label`, `city` added in the middle. */
const second = table('t', [id, column('city', varchar, { nullable: false }), column('label', varchar)], [0]);
const renamedColumns = new Map([['name', 'label']]);

const rows = (target: Table, op: Op, before: readonly Row[] | null, after: readonly Row[] | null): Change => ({
  kind: 'rows',
  op,
  table: target,
  rows: new ArrayRowImages(target, { before, after }),
  origin,
});
const altered = (before: Table | null, after: Table | null, more: Partial<SchemaChange> = {}): Change => ({
  kind: 'schema',
  before,
  after,
  statement: 'ALTER TABLE t ...',
  origin,
  ...more,
});

/** Writes each change as a batch of its own, through a sink that is opened anew each time if asked. */
class Writing {
  readonly store = new MemoryStore();
  readonly warnings: string[] = [];
  readonly written: Batch[] = [];
  refuses = false;
  #at = 0;
  #sink: Sink | null = null;
  readonly #behavior: SchemaBehavior;

  constructor(behavior: SchemaBehavior) {
    this.#behavior = behavior;
  }

  async write(...changes: readonly Change[]): Promise<void> {
    if (this.#sink === null) {
      this.#sink = this.#open();
      await this.#sink.claim('log');
    }
    for (const change of changes) {
      this.#at += 1;
      const positions = new Map([['log', position(String(this.#at))]]);
      await this.#sink.write({ changes: [change], positions, version: String(this.#at).padStart(9, '0') }, never);
    }
  }

  /** As after a crash: what only the process knew is gone. */
  restart(): void {
    this.#sink = null;
  }

  rows(of: Table = first): readonly Row[] {
    return this.store.rows(of).toSorted(([a], [b]) => Number(a) - Number(b));
  }

  #open(): Sink {
    const memory = new MemorySink(this.store);
    const log: Log = { ...silent, warn: (message) => this.warnings.push(message) };
    const sink: Sink = {
      claim: (lane) => memory.claim(lane),
      write: async (batch, signal) => {
        if (this.refuses && batch.changes.some(({ kind }) => kind === 'schema'))
          throw new MillraceError('SINK_SCHEMA_REFUSED', { sink: 'memory', table: 'shop.t', reason: 'a view' });
        this.written.push(batch);
        await memory.write(batch, signal);
      },
      [Symbol.asyncDispose]: () => memory[Symbol.asyncDispose](),
    };
    return governSink(sink, this.#behavior, log);
  }
}

const filled = async (behavior: SchemaBehavior): Promise<Writing> => {
  const writing = new Writing(behavior);
  await writing.write(
    altered(null, first),
    rows(first, 'create', null, [
      [1, 'ann', 30],
      [2, 'bob', 40],
    ]),
  );
  return writing;
};

const afterAlter: readonly Change[] = [
  rows(second, 'create', null, [[3, 'rome', 'cid']]),
  rows(second, 'update', [[1, '', null]], [[1, 'oslo', 'anne']]),
  rows(second, 'delete', [[2, '', null]], null),
];

test('lenient keeps dropped and renamed columns, and what rows hold in them, over restarts too', async () => {
  const writing = await filled('lenient');
  await writing.write(altered(first, second, { renamedColumns }));
  const schema = writing.written.flatMap(({ changes }) => changes).filter((change) => change.kind === 'schema');
  assert.deepEqual(
    schema.at(-1)!.after!.columns.map(({ name, nullable }) => [name, nullable]),
    [
      ['id', false],
      ['city', true],
      ['label', true],
      ['name', true],
      ['age', true],
    ],
  );
  for (const change of afterAlter) {
    writing.restart();
    await writing.write(change);
  }
  assert.deepEqual(writing.rows(), [
    [1, 'oslo', 'anne', 'ann', 30],
    [3, 'rome', 'cid', null, null],
  ]);
  // A column of that name comes back: it is the one that stayed.
  const third = table('t', [...second.columns, column('age', bigint, { nullable: false })], [0]);
  await writing.write(
    altered(second, third),
    rows(third, 'update', [[1, 'oslo', 'anne', 0]], [[1, 'oslo', 'anne', 31]]),
  );
  assert.deepEqual(writing.rows()[0], [1, 'oslo', 'anne', 31, 'ann']);
});

test('lenient neither drops nor empties tables, and a table made anew under the name goes on in it', async () => {
  const writing = await filled('lenient');
  await writing.write({ kind: 'truncate', table: first, origin }, altered(first, null));
  assert.equal(writing.rows().length, 2);
  assert.equal(writing.warnings.length, 2);
  writing.restart();
  const anew = table('t', [id, column('other', varchar)], [0]);
  await writing.write(altered(null, anew), rows(anew, 'create', null, [[9, 'nine']]));
  assert.deepEqual(writing.rows(), [
    [1, null, 'ann', 30],
    [2, null, 'bob', 40],
    [9, 'nine', null, null],
  ]);
  const moved = table('moved', anew.columns, [0]);
  await writing.write(altered(anew, moved), rows(moved, 'create', null, [[10, 'ten']]));
  assert.deepEqual(writing.rows(moved).at(-1), [10, 'ten', null, null]);
});

test('a definition that was noted tells the sink which columns it owns now', async () => {
  const writing = await filled('lenient');
  await writing.write(altered(first, second, { renamedColumns }));
  const marked = withOwnedColumns(second, [1]);
  await writing.write(rows(marked, 'create', null, [[3, 'rome', 'cid']]));
  const [change] = writing.written.at(-1)!.changes;
  assert.ok(change?.kind === 'rows');
  assert.deepEqual(
    change.table.columns.map(({ name, ownedByTarget = false }) => [name, ownedByTarget]),
    [
      ['id', false],
      ['city', true],
      ['label', false],
      ['name', false],
      ['age', false],
    ],
  );
});

test('rows that fit are handed on as values and as columns alike', async () => {
  const writing = await filled('lenient');
  await writing.write(altered(first, second, { renamedColumns }), ...afterAlter);
  // `id` moves behind the others, so values have to be built.
  const turned = table('t', [...second.columns.slice(1), id], [2]);
  const frozen = await filled('ignore');
  await frozen.write(altered(first, turned), rows(turned, 'create', null, [['rome', 'cid', 3]]));
  const written = [...writing.written, ...frozen.written].flatMap(({ changes }) => changes);
  for (const change of written.filter((each): each is RowsChange => each.kind === 'rows')) {
    for (const image of ['before', 'after'] as const) {
      const collector = new ValueCollector(change.table);
      change.rows.write(0, image, collector);
      const row = change.rows[image](0);
      if (row === null) continue;
      assert.deepEqual(collector.row, row);
      const present = change.table.columns.map((_, at) => change.rows.has(0, image, at));
      assert.deepEqual(
        row.map((value) => value !== undefined),
        present,
      );
    }
  }
});

test('try_evolve follows what the sink takes, and fits rows to the table where it refuses', async () => {
  const writing = await filled('try_evolve');
  writing.refuses = true;
  await writing.write(altered(first, second, { renamedColumns }));
  assert.match(writing.warnings[0]!, /refuses/);
  writing.restart();
  await writing.write(...afterAlter);
  assert.deepEqual(writing.rows(), [
    [1, 'ann', 30],
    [3, null, null],
  ]);
  // What stood in the way is gone: the next change brings the table to the source's definition.
  writing.refuses = false;
  const third = table('t', [...second.columns, column('age', int)], [0]);
  await writing.write(altered(second, third), rows(third, 'create', null, [[4, 'bonn', 'dee', 50]]));
  assert.deepEqual(writing.rows(), [
    [1, null, null, 30],
    [3, null, null, null],
    [4, 'bonn', 'dee', 50],
  ]);
});

test('try_evolve tolerates a table that stays, and not one that is missing', async () => {
  const writing = await filled('try_evolve');
  writing.refuses = true;
  await writing.write(altered(first, null));
  assert.equal(writing.rows().length, 2);
  const fresh = table('fresh', first.columns, [0]);
  await assert.rejects(writing.write(altered(null, fresh)), (error) => isMillraceError(error, 'SINK_SCHEMA_REFUSED'));
});

test('ignore leaves the table as it was, under the name it had', async () => {
  const writing = await filled('ignore');
  const moved = table('moved', second.columns, [0]);
  await writing.write(altered(first, second, { renamedColumns }), altered(second, moved));
  writing.restart();
  await writing.write(rows(moved, 'create', null, [[3, 'rome', 'cid']]), altered(moved, null));
  assert.deepEqual(writing.rows(), [
    [1, 'ann', 30],
    [2, 'bob', 40],
    [3, null, null],
  ]);
  assert.deepEqual(writing.rows(moved), []);
});

sinkContract('a mirror behind try_evolve', async () => {
  const store = new MemoryStore();
  return {
    open: async () => governSink(new MemorySink(store), 'try_evolve', silent),
    rows: async (of) => store.rows(of),
    [Symbol.asyncDispose]: async () => {},
  };
});

test('what the sink takes beyond rows, the governed one takes too, and no more', () => {
  const inner: Sink = new MemorySink(new MemoryStore());
  const able: Sink = Object.assign(new MemorySink(new MemoryStore()), {
    takesEveryMatch: true,
    keepsOwnColumns: true,
  } as const);
  const said = (sink: Sink) => [sink.takesEveryMatch, sink.keepsOwnColumns];
  assert.deepEqual(said(governSink(able, 'lenient', silent)), [true, true]);
  assert.deepEqual(said(governSink(inner, 'lenient', silent)), said(inner));
});
