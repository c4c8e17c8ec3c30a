import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ArrayRowImages } from '../../core/array-row-images.ts';
import type { Change, SchemaChange } from '../../core/change.ts';
import type { Context, Sink } from '../../core/connector.ts';
import { type ErrorCode, isMillraceError } from '../../core/errors.ts';
import type { LogFields } from '../../core/log.ts';
import { position } from '../../core/position.ts';
import { type Column, type ColumnType, qualifiedName, type Table } from '../../core/table.ts';
import type { Row, Value } from '../../core/value.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { killOnDisk } from '../../testing/kill-on-disk.ts';
import { origin } from '../../testing/sample-origin.ts';
import {
  bigint,
  bigintUnsigned,
  column,
  eventsTable,
  int,
  ordersTable,
  table,
  varchar,
} from '../../testing/sample-tables.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { type SinkHarness, sinkContract } from '../../testing/sink-contract.ts';
import { checkSqlite } from './check.ts';
import { storageOf } from './column-storage.ts';
import { quoteName } from './quote-name.ts';
import { openSqliteSink } from './sink.ts';

const context: Context = {
  pipeline: 'test',
  clock: new FakeClock(),
  log: { debug() {}, info() {}, warn() {}, error() {} },
};

const folder = (): { readonly path: string } & Disposable => {
  const path = mkdtempSync(join(tmpdir(), 'millrace-sqlite-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
};

const rowsOf = (path: string, table: Table): readonly Row[] => {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const columns = table.columns.map((column) => quoteName(column.name)).join(', ');
    const mirror = quoteName(qualifiedName(table));
    if (!db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(qualifiedName(table))) return [];
    const select = db.prepare(`SELECT ${columns} FROM ${mirror}`);
    select.setReturnArrays(true);
    return select.all() as unknown as Row[];
  } finally {
    db.close();
  }
};

const harness = async (): Promise<SinkHarness> => {
  const place = folder();
  const path = join(place.path, 'mirror.db');
  return {
    open: async () => openSqliteSink(path, context),
    rows: async (table) => rowsOf(path, table),
    kill: (sink) => killOnDisk(place.path, sink),
    [Symbol.asyncDispose]: async () => place[Symbol.dispose](),
  };
};

sinkContract('sqlite', harness);

const never = new AbortController().signal;

const rowsChange = (target: Table, op: 'create' | 'delete', rows: readonly Row[]): Change => ({
  kind: 'rows',
  op,
  table: target,
  rows: new ArrayRowImages(target, op === 'create' ? { before: null, after: rows } : { before: rows, after: null }),
  origin,
});

let written = 0;
const write = async (sink: Sink, ...changes: readonly Change[]): Promise<void> => {
  written += 1;
  await sink.write({ changes, positions: new Map([['log', position(String(written))]]), version: '' }, never);
};

const opened = async (path: string, more: Partial<Context> = {}): Promise<Sink> => {
  const sink = openSqliteSink(path, { ...context, ...more });
  await sink.claim('log');
  return sink;
};

const alter = (before: Table, after: Table): Change => ({ kind: 'schema', before, after, statement: 'ALTER', origin });

/** A table of one value of this type beside its key. */
const holding = (type: ColumnType, more: Partial<Column> = {}): Table =>
  table('values', [column('id', int, { nullable: false }), column('v', type, more)], [0]);

const decimal = (precision: number, scale: number): ColumnType => ({
  kind: 'decimal',
  precision,
  scale,
  unsigned: false,
});
const longText: ColumnType = { kind: 'text', fixed: false, maxBytes: 65_535, charset: 'utf8mb4', collation: null };

const boundaries: readonly (readonly [string, ColumnType, readonly Value[]])[] = [
  ['BIGINT', bigint, [0, -1, 2 ** 53 - 1, -(2n ** 63n), 2n ** 63n - 1n]],
  ['BIGINT UNSIGNED', bigintUnsigned, [0, 5, 2n ** 63n, 2n ** 64n - 1n]],
  ['BIT(64)', { kind: 'bit', length: 64 }, [1, 2n ** 64n - 1n]],
  ['BIT(8)', { kind: 'bit', length: 8 }, [255]],
  ['DECIMAL', decimal(65, 30), ['-12345678901234567890123456789012345.123456789012345678901234567890']],
  ['DOUBLE', { kind: 'double', unsigned: false }, [1.1, -0.5, 1e308, 5e-324, 3]],
  ['VARCHAR', varchar, ['', 'ä€😀', 'a\0b', "it's"]],
  ['BLOB', { kind: 'binary', fixed: false, maxBytes: 65_535 }, [new Uint8Array(), new Uint8Array([0, 255])]],
  ['DATE', { kind: 'date' }, ['0000-00-00', '9999-12-31']],
  ['TIME(6)', { kind: 'time', fsp: 6 }, ['-838:59:59.000000']],
  ['DATETIME', { kind: 'datetime', fsp: 0 }, ['0000-00-00 00:00:00']],
];

for (const [name, type, values] of boundaries) {
  test(`keeps every ${name} as it was, and NULL`, async () => {
    using place = folder();
    const path = join(place.path, 'mirror.db');
    const target = holding(type);
    const rows = [...values, null].map((value, id): Row => [id, value]);
    await using sink = await opened(path);
    await write(sink, rowsChange(target, 'create', rows));
    const db = new DatabaseSync(path, { readOnly: true });
    const select = db.prepare('SELECT id, v FROM "shop.values" ORDER BY id');
    select.setReadBigInts(true);
    const held = select.all().map((row) => row['v']!);
    db.close();
    for (const [i, value] of [...values, null].entries()) {
      const expected =
        typeof value === 'number' && Number.isInteger(value) && typeof held[i] === 'bigint' ? BigInt(value) : value;
      const asText = storageOf(type) === 'TEXT' && value !== null ? String(value) : expected;
      assert.deepEqual(held[i], asText);
    }
  });
}

const conversions: readonly (readonly [string, ColumnType, ColumnType, Value, unknown])[] = [
  ['INT to BIGINT UNSIGNED', int, bigintUnsigned, 7, '7'],
  ['BIGINT UNSIGNED to BIGINT', bigintUnsigned, bigint, 7, 7],
  ['INT to DECIMAL(10,2)', int, decimal(10, 2), -3, '-3.00'],
  ['INT to VARCHAR', int, varchar, -3, '-3'],
  ['DECIMAL(10,2) to DECIMAL(10,4)', decimal(10, 2), decimal(10, 4), '-1.50', '-1.5000'],
  ['DECIMAL(10,4) to DECIMAL(10,2), rounding', decimal(10, 4), decimal(10, 2), '-0.0050', '-0.01'],
  ['DECIMAL(10,4) to DECIMAL(10,2), to zero', decimal(10, 4), decimal(10, 2), '-0.0049', '0.00'],
  ['DECIMAL to INT, rounding', decimal(10, 2), int, '2.50', 3],
  ['VARCHAR to TEXT', varchar, longText, 'ä', 'ä'],
  [
    'DATETIME to DATETIME(3)',
    { kind: 'datetime', fsp: 0 },
    { kind: 'datetime', fsp: 3 },
    '2024-02-29 01:02:03',
    '2024-02-29 01:02:03.000',
  ],
  [
    'DATETIME(3) to DATETIME, rounding over a year',
    { kind: 'datetime', fsp: 3 },
    { kind: 'datetime', fsp: 0 },
    '2023-12-31 23:59:59.500',
    '2024-01-01 00:00:00',
  ],
  ['TIME(1) to TIME, rounding', { kind: 'time', fsp: 1 }, { kind: 'time', fsp: 0 }, '-100:59:59.9', '-101:00:00'],
  ['DATE to DATETIME', { kind: 'date' }, { kind: 'datetime', fsp: 0 }, '2024-02-29', '2024-02-29 00:00:00'],
  [
    'ENUM to another ENUM',
    { kind: 'enum', values: ['a', 'b'], charset: 'utf8mb4' },
    { kind: 'enum', values: ['b', 'a', 'c'], charset: 'utf8mb4' },
    'a',
    'a',
  ],
];

for (const [name, from, to, value, expected] of conversions) {
  test(`converts the values that are there as the server does: ${name}`, async () => {
    using place = folder();
    const path = join(place.path, 'mirror.db');
    await using sink = await opened(path);
    const rows: Row[] = [
      [1, value],
      [2, null],
    ];
    await write(sink, rowsChange(holding(from), 'create', rows));
    await write(sink, alter(holding(from), holding(to)));
    assert.deepEqual(rowsOf(path, holding(to)), [
      [1, expected],
      [2, null],
    ]);
  });
}

const fills: readonly (readonly [string, ColumnType, Partial<Column>, unknown])[] = [
  ['no default, nullable', int, {}, null],
  ['no default, NOT NULL number', int, { nullable: false }, 0],
  ['no default, NOT NULL text', varchar, { nullable: false }, ''],
  ['no default, NOT NULL decimal', decimal(10, 2), { nullable: false }, '0.00'],
  ['no default, NOT NULL datetime', { kind: 'datetime', fsp: 3 }, { nullable: false }, '0000-00-00 00:00:00.000'],
  ['no default, NOT NULL enum', { kind: 'enum', values: ['x', 'y'], charset: 'utf8mb4' }, { nullable: false }, 'x'],
  ['DEFAULT 5', int, { defaultExpression: '5' }, 5],
  ["MariaDB's quoted text", varchar, { defaultExpression: "'it''s'" }, "it's"],
  ["MySQL's bare text", varchar, { defaultExpression: "it's" }, "it's"],
  ['DEFAULT 1.5 for a decimal', decimal(10, 2), { defaultExpression: '1.5' }, '1.50'],
  ['DEFAULT NULL', varchar, { defaultExpression: 'NULL' }, null],
  ["DEFAULT b'101'", { kind: 'bit', length: 8 }, { defaultExpression: "b'101'" }, 5],
  [
    'DEFAULT 2020-01-01 for a datetime(2)',
    { kind: 'datetime', fsp: 2 },
    { defaultExpression: '2020-01-01 00:00:00.00' },
    '2020-01-01 00:00:00.00',
  ],
];

for (const [name, type, more, expected] of fills) {
  test(`fills an added column as the server does: ${name}`, async () => {
    using place = folder();
    const path = join(place.path, 'mirror.db');
    await using sink = await opened(path);
    const before = table('values', [column('id', int, { nullable: false })], [0]);
    await write(sink, rowsChange(before, 'create', [[1]]));
    await write(sink, alter(before, holding(type, more)));
    assert.deepEqual(rowsOf(path, holding(type)), [[1, expected]]);
  });
}

test('warns about values that only the server knows', async () => {
  using place = folder();
  const warnings: unknown[] = [];
  const log = { ...context.log, warn: (_: string, fields?: LogFields) => void warnings.push(fields) };
  await using sink = await opened(join(place.path, 'mirror.db'), { log });
  const before = table('values', [column('id', int, { nullable: false })], [0]);
  await write(sink, rowsChange(before, 'create', [[1]]));
  await write(sink, alter(before, holding({ kind: 'datetime', fsp: 0 }, { defaultExpression: 'CURRENT_TIMESTAMP' })));
  await write(sink, alter(holding({ kind: 'datetime', fsp: 0 }), holding({ kind: 'timestamp', fsp: 0 })));
  assert.deepEqual(warnings, [
    { table: 'shop.values', columns: 'v' },
    { table: 'shop.values', columns: 'v' },
  ]);
});

test('follows a changed primary key, and columns that swap their names', async () => {
  using place = folder();
  const path = join(place.path, 'mirror.db');
  await using sink = await opened(path);
  const columns = [column('a', int, { nullable: false }), column('b', int, { nullable: false })];
  const before = table('pairs', columns, [0]);
  await write(
    sink,
    rowsChange(before, 'create', [
      [1, 10],
      [2, 20],
    ]),
  );
  const rekeyed = table('pairs', columns, [1, 0]);
  await write(sink, alter(before, rekeyed));
  await write(sink, rowsChange(rekeyed, 'create', [[1, 11]]), rowsChange(rekeyed, 'delete', [[2, 20]]));
  assert.deepEqual(rowsOf(path, rekeyed), [
    [1, 10],
    [1, 11],
  ]);
  const swapped = table(
    'pairs',
    [column('b', int, { nullable: false }), column('a', int, { nullable: false })],
    [1, 0],
  );
  await write(sink, {
    ...(alter(rekeyed, swapped) as SchemaChange),
    renamedColumns: new Map([
      ['a', 'b'],
      ['b', 'a'],
    ]),
  });
  assert.deepEqual(rowsOf(path, swapped), [
    [1, 10],
    [1, 11],
  ]);
  const keyless = table('pairs', swapped.columns, []);
  await write(sink, alter(swapped, keyless));
  await write(sink, rowsChange(keyless, 'create', [[1, 11]]));
  await write(sink, rowsChange(keyless, 'delete', [[1, 11]]));
  assert.deepEqual(rowsOf(path, keyless), [
    [1, 10],
    [1, 11],
  ]);
});

test('goes on with a sweep when the table is altered or renamed in between', async () => {
  using place = folder();
  const path = join(place.path, 'mirror.db');
  await using sink = await opened(path);
  const before = holding(int);
  await write(
    sink,
    rowsChange(before, 'create', [
      [1, 1],
      [2, 2],
      [3, 3],
    ]),
  );
  await write(sink, { kind: 'snapshot', at: 'begin', table: before, reason: 'resync' });
  await write(sink, rowsChange(before, 'create', [[1, 1]]));
  const after = table('moved', [column('id', int, { nullable: false }), column('v', varchar)], [0]);
  await write(sink, alter(before, after));
  await write(sink, rowsChange(after, 'create', [[2, 'two']]));
  await write(sink, { kind: 'snapshot', at: 'end', table: after, reason: 'resync' });
  assert.deepEqual(rowsOf(path, after), [
    [1, '1'],
    [2, 'two'],
  ]);
});

test('gives tables whose names SQLite takes for one a mirror each', async () => {
  using place = folder();
  const path = join(place.path, 'mirror.db');
  await using sink = await opened(path);
  const named = (database: string, name: string): Table =>
    table(name, [column('id', int, { nullable: false })], [0], { database });
  const all = [
    named('shop', 'orders'),
    named('shop', 'Orders'),
    named('a.b', 'c'),
    named('a', 'b.c'),
    named('sqlite_x', 'y'),
  ];
  for (const [id, target] of all.entries()) await write(sink, rowsChange(target, 'create', [[id]]));
  const db = new DatabaseSync(path, { readOnly: true });
  const mirrors = db
    .prepare('SELECT mirror FROM millrace_table ORDER BY id')
    .all()
    .map((row) => String(row['mirror']));
  assert.deepEqual(mirrors, ['shop.orders', 'shop.Orders~2', 'a.b.c', 'a.b.c~2', '~sqlite_x.y']);
  for (const [id, mirror] of mirrors.entries()) {
    assert.equal(db.prepare(`SELECT id FROM ${quoteName(mirror)}`).get()!['id'], id);
  }
  db.close();
});

test('shares a mirror between definitions that know more and less about the same columns', async () => {
  using place = folder();
  const path = join(place.path, 'mirror.db');
  await using sink = await opened(path);
  const known = table(
    'orders',
    ordersTable.columns.map((each) => ({ ...each, declaration: 'int', comment: 'known' })),
    [0],
    {
      uniqueKeys: [[1]],
    },
  );
  assert.notEqual(known.id, ordersTable.id);
  for (let round = 0; round < 3; round += 1) {
    await write(
      sink,
      rowsChange(known, 'create', [[round, 'a', 1]]),
      rowsChange(ordersTable, 'create', [[round + 10, 'b', 1]]),
    );
  }
  assert.equal(rowsOf(path, ordersTable).length, 6);
  const db = new DatabaseSync(path, { readOnly: true });
  assert.equal(
    db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE type = 'index' AND name LIKE 'millrace_index%'").get()![
      'n'
    ],
    1,
  );
  db.close();
});

test('deletes from a table without a key by way of an index', async () => {
  using place = folder();
  await using sink = await opened(join(place.path, 'mirror.db'));
  const rows = Array.from({ length: 20_000 }, (_, i): Row => [`kind ${i % 5_000}`, i % 7 === 0 ? null : i]);
  await write(sink, rowsChange(eventsTable, 'create', rows));
  const started = performance.now();
  await write(sink, rowsChange(eventsTable, 'delete', rows.slice(0, 10_000)));
  assert.equal(rowsOf(join(place.path, 'mirror.db'), eventsTable).length, 10_000);
  // Without an index this reads 10 000 times 10 000 rows, which takes minutes.
  assert.ok(performance.now() - started < 30_000);
});

test('names what is wrong with its file', async () => {
  using place = folder();
  const text = join(place.path, 'text.db');
  writeFileSync(text, 'not a database, whatever its name says'.repeat(100));
  const fails = (path: string, code: ErrorCode): void => {
    assert.throws(
      () => openSqliteSink(path, context),
      (error) => isMillraceError(error, code),
    );
    assert.equal(checkSqlite(path)[0]?.code, code);
  };
  fails(text, 'SQLITE_NOT_A_DATABASE');
  fails(join(place.path, 'nowhere', 'mirror.db'), 'SQLITE_CANNOT_OPEN');
  assert.deepEqual(checkSqlite(join(place.path, 'new.db')), []);
});

test('says that another program holds the lock, which passes', async () => {
  using place = folder();
  const path = join(place.path, 'mirror.db');
  await using sink = await opened(path);
  const db = new DatabaseSync(path);
  db.exec('BEGIN IMMEDIATE');
  const busy = (error: unknown): boolean => isMillraceError(error, 'SQLITE_BUSY') && error.retryable;
  await assert.rejects(write(sink, rowsChange(ordersTable, 'create', [[1, 'a', 1]])), busy);
  db.exec('ROLLBACK');
  db.close();
  await write(sink, rowsChange(ordersTable, 'create', [[1, 'a', 1]]));
  assert.deepEqual(rowsOf(path, ordersTable), [[1, 'a', 1]]);
});

test('refuses a row that the column cannot hold, by table and without its value', async () => {
  using place = folder();
  await using sink = await opened(join(place.path, 'mirror.db'));
  for (const value of [0.5, 2n ** 70n, 'secret']) {
    await assert.rejects(write(sink, rowsChange(holding(int), 'create', [[1, value]])), (error) => {
      assert.ok(isMillraceError(error, 'SINK_ROW_REFUSED'));
      assert.equal(error.details.table, 'shop.values');
      assert.ok(!error.message.includes('secret'));
      return true;
    });
  }
});

test('holds rows and position together through kill -9 at random points', async () => {
  using place = folder();
  const path = join(place.path, 'mirror.db');
  const script = fileURLToPath(new URL('../../testing/sqlite-writer-process.ts', import.meta.url));
  const random = new SeededRandom(11);
  let printed = 0;
  for (let kill = 0; kill < 5; kill += 1) {
    const writer = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const goal = printed + random.integer(1, 40);
    for await (const line of createInterface({ input: writer.stdout })) {
      printed = Number(line);
      if (printed === goal) writer.kill('SIGKILL');
    }
    const db = new DatabaseSync(path);
    const held = Number(db.prepare('SELECT position FROM millrace_position').get()!['position']);
    const orders = db.prepare('SELECT count(*) AS n, min(total) AS low, max(total) AS high FROM "shop.orders"').get()!;
    const events = db.prepare('SELECT count(*) AS n, count(DISTINCT amount) AS different FROM "shop.events"').get()!;
    db.close();
    assert.ok(held >= printed, `batch ${printed} was durable, and now ${held} is held`);
    // The next writer goes on from here, though the last of it may not have been printed.
    printed = held;
    assert.deepEqual({ ...orders }, { n: 10, low: held, high: held });
    assert.deepEqual({ ...events }, { n: held, different: held });
  }
});
