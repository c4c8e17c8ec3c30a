import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrayRowImages } from '../../../core/array-row-images.ts';
import type { Op, RowsChange } from '../../../core/change.ts';
import type { Table } from '../../../core/table.ts';
import type { Row } from '../../../core/value.ts';
import { origin } from '../../../testing/sample-origin.ts';
import { column, eventsTable, int, ordersTable, table, varchar } from '../../../testing/sample-tables.ts';
import { writtenCommands } from '../../../testing/written-commands.ts';
import { redisSinkConfig } from './config.ts';
import { RowCommands } from './row-commands.ts';
import { planTable } from './table-plan.ts';
import { tableSettings } from './table-settings.ts';

type Step = readonly [op: Op, before: Row | null, after: Row | null];

const create = (...after: Row): Step => ['create', null, after];
const update = (before: Row, after: Row): Step => ['update', before, after];
const remove = (...before: Row): Step => ['delete', before, null];

interface Case {
  readonly target?: Table;
  readonly complete?: boolean;
  readonly settings: Readonly<Record<string, unknown>>;
}

const written = ({ target = ordersTable, complete = true, settings }: Case, ...steps: Step[]) => {
  const config = redisSinkConfig.parse({ hostname: 'x', ...settings });
  const plan = planTable(target, tableSettings(config)(target), { vanished: null, complete });
  const maxStreamLength = config['sink.stream.max-length'] ?? null;
  const encoder = new RowCommands({
    sink: 'test',
    maxValueBytes: 1e9,
    maxStreamLength,
    nest: 'millrace:nest:test:',
    renames: true,
  });
  for (const [op, before, after] of steps) {
    const rows = new ArrayRowImages(target, { before: before && [before], after: after && [after] });
    const change: RowsChange = { kind: 'rows', op, table: target, rows, origin };
    encoder.add(change, plan, false);
  }
  return writtenCommands(encoder.commands).map((command) => command.join(' '));
};

const refused = (reason: RegExp, ...given: Parameters<typeof written>): void => {
  assert.throws(() => written(...given), { code: 'SINK_ROW_REFUSED', message: reason });
};

test('a row as JSON is one string that loses nothing, and goes with the row', () => {
  assert.deepEqual(
    written(
      { settings: { value: 'json' } },
      create(1, 'a "b"', 9007199254740993n),
      update([1, 'x', 1], [2, null, 1]),
      remove(2, null, 1),
    ),
    [
      'SET shop:orders:1 {"id":1,"status":"a \\"b\\"","total":9007199254740993}',
      'UNLINK shop:orders:1',
      'SET shop:orders:2 {"id":2,"status":null,"total":1}',
      'UNLINK shop:orders:2',
    ],
  );
  refused(/binlog_row_image/, { settings: { value: 'json' } }, update([1, undefined, undefined], [1, 'x', undefined]));
});

test('one column as a string: NULL is no key', () => {
  const settings = { 'sink.tableId-to-value.mapping': 'shop.orders=string(status)' };
  assert.deepEqual(written({ settings }, create(1, 'new', 5), update([1, 'new', 5], [1, null, 5])), [
    'SET shop:orders:1 new',
    'UNLINK shop:orders:1',
  ]);
});

test('rows of a cache are refreshed where they are, and never put there', () => {
  const hash = written({ settings: { mode: 'hot' } }, create(1, 'new', null), update([1, 'new', 1], [2, 'new', 1]));
  assert.match(hash[0]!, /^EVAL local t = .* 1 shop:orders:1 id 1 status new$/s);
  assert.equal(hash[1], 'UNLINK shop:orders:1');
  assert.match(hash[2]!, / 1 shop:orders:2 id 2 status new total 1$/s);
  assert.deepEqual(written({ settings: { mode: 'hot', value: 'json' } }, create(1, 'new', null)), [
    'SET shop:orders:1 {"id":1,"status":"new","total":null} XX KEEPTTL',
  ]);
  // What the log does not hold as a whole cannot be refreshed, so a reader has to bring it.
  assert.deepEqual(
    written({ settings: { mode: 'hot' } }, update([1, undefined, undefined], [undefined, 'x', undefined])),
    ['UNLINK shop:orders:1'],
  );
});

test('with invalidate nothing is written, whatever changes', () => {
  const steps = [create(1, 'a', 1), update([1, 'a', 1], [2, 'a', 1]), remove(2, 'a', 1)];
  assert.deepEqual(written({ settings: { mode: 'invalidate' } }, ...steps), [
    'UNLINK shop:orders:1',
    'UNLINK shop:orders:1',
    'UNLINK shop:orders:2',
    'UNLINK shop:orders:2',
  ]);
});

const tags = table(
  'tags',
  [column('article', int, { nullable: false }), column('tag', varchar, { nullable: false }), column('weight', int)],
  [0, 1],
);

test('rows are members of a set: what a row was goes, what it is comes', () => {
  const settings = {
    'sink.tableId-to-value.mapping': 'shop.tags=set(tag)',
    'sink.tableId-to-key.mapping': 'shop.tags=tags:%{article}',
  };
  assert.deepEqual(
    written({ target: tags, settings }, create(1, 'a', 1), update([1, 'a', 1], [2, 'b', 1]), remove(2, 'b', 1)),
    ['SADD tags:1 a', 'SREM tags:1 a', 'SADD tags:2 b', 'SREM tags:2 b'],
  );
});

test('rows are members of a sorted set, and none without a score', () => {
  const settings = {
    'sink.tableId-to-value.mapping': 'shop.tags=sorted-set(tag, weight)',
    'sink.tableId-to-key.mapping': 'shop.tags=tags:%{article}',
  };
  assert.deepEqual(written({ target: tags, settings }, create(1, 'a', 7), update([1, 'a', 7], [1, 'a', null])), [
    'ZADD tags:1 7 a',
    'ZREM tags:1 a',
  ]);
  refused(/binlog_row_image/, { target: tags, settings }, update([1, 'a', 7], [1, 'a', undefined]));
});

test('every change is an entry of a stream, whether the table has a key or not', () => {
  const settings = {
    'sink.tableId-to-value.mapping': 'shop.events=stream',
    'sink.tableId-to-key.mapping': 'shop.events=events',
    'sink.stream.max-length': 1000,
  };
  assert.deepEqual(written({ target: eventsTable, settings }, create('click', 1), remove('click', null)), [
    'XADD events MAXLEN ~ 1000 * __op create kind click amount 1',
    'XADD events MAXLEN ~ 1000 * __op delete kind click',
  ]);
});

test('an index follows its columns and the keys of its rows, and holds no NULL', () => {
  const settings = { 'sink.tableId-to-index.mapping': 'shop.orders=status|total,status' };
  assert.deepEqual(written({ settings }, create(1, 'a', null)), [
    'HDEL shop:orders:1 total',
    'HSET shop:orders:1 id 1 status a',
    'SADD idx:shop:orders:status:a shop:orders:1',
  ]);
  assert.deepEqual(written({ settings }, update([1, 'a', 5], [1, 'b', 5])), [
    'HSET shop:orders:1 status b',
    'SREM idx:shop:orders:status:a shop:orders:1',
    'SADD idx:shop:orders:status:b shop:orders:1',
    'SREM idx:shop:orders:total,status:5:a shop:orders:1',
    'SADD idx:shop:orders:total,status:5:b shop:orders:1',
  ]);
  assert.deepEqual(written({ settings }, update([1, 'a', 5], [2, 'a', null])).slice(3), [
    'SREM idx:shop:orders:status:a shop:orders:1',
    'SADD idx:shop:orders:status:a shop:orders:2',
    'SREM idx:shop:orders:total,status:5:a shop:orders:1',
  ]);
  assert.deepEqual(written({ settings }, remove(1, 'a', 5)), [
    'UNLINK shop:orders:1',
    'SREM idx:shop:orders:status:a shop:orders:1',
    'SREM idx:shop:orders:total,status:5:a shop:orders:1',
  ]);
});

test('an index is said again as long as nobody knows that it is right, and left alone after that', () => {
  const settings = { 'sink.tableId-to-index.mapping': 'shop.orders=status' };
  const same = update([1, 'a', 5], [1, 'a', 6]);
  assert.deepEqual(written({ settings }, same), ['HSET shop:orders:1 total 6']);
  assert.equal(written({ settings, complete: false }, same).at(-1), 'SADD idx:shop:orders:status:a shop:orders:1');
});

test('an index needs its columns as they were, where they may have changed', () => {
  const settings = { 'sink.tableId-to-index.mapping': 'shop.orders=status' };
  const untouched = update([1, undefined, undefined], [undefined, undefined, 6]);
  assert.deepEqual(written({ settings }, untouched), ['HSET shop:orders:1 total 6']);
  refused(/binlog_row_image/, { settings }, update([1, undefined, undefined], [undefined, 'b', undefined]));
  refused(/binlog_row_image/, { settings }, remove(1, undefined, undefined));
});

const sessions = table(
  'sessions',
  [column('id', int, { nullable: false }), column('until', { kind: 'datetime', fsp: 0 }), column('seconds', int)],
  [0],
);

test('a row lives until its column says, for a number of seconds from its commit on, or for ever', () => {
  const until = { 'sink.tableId-to-expiry.mapping': 'shop.sessions=until' };
  assert.deepEqual(written({ target: sessions, settings: until }, create(1, '2030-01-01 00:00:00', 1)).slice(-1), [
    `PEXPIREAT shop:sessions:1 ${Date.UTC(2030, 0, 1)}`,
  ]);
  const last = written({ target: sessions, settings: until }, update([1, '2030-01-01 00:00:00', 1], [1, null, 1]));
  assert.deepEqual(last, [
    'HDEL shop:sessions:1 until',
    'HSET shop:sessions:1 id 1 seconds 1',
    'PERSIST shop:sessions:1',
  ]);
  const seconds = { 'sink.tableId-to-expiry.mapping': 'shop.sessions=seconds' };
  assert.deepEqual(written({ target: sessions, settings: seconds }, create(1, null, 60)).slice(-1), [
    `PEXPIREAT shop:sessions:1 ${origin.commitMicros / 1000 + 60_000}`,
  ]);
  refused(/as a whole/, { target: sessions, settings: until }, update([1, undefined, undefined], [1, undefined, 2]));
});

test('settings that do not fit their table, or each other, are refused with what is wrong', () => {
  const wrong: readonly (readonly [Table, Readonly<Record<string, unknown>>, RegExp])[] = [
    [ordersTable, { 'sink.tableId-to-value.mapping': 'shop.orders=set' }, /a value is hash, json/],
    [ordersTable, { 'sink.tableId-to-value.mapping': 'shop.orders=string(state)' }, /no column state/],
    [ordersTable, { 'sink.tableId-to-value.mapping': 'shop.orders=sorted-set(id,status)' }, /is no number/],
    [ordersTable, { 'sink.tableId-to-value.mapping': 'shop.orders=set(status)', key: 'all' }, /would share members/],
    [ordersTable, { 'sink.tableId-to-value.mapping': 'shop.orders=stream' }, /stands for no column/],
    [ordersTable, { 'sink.tableId-to-value.mapping': 'shop.orders=stream', key: 's:%{id}' }, /its key holds no column/],
    [tags, { 'sink.tableId-to-value.mapping': 'shop.tags=set(tag)', key: '%{article}', mode: 'hot' }, /cannot be hot/],
    [ordersTable, { 'sink.tableId-to-mode.mapping': 'shop.orders=warm' }, /mirror, hot or invalidate/],
    [ordersTable, { 'sink.tableId-to-expiry.mapping': 'shop.orders=status' }, /says until when/],
    [ordersTable, { 'sink.tableId-to-index.mapping': 'shop.orders=status|state' }, /no column state/],
    [eventsTable, {}, /no primary key/],
  ];
  for (const [target, settings, message] of wrong) {
    assert.throws(() => written({ target, settings }), { code: 'CONFIG_TEMPLATE', message }, JSON.stringify(settings));
  }
});

test('a row whose key is made of a column that is NULL is refused, and was not there if it was so before', () => {
  for (const value of ['hash', 'json']) {
    const settings = { value, key: '%{table}:%{status}:%{id}' };
    refused(/column status is NULL/, { settings }, create(1, null, 1));
    refused(/column status is NULL/, { settings }, update([1, 'new', 1], [1, null, 1]));
    refused(/does not hold column status/, { settings }, update([1, undefined, undefined], [1, 'x', 1]));
    const [only, ...rest] = written({ settings }, remove(1, null, 1), update([1, null, 1], [1, 'new', 1]));
    assert.match(only!, /^(HSET|SET) orders:new:1 /);
    assert.deepEqual(rest, []);
  }
});

test('a value of the JSON module is set as a whole, and what is not cached stays away', () => {
  const row = '{"id":1,"status":"new","total":1}';
  assert.deepEqual(written({ settings: { value: 'redis-json' } }, create(1, 'new', 1), remove(1, 'new', 1)), [
    `JSON.SET shop:orders:1 $ ${row}`,
    'UNLINK shop:orders:1',
  ]);
  assert.deepEqual(written({ settings: { value: 'redis-json', mode: 'hot' } }, create(1, 'new', 1)), [
    `JSON.SET shop:orders:1 $ ${row} XX`,
  ]);
});

test('NULL is a field where a text stands for it: in whole rows, in changed ones, and in entries', () => {
  const settings = { 'sink.null.fields': 'empty' };
  assert.deepEqual(
    written({ settings }, create(1, null, 5), update([1, 'x', 5], [1, null, 5]), update([1, null, 5], [1, null, null])),
    ['HSET shop:orders:1 id 1 status  total 5', 'HSET shop:orders:1 status ', 'HSET shop:orders:1 total '],
  );
  const stream = { ...settings, 'sink.tableId-to-value.mapping': 'shop.orders=stream', key: 'log' };
  assert.deepEqual(written({ settings: stream }, create(1, null, 5)), ['XADD log * __op create id 1 status  total 5']);
  // A row is still in no index under NULL, and a key is still made of none.
  const indexed = { ...settings, 'sink.tableId-to-index.mapping': 'shop.orders=status' };
  assert.deepEqual(written({ settings: indexed }, create(1, null, 5)), ['HSET shop:orders:1 id 1 status  total 5']);
  refused(/column status is NULL/, { settings: { ...settings, key: '%{status}:%{id}' } }, create(1, null, 1));
});
