import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { avroRowSchema, avroSchema } from './avro-schema.ts';

/** Pairs of a Connect schema that Debezium 3.6.1 wrote and the Avro schema its converter made; scripts/record-avro-schemas.ts. */
const recorded = zstdDecompressSync(readFileSync(new URL('testdata/schemas.tsv.zst', import.meta.url)))
  .toString()
  .trim()
  .split('\n')
  .map((line) => line.split('\t') as [string, string]);

test('the Avro schemas of recorded envelopes are those of the Connect converter, letter by letter', () => {
  assert.equal(recorded.length, 28);
  for (const [connect, avro] of recorded) assert.equal(avroSchema(connect), avro);
});

test('the schema of a row alone is the record that the envelope has under after', () => {
  for (const [connect, avro] of recorded) {
    const { namespace, fields } = JSON.parse(avro) as {
      readonly namespace: string;
      readonly fields: readonly { readonly type: readonly [string, object] }[];
    };
    const { type, name, fields: columns, ...properties } = fields[0]!.type[1] as Record<string, unknown>;
    assert.deepEqual(JSON.parse(avroRowSchema(connect)), { type, name, namespace, fields: columns, ...properties });
  }
});

test('names that Avro does not take are made its own as by the adjustment mode avro', () => {
  const column = (field: string) => `{"type":"string","optional":false,"field":${JSON.stringify(field)}}`;
  const schema = `{"type":"struct","fields":[${['we ird', '1digit', 'größe', 'a.b'].map(column)}],"optional":false,"name":"1p.odd-name.t.Key"}`;
  assert.deepEqual(JSON.parse(avroSchema(schema)), {
    type: 'record',
    name: 'Key',
    namespace: '_1p.odd_name.t',
    fields: ['we_ird', '_1digit', 'gr__e', 'a_b'].map((name) => ({ name, type: 'string' })),
    'connect.name': '_1p.odd_name.t.Key',
  });
});
