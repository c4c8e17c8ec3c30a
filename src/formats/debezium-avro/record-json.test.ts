import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import avsc from 'avsc';
import fc from 'fast-check';
import { isMillraceError } from '../../core/errors.ts';
import { avroLong } from './avro-bytes.ts';
import { AvroRecordJson } from './record-json.ts';

const jsonOf = (schema: unknown, bytes: Uint8Array): string =>
  new AvroRecordJson(1, JSON.stringify(schema)).json(bytes, 0).toString();

interface Connect {
  readonly type: string;
  readonly optional?: boolean;
  readonly name?: string;
  readonly field?: string;
  readonly parameters?: object;
  readonly fields?: readonly Connect[];
}

const adjusted = (name: string): string => name.replace(/^\d/, '_$&').replaceAll(/[^\w.]/g, '_');

/** What a reader of rows asks of a Connect schema. */
const asked = ({ type, optional, name, field, parameters, fields }: Connect): object => ({
  type,
  optional: optional ?? false,
  ...(name === undefined ? {} : { name: type === 'struct' ? adjusted(name) : name }),
  ...(field === undefined ? {} : { field: adjusted(field).replaceAll('.', '_') }),
  ...(parameters === undefined ? {} : { parameters }),
  ...(fields === undefined ? {} : { fields: fields.map(asked) }),
});

test('the Connect schemas of recorded envelopes come back from the Avro schemas that a converter made of them', () => {
  const recorded = zstdDecompressSync(readFileSync(new URL('testdata/schemas.tsv.zst', import.meta.url)))
    .toString()
    .trim()
    .split('\n');
  assert.equal(recorded.length, 28);
  for (const line of recorded) {
    const [connect, avro] = line.split('\t') as [string, string];
    const own = JSON.parse(new AvroRecordJson(1, avro).connectSchema.toString()) as Connect;
    assert.deepEqual(asked(own), asked(JSON.parse(connect) as Connect));
  }
});

test('every whole number of 64 bits comes with all its digits', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.nat(63), (wide, shift) => {
      const value = wide >> BigInt(shift);
      assert.equal(jsonOf('long', avroLong(value)), String(value));
    }),
  );
});

const everything = {
  type: 'record',
  name: 'All',
  namespace: 'a.b',
  fields: [
    { name: 'text', type: 'string' },
    { name: 'maybe', type: ['string', 'null'] },
    { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['new', 'paid'] } },
    { name: 'again', type: ['null', 'Kind'] },
    { name: 'four', type: { type: 'fixed', name: 'Four', size: 4 } },
    { name: 'list', type: { type: 'array', items: 'double' } },
    {
      name: 'map',
      type: { type: 'map', values: { type: 'record', name: 'c.In', fields: [{ name: 'x', type: 'float' }] } },
    },
    { name: 'in', type: 'c.In' },
    { name: 'sure', type: 'boolean' },
    { name: 'bytes', type: 'bytes' },
  ],
};
const value = {
  text: 'a"\\\n\u0001 größe 😀',
  maybe: null,
  kind: 'paid',
  again: 'new',
  four: Buffer.from([0, 1, 254, 255]),
  list: [1, -2.5],
  map: { 'k"': { x: 0.1 } },
  in: { x: -0 },
  sure: true,
  bytes: Buffer.from('abcd'),
};
const bytes = avsc.Type.forSchema(everything as avsc.Schema, { wrapUnions: false }).toBuffer(value);

test('every type of Avro comes as the JSON that Connect makes of it', () => {
  assert.deepEqual(JSON.parse(jsonOf(everything, bytes)), {
    ...value,
    four: 'AAH+/w==',
    bytes: 'YWJjZA==',
  });
});

const isUnreadable = (error: unknown): boolean => isMillraceError(error, 'FORMAT_MESSAGE_UNREADABLE');

test('a record that ends too early or too late is refused, wherever it ends', () => {
  for (let end = 0; end < bytes.length; end += 1) {
    assert.throws(() => jsonOf(everything, bytes.subarray(0, end)), isUnreadable, String(end));
  }
  assert.throws(() => jsonOf(everything, Buffer.concat([bytes, Buffer.from([0])])), isUnreadable);
});

for (const [name, schema, record] of [
  ['a text that is no UTF-8', 'string', [4, 0xc3, 0x28]],
  ['a text of negative length', 'string', [1]],
  ['a number beyond 64 bits', 'long', [255, 255, 255, 255, 255, 255, 255, 255, 255, 3]],
  ['a number without end', 'long', Array.from({ length: 12 }, () => 255)],
  ['an int beyond 32 bits', 'int', [128, 128, 128, 128, 64]],
  ['a boolean that is 2', 'boolean', [2]],
  ['a branch that a union lacks', ['null', 'int'], [4]],
  ['a symbol that an enum lacks', everything.fields[2]!.type, [4]],
  ['a number that is not finite', 'double', [0, 0, 0, 0, 0, 0, 0xf0, 0x7f]],
  ['a list of more items than there are bytes', { type: 'array', items: 'null' }, [128, 128, 128, 8]],
] as const) {
  test(`${name} is refused`, () => assert.throws(() => jsonOf(schema, Buffer.from(record)), isUnreadable));
}

for (const [name, schema] of [
  ['no JSON', '{'],
  ['a union of several types', '["int","string"]'],
  ['a record that holds itself', '{"type":"record","name":"A","fields":[{"name":"a","type":["null","A"]}]}'],
  ['a type that is not told', '"Elsewhere"'],
  ['a number', '7'],
] as const) {
  test(`a schema that is ${name} cannot be used`, () => {
    assert.throws(
      () => new AvroRecordJson(7, schema),
      (error) => isMillraceError(error, 'FORMAT_SCHEMA_UNUSABLE') && error.details.id === 7,
    );
  });
}
