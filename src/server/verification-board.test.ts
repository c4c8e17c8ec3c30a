import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VerificationBoard, type VerificationReport } from './verification-board.ts';

const report = (more: Partial<VerificationReport>): VerificationReport => ({
  run: 'a',
  sink: 'mirror',
  result: 'running',
  tables: 3,
  tablesDone: 0,
  rows: { match: 0, mismatch: 0, missing: 0, extra: 0, unsettled: 0 },
  ...more,
});
const rows = (match: number, mismatch = 0) => ({ match, mismatch, missing: 0, extra: 0, unsettled: 0 });

test('rows add up over runs, and never go back while a run tells of itself again', () => {
  const board = new VerificationBoard();
  board.take(report({ rows: rows(5) }), 1);
  board.take(report({ rows: rows(9), tablesDone: 2 }), 2);
  board.take(report({ rows: rows(10, 1), tablesDone: 3, result: 'different' }), 3);
  board.take(report({ run: 'b' }), 4);
  assert.deepEqual(board.list()[0]!.rows, rows(10, 1));
  board.take(report({ run: 'b', rows: rows(7) }), 5);
  assert.deepEqual(board.list()[0]!.rows, rows(17, 1));
});

test('the result stays until another run ends, so that a run under way hides no difference', () => {
  const board = new VerificationBoard();
  assert.equal(board.take(report({ result: 'equal' }), 10), null);
  board.take(report({ run: 'b', result: 'different' }), 20);
  assert.equal(board.take(report({ run: 'c' }), 30), 'different');
  const [view] = board.list();
  assert.deepEqual([view!.running, view!.result, view!.endedAtMs, view!.equalAtMs], [true, 'different', 20, 10]);
});

test('of very many sinks the first are forgotten', () => {
  const board = new VerificationBoard();
  for (let i = 0; i < 60; i += 1) board.take(report({ sink: `s${i}` }), i);
  assert.equal(board.list().length, 50);
  assert.equal(board.list()[0]!.sink, 's10');
});
