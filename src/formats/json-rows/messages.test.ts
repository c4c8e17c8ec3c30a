import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { ArrayRowImages } from '../../core/array-row-images.ts';
import type { Change, MysqlOrigin, Origin } from '../../core/change.ts';
import { isMillraceError } from '../../core/errors.ts';
import type { ColumnType, Table } from '../../core/table.ts';
import type { Row, Value } from '../../core/value.ts';
import { bigint, column, int, table, varchar } from '../../testing/sample-tables.ts';
import { DebeziumJsonEncoder } from '../debezium-json/encoder.ts';
import type { DebeziumOptions } from '../debezium-json/options.ts';
import { OutputBuffer } from '../output-buffer.ts';
import { CanalMessages } from './canal-messages.ts';
import { ChangeCollector } from './change-collector.ts';
import type { UnknownFields } from './column-finder.ts';
import { DebeziumMessages } from './debezium-messages.ts';
import { MaxwellMessages } from './maxwell-messages.ts';
import type { Message, MessageReader } from './message.ts';
import { MessageTables } from './message-tables.ts';
import { PlainMessages } from './plain-messages.ts';
import { canalModes, debeziumModes, plainModes, type ValueModes } from './value-modes.ts';

const message = (value: string | Uint8Array | null, key: string | null = null, offset = 0): Message => ({
  key: key === null ? null : Buffer.from(key),
  value: value === null ? null : Buffer.from(value),
  database: 'kafka',
  table: 'topic',
  offset,
  origin: (): Origin => ({
    kind: 'kafka',
    topic: 't',
    partition: 0,
    offset: BigInt(offset),
    timestampMs: 0,
    key: null,
    headers: [],
  }),
});

interface Settings {
  readonly declared?: readonly Table[];
  readonly modes?: ValueModes;
  readonly unknownFields?: UnknownFields;
  readonly primaryKey?: readonly string[];
  readonly maxRows?: number;
}

const tablesWith = ({ declared, modes, unknownFields, primaryKey }: Settings, usual: ValueModes): MessageTables =>
  new MessageTables({
    declared: declared ?? null,
    modes: modes ?? usual,
    unknownFields: unknownFields ?? 'refuse',
    primaryKey: primaryKey ?? null,
  });

const readers = {
  debezium: (settings: Settings, changes: ChangeCollector): MessageReader =>
    new DebeziumMessages(tablesWith(settings, debeziumModes), changes),
  canal: (settings: Settings, changes: ChangeCollector): MessageReader =>
    new CanalMessages(tablesWith(settings, canalModes), changes, (name) =>
      name === 'int' ? int : name.startsWith('decimal') ? amount : name.startsWith('varchar') ? varchar : null,
    ),
  maxwell: (settings: Settings, changes: ChangeCollector): MessageReader =>
    new MaxwellMessages(tablesWith(settings, plainModes), changes),
  plain: (settings: Settings, changes: ChangeCollector): MessageReader =>
    new PlainMessages(tablesWith(settings, plainModes), changes),
};

/** Reads messages one after the other; what each said, and the changes they made. */
const readAll = (
  format: keyof typeof readers,
  messages: readonly Message[],
  settings: Settings = {},
): { readonly said: readonly string[]; readonly changes: readonly Change[] } => {
  const changes = new ChangeCollector(settings.maxRows ?? 1_000);
  const reader = readers[format](settings, changes);
  const said = messages.map((one) => reader.read(one));
  return { said, changes: changes.take() };
};

/** Changes as plain data: op and rows, by column name. */
const plainly = (changes: readonly Change[]): readonly unknown[] =>
  changes.map((change) => {
    if (change.kind !== 'rows') return change.kind;
    const named = (row: Row | null): unknown =>
      row &&
      Object.fromEntries(
        change.table.columns.map(({ name }, i) => [name, row[i]]).filter(([, value]) => value !== undefined),
      );
    return Array.from({ length: change.rows.length }, (_, i) => [
      change.op,
      named(change.rows.before(i)),
      named(change.rows.after(i)),
    ]);
  });

const amount: ColumnType = { kind: 'decimal', precision: 20, scale: 4, unsigned: false };
const everyType: readonly ColumnType[] = [
  int,
  { kind: 'integer', bits: 64, unsigned: true },
  amount,
  { kind: 'double', unsigned: false },
  { kind: 'float', unsigned: false },
  { kind: 'bit', length: 1 },
  { kind: 'bit', length: 40 },
  { kind: 'year' },
  { kind: 'date' },
  { kind: 'time', fsp: 3 },
  { kind: 'datetime', fsp: 3 },
  { kind: 'timestamp', fsp: 6 },
  varchar,
  { kind: 'binary', fixed: false, maxBytes: 200 },
  { kind: 'enum', values: ['new', 'paid', 'gone'], charset: 'utf8mb4' },
  { kind: 'set', values: ['a', 'b', 'c'], charset: 'utf8mb4' },
  { kind: 'vector', dimensions: 2 },
];

const everyTable = table(
  'every',
  everyType.map((type, i) => column(`c${i}`, type)),
  [0],
);

const pad = (value: number, width: number): string => String(value).padStart(width, '0');
const date = fc
  .tuple(fc.integer({ min: 1970, max: 2037 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }))
  .map(([year, month, day]) => `${year}-${pad(month, 2)}-${pad(day, 2)}`);
const clock = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }), fc.integer({ min: 1, max: 59 }))
  .map((parts) => parts.map((part) => pad(part, 2)).join(':'));
const fraction = (digits: number): fc.Arbitrary<string> =>
  fc.integer({ min: 0, max: 10 ** digits - 1 }).map((value) => `.${pad(value, digits)}`);
const digits = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 16n }), fraction(4)).map(([whole, rest]) => `${whole}${rest}`);

const rowOfEveryType: fc.Arbitrary<Row> = fc.tuple<Value[]>(
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  fc
    .bigInt({ min: 0n, max: 2n ** 64n - 1n })
    .map((value) => (value <= Number.MAX_SAFE_INTEGER ? Number(value) : value)),
  fc.option(fc.tuple(fc.boolean(), digits).map(([minus, text]) => (minus && /[1-9]/.test(text) ? `-${text}` : text))),
  fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
  fc.option(fc.float({ noNaN: true, noDefaultInfinity: true })),
  fc.option(fc.integer({ min: 0, max: 1 })),
  fc.option(fc.integer({ min: 0, max: 2 ** 40 - 1 })),
  fc.option(fc.integer({ min: 1901, max: 2155 })),
  fc.option(date),
  fc.option(fc.tuple(clock, fraction(3)).map((parts) => parts.join(''))),
  fc.option(fc.tuple(date, clock, fraction(3)).map(([day, time, rest]) => `${day} ${time}${rest}`)),
  fc.option(fc.tuple(date, clock, fraction(6)).map(([day, time, rest]) => `${day} ${time}${rest}`)),
  fc.option(fc.string({ unit: 'grapheme', maxLength: 20 })),
  fc.option(fc.uint8Array({ maxLength: 20 })),
  fc.option(fc.constantFrom('new', 'paid', 'gone')),
  fc.option(fc.constantFrom('', 'a', 'a,c', 'a,b,c')),
  fc.option(
    fc
      .tuple(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.float({ noNaN: true, noDefaultInfinity: true }))
      .map((pair) => {
        const bytes = Buffer.alloc(8);
        for (const [i, value] of pair.entries()) bytes.writeFloatLE(value, i * 4);
        return Uint8Array.from(bytes);
      }),
  ),
);

const origin: MysqlOrigin = {
  kind: 'mysql',
  flavor: 'mysql',
  serverId: 1,
  gtid: null,
  file: 'binlog.000001',
  offset: 4,
  commitMicros: 1_700_000_000_000_000,
  thread: null,
  query: null,
};

const encodings: readonly (readonly [modes: ValueModes, options: Partial<DebeziumOptions>])[] = [
  [debeziumModes, {}],
  [
    { ...debeziumModes, decimals: 'digits', unsignedBigints: 'unscaled', times: 'millis', binaries: 'hex' },
    { decimals: 'string', unsignedBigints: 'precise', times: 'connect', binaries: 'hex' },
  ],
  [debeziumModes, { times: 'isostring', binaries: 'base64-url-safe' }],
];

for (const [modes, options] of encodings) {
  test(`reads back every row that the Debezium encoder wrote: ${JSON.stringify(options)}`, () => {
    // Bits of more than one are base64 in every mode, which hex would not know.
    const columns = everyTable.columns.filter(
      ({ type }) => modes.binaries === 'base64' || type.kind !== 'bit' || type.length === 1,
    );
    const kept = columns.map((one) => everyTable.columns.indexOf(one));
    const shown = table('every', columns, [0]);
    const encoder = new DebeziumJsonEncoder({ name: 'm', version: '0', now: () => 0, ...options });
    fc.assert(
      fc.property(fc.array(fc.tuple(rowOfEveryType, rowOfEveryType), { minLength: 1, maxLength: 5 }), (pairs) => {
        const cut = (row: Row): Row => kept.map((i) => row[i]!);
        const before = pairs.map(([row]) => cut(row));
        const after = pairs.map(([row, other]) => [row[0]!, ...cut(other).slice(1)]);
        const out = new OutputBuffer(1);
        encoder.encodeRows(
          { kind: 'rows', op: 'update', table: shown, rows: new ArrayRowImages(shown, { before, after }), origin },
          out,
        );
        const messages = out
          .view()
          .toString()
          .trimEnd()
          .split('\n')
          .map((line) => message(line));
        const { changes } = readAll('debezium', messages, { declared: [shown], modes });
        assert.equal(changes.length, 1);
        const change = changes[0]!;
        assert(change.kind === 'rows' && change.op === 'update');
        assert.deepEqual(
          pairs.map((_, i) => change.rows.before(i)),
          before,
        );
        assert.deepEqual(
          pairs.map((_, i) => change.rows.after(i)),
          after,
        );
      }),
      { numRuns: 60 },
    );
  });
}

test('meets damaged messages with an error of its own, never with wrong bytes outside the message', () => {
  const encoder = new DebeziumJsonEncoder({ name: 'm', version: '0', now: () => 0 });
  const out = new OutputBuffer(1);
  const [row] = fc.sample(rowOfEveryType, { numRuns: 1, seed: 7 });
  encoder.encodeRows(
    {
      kind: 'rows',
      op: 'create',
      table: everyTable,
      rows: new ArrayRowImages(everyTable, { before: null, after: [row!] }),
      origin,
    },
    out,
  );
  const whole = Buffer.from(out.view().subarray(0, out.length - 1));
  const attempt = (bytes: Buffer): void => {
    try {
      const { changes } = readAll('debezium', [message(bytes)], { declared: [everyTable] });
      for (const change of changes) if (change.kind === 'rows') change.rows.after(0);
    } catch (error) {
      assert(isMillraceError(error), String(error));
    }
  };
  for (let length = 0; length < whole.length; length += 1) attempt(whole.subarray(0, length));
  fc.assert(
    fc.property(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 0, max: 7 }), (at, bit) => {
      const changed = Buffer.from(whole);
      changed[at]! ^= 1 << bit;
      attempt(changed);
    }),
    { numRuns: 1_000 },
  );
});

const envelope = (op: string, before: unknown, after: unknown): string =>
  JSON.stringify({ before, after, source: { db: 'shop', table: 'orders' }, op, ts_ms: 1 });
const orders = table(
  'orders',
  [column('id', int, { nullable: false }), column('status', varchar), column('total', bigint)],
  [0],
);

test('gathers neighbours of one table and kind, and keeps the order of all others', () => {
  const { changes } = readAll(
    'debezium',
    [
      message(envelope('r', null, { id: 1, status: 'a', total: 1 }), null, 10),
      message(envelope('r', null, { id: 2, status: 'b', total: null }), null, 11),
      message(envelope('d', { id: 1, status: 'a', total: 1 }, null), null, 12),
      message(null, '{"id":1}', 13),
      message(envelope('c', null, { id: 3, total: 3 }), null, 14),
    ],
    { declared: [orders] },
  );
  assert.deepEqual(plainly(changes), [
    [
      ['read', null, { id: 1, status: 'a', total: 1 }],
      ['read', null, { id: 2, status: 'b', total: null }],
    ],
    [['delete', { id: 1, status: 'a', total: 1 }, null]],
    [['create', null, { id: 3, total: 3 }]],
  ]);
  const offsets = changes.map(
    (change) => change.kind === 'rows' && change.origin.kind === 'kafka' && change.origin.offset,
  );
  assert.deepEqual(offsets, [10n, 12n, 14n]);
  const last = changes[2]!;
  assert(last.kind === 'rows');
  assert.equal(last.rows.has(0, 'after', 1), false);
});

test('keeps one origin a message where that is asked for', () => {
  const messages = [1, 2, 3].map((id) => message(envelope('c', null, { id }), null, id));
  assert.equal(readAll('debezium', messages, { declared: [orders], maxRows: 1 }).changes.length, 3);
});

test('says what messages without rows are, and refuses what is no message of Debezium', () => {
  const { said } = readAll('debezium', [
    message(null, '{"id":1}'),
    message('{"ts_ms":1}'),
    message('{"status":"BEGIN","id":"x:1","event_count":null,"data_collections":null,"ts_ms":1}'),
    message('{"source":{},"ts_ms":1,"databaseName":"shop","ddl":"CREATE TABLE t (id INT)","tableChanges":[]}'),
  ]);
  assert.deepEqual(said, ['tombstone', 'heartbeat', 'transaction', 'schema change']);
  const wrong = [
    '{"id":1}',
    '[]',
    '7',
    'x',
    '{"before":null,"after":null,"op":"c"}',
    envelope('m', null, { id: 1 }),
    envelope('d', null, null),
  ];
  for (const value of wrong) {
    assert.throws(() => readAll('debezium', [message(value)]), { code: 'FORMAT_MESSAGE_UNREADABLE' }, value);
  }
});

test('takes nothing of a message that does not fit its declared table', () => {
  const changes = new ChangeCollector(100);
  const reader = readers.debezium({ declared: [orders] }, changes);
  reader.read(message(envelope('c', null, { id: 1 })));
  assert.throws(() => reader.read(message(envelope('c', null, { id: 2, colour: 'red' }))), {
    code: 'FORMAT_FIELD_UNKNOWN',
  });
  reader.read(message(envelope('c', null, { id: 3 })));
  assert.deepEqual(plainly(changes.take()), [
    [
      ['create', null, { id: 1 }],
      ['create', null, { id: 3 }],
    ],
  ]);
  const other = envelope('c', null, { id: 1 }).replace('"orders"', '"others"');
  assert.throws(() => reader.read(message(other)), { code: 'FORMAT_TABLE_UNKNOWN' });
  const ignoring = readAll('debezium', [message(envelope('c', null, { id: 2, colour: 'red' }))], {
    declared: [orders],
    unknownFields: 'ignore',
  });
  assert.deepEqual(plainly(ignoring.changes), [[['create', null, { id: 2 }]]]);
});

test('makes a table of what undeclared rows look like, and widens it when they change', () => {
  const { changes } = readAll('debezium', [
    message(envelope('c', null, { id: 1, ok: true, note: null }), '{"id":1}'),
    message(envelope('c', null, { id: 2, ok: false, note: 'x' }), '{"id":2}'),
    message(envelope('c', null, { id: 3, ok: 7, note: 'y', more: { a: [1] } }), '{"id":3}'),
    message(envelope('c', null, { id: 4, ok: 1.5, note: 'z', more: null }), '{"id":4}'),
  ]);
  assert.deepEqual(
    changes.map((change) => change.kind),
    ['rows', 'schema', 'rows', 'schema', 'rows'],
  );
  const types = changes.flatMap((change) =>
    change.kind === 'rows' ? [change.table.columns.map(({ type }) => type.kind)] : [],
  );
  assert.deepEqual(types, [
    ['integer', 'integer', 'text'],
    ['integer', 'integer', 'text', 'json'],
    ['integer', 'double', 'text', 'json'],
  ]);
  const first = changes[0]!;
  assert(first.kind === 'rows');
  assert.deepEqual(first.table.primaryKey, [0]);
  assert.deepEqual(plainly(changes.slice(2, 3)), [[['create', null, { id: 3, ok: 7, note: 'y', more: '{"a":[1]}' }]]]);
});

test('takes types and keys from the schema beside a payload, and sees when they change', () => {
  const field = (name: string, type: string, more: object = {}): object => ({
    field: name,
    type,
    optional: name !== 'id',
    ...more,
  });
  const withSchema = (fields: readonly object[], after: object): string => {
    const row = { type: 'struct', fields, optional: true, name: 'shop.orders.Value' };
    const schema = {
      type: 'struct',
      fields: [
        { ...row, field: 'before' },
        { ...row, field: 'after' },
      ],
      optional: false,
    };
    return JSON.stringify({
      schema,
      payload: { before: null, after, source: { db: 'shop', table: 'orders' }, op: 'c', ts_ms: 1 },
    });
  };
  const decimal = {
    name: 'org.apache.kafka.connect.data.Decimal',
    version: 1,
    parameters: { scale: '2', 'connect.decimal.precision': '10' },
  };
  const fields = [
    field('id', 'int64'),
    field('total', 'bytes', decimal),
    field('at', 'int64', { name: 'io.debezium.time.MicroTimestamp' }),
    field('clock', 'int32', { name: 'io.debezium.time.Time' }),
    field('state', 'string', { name: 'io.debezium.data.Enum', parameters: { allowed: 'new,paid' } }),
  ];
  const key = '{"schema":{"type":"struct"},"payload":{"id":1}}';
  const { changes } = readAll('debezium', [
    message(withSchema(fields, { id: 1, total: 'AN4=', at: 1_709_168_523_000_001, clock: 1_500, state: 'paid' }), key),
    message(
      withSchema([...fields, field('note', 'string')], {
        id: 2,
        total: null,
        at: null,
        clock: null,
        state: null,
        note: 'n',
      }),
      key,
    ),
  ]);
  assert.deepEqual(plainly(changes), [
    [
      [
        'create',
        null,
        { id: 1, total: '2.22', at: '2024-02-29 01:02:03.000001', clock: '00:00:01.500', state: 'paid' },
      ],
    ],
    'schema',
    [['create', null, { id: 2, total: null, at: null, clock: null, state: null, note: 'n' }]],
  ]);
});

test("reads Canal's flat messages: several rows each, former values overlaid, types from mysqlType", () => {
  const canal = (type: string, data: readonly object[], old: readonly object[] | null): string =>
    JSON.stringify({
      data,
      database: 'shop',
      es: 1,
      id: 1,
      isDdl: false,
      mysqlType: { id: 'int', status: 'varchar(20)', total: 'decimal(20,4)' },
      old,
      pkNames: ['id'],
      sql: '',
      table: 'orders',
      ts: 1,
      type,
    });
  const two = [
    { id: '1', status: 'paid', total: '1.5' },
    { id: '2', status: 'paid', total: null },
  ];
  const { changes, said } = readAll('canal', [
    message(canal('INSERT', two, null)),
    message(canal('UPDATE', two, [{ status: 'new' }, { status: null, total: '7' }])),
    message(
      '{"data":null,"database":"shop","table":"orders","isDdl":true,"type":"ALTER","sql":"ALTER TABLE orders ADD x INT"}',
    ),
    message(canal('DELETE', two.slice(0, 1), null)),
    message('{"data":null,"database":"shop","table":"orders","isDdl":true,"type":"TRUNCATE"}'),
  ]);
  assert.deepEqual(said, ['taken', 'taken', 'schema change', 'taken', 'taken']);
  const [one, other] = [
    { id: 1, status: 'paid', total: '1.5000' },
    { id: 2, status: 'paid', total: null },
  ];
  assert.deepEqual(plainly(changes), [
    [
      ['create', null, one],
      ['create', null, other],
    ],
    [
      ['update', { ...one, status: 'new' }, one],
      ['update', { ...other, status: null, total: '7.0000' }, other],
    ],
    [['delete', one, null]],
    'truncate',
  ]);
  assert.throws(() => readAll('canal', [message(canal('UPDATE', two, [{}]))]), /fewer rows/);
  assert.throws(() => readAll('canal', [message('{"type":"INSERT","data":{}}')]), {
    code: 'FORMAT_MESSAGE_UNREADABLE',
  });
  assert.throws(() => readAll('canal', [message('{"data":[]}')]), { code: 'FORMAT_MESSAGE_UNREADABLE' });
});

test("reads Maxwell's messages: former values overlaid, keys from the message's key", () => {
  const maxwell = (type: string, data: object, old?: object): Message =>
    message(
      JSON.stringify({ database: 'shop', table: 'orders', type, ts: 1, xid: 1, data, old }),
      '{"database":"shop","table":"orders","pk.id":1}',
    );
  const { changes, said } = readAll('maxwell', [
    maxwell('bootstrap-start', {}),
    maxwell('bootstrap-insert', { id: 1, status: 'new', total: 1.5 }),
    maxwell('update', { id: 1, status: 'paid', total: 2.5 }, { status: 'new' }),
    maxwell('delete', { id: 1, status: 'paid', total: 2.5 }),
    message('{"type":"table-alter","database":"shop","table":"orders","def":{}}'),
  ]);
  assert.deepEqual(said, ['heartbeat', 'taken', 'taken', 'taken', 'schema change']);
  assert.deepEqual(plainly(changes), [
    [['read', null, { id: 1, status: 'new', total: 1.5 }]],
    [['update', { id: 1, status: 'new', total: 2.5 }, { id: 1, status: 'paid', total: 2.5 }]],
    [['delete', { id: 1, status: 'paid', total: 2.5 }, null]],
  ]);
  const first = changes[0]!;
  assert(first.kind === 'rows');
  assert.deepEqual(first.table.primaryKey, [0]);
  assert.throws(() => readAll('maxwell', [message('{"type":"upsert","data":{}}')]), {
    code: 'FORMAT_MESSAGE_UNREADABLE',
  });
});

test('reads plain rows, with a schema or without, and takes a tombstone for the row that is gone', () => {
  const { changes } = readAll('plain', [
    message('{"id":1,"name":"a"}', '{"id":1}'),
    message(null, '{"id":1}'),
    message('{"schema":null,"payload":{"id":2,"name":"b"}}', '{"id":2}'),
  ]);
  assert.deepEqual(plainly(changes), [
    [['create', null, { id: 1, name: 'a' }]],
    [['delete', { id: 1 }, null]],
    [['create', null, { id: 2, name: 'b' }]],
  ]);
});

test('refuses rows without a key, and gone rows that nothing names', () => {
  const declared = [table('orders', [column('id', int), column('name', varchar)], [0])];
  for (const value of ['{"name":"a"}', '{"id":null,"name":"a"}']) {
    assert.throws(() => readAll('plain', [{ ...message(value), database: 'shop', table: 'orders' }], { declared }), {
      code: 'FORMAT_KEY_MISSING',
    });
  }
  assert.throws(() => readAll('plain', [message(null)]), { code: 'FORMAT_MESSAGE_UNREADABLE' });
  assert.throws(() => readAll('debezium', [message('{"op":"c","after":{"a":1}}', '{"id":1}')]), {
    code: 'FORMAT_KEY_MISSING',
  });
});

test('names the message whose value its column cannot hold, whichever row of a change is read', () => {
  const { changes } = readAll(
    'plain',
    [message('{"id":1,"at":1}', '{"id":1}', 7), message('{"id":"two","at":1}', '{"id":"two"}', 9)],
    { declared: [table('topic', [column('id', int), column('at', int)], [0], { database: 'kafka' })] },
  );
  const [change] = changes;
  assert(change?.kind === 'rows');
  assert.deepEqual(change.rows.after(0), [1, 1]);
  assert.throws(
    () => change.rows.after(1),
    (error) =>
      isMillraceError(error, 'KAFKA_MESSAGE_UNREADABLE') &&
      error.details.offset === 9 &&
      /column id/.test(error.message) &&
      !/two/.test(error.message),
  );
});

test('takes back all of a message of which one row cannot be read', () => {
  const changes = new ChangeCollector(1_000);
  const reader = readers.canal(
    { declared: [table('orders', [column('id', int), column('name', varchar)], [0])] },
    changes,
  );
  const insert = (...ids: readonly string[]): Message =>
    message(
      JSON.stringify({
        data: ids.map((id) => ({ id, name: 'n' })),
        database: 'shop',
        table: 'orders',
        type: 'INSERT',
        isDdl: false,
      }),
    );
  const read = (one: Message): boolean => {
    changes.begin();
    try {
      reader.read(one);
      changes.check();
      return true;
    } catch {
      changes.undo();
      return false;
    }
  };
  assert.deepEqual(
    [read(insert('1')), read(insert('2', 'x')), read(insert('3')), read(insert('y')), read(insert('4', '5'))],
    [true, false, true, false, true],
  );
  assert.deepEqual(
    changes
      .take()
      .flatMap((change) =>
        change.kind === 'rows'
          ? Array.from({ length: change.rows.length }, (_, row) => change.rows.after(row)![0])
          : [],
      ),
    [1, 3, 4, 5],
  );
});

test('knows rows by the key that the user names, and says when messages lack it', () => {
  const { changes } = readAll('plain', [message('{"a":"x","b":2}')], { primaryKey: ['b', 'a'] });
  const [change] = changes;
  assert(change?.kind === 'rows');
  assert.deepEqual(change.table.primaryKey, [1, 0]);
  assert.throws(() => readAll('plain', [message('{"a":1}')], { primaryKey: ['id'] }), { code: 'FORMAT_KEY_MISSING' });
});
