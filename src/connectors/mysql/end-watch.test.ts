import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesBehind, type SeenEnd, transactionsBehind } from './end-watch.ts';

const uuid = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const end: SeenEnd = {
  files: [
    { name: 'b.000001', sizeBytes: 1_000 },
    { name: 'b.000002', sizeBytes: 500 },
    { name: 'b.000003', sizeBytes: 300 },
  ],
  file: 'b.000003',
  offset: 300,
  executed: `${uuid}:1-10:12,\n${uuid}:deploy:1-3`,
  clockSkewMs: 0,
};

test('the bytes behind are those of every file up to the end of the log', () => {
  assert.equal(bytesBehind(end, { file: 'b.000003', offset: 300 }), 0);
  assert.equal(bytesBehind(end, { file: 'b.000003', offset: 100 }), 200);
  assert.equal(bytesBehind(end, { file: 'b.000001', offset: 400 }), 600 + 500 + 300);
});

test('a place further than the end that was seen is not behind, and one in a file that is gone has no figure', () => {
  assert.equal(bytesBehind(end, { file: 'b.000003', offset: 400 }), 0);
  assert.equal(bytesBehind({ ...end, file: 'b.000002' }, { file: 'b.000003', offset: 4 }), 0);
  assert.equal(bytesBehind(end, { file: 'a.000009', offset: 4 }), null);
});

test('the gap counts the transactions of every server, tag and interval', () => {
  assert.equal(transactionsBehind(end, `${uuid}:1-10:12:deploy:1-3`), 0);
  assert.equal(transactionsBehind(end, `${uuid}:1-4:6-8`), 1 + 2 + 1 + 3);
  assert.equal(transactionsBehind(end, ''), 14);
  assert.equal(transactionsBehind({ ...end, executed: null }, ''), null);
  assert.equal(transactionsBehind(end, null), null);
});
