import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { expandedPayload } from './expanded-payload.ts';

const keepAll = { keepsNulls: true, keepsEmptyArrays: true };
const keepNone = { keepsNulls: false, keepsEmptyArrays: false };
const expanded = (text: string, options = keepAll) => expandedPayload(text, options)?.toString() ?? null;

test('the JSON of a payload stays as it is written, but for blanks', () => {
  assert.equal(expanded(' {"a": 1}'), null);
  assert.equal(
    expanded('{"b": 1.50, "a" : [1, "x y", {}, [ ] ],\n"10": 9007199254740993, "u": "\\u00e9" }'),
    '{"b":1.50,"a":[1,"x y",{},[]],"10":9007199254740993,"u":"\\u00e9"}',
  );
});

test('nulls and empty arrays of objects are left out unless they are kept, at any depth', () => {
  const text = '{"n": null, "in": {"n": null, "e": [ ], "a": [null, []]}, "e": []}';
  assert.equal(expanded(text, keepNone), '{"in":{"a":[null,[]]}}');
  assert.equal(expanded(text, { ...keepNone, keepsNulls: true }), '{"n":null,"in":{"n":null,"a":[null,[]]}}');
  assert.equal(expanded('{"n": null}', keepNone), '{}');
});

for (const text of [
  '',
  'text',
  '"x"',
  '7',
  '{"a":1',
  '{"a":1}}',
  '[1,]',
  '[1 2]',
  `${'['.repeat(200)}${']'.repeat(200)}`,
]) {
  test(`${JSON.stringify(text.slice(0, 12))} is no JSON object or array, and stays a text`, () => {
    assert.equal(expanded(text), null);
  });
}

test('any document stands for what it was', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const document = { value };
      assert.deepEqual(JSON.parse(expanded(JSON.stringify(document, null, 2))!), JSON.parse(JSON.stringify(document)));
    }),
  );
});
