import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import avsc from 'avsc';
import { ArrayRowImages } from '../../core/array-row-images.ts';
import type { Change, MysqlOrigin } from '../../core/change.ts';
import { isMillraceError } from '../../core/errors.ts';
import type { Table } from '../../core/table.ts';
import { applyDdl } from '../../protocol/mysql/ddl/apply-ddl.ts';
import { readDdl } from '../../protocol/mysql/ddl/read-ddl.ts';
import { emptySchema, findTable, type Schema } from '../../protocol/mysql/ddl/schema.ts';
import type { EventFrame } from '../../protocol/mysql/event-frame.ts';
import { eventType } from '../../protocol/mysql/event-type.ts';
import { decodeGtid } from '../../protocol/mysql/events/gtid.ts';
import { decodeQuery } from '../../protocol/mysql/events/query.ts';
import { decodeRowsEvent, isRowsEvent } from '../../protocol/mysql/events/rows-event.ts';
import { decodeTableMap, type TableMap } from '../../protocol/mysql/events/table-map.ts';
import { FileFramer } from '../../protocol/mysql/file-framer.ts';
import { rowReader } from '../../protocol/mysql/values/binlog-row-images.ts';
import { builtinCollations } from '../../protocol/mysql/values/collations.ts';
import { tableFromMap } from '../../protocol/mysql/values/table-definition.ts';
import { DebeziumAvroEncoder } from '../debezium-avro/encoder.ts';
import { AvroRecordJson } from '../debezium-avro/record-json.ts';
import { OutputBuffer } from '../output-buffer.ts';
import { TransactionOrder } from '../transaction-order.ts';
import { DebeziumJsonEncoder, type RowsExtras } from './encoder.ts';
import type { DebeziumOptions } from './options.ts';
import { transactionSchemas } from './schema-part.ts';
import { transactionKey, transactionMark } from './transaction.ts';

/** See testdata/README.md for how these were recorded. */
const testdata = (name: string): Buffer => {
  const bytes = readFileSync(new URL(`testdata/${name}`, import.meta.url));
  return name.endsWith('.zst') ? zstdDecompressSync(bytes) : bytes;
};

interface Message {
  readonly topic: string;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

const recorded = (file: string): readonly Message[] =>
  testdata(file)
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Message);

/** The tables as they stood when the recorded binlog began. */
const tablesAtStart = (): Schema => {
  const statements = testdata('setup.sql').toString().split(/;\n/);
  return statements
    .flatMap((sql) => readDdl(sql, { flavor: 'mysql', database: 'golden', sqlMode: '' }))
    .reduce((schema, effect) => applyDdl(schema, effect).schema, emptySchema({ flavor: 'mysql' }));
};

/** Walks a recorded binlog and hands out its changes as the MySQL source would make them. */
const replay = (
  binlog: Buffer,
  take: (change: Change, transaction: { readonly id: string; readonly end: boolean }) => void,
): void => {
  const collations = builtinCollations('mysql');
  let schema = tablesAtStart();
  let gtid = '';
  let commitMicros = 0;
  let thread: number | null = null;
  let query: string | null = null;
  const maps = new Map<number, { readonly map: TableMap; readonly table: Table }>();
  const origin = (frame: EventFrame): MysqlOrigin => ({
    kind: 'mysql',
    flavor: 'mysql',
    serverId: frame.serverId,
    gtid,
    file: 'binlog.000002',
    offset: frame.logPos - frame.size,
    commitMicros,
    thread,
    query,
  });
  const follow = (frame: EventFrame): void => {
    const { sql, database, variables, thread: runner } = decodeQuery(frame);
    if (sql === 'BEGIN') {
      thread = runner;
      return;
    }
    for (const effect of readDdl(sql, { flavor: 'mysql', database, sqlMode: variables.sqlMode ?? 0 })) {
      if (effect.kind === 'truncate-table') {
        const { table } = findTable(schema, effect.table)!;
        take({ kind: 'truncate', table, origin: origin(frame) }, { id: gtid, end: false });
      }
      const outcome = applyDdl(schema, effect);
      schema = outcome.schema;
      for (const change of outcome.changes) {
        take({ kind: 'schema', ...change, statement: sql, origin: origin(frame) }, { id: gtid, end: false });
      }
    }
  };
  new FileFramer().push(binlog, (frame) => {
    if (frame.type === eventType.GTID) {
      const decoded = decodeGtid(frame);
      gtid = `${decoded.uuid}:${decoded.gno}`;
      commitMicros = decoded.originalCommitMicros;
      thread = null;
    } else if (frame.type === eventType.QUERY) follow(frame);
    else if (frame.type === eventType.ROWS_QUERY) query = frame.bytes.toString('utf8', frame.body + 1, frame.end);
    else if (frame.type === eventType.TABLE_MAP) {
      const map = decodeTableMap(frame, 'mysql');
      maps.set(map.tableId, { map, table: tableFromMap(map, collations, findTable(schema, map)?.table ?? null) });
    } else if (isRowsEvent(frame.type)) {
      const event = decodeRowsEvent(frame);
      const { map, table } = maps.get(event.tableId)!;
      const rows = rowReader(table, map, collations).images(event);
      take({ kind: 'rows', op: event.op, table, rows, origin: origin(frame) }, { id: gtid, end: false });
    }
  });
};

/** Our records of the recorded binlog, by topic. */
const encoded = (
  options: Omit<DebeziumOptions, 'version' | 'now'>,
  withTransactions: boolean,
  binlog = testdata('binlog.000002'),
  captures: (table: string) => boolean = () => true,
): Map<string, Message[]> => {
  const encoder = new DebeziumJsonEncoder({ version: '3.6.1.Final', now: () => 1_700_000_000_000_000, ...options });
  const topics = new Map<string, Message[]>();
  const out = new OutputBuffer(16);
  const keys = new OutputBuffer(16);
  let order: TransactionOrder | null = null;
  let id = '';
  let millis = 0;
  const add = (topic: string, message: Omit<Message, 'topic'>): void => {
    const messages = topics.get(topic) ?? [];
    messages.push({ topic, ...message });
    topics.set(topic, messages);
  };
  const framed = (part: 'key' | 'value', payload: Buffer): string =>
    options.schemas === true ? `${transactionSchemas()[part]}${payload}}` : payload.toString();
  const mark = (status: 'BEGIN' | 'END', transaction: TransactionOrder): void =>
    add(`${options.name}.transaction`, {
      key: framed('key', transactionKey(transaction.id)),
      value: framed('value', transactionMark(status, transaction, millis)),
    });
  replay(binlog, (change, transaction) => {
    if (change.kind === 'rows' && !captures(change.table.name)) return;
    if (withTransactions && change.kind === 'rows' && transaction.id !== id) {
      if (order !== null) mark('END', order);
      order = new TransactionOrder(transaction.id);
      id = transaction.id;
      millis = Math.floor((change.origin as MysqlOrigin).commitMicros / 1_000);
      mark('BEGIN', order);
    }
    out.clear();
    keys.clear();
    const table = change.kind === 'schema' ? null : change.table;
    const topic = table === null ? options.name : `${options.name}.${table.database}.${table.name}`;
    const extras: RowsExtras = {
      records: {
        keys,
        record: ({ start, end, keyStart, keyEnd, header, headerStart, headerEnd }) => {
          const named =
            header === null ? {} : { headers: { [header]: keys.bytes.toString('utf8', headerStart, headerEnd) } };
          add(topic, {
            key: keyStart === keyEnd ? null : keys.bytes.toString('utf8', keyStart, keyEnd),
            value: start === end ? null : out.bytes.toString('utf8', start, end),
            ...named,
          });
        },
      },
      ...(order === null ? {} : { transaction: order }),
    };
    if (change.kind === 'rows') encoder.encodeRows(change, out, extras);
    else if (change.kind === 'truncate') encoder.encodeTruncate(change, out, extras);
    else if (change.kind === 'schema') encoder.encodeSchemaChange(change, out, extras);
  });
  if (order !== null) mark('END', order);
  return topics;
};

/**
 * What is not compared: the envelope's own times, which are when each program ran; and what testdata/README.md tells of the recording:
 * 'false', the default of `source.snapshot`, is null where Connect leaves nulls alone; a schema change carries the row number of an event
 * before it; Java 17 prints some floating-point numbers with a digit too many; headers are not made by the JSON converter.
 */
const masked = ({ value, headers, ...message }: Message): object => {
  const same = value
    ?.replace(/"ts_ms":\d+,"ts_us":\d+,"ts_ns":\d+(}+)$/, '"ts":0$1')
    .replace(/"ts_ms":\d+,"databaseName"/, '"databaseName"')
    .replace(/"row":\d+(,"thread":null,"query":null},"databaseName")/, '"row":0$1')
    .replace('"snapshot":null', '"snapshot":"false"');
  return {
    ...message,
    headers: headers === undefined ? [] : Object.keys(headers),
    value: longerOnJava17.reduce((text, [longer, shortest]) => text?.replaceAll(longer, shortest), same),
  };
};

const longerOnJava17 = [
  ['-3.5000001E10', '-3.5E10'],
  ['1.17549435E-38', '1.1754944E-38'],
  ['9.2233720368547763E17', '9.223372036854776E17'],
] as const;

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

/**
 * What Debezium makes of a default as SHOW CREATE TABLE prints it, escapes and all; ours are the default itself: it's, and the bytes
 * 'ab' and 0.
 */
const misreadDefaults = [
  [`"default":"it''s"`, `"default":"it's"`],
  ['"default":"YWJcMA=="', '"default":"YWIA"'],
  ['"default":"61625c30"', '"default":"616200"'],
] as const;

const withRightDefaults = (message: Message): Message => ({
  ...message,
  value: misreadDefaults.reduce((text, [theirs, ours]) => text?.replaceAll(theirs, ours) ?? null, message.value),
});

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
    (table) => options.name === 'dbz' || fewTables.includes(table),
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

for (const { file, options, withTransactions } of recordings) {
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
