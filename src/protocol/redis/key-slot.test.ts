import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keySlot, slotCount, slotTag } from './key-slot.ts';

const slotOf = (key: string): number => keySlot(Buffer.from(key));

test('a key lies in the slot that CLUSTER KEYSLOT says', () => {
  // As Redis 8.0 answered.
  assert.equal(slotOf(''), 0);
  assert.equal(slotOf('foo'), 12182);
  assert.equal(slotOf('123456789'), 0x31c3);
});

test('what stands between the first braces alone counts', () => {
  assert.equal(slotOf('user:{42}:name'), slotOf('42'));
  assert.equal(slotOf('{42}{43}'), slotOf('42'));
  assert.equal(slotOf('a{b{42}c'), slotOf('b{42'));
  assert.notEqual(slotOf('user:{}:42'), slotOf(''));
  assert.notEqual(slotOf('user:{}{42}'), slotOf('42'));
  assert.notEqual(slotOf('user:{42'), slotOf('42'));
  assert.equal(keySlot(Buffer.from('xxuser:{42}yy'), 2, 11), slotOf('42'));
});

test('every slot has a tag that lies in it', () => {
  for (let slot = 0; slot < slotCount; slot += 1) assert.equal(slotOf(`a{${slotTag(slot)}}b`), slot);
});
