import assert from 'node:assert/strict';
import { test } from 'node:test';
import avsc from 'avsc';
import { ArrayRowImages } from '../../core/array-row-images.ts';
import { isMillraceError } from '../../core/errors.ts';
import { findTable } from '../../protocol/mysql/ddl/schema.ts';
import {
  encoded,
  type Message,
  masked,
  recorded,
  replay,
  tablesAtStart,
  testdata,
  withRightDefaults,
} from '../../testing/debezium-recordings.ts';
import { DebeziumAvroEncoder } from '../debezium-avro/encoder.ts';
import { AvroRecordJson } from '../debezium-avro/record-json.ts';
import { OutputBuffer } from '../output-buffer.ts';
import { TransactionOrder } from '../transaction-order.ts';
import { DebeziumJsonEncoder } from './encoder.ts';

const isSnapshot = ({ value }: Message): boolean => value?.includes('"op":"r","ts_ms"') ?? false;

/** The handling modes of the three connectors. */
const recordings = [
  { file: 'default-modes.jsonl', options: { name: 'dbz' }, withTransactions: false },
  {
    file: 'string-modes.jsonl',
    options: {
      name: 'alt',
      decimals: 'string',
      unsignedBigints: 'precise',
      times: 'connect',
      binaries: 'hex',
      includeQuery: true,
    },
    withTransactions: true,
  },
  {
    file: 'iso-modes.jsonl',
    options: { name: 'iso', decimals: 'double', times: 'isostring', binaries: 'base64-url-safe' },
    withTransactions: false,
  },
] as const;

for (const { file, options, withTransactions } of recordings) {
  const ours = encoded(options, withTransactions);
  const theirs = Map.groupBy(
    recorded(file).filter((message) => !isSnapshot(message)),
    ({ topic }) => topic,
  );
  for (const [topic, messages] of theirs) {
    test(`${topic} has the bytes that Debezium 3.6.1 wrote of the same binlog`, () => {
      const own = (ours.get(topic) ?? []).map(masked);
      assert.deepEqual(own, messages.map(masked));
    });
  }
}

/** The tables that `schemas/` has of all connectors but the first. */
const fewTables = ['types', 'zeros', 'defs', 'orders', 'comp'];

/** Debezium marks transactions of other tables too, and counts nothing in them; ours are those that have rows. */
const withoutEmptyTransactions = (messages: readonly Message[]): readonly Message[] => {
  const empty = new Set(messages.filter(({ value }) => value?.includes('"event_count":0')).map(({ key }) => key));
  return messages.filter(({ key }) => !empty.has(key));
};

for (const { file, options, withTransactions } of recordings) {
  const ours = encoded(
    { ...options, schemas: true },
    withTransactions,
    testdata('schemas/binlog.000002.zst'),
    (change) => options.name === 'dbz' || change.kind !== 'rows' || fewTables.includes(change.table.name),
  );
  const theirs = Map.groupBy(
    recorded(`schemas/${file}.zst`).filter((message) => !isSnapshot(message)),
    ({ topic }) => topic,
  );
  assert.ok(theirs.size > 5);
  for (const [topic, messages] of theirs) {
    test(`${topic} has the schemas and payloads that Debezium 3.6.1 wrote of the same binlog`, () => {
      // This recording has no headers.
      const own = (ours.get(topic) ?? []).map((message) => ({ ...(masked(message) as Message), headers: {} }));
      const expected = withoutEmptyTransactions(messages).map((message) => ({
        ...(masked(withRightDefaults(message)) as Message),
        headers: {},
      }));
      assert.equal(own.length, expected.length);
      for (const [i, message] of expected.entries()) assert.deepEqual(own[i], message);
    });
  }
}

test('a snapshot row has the bytes of Debezium, told where in the snapshot it stands', () => {
  const expected = recorded('default-modes.jsonl').find(
    (message) => message.topic === 'dbz.golden.orders' && isSnapshot(message),
  )!;
  const { source } = JSON.parse(expected.value!) as {
    source: { file: string; pos: number; ts_us: number; snapshot: string };
  };
  const { table } = findTable(tablesAtStart(), { database: 'golden', name: 'orders' })!;
  const row = [1, 5, 'A', 1, '9.99', 'new', 'n', '2024-01-01 00:00:00.000000'];
  const out = new OutputBuffer();
  new DebeziumJsonEncoder({ name: 'dbz', version: '3.6.1.Final', now: () => 1_700_000_000_000_000 }).encodeRows(
    {
      kind: 'rows',
      op: 'read',
      table,
      rows: new ArrayRowImages(table, { before: null, after: [row] }),
      origin: {
        kind: 'mysql',
        flavor: 'mysql',
        serverId: 0,
        gtid: null,
        file: source.file,
        offset: source.pos,
        commitMicros: source.ts_us,
        thread: null,
        query: null,
      },
    },
    out,
    { snapshot: source.snapshot as 'first' },
  );
  const value = out.view().toString().trim();
  assert.deepEqual(masked({ topic: expected.topic, key: expected.key, value }), masked(expected));
});

test('the two halves of a changed key name each other as Debezium has it', () => {
  const headers = (messages: readonly Message[]) => messages.map((message) => message.headers ?? {});
  const topic = 'dbz.golden.comp';
  const expected = headers(recorded('default-modes.jsonl').filter((message) => message.topic === topic));
  assert.ok(expected.length > 0);
  assert.deepEqual(headers(encoded({ name: 'dbz' }, false).get(topic) ?? []), expected);
});

/** Avro's longs as bigints: they may be beyond the safe numbers. */
const longs = avsc.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return bytes;
  },
  // JSON.parse makes 2^63 of the largest long.
  fromJSON: (value: number) => (value >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(value)),
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => Number(a - b),
});

const avroType = (schema: string) =>
  avsc.Type.forSchema(JSON.parse(schema), {
    typeHook: (told: unknown) => {
      const type = typeof told === 'object' && told !== null && 'type' in told ? told.type : told;
      return type === 'long' ? longs : undefined;
    },
  });

const nearest = (value: number): number => (Math.abs(value) < 3.5e38 ? Math.fround(value) : value);

/** A value of either format in one form: whole numbers as bigints, floats as the nearest of 32 bits, bytes as base64. */
const alike = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value === 'number')
    return Number.isInteger(value) && Math.abs(value) <= 2 ** 31 ? BigInt(value) : nearest(value);
  if (Array.isArray(value)) return value.map(alike);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([name, inner]) => [
    name.replace(/^\d/, '_$&').replaceAll(/\W/g, '_'),
    alike(inner),
  ]);
  return Object.fromEntries(fields);
};

const parsedAlike = (text: string): unknown =>
  alike(
    JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) =>
      typeof value === 'number' && /^-?\d+$/.test(context?.source ?? '') ? BigInt(context!.source!) : value,
    ),
  );

/** What makes other Avro than the modes above, of the same binlog. */
const moreModes = [
  {
    file: 'nanoseconds and booleans',
    options: { name: 'nan', times: 'nanoseconds', binaries: 'base64', booleans: () => true },
    withTransactions: false,
  },
  {
    file: 'microseconds and adjusted names',
    options: { name: 'u-ni', times: 'microseconds', schemaNames: 'avro_unicode', fieldNames: 'avro_unicode' },
    withTransactions: false,
  },
] as const;

for (const { file, options, withTransactions } of [...recordings, ...moreModes]) {
  test(`Avro's own reader and ours find in the Avro records of ${file} what the JSON of the same changes holds`, () => {
    const all = { version: '3.6.1.Final', now: () => 1_700_000_000_000_000, ...options };
    const json = new DebeziumJsonEncoder(all);
    const values = new OutputBuffer(16);
    const avro = new DebeziumAvroEncoder(all, false, values);
    const rows = new OutputBuffer(16);
    const rowAvro = new DebeziumAvroEncoder(all, true, rows);
    let compared = 0;
    let orders: readonly TransactionOrder[] = [];
    replay(testdata('binlog.000002'), (change, { id }) => {
      if (change.kind !== 'rows') return;
      if (withTransactions && orders[0]?.id !== id) orders = [new TransactionOrder(id), new TransactionOrder(id)];
      const [textOrder, order] = orders;
      const texts: (readonly [string, string])[] = [];
      const out = new OutputBuffer(16);
      const textKeys = new OutputBuffer(16);
      json.encodeRows(change, out, {
        records: {
          keys: textKeys,
          record: ({ start, end, keyStart, keyEnd }) =>
            texts.push([textKeys.bytes.toString('utf8', keyStart, keyEnd), out.bytes.toString('utf8', start, end)]),
        },
        ...(textOrder && { transaction: textOrder }),
      });
      const schemas = avro.schemasOf(change.table, 'mysql');
      const valueType = avroType(schemas.value);
      const keyType = schemas.key === null ? null : avroType(schemas.key);
      const keys = new OutputBuffer(16);
      const ownReaders = new Map<object, AvroRecordJson>();
      const decoded = (type: ReturnType<typeof avroType>, bytes: Buffer, id: number): unknown => {
        assert.deepEqual([bytes[0], bytes.readUInt32BE(1)], [0, id]);
        const value = alike(type.fromBuffer(bytes.subarray(5)));
        const own = ownReaders.get(type) ?? new AvroRecordJson(id, JSON.stringify(type.schema({ exportAttrs: true })));
        ownReaders.set(type, own);
        assert.deepEqual(parsedAlike(own.json(bytes, 5).toString()), value);
        return value;
      };
      let at = 0;
      avro.encodeRows(
        change,
        { key: 7, value: 70_000 },
        {
          keys,
          record: ({ start, end, keyStart, keyEnd }) => {
            const [key, value] = texts[at]!;
            at += 1;
            if (keyType === null) assert.equal(keyStart, keyEnd);
            else assert.deepEqual(decoded(keyType, keys.bytes.subarray(keyStart, keyEnd), 7), parsedAlike(key));
            if (start === end) assert.equal(value, '');
            else assert.deepEqual(decoded(valueType, values.bytes.subarray(start, end), 70_000), parsedAlike(value));
            compared += 1;
          },
        },
        order,
      );
      assert.equal(at, texts.length);
      const rowType = avroType(rowAvro.schemasOf(change.table, 'mysql').value);
      const latest = texts.filter(([, text]) => text !== '').map(([, text]) => parsedAlike(text) as { after: unknown });
      const expected = latest.map(({ after }) => after).filter((after) => after !== null);
      const found: unknown[] = [];
      rowAvro.encodeRows(
        change,
        { key: 7, value: 8 },
        {
          keys: new OutputBuffer(16),
          record: ({ start, end }) => {
            if (start !== end) found.push(decoded(rowType, rows.bytes.subarray(start, end), 8));
          },
        },
      );
      assert.deepEqual(found, expected);
    });
    assert.ok(compared > 100);
  });
}

test('a value that was not logged is no Avro record', () => {
  const { table } = findTable(tablesAtStart(), { database: 'golden', name: 'comp' })!;
  const encoder = new DebeziumAvroEncoder({ name: 'dbz', version: '1', now: () => 0 }, false, new OutputBuffer());
  const origin = {
    kind: 'mysql',
    flavor: 'mysql',
    serverId: 1,
    gtid: null,
    file: 'f',
    offset: 4,
    commitMicros: 0,
  } as const;
  const rows = new ArrayRowImages(table, { before: null, after: [[1, undefined, 'k']] });
  const change = { kind: 'rows', op: 'create', table, rows, origin: { ...origin, thread: null, query: null } } as const;
  assert.throws(
    () => encoder.encodeRows(change, { key: 1, value: 2 }, { keys: new OutputBuffer(), record: () => {} }),
    (error) => isMillraceError(error, 'FORMAT_NO_AVRO_VALUE') && error.message.includes('golden.comp'),
  );
});
