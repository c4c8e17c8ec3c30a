import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RdbReader } from '../../protocol/redis/rdb/rdb-reader.ts';
import { bytes, file, text, u64 } from '../../testing/rdb-bytes.ts';
import { RdbCount } from './rdb-count.ts';
import { RdbDump } from './rdb-dump.ts';

const array = file('REDIS0014', bytes(28, text('places'), 2, 0), bytes(3, 0, text('x')), bytes(0x40, 99, 1, u64(7n)));

test('an array is shown with the index of each element', () => {
  const dump = new RdbDump({ format: 'jsonl', elements: 10, limit: 10, wanted: () => true });
  new RdbReader(dump).write(array);
  const { key, type, encoding, elements } = JSON.parse(dump.take());
  assert.deepEqual(
    { key, type, encoding, elements },
    {
      key: 'places',
      type: 'array',
      encoding: 'array',
      elements: [
        ['3', 'x'],
        ['99', '7'],
      ],
    },
  );
});

test('the elements of an array are counted, not the empty places between them', () => {
  const count = new RdbCount(1, 0);
  new RdbReader(count).write(array);
  assert.equal(count.kinds.get('array')?.elements, 2);
});
