import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skippedOperations } from './skipped-operations.ts';

test('TRUNCATE alone is skipped unless something else is said', () => {
  assert.deepEqual([...skippedOperations.parse(undefined)], ['t']);
  assert.deepEqual([...skippedOperations.parse('c, u,t')], ['c', 'u', 't']);
  assert.deepEqual([...skippedOperations.parse(['d'])], ['d']);
  assert.deepEqual([...skippedOperations.parse('none')], []);
});

for (const wrong of ['', 'x', 'c,none', 'cu']) {
  test(`${JSON.stringify(wrong)} is no list of operations`, () => {
    assert.equal(skippedOperations.safeParse(wrong).success, false);
  });
}
