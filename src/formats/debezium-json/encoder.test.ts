import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ArrayRowImages, type RowArrays } from '../../core/array-row-images.ts';
import type { MysqlOrigin, Op } from '../../core/change.ts';
import { plainColumn } from '../../core/plain-column.ts';
import { type ColumnType, defineTable, type Table } from '../../core/table.ts';
import type { Row } from '../../core/value.ts';
import { OutputBuffer } from '../output-buffer.ts';
import { planTable } from './column-plan.ts';
import { DebeziumJsonEncoder, type DebeziumRecord } from './encoder.ts';
import { jsonString } from './json-string.ts';
import type { DebeziumOptions } from './options.ts';
import { RowWriter } from './row-writer.ts';

const origin: MysqlOrigin = {
  kind: 'mysql',
  flavor: 'mysql',
  serverId: 7,
  gtid: '65ef84cb-e4e9-11f1-b839-02fc00000001:42',
  file: 'binlog.000009',
  offset: 4_711,
  commitMicros: 1_700_000_000_123_456,
  thread: 12,
  query: null,
};

const text = { kind: 'text', fixed: false, maxBytes: 400, charset: 'utf8mb4', collation: 'utf8mb4_bin' } as const;
const int = { kind: 'integer', bits: 32, unsigned: false } as const;

const tableOf = (types: Readonly<Record<string, ColumnType>>, primaryKey: readonly number[] = [0]): Table =>
  defineTable({
    database: 'shop',
    name: 'orders',
    columns: Object.entries(types).map(([name, type], index) =>
      plainColumn(name, type, { nullable: !primaryKey.includes(index) }),
    ),
    primaryKey,
    uniqueKeys: [],
    charset: 'utf8mb4',
    comment: null,
  });

const encoderWith = (options: Partial<DebeziumOptions> = {}): DebeziumJsonEncoder =>
  new DebeziumJsonEncoder({ name: 'mill', version: '0', now: () => 1_800_000_000_654_321, ...options });

const encode = (table: Table, op: Op, images: RowArrays, options: Partial<DebeziumOptions> = {}): string => {
  // The smallest buffer: every write must make its own room.
  const out = new OutputBuffer(1);
  encoderWith(options).encodeRows({ kind: 'rows', op, table, rows: new ArrayRowImages(table, images), origin }, out);
  return out.view().toString();
};

const created = (table: Table, row: Row, options: Partial<DebeziumOptions> = {}): string =>
  /"after":(.*),"source":/s.exec(encode(table, 'create', { before: null, after: [row] }, options))![1]!;

test('writes a line for each row, alike but for the row and its number', () => {
  const table = tableOf({ id: int, note: text });
  const lines = encode(table, 'create', {
    before: null,
    after: [
      [1, 'a'],
      [2, null],
      [3, 'c'],
    ],
  }).split('\n');
  assert.equal(
    lines[0],
    '{"before":null,"after":{"id":1,"note":"a"},"source":{"version":"0","connector":"mysql","name":"mill","ts_ms":1700000000123,"snapshot":"false","db":"shop","sequence":null,"ts_us":1700000000123456,"ts_ns":1700000000123456000,"table":"orders","server_id":7,"gtid":"65ef84cb-e4e9-11f1-b839-02fc00000001:42","file":"binlog.000009","pos":4711,"row":0,"thread":12,"query":null},"transaction":null,"op":"c","ts_ms":1800000000654,"ts_us":1800000000654321,"ts_ns":1800000000654321000}',
  );
  assert.equal(
    lines[1],
    lines[0]!.replace('{"id":1,"note":"a"}', '{"id":2,"note":null}').replace('"row":0', '"row":1'),
  );
  assert.equal(lines[2], lines[0]!.replace('{"id":1,"note":"a"}', '{"id":3,"note":"c"}').replace('"row":0', '"row":2'));
  assert.deepEqual(lines.slice(3), ['']);
});

test('writes both images of an update and the old one of a delete', () => {
  const table = tableOf({ id: int, note: text });
  const images = (line: string) => /^(.*),"source":.*"op":"(.)"/.exec(line)!.slice(1);
  assert.deepEqual(images(encode(table, 'update', { before: [[1, 'a']], after: [[1, 'b']] })), [
    '{"before":{"id":1,"note":"a"},"after":{"id":1,"note":"b"}',
    'u',
  ]);
  assert.deepEqual(images(encode(table, 'delete', { before: [[1, 'a']], after: null })), [
    '{"before":{"id":1,"note":"a"},"after":null',
    'd',
  ]);
  assert.deepEqual(images(encode(table, 'read', { before: null, after: [[1, 'a']] })), [
    '{"before":null,"after":{"id":1,"note":"a"}',
    'r',
  ]);
});

test('tells each record and its key, a delete with its tombstone, a changed key as a delete and a create', () => {
  const table = tableOf({ note: text, b: int, a: text }, [2, 1]);
  const out = new OutputBuffer(1);
  const keys = new OutputBuffer(1);
  const told: string[] = [];
  const record = ({ start, end, keyStart, keyEnd, header, headerStart, headerEnd }: DebeziumRecord): void => {
    const op = start === end ? 'tombstone' : /"op":"(.)"/.exec(out.bytes.toString('utf8', start, end))![1]!;
    const other = header === null ? '' : ` ${header} ${keys.bytes.toString('utf8', headerStart, headerEnd)}`;
    told.push(`${op} ${keys.bytes.toString('utf8', keyStart, keyEnd)}${other}`);
    if (start !== end) JSON.parse(out.bytes.toString('utf8', start, end));
  };
  const encoder = encoderWith();
  const change = (op: Op, images: RowArrays): void =>
    encoder.encodeRows({ kind: 'rows', op, table, rows: new ArrayRowImages(table, images), origin }, out, {
      records: { keys, record },
    });
  change('create', {
    before: null,
    after: [
      ['x', 1, 'k'],
      ['y', 2, 'k"'],
    ],
  });
  change('update', {
    before: [
      ['x', 1, 'k'],
      ['y', 2, 'k"'],
    ],
    after: [
      ['z', 1, 'k'],
      ['y', 20, 'l'],
    ],
  });
  change('delete', { before: [['z', 1, 'k']], after: null });
  assert.deepEqual(told, [
    'c {"a":"k","b":1}',
    'c {"a":"k\\"","b":2}',
    'u {"a":"k","b":1}',
    'd {"a":"k\\"","b":2} __debezium.newkey {"a":"l","b":20}',
    'tombstone {"a":"k\\"","b":2} __debezium.newkey {"a":"l","b":20}',
    'c {"a":"l","b":20} __debezium.oldkey {"a":"k\\"","b":2}',
    'd {"a":"k","b":1}',
    'tombstone {"a":"k","b":1}',
  ]);
  assert.equal(out.view().toString().trim().split('\n').length, 6);
});

test('with schemas, puts them before each key and value, and into no header', () => {
  const table = tableOf({ id: int, note: text });
  const out = new OutputBuffer(1);
  const keys = new OutputBuffer(1);
  const found: (readonly [key: string, value: string, header: string])[] = [];
  const records = {
    keys,
    record: ({ start, end, keyStart, keyEnd, headerStart, headerEnd }: DebeziumRecord): void => {
      found.push([
        keys.bytes.toString('utf8', keyStart, keyEnd),
        out.bytes.toString('utf8', start, end),
        keys.bytes.toString('utf8', headerStart, headerEnd),
      ]);
    },
  };
  const images = {
    before: [
      [1, 'a'],
      [2, 'b'],
    ],
    after: [
      [1, 'x'],
      [3, 'b'],
    ],
  };
  const rows = new ArrayRowImages(table, images);
  encoderWith({ schemas: true }).encodeRows({ kind: 'rows', op: 'update', table, rows, origin }, out, { records });
  const parsed = found.map(([key, value, header]) => [
    JSON.parse(key) as { schema: { name: string }; payload: object },
    value === '' ? null : (JSON.parse(value) as { schema: { name: string }; payload: { op: string; after: object } }),
    header,
  ]) as [
    { schema: { name: string }; payload: object },
    { schema: { name: string }; payload: { op: string } } | null,
    string,
  ][];
  assert.deepEqual(
    parsed.map(([key, value, header]) => [key.payload, value?.payload.op, header]),
    [
      [{ id: 1 }, 'u', ''],
      [{ id: 2 }, 'd', '{"id":3}'],
      [{ id: 2 }, undefined, '{"id":3}'],
      [{ id: 3 }, 'c', '{"id":2}'],
    ],
  );
  for (const [key, value] of parsed) {
    assert.equal(key.schema.name, 'mill.shop.orders.Key');
    if (value !== null) assert.equal(value.schema.name, 'mill.shop.orders.Envelope');
  }
  // What stands behind the schemas is what is written without them.
  const payloads = out
    .view()
    .toString()
    .replaceAll(/^\{"schema":.*,"payload":(.*)\}$/gm, '$1');
  assert.equal(payloads, encode(table, 'update', images));
});

test('names the schema after the server, and its defaults as its catalogue words them', () => {
  const binary = { kind: 'binary', fixed: true, maxBytes: 3 } as const;
  const moment = { kind: 'datetime', fsp: 0 } as const;
  const plainTable = tableOf({ id: int, note: text, code: binary, at: moment, stamp: { kind: 'timestamp', fsp: 0 } });
  const defaultsIn = (flavor: 'mysql' | 'mariadb', expressions: readonly (string | null)[]): unknown => {
    const table = defineTable({
      ...plainTable,
      columns: plainTable.columns.map((column, i) => ({ ...column, defaultExpression: expressions[i]! })),
    });
    const out = new OutputBuffer(1);
    const rows = new ArrayRowImages(table, { before: null, after: [[1, null, null, null, null]] });
    const from = { ...origin, flavor };
    encoderWith({ schemas: true }).encodeRows({ kind: 'rows', op: 'create', table, rows, origin: from }, out);
    const { schema } = JSON.parse(out.view().toString()) as {
      schema: { fields: { name: string; fields: { default?: unknown }[] }[] };
    };
    return [schema.fields[2]!.name, ...schema.fields[1]!.fields.map((field) => field.default)];
  };
  assert.deepEqual(defaultsIn('mysql', ['-7', "it's", '0x6162', 'CURRENT_TIMESTAMP', 'CURRENT_TIMESTAMP']), [
    'io.debezium.connector.mysql.Source',
    -7,
    "it's",
    'YWIA',
    0,
    undefined,
  ]);
  assert.deepEqual(defaultsIn('mariadb', ['7', "'it''s'", "x'616263'", "'2020-01-02 03:04:05'", null]), [
    'io.debezium.connector.mariadb.Source',
    7,
    "it's",
    'YWJj',
    1_577_934_245_000,
    undefined,
  ]);
  assert.deepEqual(
    defaultsIn('mysql', ['(1 + 1)', 'uuid()', 'unhex(61)', 'now() + interval 1 day', '0000-00-00 00:00:00']),
    ['io.debezium.connector.mysql.Source', undefined, undefined, undefined, 0, undefined],
  );
});

test('takes the first unique key without NULLs where there is no primary key, and tells no key where there is none', () => {
  const columns = tableOf({ a: int, b: int, c: int }, []).columns.map((column, i) => ({
    ...column,
    nullable: i === 0,
  }));
  const keyOf = (uniqueKeys: readonly (readonly number[])[]): string => {
    const table = defineTable({ ...tableOf({}), columns, primaryKey: [], uniqueKeys });
    const keys = new OutputBuffer();
    const rows = new ArrayRowImages(table, { before: null, after: [[1, 2, 3]] });
    const records = { keys, record: () => {} };
    encoderWith().encodeRows({ kind: 'rows', op: 'create', table, rows, origin }, new OutputBuffer(), { records });
    return keys.view().toString();
  };
  assert.equal(keyOf([[0], [2, 1], [1]]), '{"c":3,"b":2}');
  assert.equal(keyOf([[0, 1]]), '');
});

test('what was not logged is a placeholder where the field is text or bytes, and left out elsewhere', () => {
  const table = tableOf({
    id: int,
    a: text,
    b: int,
    c: { kind: 'binary', fixed: false, maxBytes: 9 },
    d: { kind: 'json' },
    e: int,
  });
  assert.equal(
    created(table, [undefined, undefined, undefined, undefined, undefined, 5]),
    '{"a":"__debezium_unavailable_value","c":"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==","d":"__debezium_unavailable_value","e":5}',
  );
  assert.equal(created(tableOf({ id: int }), [undefined]), '{}');
  assert.match(created(table, [1, 'x', null, undefined, null, 5], { binaries: 'hex' }), /"c":"5f5f6465/);
});

test('escapes text as Jackson does, however long it is', () => {
  const table = tableOf({ note: text });
  assert.equal(
    created(table, ['\u0000\b\t\n\u000b\f\r\u001f"\\/\u007f\u0080é\u2028日\uffff🎉']),
    '{"note":"\\u0000\\b\\t\\n\\u000B\\f\\r\\u001F\\"\\\\/\u007f\u0080é\u2028日\uffff\\uD83C\\uDF89"}',
  );
  for (const long of ['x'.repeat(300_000), '"'.repeat(300_000), '🎉'.repeat(100_000), `${'y'.repeat(200_000)}\n`]) {
    assert.deepEqual(JSON.parse(created(table, [long])), { note: long });
  }
});

test('prints documents without blanks, and numbers as Java has them', () => {
  const table = tableOf({ doc: { kind: 'json' } });
  const document = (source: string): string => (JSON.parse(created(table, [source])) as { doc: string }).doc;
  for (const [source, printed] of [
    ['{"a": 1, "b": [true, null, "x, y: z"]}', '{"a":1,"b":[true,null,"x, y: z"]}'],
    ['"a \\" b\\\\"', '"a \\" b\\\\"'],
    ['["\\\\", "\\"", "é🎉\\u0001"]', '["\\\\","\\"","é🎉\\u0001"]'],
    ['1e20', '100000000000000000000'],
    ['[1.5, -0.0, 0.001, 9999999.5, 18446744073709551615]', '[1.5,-0.0,0.001,9999999.5,18446744073709551615]'],
    ['10000000.0', '10000000'],
    ['0.00001', '0.000010000000000000000818030539140313095458623138256371021270751953125'],
    ['-1e-7', '-0.0000000999999999999999954748111825886258685613938723690807819366455078125'],
    ['12345678.50', '12345678.50'],
    ['[1e999, -1e-999]', '[1e999,-1e-999]'],
  ] as const) {
    assert.equal(document(source), printed);
  }
  const [own] = tableOf({ doc: { kind: 'json' } }).columns;
  const mariadb = defineTable({ ...table, columns: [{ ...own!, declaration: 'longtext' }] });
  assert.deepEqual(JSON.parse(created(mariadb, ['{"a" :\n 1e20}'])), { doc: '{"a" :\n 1e20}' });
  const huge = `[${Array.from({ length: 200 }, () => '1.7976931348623157e308').join(', ')}]`;
  assert.deepEqual(JSON.parse(document(huge)), JSON.parse(huge));
});

test('keeps year 0, and makes zero dates null or, where they cannot be, the default or 1970', () => {
  const table = tableOf({ y: { kind: 'year' }, d: { kind: 'date' }, t: { kind: 'timestamp', fsp: 6 } });
  const [year, date, stamp] = table.columns;
  const zero = [0, '0000-00-00', '0000-00-00 00:00:00.000000'];
  assert.equal(created(table, zero), '{"y":0,"d":null,"t":null}');
  const sure = defineTable({
    ...table,
    columns: [year!, { ...date!, nullable: false, defaultExpression: "'2020-02-02'" }, { ...stamp!, nullable: false }],
  });
  assert.equal(created(sure, zero), '{"y":0,"d":18294,"t":"1970-01-01T00:00:00Z"}');
  assert.equal(created(sure, zero, { times: 'isostring' }), '{"y":0,"d":"2020-02-02Z","t":"1970-01-01T00:00:00Z"}');
});

test('any row reads back as the values that went in', () => {
  const types = {
    id: { kind: 'integer', bits: 64, unsigned: false },
    note: text,
    bytes: { kind: 'binary', fixed: false, maxBytes: 100 },
    price: { kind: 'decimal', precision: 30, scale: 4, unsigned: false },
    ratio: { kind: 'double', unsigned: false },
    created: { kind: 'datetime', fsp: 6 },
    seen: { kind: 'timestamp', fsp: 3 },
    lasts: { kind: 'time', fsp: 6 },
    state: { kind: 'enum', values: ['new', 'pa"id', 'é'], charset: 'utf8mb4' },
    flags: { kind: 'set', values: ['a', 'b', 'c'], charset: 'utf8mb4' },
  } as const satisfies Record<string, ColumnType>;
  const table = tableOf(types);
  const instant = fc.date({ min: new Date('1970-01-02'), max: new Date('2037-01-01'), noInvalidDate: true });
  const row = fc.record({
    id: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    note: fc.option(fc.string({ unit: 'grapheme' })),
    bytes: fc.option(fc.uint8Array({ maxLength: 50 })),
    unscaled: fc.bigInt({ min: -(10n ** 30n) + 1n, max: 10n ** 30n - 1n }),
    ratio: fc.double({ noNaN: true, noDefaultInfinity: true }),
    created: fc.date({
      min: new Date('0100-01-01T00:00:00Z'),
      max: new Date('9999-12-31T00:00:00Z'),
      noInvalidDate: true,
    }),
    micros: fc.nat(999),
    seen: instant,
    lasts: fc.integer({ min: -3_020_399_000_000, max: 3_020_399_000_000 }),
    state: fc.constantFrom('new', 'pa"id', 'é'),
    flags: fc.subarray(['a', 'b', 'c']),
  });
  const sqlTime = (date: Date, micros: string): string => date.toISOString().replace('T', ' ').replace('Z', micros);
  const duration = (micros: number): string => {
    const magnitude = Math.abs(micros);
    const seconds = Math.floor(magnitude / 1e6);
    const clock = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
    const printed = clock.map((part) => String(part).padStart(2, '0')).join(':');
    return `${micros < 0 ? '-' : ''}${printed}.${String(magnitude % 1e6).padStart(6, '0')}`;
  };
  const decimal = (unscaled: bigint): string => {
    const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(5, '0');
    return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`;
  };
  const fromTwosComplement = (base64: string): bigint => {
    const bytes = Buffer.from(base64, 'base64');
    return BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`));
  };
  fc.assert(
    fc.property(row, (value) => {
      const micros = String(value.micros).padStart(3, '0');
      const id = value.id >= -(2n ** 53n) + 1n && value.id < 2n ** 53n ? Number(value.id) : value.id;
      const json = created(table, [
        id,
        value.note,
        value.bytes,
        decimal(value.unscaled),
        value.ratio,
        sqlTime(value.created, micros),
        sqlTime(value.seen, ''),
        duration(value.lasts),
        value.state,
        value.flags.join(),
      ]);
      const back = JSON.parse(json) as Record<string, string>;
      assert.equal(/^\{"id":(-?\d+),/.exec(json)![1], String(value.id));
      assert.equal(back['note'], value.note);
      assert.deepEqual(
        back['bytes'] && Buffer.from(back['bytes'], 'base64'),
        value.bytes && (value.bytes.length ? Buffer.from(value.bytes) : ''),
      );
      assert.equal(fromTwosComplement(back['price']!), value.unscaled);
      assert.equal(back['ratio'], value.ratio);
      const createdMicros = BigInt(value.created.getTime()) * 1_000n + BigInt(value.micros);
      assert.equal(/"created":(-?\d+)/.exec(json)![1], String(createdMicros));
      assert.equal(back['seen'], value.seen.toISOString());
      assert.equal(back['lasts'], value.lasts);
      assert.equal(back['state'], value.state);
      assert.equal(back['flags'], value.flags.join());
    }),
    { numRuns: 500 },
  );
});

test('writes times that repeat, in whole or in part, as it does each by itself', () => {
  const table = tableOf({
    id: int,
    exact: { kind: 'datetime', fsp: 6 },
    coarse: { kind: 'datetime', fsp: 0 },
  });
  const day = fc.constantFrom('0001-01-01', '1969-12-31', '1970-01-01', '2024-02-29', '2024-03-01', '9999-12-31');
  const clock = fc.constantFrom('00:00:00', '00:00:01', '23:59:59');
  const micros = fc.constantFrom('000000', '000001', '999999');
  const row = fc.tuple(day, clock, micros, day, clock);
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 30 }), (rows) => {
      const values = rows.map(([d, c, m, e, f], id): Row => [id, `${d} ${c}.${m}`, `${e} ${f}`]);
      const together = encode(table, 'create', { before: null, after: values });
      const afters = [...together.matchAll(/"after":(.*?),"source":/g)].map(([, after]) => after);
      assert.deepEqual(
        afters,
        values.map((value) => created(table, value)),
      );
    }),
    { numRuns: 200 },
  );
});

test('escapes texts that lie in the same bytes as it does each by itself', () => {
  const any = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme-ascii', maxLength: 40 }),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(any, { minLength: 1, maxLength: 12 }), (texts) => {
      const table = tableOf(Object.fromEntries(texts.map((_, i) => [`t${i}`, text])));
      const out = new OutputBuffer(1);
      const writer = new RowWriter(out, planTable(table, { name: 'shop', version: '1', now: () => 0 }));
      const pieces = texts.map((each) => Buffer.from(each));
      const bytes = Buffer.concat(pieces);
      writer.begin(new Int32Array(texts.length + 1));
      let at = 0;
      pieces.forEach((piece, column) => {
        writer.text(column, bytes, at, at + piece.length);
        at += piece.length;
      });
      writer.end();
      assert.equal(out.view().toString(), `{${texts.map((each, i) => `"t${i}":${jsonString(each)}`).join()}}`);
    }),
    { numRuns: 1_000 },
  );
});

test('writes the time of commit whatever its number of digits', () => {
  const table = tableOf({ id: int });
  const out = new OutputBuffer(1);
  const encoder = encoderWith();
  for (const commitMicros of [0, 999, 1_700_000_000_123_456, 1_700_000_000_123_457, 4_000_000, 1_800_000_000_000_000]) {
    out.clear();
    const rows = new ArrayRowImages(table, { before: null, after: [[1]] });
    encoder.encodeRows({ kind: 'rows', op: 'create', table, rows, origin: { ...origin, commitMicros } }, out);
    const found = /"ts_ms":(\d+),"snapshot".*"ts_us":(\d+),"ts_ns":(\d+),"table"/.exec(out.view().toString())!;
    assert.deepEqual(found.slice(1), [
      String(Math.floor(commitMicros / 1_000)),
      String(commitMicros),
      String(BigInt(commitMicros) * 1_000n),
    ]);
  }
});

test('a document keeps its meaning, and but for its numbers its words, without the blanks', () => {
  const table = tableOf({ doc: { kind: 'json' } });
  const document = (source: string): string => (JSON.parse(created(table, [source])) as { doc: string }).doc;
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.deepEqual(JSON.parse(document(JSON.stringify(value, null, 1))), JSON.parse(JSON.stringify(value)));
    }),
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.array(tie('tree')),
      fc.dictionary(fc.string(), tie('tree')),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      assert.equal(document(JSON.stringify(value, null, 2)), JSON.stringify(value));
    }),
  );
});

test('writes tables of any width and of changing shape with one encoder', () => {
  const out = new OutputBuffer(1);
  const encoder = encoderWith();
  for (const width of [1, 200, 3, 65, 1_017]) {
    const table = tableOf(Object.fromEntries(Array.from({ length: width }, (_, i) => [`c${i}`, int])));
    const row = Array.from({ length: width }, (_, i) => i - 500);
    const rows = new ArrayRowImages(table, { before: [row], after: [row] });
    out.clear();
    encoder.encodeRows({ kind: 'rows', op: 'update', table, rows, origin }, out);
    const { before, after } = JSON.parse(out.view().toString()) as Record<string, Record<string, number>>;
    assert.deepEqual(Object.values(before!), row);
    assert.deepEqual(Object.values(after!), row);
  }
});
