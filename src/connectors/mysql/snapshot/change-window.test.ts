import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ArrayRowImages } from '../../../core/array-row-images.ts';
import type { Change, MysqlOrigin, Op } from '../../../core/change.ts';
import { plainColumn } from '../../../core/plain-column.ts';
import { defineTable } from '../../../core/table.ts';
import type { Row } from '../../../core/value.ts';
import { ChangeWindow } from './change-window.ts';
import { StreamWatch } from './stream-watch.ts';

const column = (name: string) => plainColumn(name, { kind: 'integer', bits: 32, unsigned: false }, { nullable: false });

const table = defineTable({
  database: 'shop',
  name: 't',
  columns: [column('id'), column('v')],
  primaryKey: [0],
  uniqueKeys: [],
  charset: null,
  comment: null,
});
const other = defineTable({ ...table, name: 'other' });

const origin: MysqlOrigin = {
  kind: 'mysql',
  flavor: 'mysql',
  serverId: 1,
  gtid: null,
  file: 'binlog.000001',
  offset: 0,
  commitMicros: 0,
  thread: null,
  query: null,
};

const rowsChange = (op: Op, before: readonly Row[] | null, after: readonly Row[] | null, of = table): Change => ({
  kind: 'rows',
  op,
  table: of,
  rows: new ArrayRowImages(of, { before, after }),
  origin,
});

const read = (...rows: readonly Row[]) => new ArrayRowImages(table, { before: null, after: rows });
const ids = (rows: ReturnType<ChangeWindow['unchanged']>): unknown[] =>
  rows === null ? [] : Array.from({ length: rows.length }, (_, i) => rows.after(i)![0]);

test('a window drops the rows whose old or new key the stream changed, and only those of its table', () => {
  const window = new ChangeWindow(table, [0]);
  window.observe(rowsChange('update', [[1, 0]], [[2, 0]]));
  window.observe(rowsChange('delete', [[3, 0]], null));
  window.observe(rowsChange('create', null, [[4, 0]], other));
  assert.deepEqual(ids(window.unchanged(read([1, 0], [2, 0], [3, 0], [4, 0], [5, 0]))), [4, 5]);
  assert.equal(window.unchanged(read([1, 9])), null);
});

test('a window drops everything that was read before its table was truncated', () => {
  const window = new ChangeWindow(table, [0]);
  window.observe({ kind: 'truncate', table, origin });
  assert.equal(window.unchanged(read([1, 0])), null);
});

/**
 * A server in miniature: a log, a table that lags behind it as an engine does, and a stream that lags behind the log. What the
 * choices decide is only who moves next.
 */
const choice = fc.record({
  who: fc.constantFrom('write', 'commit', 'stream', 'snapshot'),
  id: fc.integer({ min: 0, max: 11 }),
  to: fc.integer({ min: 0, max: 11 }),
  kind: fc.constantFrom('put', 'delete', 'move', 'truncate'),
});

test('however writes, commits, the stream and chunks interleave, the mirror ends equal and every change fits what it held', () => {
  fc.assert(
    fc.property(fc.array(choice, { minLength: 20, maxLength: 200 }), (choices) => {
      const log: Change[] = [];
      let logged = new Map<number, number>(Array.from({ length: 10 }, (_, i) => [i, i]));
      const versions = [new Map(logged)];
      let committed = 0;
      let streamed = 0;
      const mirror = new Map<number, number>();
      const place = (offset: number) => ({ file: 'binlog.000001', offset, gtids: null });
      const watch = new StreamWatch(place(0), null);
      let after = -1;
      let view: {
        readonly window: ChangeWindow;
        readonly rows: Map<number, number> | null;
        readonly end: number;
      } | null = null;
      let chunk: readonly Row[] | null = null;
      let done = false;

      const write = (kind: string, id: number, to: number): void => {
        const next = new Map(logged);
        const held = next.get(id);
        const value = log.length + 100;
        if (kind === 'truncate') {
          log.push({ kind: 'truncate', table, origin });
          next.clear();
        } else if (kind === 'put') {
          log.push(
            held === undefined
              ? rowsChange('create', null, [[id, value]])
              : rowsChange('update', [[id, held]], [[id, value]]),
          );
          next.set(id, value);
        } else if (held === undefined || (kind === 'move' && next.has(to))) {
          return;
        } else {
          log.push(
            kind === 'move'
              ? rowsChange('update', [[id, held]], [[to, value]])
              : rowsChange('delete', [[id, held]], null),
          );
          next.delete(id);
          if (kind === 'move') next.set(to, value);
        }
        logged = next;
        versions.push(next);
      };
      const stream = (): void => {
        const change = log[streamed];
        if (change === undefined) return;
        streamed += 1;
        watch.observe({ place: place(streamed), changes: [change], open: false });
        view?.window.observe(change);
        if (change.kind === 'truncate') mirror.clear();
        if (change.kind !== 'rows') return;
        const [before, row] = [change.rows.before(0), change.rows.after(0)];
        if (before !== null) {
          const held = mirror.get(before[0] as number);
          assert.ok(held === undefined || held === before[1], 'a change fits what it changes');
          mirror.delete(before[0] as number);
        }
        if (row !== null) {
          assert.ok(!mirror.has(row[0] as number), 'a row is not created twice');
          mirror.set(row[0] as number, row[1] as number);
        }
      };
      const snapshot = (): void => {
        if (done) return;
        if (view === null) view = { window: new ChangeWindow(table, [0]), rows: null, end: 0 };
        // The fence: everything the stream handed on before the window must be visible.
        else if (view.rows === null && committed >= streamed)
          view = { ...view, rows: versions[committed]!, end: log.length };
        else if (view.rows !== null && chunk === null) {
          chunk = [...view.rows]
            .filter(([id]) => id > after)
            .toSorted((a, b) => a[0] - b[0])
            .slice(0, 3);
        } else if (chunk !== null && watch.reached({ kind: 'place', ...place(view.end) })) {
          const kept =
            chunk.length === 0
              ? null
              : view.window.unchanged(new ArrayRowImages(table, { before: null, after: chunk }));
          for (let i = 0; i < (kept?.length ?? 0); i += 1) {
            const [id, value] = kept!.after(i) as [number, number];
            assert.ok(!mirror.has(id) || mirror.get(id) === value, 'a row that is read is not older than what is held');
            mirror.set(id, value);
          }
          after = (chunk.at(-1)?.[0] as number | undefined) ?? after;
          done = chunk.length < 3;
          // Some views serve one chunk, some several.
          if (after % 2 === 0) view = null;
          chunk = null;
        }
      };
      const move = (who: string, kind = 'put', id = 0, to = 0): void => {
        if (who === 'write') write(kind, id, to);
        else if (who === 'commit') committed = Math.min(committed + 1, log.length);
        else if (who === 'stream') stream();
        else snapshot();
      };
      for (const { who, kind, id, to } of choices) move(who, kind === 'truncate' && id > 1 ? 'put' : kind, id, to);
      for (let turns = 0; !done || streamed < log.length; turns += 1) {
        assert.ok(turns < 1_000, 'the snapshot comes to its end');
        for (const who of ['commit', 'stream', 'snapshot']) move(who);
      }
      assert.deepEqual([...mirror].toSorted(), [...logged].toSorted());
    }),
    { numRuns: 2_000 },
  );
});
