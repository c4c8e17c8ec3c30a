import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { isMillraceError } from '../../core/errors.ts';
import { expectEnd, ObjectCursor, skipBlanks, skipValue } from './json-scanner.ts';
import { StringBytes } from './json-string.ts';

const fieldsOf = (bytes: Uint8Array): Record<string, unknown> => {
  const cursor = new ObjectCursor();
  const found: Record<string, unknown> = {};
  const text = (start: number, end: number): string => Buffer.from(bytes.subarray(start, end)).toString();
  cursor.open(bytes, 0, bytes.length);
  while (cursor.next()) {
    const end = cursor.pass();
    Object.defineProperty(found, JSON.parse(text(cursor.keyStart, cursor.keyEnd)), {
      value: JSON.parse(text(cursor.valueStart, end)),
      enumerable: true,
      configurable: true,
    });
  }
  expectEnd(bytes, cursor.at, bytes.length);
  return found;
};

const spaced = fc.tuple(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(undefined, 1, '\t'));

test('finds the fields of any object, however it is spaced, as JSON.parse does', () => {
  fc.assert(
    fc.property(spaced, ([object, space]) => {
      const bytes = Buffer.from(` ${JSON.stringify(object, null, space)}\r\n`);
      assert.deepEqual(fieldsOf(bytes), JSON.parse(bytes.toString()));
    }),
    { numRuns: 300 },
  );
});

test('refuses what JSON.parse refuses: cut anywhere, or with a byte changed', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.nat(),
      fc.integer({ min: 0, max: 255 }),
      (object, at, byte) => {
        const whole = Buffer.from(JSON.stringify(object));
        const changed = Buffer.from(whole);
        changed[at % whole.length] = byte;
        for (const bytes of [whole.subarray(0, at % whole.length), changed]) {
          let found: unknown = null;
          try {
            found = fieldsOf(bytes);
          } catch (error) {
            // A number's digits and a string's escapes are left to who reads them, which is JSON.parse here.
            assert(isMillraceError(error, 'FORMAT_MESSAGE_UNREADABLE') || error instanceof SyntaxError, String(error));
            continue;
          }
          assert.deepEqual(found, JSON.parse(bytes.toString()));
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('takes nesting of any depth without the stack', () => {
  const depth = 200_000;
  const bytes = Buffer.from(`${'[{"a":'.repeat(depth)}1${'}]'.repeat(depth)} `);
  assert.equal(skipBlanks(bytes, skipValue(bytes, 0, bytes.length), bytes.length), bytes.length);
  assert.throws(() => skipValue(bytes, 0, bytes.length - 2), { code: 'FORMAT_MESSAGE_UNREADABLE' });
});

test('says at which byte a message stops being JSON', () => {
  assert.throws(
    () => fieldsOf(Buffer.from('{"a":1 "b":2}')),
    /byte 7 is 0x22, where a comma or a closing brace should be/,
  );
  assert.throws(() => fieldsOf(Buffer.from('{"a":')), /it ends at byte 5, where a value should be/);
  assert.throws(() => fieldsOf(Buffer.from('{} x')), /byte 3 is 0x78, where the end of the document should be/);
  assert.throws(() => fieldsOf(Buffer.from('{"a":nul}')), /where a value should be/);
});

test('reads any string as JSON.parse does, escaped in any way', () => {
  const string = new StringBytes();
  const escapeAll = (text: string): string =>
    `"${Array.from({ length: text.length }, (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`;
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      for (const json of [JSON.stringify(text), escapeAll(text)]) {
        const bytes = Buffer.from(json);
        string.take(bytes, 0, bytes.length);
        assert.equal(string.toString(), text);
      }
    }),
    { numRuns: 300 },
  );
});

test('refuses escapes that JSON does not know, and half characters', () => {
  const string = new StringBytes();
  for (const json of ['"\\x"', '"\\u12g4"', '"\\u12"', '"\\ud800"', '"\\ud800\\u0041"', '"\\udc00"']) {
    const bytes = Buffer.from(json);
    assert.throws(() => string.take(bytes, 0, bytes.length), { code: 'FORMAT_MESSAGE_UNREADABLE' }, json);
  }
});
