import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../../../core/errors.ts';
import { CollectingVisitor } from '../../../../protocol/redis/rdb/collecting-visitor.ts';
import { bytes, text, u64 } from '../../../../testing/rdb-bytes.ts';
import { readRestored } from './restored-value.ts';

const restored = (value: Buffer, version: number) => {
  const visitor = new CollectingVisitor();
  readRestored(visitor, 2, Buffer.from('name'), bytes(value, version, 0, u64(0n)));
  return {
    modules: visitor.modules,
    keys: visitor.keys.map(({ name, kind, database, values }) => [name, kind, database, values]),
  };
};

test('what DUMP gave is read as a key of its name, also behind what modules keep of it', () => {
  const keys = [['name', 'string', 2, ['v']]];
  assert.deepEqual(restored(bytes(0, text('v')), 11), { modules: [], keys });
  const facts = bytes(243, 2, Buffer.alloc(4), 2, 7, 0, Buffer.alloc(4), 5, text('x'), 0);
  assert.deepEqual(restored(bytes(facts, 0, text('v')), 13), { modules: ['META-AAAA', 'META-AAAA'], keys });
});

test('what DUMP gave is refused where it is cut, empty, or of a version without such facts', () => {
  const facts = bytes(243, 1, Buffer.alloc(4), 5, text('x'), 0);
  const refused = (value: Buffer, version: number, code: RegExp) =>
    assert.throws(
      () => restored(value, version),
      (error) => isMillraceError(error) && code.test(error.code),
    );
  for (let length = 1; length < facts.length; length += 1) refused(facts.subarray(0, length), 13, /REDIS_RDB_CUT/);
  refused(Buffer.alloc(0), 13, /REDIS_RDB_/);
  refused(bytes(243, 9), 13, /REDIS_RDB_DAMAGED/);
  refused(bytes(facts, 0, text('v')), 12, /REDIS_RDB_UNKNOWN_TYPE/);
});
