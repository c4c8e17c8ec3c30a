import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CsvForm, CsvRecords } from './csv-records.ts';

const plain: CsvForm = { delimiter: ',', quote: '"', comments: false };

const fieldsOf = (pieces: readonly string[], form = plain): readonly (readonly string[])[] => {
  const records = new CsvRecords(form);
  const read = pieces.flatMap((piece) => [...records.push(piece)]);
  const last = records.end();
  return [...read, ...(last === null ? [] : [last])].map(({ fields }) => fields);
};

const cases: readonly (readonly [text: string, fields: readonly (readonly string[])[]])[] = [
  ['', []],
  ['a,b\n', [['a', 'b']]],
  ['a,b', [['a', 'b']]],
  [
    'a,b\r\nc,d\r\n',
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  [',\n', [['', '']]],
  ['\n\na\n', [['a']]],
  ['"a,b",c\n', [['a,b', 'c']]],
  ['"a ""b""",c\n', [['a "b"', 'c']]],
  [
    '"two\nlines",x\ny,z\n',
    [
      ['two\nlines', 'x'],
      ['y', 'z'],
    ],
  ],
  ['"",""\n', [['', '']]],
  ['a"b,c\n', [['a"b', 'c']]],
  [
    'a,"x"\n"y",b\n',
    [
      ['a', 'x'],
      ['y', 'b'],
    ],
  ],
  ['# no comment\n', [['# no comment']]],
];

for (const [text, fields] of cases) {
  test(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(fieldsOf([text]), fields));
}

test('leaves comments out where they are allowed, whatever quotes they hold', () => {
  assert.deepEqual(fieldsOf(['# "open\na,b\n'], { ...plain, comments: true }), [['a', 'b']]);
});

test('takes quotes for characters where there are none', () => {
  assert.deepEqual(fieldsOf(['"a,b"\n'], { ...plain, quote: null }), [['"a', 'b"']]);
});

test('says in which line a record begins', () => {
  const records = new CsvRecords(plain);
  assert.deepEqual(
    [...records.push('a\n"b\nc"\n\nd\n')].map(({ line }) => line),
    [1, 2, 5],
  );
});

test('gives what was written, however it is cut', () => {
  const field = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', ' ', 'é') });
  const rows = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 6 });
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 9 }), (written, size) => {
      const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
      const text = written.map((row) => `${row.map(quoted).join(',')}\n`).join('');
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
        text.slice(at * size, (at + 1) * size),
      );
      assert.deepEqual(fieldsOf(pieces), written);
    }),
  );
});
