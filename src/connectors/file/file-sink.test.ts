import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { test } from 'node:test';
import { ArrayRowImages } from '../../core/array-row-images.ts';
import type { Batch } from '../../core/batch.ts';
import type { Change } from '../../core/change.ts';
import type { Context, Sink } from '../../core/connector.ts';
import { isMillraceError } from '../../core/errors.ts';
import { position } from '../../core/position.ts';
import type { Table } from '../../core/table.ts';
import type { Row } from '../../core/value.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { killOnDisk } from '../../testing/kill-on-disk.ts';
import { origin } from '../../testing/sample-origin.ts';
import { ordersTable } from '../../testing/sample-tables.ts';
import { type SinkHarness, sinkContract } from '../../testing/sink-contract.ts';
import { fileConfig } from './config.ts';
import { openFileSink } from './file-sink.ts';
import { LineEncoder } from './line-encoder.ts';
import { StreamSink } from './stream-sink.ts';

const context: Context = {
  pipeline: 'test',
  clock: new FakeClock(),
  log: { debug() {}, info() {}, warn() {}, error() {} },
};
const encoder = (): LineEncoder =>
  new LineEncoder(fileConfig.parse({ path: 'unused', 'skipped.operations': 'none' }), context);
const never = new AbortController().signal;

interface Envelope {
  readonly op: 'c' | 'r' | 'u' | 'd' | 't';
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
  readonly source: { readonly db: string; readonly table: string };
}

/** What a reader of the log has after applying every line to an empty table. */
const replay = (lines: string, table: Table): readonly Row[] => {
  let rows: Record<string, unknown>[] = [];
  const key = table.primaryKey.length > 0 ? table.primaryKey : table.columns.map((_, i) => i);
  const names = key.map((column) => table.columns[column]!.name);
  const take = (wanted: Record<string, unknown>): Record<string, unknown> | undefined => {
    const at = rows.findIndex((row) => names.every((name) => row[name] === wanted[name]));
    return at < 0 ? undefined : rows.splice(at, 1)[0];
  };
  for (const line of lines.split('\n').slice(0, -1)) {
    const { op, before, after, source } = JSON.parse(line) as Envelope;
    if (source.db !== table.database || source.table !== table.name) continue;
    if (op === 't') rows = [];
    if (op === 'd' || op === 'u') {
      const old = take(before!);
      if (after) rows.push({ ...old, ...after });
    } else if (after) {
      if (table.primaryKey.length > 0) take(after);
      rows.push(after);
    }
  }
  return rows.map((row) => table.columns.map(({ name }) => row[name] as Row[number]));
};

const folder = (): { readonly path: string } & Disposable => {
  const path = mkdtempSync(join(tmpdir(), 'millrace-file-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
};

const harness = async (): Promise<SinkHarness> => {
  const place = folder();
  const path = join(place.path, 'changes.ndjson');
  return {
    open: () => openFileSink(path, 'test', encoder()),
    kill: (sink) => killOnDisk(place.path, sink),
    rows: async (table) => (existsSync(path) ? replay(readFileSync(path, 'utf8'), table) : []),
    [Symbol.asyncDispose]: async () => place[Symbol.dispose](),
  };
};

sinkContract('file', harness, { mirror: false });

const batch = (number: number, ...ids: readonly number[]): Batch => ({
  changes: ids.map((id): Change => {
    const rows = new ArrayRowImages(ordersTable, { before: null, after: [[id, 'new', 1]] });
    return { kind: 'rows', op: 'create', table: ordersTable, rows, origin };
  }),
  positions: new Map([['log', position(String(number))]]),
  version: String(number),
});
const idsIn = (text: string): number[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { after: { id: number } }).after.id);
const open = async (path: string): Promise<Sink> => {
  const sink = await openFileSink(path, 'test', encoder());
  await sink.claim('log');
  return sink;
};

test('cuts off what a crash left behind the recorded length, whatever it is', async () => {
  using place = folder();
  const path = join(place.path, 'changes.ndjson');
  {
    await using sink = await open(path);
    await sink.write(batch(1, 1, 2), never);
  }
  for (const left of ['{"half a li', '{"after":{"id":99}}\n', 'x'.repeat(100_000)]) {
    appendFileSync(path, left);
    await using sink = await open(path);
    assert.deepEqual(idsIn(readFileSync(path, 'utf8')), [1, 2]);
    assert.equal(await sink.claim('log'), '1');
  }
  await using sink = await open(path);
  await sink.write(batch(2, 3), never);
  assert.deepEqual(idsIn(readFileSync(path, 'utf8')), [1, 2, 3]);
});

test('keeps what a file held before its first use', async () => {
  using place = folder();
  const path = join(place.path, 'changes.ndjson');
  writeFileSync(path, '{"after":{"id":0}}\n');
  {
    await using sink = await open(path);
    await sink.write(batch(1, 1), never);
  }
  await using sink = await open(path);
  await sink.write(batch(2, 2), never);
  assert.deepEqual(idsIn(readFileSync(path, 'utf8')), [0, 1, 2]);
});

test('writes no line twice when a batch comes again', async () => {
  using place = folder();
  const path = join(place.path, 'changes.ndjson');
  await using sink = await open(path);
  await sink.write(batch(1, 1, 2), never);
  await sink.write(batch(1, 1, 2), never);
  assert.deepEqual(idsIn(readFileSync(path, 'utf8')), [1, 2]);
});

test('refuses a file that has become shorter than what was recorded', async () => {
  using place = folder();
  const path = join(place.path, 'changes.ndjson');
  {
    await using sink = await open(path);
    await sink.write(batch(1, 1, 2), never);
  }
  truncateSync(path, 5);
  const sink = await openFileSink(path, 'test', encoder());
  await assert.rejects(sink.claim('log'), (error) => isMillraceError(error, 'FILE_SHORTER_THAN_RECORDED'));
  await sink[Symbol.asyncDispose]();
});

test('leaves no file of parts behind', async () => {
  using place = folder();
  const path = join(place.path, 'changes.ndjson');
  await using sink = await open(path);
  const part = (index: number, last: boolean) => ({ part: { transaction: 't', index, last } });
  await sink.write({ ...batch(0, 1), ...part(0, false) }, never);
  assert.ok(existsSync(`${path}.part`));
  await sink.write({ ...batch(1, 2), ...part(1, true) }, never);
  assert.ok(!existsSync(`${path}.part`));
  assert.deepEqual(idsIn(readFileSync(path, 'utf8')), [1, 2]);
});

test('names a folder that is not there', async () => {
  await assert.rejects(openFileSink('/nowhere/changes.ndjson', 'test', encoder()), (error) =>
    isMillraceError(error, 'SINK_WRITE_FAILED'),
  );
});

test('writes lines to a stream and remembers positions while it lives', async () => {
  const stream = new PassThrough();
  await using sink = new StreamSink('stdout', stream, encoder());
  assert.equal(await sink.claim('log'), null);
  await sink.write(batch(3, 1, 2), never);
  assert.deepEqual(idsIn(String(stream.read())), [1, 2]);
  assert.equal(await sink.claim('log'), '3');
});

test('says that the reader of a pipe is gone', async () => {
  const stream = new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
  });
  await using sink = new StreamSink('stdout', stream, encoder());
  await assert.rejects(sink.write(batch(1, 1), never), (error) => isMillraceError(error, 'SINK_PIPE_CLOSED'));
  assert.equal(await sink.claim('log'), null);
});
