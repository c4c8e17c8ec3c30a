import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isMillraceError } from '../../../core/errors.ts';
import { plainColumn } from '../../../core/plain-column.ts';
import { position } from '../../../core/position.ts';
import { type Column, type ColumnType, defineTable, type Table } from '../../../core/table.ts';
import { chooseChunkKey, type IndexPart } from './chunk-key.ts';
import { chunkQuery, lastKeyQuery, wholeTableQuery } from './chunk-query.ts';
import { ChunkSize } from './chunk-size.ts';
import {
  decodeLanePosition,
  encodeLanePosition,
  firstPosition,
  type LanePosition,
  nextPosition,
  type ScanPlace,
  snapshotCovers,
} from './lane-position.ts';
import { rowKey } from './row-key.ts';
import { sqlLiteral } from './sql-literal.ts';
import { watermarkKind } from './watermark-kind.ts';

const integer: ColumnType = { kind: 'integer', bits: 32, unsigned: false };
const text: ColumnType = { kind: 'text', fixed: false, maxBytes: 80, charset: 'utf8mb4', collation: null };
const members: ColumnType = { kind: 'enum', values: ['z', 'b', 'a'], charset: 'utf8mb4' };

const tableOf = (columns: readonly (readonly [string, ColumnType, boolean?])[]): Table =>
  defineTable({
    database: 'shop',
    name: 'we`ird',
    columns: columns.map(([name, type, nullable = false]): Column => plainColumn(name, type, { nullable })),
    primaryKey: [],
    uniqueKeys: [],
    charset: null,
    comment: null,
  });

const part = (index: string, column: string | null, more: Partial<IndexPart> = {}): IndexPart => ({
  index,
  column,
  prefix: null,
  descending: false,
  visible: true,
  ...more,
});

describe('the key that chunks walk along', () => {
  const table = tableOf([
    ['a', integer],
    ['b', text],
    ['c', integer, true],
    ['e', members],
    ['f', { kind: 'enum', values: ['', 'x'], charset: 'utf8mb4' }],
  ]);
  const chosen = (...parts: readonly IndexPart[]): string | null => chooseChunkKey(table, parts)?.index ?? null;

  test('is the primary key, else the unique key of the fewest columns', () => {
    assert.equal(chosen(part('one', 'a'), part('PRIMARY', 'a'), part('PRIMARY', 'b')), 'PRIMARY');
    assert.equal(chosen(part('two', 'a'), part('two', 'b'), part('one', 'e')), 'one');
  });

  test('is none that cannot be walked: NULLs, prefixes, expressions, invisible indexes, a declared empty member', () => {
    const unfit = [
      part('u', 'c'),
      part('u', 'b', { prefix: 3 }),
      part('u', null),
      part('u', 'a', { visible: false }),
      part('u', 'f'),
      part('u', 'not captured'),
    ];
    for (const each of unfit) assert.equal(chosen(each), null);
    assert.equal(chosen(part('PRIMARY', 'b', { prefix: 3 }), part('fit', 'a')), 'fit');
  });
});

describe('chunk statements', () => {
  const table = tableOf([
    ['a', integer],
    ['b', text],
    ['e', members],
  ]);
  const expressions = ['`a`', '`b`'];

  test('spell the bounds of a composite key out, so that both servers find them in the index', () => {
    const key = chooseChunkKey(table, [part('PRIMARY', 'a'), part('PRIMARY', 'b')])!;
    assert.equal(
      chunkQuery(table, key, { after: [1, 'x'], upTo: [9, 'é'], where: 'a % 2 = 0' }, 100, expressions),
      "SELECT `a`, `b` FROM `shop`.`we``ird` FORCE INDEX (`PRIMARY`) WHERE ((`a` > 1) OR (`a` = 1 AND `b` > _utf8mb4 x'78')) AND ((`a` < 9) OR (`a` = 9 AND `b` <= _utf8mb4 x'c3a9')) AND (a % 2 = 0) ORDER BY `a`, `b` LIMIT 100",
    );
  });

  test('turn comparisons and order round for a descending part', () => {
    const key = chooseChunkKey(table, [part('u', 'a', { descending: true })])!;
    assert.equal(
      chunkQuery(table, key, { after: [5], upTo: [1], where: null }, 2, expressions),
      'SELECT `a`, `b` FROM `shop`.`we``ird` FORCE INDEX (`u`) WHERE (`a` < 5) AND (`a` >= 1) ORDER BY `a` DESC LIMIT 2',
    );
    assert.match(lastKeyQuery(table, key, expressions), /ORDER BY `a` LIMIT 1$/);
  });

  test('name the members of an ENUM that lie beyond a bound, 0 being the error value', () => {
    const key = chooseChunkKey(table, [part('PRIMARY', 'e')])!;
    const where = (after: string | null, upTo: string): string =>
      /WHERE (.*) ORDER/.exec(
        chunkQuery(table, key, { after: after === null ? null : [after], upTo: [upTo], where: null }, 1, expressions),
      )![1]!;
    assert.equal(
      where('z', 'a'),
      "(`e` IN (_utf8mb4 x'62', _utf8mb4 x'61')) AND ((`e` = 0 OR `e` IN (_utf8mb4 x'7a', _utf8mb4 x'62', _utf8mb4 x'61')))",
    );
    assert.equal(
      where('', 'z'),
      "(`e` IN (_utf8mb4 x'7a', _utf8mb4 x'62', _utf8mb4 x'61')) AND ((`e` = 0 OR `e` IN (_utf8mb4 x'7a')))",
    );
    assert.equal(where('a', 'a'), "(FALSE) AND ((`e` = 0 OR `e` IN (_utf8mb4 x'7a', _utf8mb4 x'62', _utf8mb4 x'61')))");
  });

  test('read a table without a key as a whole', () => {
    assert.equal(wholeTableQuery(table, null, expressions), 'SELECT `a`, `b` FROM `shop`.`we``ird`');
    assert.equal(wholeTableQuery(table, 'a > 1', expressions), 'SELECT `a`, `b` FROM `shop`.`we``ird` WHERE (a > 1)');
  });
});

describe('SQL literals', () => {
  test('stand for exactly one value of every key type', () => {
    const set: ColumnType = { kind: 'set', values: ['x', 'y', 'z'], charset: 'utf8mb4' };
    const cases: readonly (readonly [Parameters<typeof sqlLiteral>[0], ColumnType, string])[] = [
      [-5, integer, '-5'],
      [18446744073709551615n, { kind: 'integer', bits: 64, unsigned: true }, '18446744073709551615'],
      [0.1, { kind: 'double', unsigned: false }, '1e-1'],
      [5e-324, { kind: 'double', unsigned: false }, '5e-324'],
      ['-0.0500', { kind: 'decimal', precision: 5, scale: 4, unsigned: false }, '-0.0500'],
      ['-838:59:59', { kind: 'time', fsp: 0 }, "'-838:59:59'"],
      ["it's \\ 表", text, "_utf8mb4 x'69742773205c20e8a1a8'"],
      ['', text, "_utf8mb4 x''"],
      [new Uint8Array([0, 255]), { kind: 'binary', fixed: true, maxBytes: 2 }, "x'00ff'"],
      ['a', members, '3'],
      ['', members, '0'],
      ['x,z', set, '5'],
      ['', set, '0'],
      [9007199254740993n, { kind: 'bit', length: 64 }, '9007199254740993'],
      ['::1', { kind: 'inet6' }, "'::1'"],
    ];
    for (const [value, type, literal] of cases) assert.equal(sqlLiteral(value, type), literal);
  });

  test('of doubles are read back as the same double', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const literal = sqlLiteral(value, { kind: 'double', unsigned: false });
        assert.match(literal, /e/);
        assert.ok(Object.is(Number(literal), value) || value === 0);
      }),
    );
  });

  test('refuse text where digits belong', () => {
    assert.throws(() => sqlLiteral("1' OR '1", { kind: 'date' }));
    assert.throws(() => sqlLiteral('1 OR 1', { kind: 'decimal', precision: 3, scale: 0, unsigned: false }));
    assert.throws(() => sqlLiteral('x', { kind: 'json' }));
  });
});

describe('lane positions', () => {
  const scan: ScanPlace = { reason: 'initial', where: null, key: ['id'], after: null, upTo: null, chunks: 0, rows: 0 };
  const keyValue = fc.oneof(
    fc.integer(),
    fc.bigInt(),
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
    fc.uint8Array({ maxLength: 20 }),
  );

  test('come back as they went, whatever the key holds', () => {
    fc.assert(
      fc.property(fc.array(keyValue, { minLength: 1 }), fc.array(keyValue, { minLength: 1 }), (after, upTo) => {
        const value = nextPosition(firstPosition(null), { settled: false, scan: { ...scan, after, upTo } });
        assert.deepEqual(decodeLanePosition('lane', encodeLanePosition(value)), value);
      }),
    );
  });

  test('that are damaged name their lane', () => {
    for (const damaged of ['', '{}', '{"settled":1}', 'null', '[]']) {
      assert.throws(
        () => decodeLanePosition('m/snapshot:a.b', position(damaged)),
        (error) => isMillraceError(error, 'SNAPSHOT_POSITION_UNREADABLE') && error.details.lane === 'm/snapshot:a.b',
      );
    }
  });

  const covers = (held: LanePosition, at: LanePosition): boolean =>
    snapshotCovers(encodeLanePosition(held), encodeLanePosition(at));
  const step = (from: LanePosition, times = 1): LanePosition => {
    let value = from;
    for (let i = 0; i < times; i += 1) value = nextPosition(value, { settled: false, scan });
    return value;
  };

  test('cover each other by their sequence within one attempt', () => {
    const first = step(firstPosition(null), 3);
    assert.ok(covers(step(first), first));
    assert.ok(covers(first, first));
    assert.ok(!covers(first, step(first)));
  });

  test('of another attempt are covered only up to where every later one began, as chunks are cut elsewhere then', () => {
    const slow = step(firstPosition(null), 4);
    const fast = step(slow, 3);
    const second = firstPosition(slow);
    assert.ok(covers(step(second), slow));
    assert.ok(!covers(step(second, 9), fast));
    assert.ok(!covers(slow, step(second)));
    const third = step(firstPosition(step(second, 2)), 5);
    assert.ok(covers(third, step(second, 2)));
    assert.ok(!covers(third, step(second, 3)));
    assert.ok(covers(third, slow));
    assert.ok(!covers(third, fast));
  });

  test('of two attempts that went on from one place cover nothing of each other, as they may have read other rows', () => {
    const place = step(firstPosition(null), 4);
    const [one, other] = [step(firstPosition(place), 3), step(firstPosition(place), 2)];
    assert.ok(!covers(one, other));
    assert.ok(!covers(other, one));
    assert.ok(covers(one, place));
  });
});

describe('row keys', () => {
  test('differ for different keys and agree for equal ones', () => {
    const value = fc.oneof(fc.string(), fc.integer(), fc.uint8Array({ maxLength: 4 }));
    const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
    fc.assert(
      fc.property(fc.tuple(fc.string(), fc.string()), fc.tuple(fc.string(), fc.string()), (a, b) => {
        assert.equal(rowKey(a, [0, 1]) === rowKey(b, [0, 1]), same(a, b));
      }),
    );
    fc.assert(fc.property(value, (one) => assert.equal(rowKey([one], [0]), rowKey([one], [0]))));
    assert.notEqual(rowKey(['a', 'bc'], [0, 1]), rowKey(['ab', 'c'], [0, 1]));
  });

  test('are not made of images that lack a key column', () => {
    assert.equal(rowKey([1, undefined], [0, 1]), null);
  });
});

test('chunks of wide rows get fewer rows, and never none', () => {
  const size = new ChunkSize(1_000, 100_000);
  assert.equal(size.rows, 1_000);
  size.record(1_000, 500_000);
  assert.equal(size.rows, 200);
  size.record(1, 5_000_000);
  assert.equal(size.rows, 1);
  size.record(10, 100);
  assert.equal(size.rows, 1_000);
});

test('the kind of watermark follows from the server, and what it cannot do is refused', () => {
  const mysql = { flavor: 'mysql', gtidMode: 'ON' } as const;
  const bare = { flavor: 'mysql', gtidMode: 'ON_PERMISSIVE' } as const;
  const mariadb = { flavor: 'mariadb', gtidMode: 'ON' } as const;
  assert.equal(watermarkKind('auto', null, mysql), 'gtid');
  assert.equal(watermarkKind('auto', null, bare), 'lock');
  assert.equal(watermarkKind('auto', null, mariadb), 'consistent-snapshot');
  assert.equal(watermarkKind('auto', 'ops.marks', mariadb), 'table');
  assert.equal(watermarkKind('lock', null, mysql), 'lock');
  const refused = (error: unknown): boolean => isMillraceError(error, 'SNAPSHOT_WATERMARK_UNUSABLE');
  assert.throws(() => watermarkKind('gtid', null, bare), refused);
  assert.throws(() => watermarkKind('gtid', null, mariadb), refused);
  assert.throws(() => watermarkKind('consistent-snapshot', null, mysql), refused);
  assert.throws(() => watermarkKind('table', null, mysql), refused);
});
