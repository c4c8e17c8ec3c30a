import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrayRowImages } from '../../../core/array-row-images.ts';
import type { Batch } from '../../../core/batch.ts';
import type { Change, Op, RowsChange } from '../../../core/change.ts';
import type { Sink } from '../../../core/connector.ts';
import { isMillraceError } from '../../../core/errors.ts';
import { position } from '../../../core/position.ts';
import { type ColumnType, defineTable, type Table } from '../../../core/table.ts';
import type { Row, Value } from '../../../core/value.ts';
import { MysqlSinkRig } from '../../../testing/mysql-sink-rig.ts';
import { origin } from '../../../testing/sample-origin.ts';
import { bigintUnsigned, column, int, varchar } from '../../../testing/sample-tables.ts';
import { testServers } from '../../../testing/servers/test-servers.ts';

const never = new AbortController().signal;
const lane = 'log';

const table = (
  rig: MysqlSinkRig,
  columns: readonly (readonly [name: string, type: ColumnType])[],
  more: Partial<Table> = {},
): Table =>
  defineTable({
    database: rig.database,
    name: 't',
    columns: columns.map(([name, type], at) => column(name, type, { nullable: at > 0 })),
    primaryKey: [0],
    uniqueKeys: [],
    charset: 'utf8mb4',
    comment: null,
    ...more,
  });

const rows = (target: Table, op: Op, before: readonly Row[] | null, after: readonly Row[] | null): Change => ({
  kind: 'rows',
  op,
  table: target,
  rows: new ArrayRowImages(target, { before, after }),
  origin: { ...origin, offset: 1234 },
});
const create = (target: Table, ...after: Row[]): Change => rows(target, 'create', null, after);
const update = (target: Table, before: Row, after: Row): Change => rows(target, 'update', [before], [after]);
const remove = (target: Table, ...before: Row[]): Change => rows(target, 'delete', before, null);

let written = 0;
const batch = (...changes: readonly Change[]): Batch => {
  written += 1;
  return { changes, positions: new Map([[lane, position(String(written))]]), version: '' };
};

const opened = async (rig: MysqlSinkRig, settings: Readonly<Record<string, unknown>> = {}): Promise<Sink> => {
  const sink = await rig.sink(settings);
  await sink.claim(lane);
  return sink;
};

const text: ColumnType = { kind: 'text', fixed: false, maxBytes: 65_535, charset: 'utf8mb4', collation: null };
const decimal = (precision: number, scale: number): ColumnType => ({
  kind: 'decimal',
  precision,
  scale,
  unsigned: false,
});

/** Values at the edges of each type, and how the server prints them (default: as they are). */
const edges: readonly (readonly [type: ColumnType, values: readonly Value[], printed?: readonly string[]])[] = [
  [int, [0, -1, 2 ** 31 - 1, -(2 ** 31)]],
  [bigintUnsigned, [0, 2 ** 53 - 1, 2n ** 63n, 2n ** 64n - 1n]],
  [decimal(65, 30), ['-12345678901234567890123456789012345.123456789012345678901234567890']],
  [{ kind: 'double', unsigned: false }, [1.1, -0.5, 1e308, 5e-324, 123456789.5]],
  [{ kind: 'float', unsigned: false }, [Math.fround(1.1), 0.5, Math.fround(3.4e38)], ['1.1', '0.5', '3.4e38']],
  [{ kind: 'year' }, [1901, 2155, 0], ['1901', '2155', '0000']],
  [{ kind: 'date' }, ['2024-02-29', '0000-00-00', '9999-12-31', '2024-00-00', '2023-02-30']],
  [{ kind: 'time', fsp: 6 }, ['-838:59:59.000000', '00:00:00.000001', '838:59:59.000000']],
  [{ kind: 'time', fsp: 0 }, ['-00:00:01', '12:34:56']],
  [{ kind: 'datetime', fsp: 3 }, ['2024-02-29 23:59:59.999', '0000-00-00 00:00:00.000']],
  [
    { kind: 'timestamp', fsp: 6 },
    ['1970-01-01 00:00:01.000000', '2038-01-19 03:14:07.999999', '2024-02-29 12:00:00.500000'],
  ],
  [{ kind: 'timestamp', fsp: 0 }, ['0000-00-00 00:00:00', '2000-03-01 00:00:00', '1999-12-31 23:59:59']],
  [text, ['', "it's", '\\', '\\\'"', 'ä€😀', 'a\0b', 'a\nb\tc', '%_`;--', 'x'.repeat(5000)]],
  [{ kind: 'enum', values: ['a', "b'c", 'd\\e'], charset: 'utf8mb4' }, ['a', "b'c", 'd\\e']],
  [{ kind: 'set', values: ['r', "s'", 't'], charset: 'utf8mb4' }, ['', 'r', "r,s',t"]],
];

const bytes: readonly (readonly [type: ColumnType, hex: readonly string[]])[] = [
  [{ kind: 'binary', fixed: false, maxBytes: 65_535 }, ['', '00', 'ff00275c', '27', '5c']],
  [{ kind: 'binary', fixed: true, maxBytes: 4 }, ['00000000', '27ff5c00']],
  [{ kind: 'bit', length: 64 }, []],
  // A point at (1, 2) with SRID 0, and one with SRID 4326.
  [
    { kind: 'geometry', shape: 1 },
    ['000000000101000000000000000000F03F0000000000000040', 'E61000000101000000000000000000F03F0000000000000040'],
  ],
];

for (const server of testServers()) {
  test(`${server.name}: holds every value at the edges of its type`, async () => {
    await using rig = await MysqlSinkRig.open(server);
    await using sink = await opened(rig);
    let number = 0;
    for (const [type, values, printed] of edges) {
      number += 1;
      const target = table(
        rig,
        [
          ['id', int],
          ['v', type],
        ],
        { name: `t${number}` },
      );
      await sink.write(
        batch(create(target, ...values.map((value, i): Row => [i, value]), [values.length, null])),
        never,
      );
      const held = await rig.query(`SELECT v FROM t${number} ORDER BY id`);
      const wanted = printed ?? values.map((value) => String(value));
      const same = (value: string | null): string | null =>
        type.kind === 'double' || type.kind === 'float'
          ? value === null
            ? null
            : String(Math.fround(Number(value)))
          : value;
      assert.deepEqual(
        held.map(([value]) => same(value!)),
        [...wanted, null].map(same),
        JSON.stringify(type),
      );
      // Each again by its own key, as an update and a delete find it.
      await sink.write(
        batch(...values.map((value, i) => remove(target, [i, value])), remove(target, [values.length, null])),
        never,
      );
      assert.deepEqual(await rig.query(`SELECT count(*) FROM t${number}`), [['0']]);
    }
  });

  test(`${server.name}: a delete of every match takes the rows of one parent, in its place among other changes`, async () => {
    for (const writers of [1, 3]) {
      await using rig = await MysqlSinkRig.open(server);
      await using sink = await opened(rig, { 'sink.parallelism': writers });
      const columns = ['parent', 'no'].map((name) => column(name, int, { nullable: false }));
      const target = table(rig, [], { columns, primaryKey: [0, 1] });
      const ofParent = (parent: number): Change => ({
        ...(remove(target, [parent, undefined as unknown as Value]) as RowsChange),
        everyMatch: true,
      });
      await sink.write(batch(create(target, [1, 1], [1, 2], [2, 1], [3, 1])), never);
      await sink.write(batch(create(target, [1, 3]), ofParent(1), ofParent(3), create(target, [1, 9])), never);
      assert.deepEqual(await rig.query('SELECT parent, no FROM t ORDER BY parent, no'), [
        ['1', '9'],
        ['2', '1'],
      ]);
    }
  });

  test(`${server.name}: holds bytes, bits, shapes, documents as they are`, async () => {
    await using rig = await MysqlSinkRig.open(server);
    await using sink = await opened(rig);
    for (const [i, [type, hex]] of bytes.entries()) {
      const target = table(
        rig,
        [
          ['id', int],
          ['v', type],
        ],
        { name: `b${i}` },
      );
      await sink.write(batch(create(target, ...hex.map((value, id): Row => [id, Buffer.from(value, 'hex')]))), never);
      const held = await rig.query(`SELECT LOWER(HEX(v)) FROM b${i} ORDER BY id`);
      assert.deepEqual(
        held.flat(),
        hex.map((value) => value.toLowerCase()),
      );
    }
    const bits = table(
      rig,
      [
        ['id', int],
        ['v', { kind: 'bit', length: 64 }],
      ],
      { name: 'bits' },
    );
    await sink.write(batch(create(bits, [1, 0], [2, 2n ** 64n - 1n])), never);
    assert.deepEqual(await rig.query('SELECT v + 0 FROM bits ORDER BY id'), [['0'], ['18446744073709551615']]);
    const documents = table(
      rig,
      [
        ['id', int],
        ['v', { kind: 'json' }],
      ],
      { name: 'documents' },
    );
    const document = '{"a": [1, 2.5, null, "it\'s \\\\ \\"x\\""], "ä": {}}';
    await sink.write(batch(create(documents, [1, document])), never);
    assert.deepEqual(
      JSON.parse((await rig.query('SELECT CAST(v AS CHAR) FROM documents'))[0]![0]!),
      JSON.parse(document),
    );
  });

  test(`${server.name}: finds rows without a key by every kind of value`, async () => {
    await using rig = await MysqlSinkRig.open(server);
    await using sink = await opened(rig);
    const columns = edges.map(([type], i) => [`c${i}`, type] as const);
    const target = table(
      rig,
      [
        ...columns,
        ['j', { kind: 'json' }],
        ['g', { kind: 'geometry', shape: 1 }],
        ['b', { kind: 'binary', fixed: false, maxBytes: 65_535 }],
      ],
      { primaryKey: [] },
    );
    const point = Buffer.from('000000000101000000000000000000F03F0000000000000040', 'hex');
    const row: Row = [...edges.map(([, values]) => values[0]!), '{"a": 1}', point, Buffer.from([0, 255])];
    const other = row.map((value, i) => (columns[i]?.[1] === text ? 'other' : value));
    await sink.write(batch(create(target, row, row, other)), never);
    await sink.write(batch(remove(target, row), update(target, other, row)), never);
    assert.deepEqual(await rig.query(`SELECT count(*), count(DISTINCT c12) FROM t`), [['2', '1']]);
  });

  test(`${server.name}: lets rows swap what a unique key of the target holds`, async () => {
    await using rig = await MysqlSinkRig.open(server);
    await rig.run('CREATE TABLE t (id INT PRIMARY KEY, mail VARCHAR(50), extra INT, UNIQUE KEY (mail))');
    await using sink = await opened(rig, { 'sink.parallelism': 3 });
    const target = table(rig, [
      ['id', int],
      ['mail', varchar],
    ]);
    await sink.write(batch(create(target, [1, 'a'], [2, 'b'], [3, 'c'])), never);
    const swap = batch(
      update(target, [1, 'a'], [1, null]),
      update(target, [2, 'b'], [2, 'a']),
      update(target, [1, null], [1, 'b']),
      remove(target, [3, 'c']),
      create(target, [4, 'c']),
    );
    await sink.write(swap, never);
    await sink.write(swap, never);
    assert.deepEqual(await rig.query('SELECT id, mail FROM t ORDER BY id'), [
      ['1', 'b'],
      ['2', 'a'],
      ['4', 'c'],
    ]);
  });

  test(`${server.name}: takes updates that hold no image from before, and refuses changes without a key`, async () => {
    await using rig = await MysqlSinkRig.open(server);
    await using sink = await opened(rig);
    const target = table(rig, [
      ['id', int],
      ['v', varchar],
    ]);
    await sink.write(batch(create(target, [1, 'one'], [2, 'two'])), never);
    await sink.write(batch(update(target, [1, 'one'], [1, 'uno']), rows(target, 'update', null, [[2, 'dos']])), never);
    assert.deepEqual(await rig.query('SELECT id, v FROM t ORDER BY id'), [
      ['1', 'uno'],
      ['2', 'dos'],
    ]);
    for (const change of [remove(target, [undefined, 'uno']), update(target, [undefined, 'x'], [undefined, 'y'])]) {
      await assert.rejects(sink.write(batch(change), never), /does not hold its primary key/);
    }
    assert.deepEqual(await rig.query('SELECT count(*) FROM t'), [['2']]);
  });

  test(`${server.name}: refuses a row that does not fit, names table, column and place, and leaves the position`, async () => {
    await using rig = await MysqlSinkRig.open(server);
    await rig.run('CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(5), n TINYINT NOT NULL)');
    await using sink = await opened(rig, { 'sink.parallelism': 2 });
    const target = table(rig, [
      ['id', int],
      ['v', varchar],
      ['n', int],
    ]);
    await sink.write(batch(create(target, [1, 'fits', 1])), never);
    const held = await sink.claim(lane);
    for (const [row, said] of [
      [[3, 'secret text', 1], /column v/],
      [[3, 'x', 1000], /column n/],
      [[3, 'x', null], /column n/],
    ] as const) {
      await assert.rejects(sink.write(batch(create(target, [2, 'good', 2], row)), never), (error) => {
        assert.ok(isMillraceError(error, 'SINK_ROW_REFUSED'), String(error));
        assert.equal(error.details.table, `${rig.database}.t`);
        assert.match(error.message, said);
        assert.match(error.message, /binlog\.000001:1234/);
        assert.doesNotMatch(error.message, /secret|1000/);
        return true;
      });
    }
    assert.equal(await sink.claim(lane), held);
    assert.deepEqual(await rig.query('SELECT id FROM t'), [['1']]);
    await sink.write(batch(create(target, [2, 'good', 2])), never);
    assert.deepEqual(await rig.query('SELECT id FROM t'), [['1'], ['2']]);
  });
}
