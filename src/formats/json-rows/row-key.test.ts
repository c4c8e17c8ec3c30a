/** Columns that stand in the key of a message, and not in its value. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change } from '../../core/change.ts';
import type { Table } from '../../core/table.ts';
import { column, int, table, varchar } from '../../testing/sample-tables.ts';
import { ChangeCollector } from './change-collector.ts';
import { MessageTables } from './message-tables.ts';
import { PlainMessages } from './plain-messages.ts';
import type { KeyUse } from './row-key.ts';
import { plainModes } from './value-modes.ts';

const fromKeys: KeyUse = { form: 'json', fields: null };

const read = (
  messages: readonly (readonly [key: string | null, value: string | null])[],
  { use = fromKeys, declared = null }: { use?: KeyUse; declared?: readonly Table[] | null } = {},
): readonly Change[] => {
  const changes = new ChangeCollector(1_000);
  const tables = new MessageTables({ declared, modes: plainModes, unknownFields: 'refuse', primaryKey: null });
  const reader = new PlainMessages(tables, changes, use);
  for (const [offset, [key, value]] of messages.entries()) {
    reader.read({
      key: key === null ? null : Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
      database: 'shop',
      table: 'orders',
      offset,
      origin: () => ({
        kind: 'kafka',
        topic: 't',
        partition: 0,
        offset: BigInt(offset),
        timestampMs: 0,
        key: null,
        headers: [],
      }),
    });
  }
  return changes.take();
};

/** Each row as `op {…}`, and where a definition changed. */
const rowsOf = (changes: readonly Change[]): readonly string[] =>
  changes.flatMap((change) => {
    if (change.kind !== 'rows') return [change.kind];
    return Array.from({ length: change.rows.length }, (_, i) => {
      const row = change.op === 'delete' ? change.rows.before(i)! : change.rows.after(i)!;
      const fields = change.table.columns.map(({ name }, at) => [name, row[at]]);
      return `${change.op} ${JSON.stringify(Object.fromEntries(fields.filter(([, value]) => value !== undefined)))}`;
    });
  });

const keyOf = (changes: readonly Change[]): readonly string[] => {
  const [change] = changes;
  assert(change?.kind === 'rows');
  return change.table.primaryKey.map((at) => change.table.columns[at]!.name);
};

const orders = table('orders', [column('id', int), column('status', varchar)], [0]);

test('what a row lacks of the fields of its key is taken from there, whether its table is declared or not', () => {
  const messages = [
    ['{"id":1}', '{"status":"new"}'],
    ['{"id":2}', ' { "status" : "paid" } '],
    ['{"id":3}', '{}'],
    // A row that holds them itself is read as it is.
    ['{"id":9}', '{"id":4,"status":"odd"}'],
    ['{"id":1}', null],
  ] as const;
  for (const declared of [null, [orders]]) {
    const changes = read(messages, { declared });
    assert.deepEqual(rowsOf(changes), [
      'create {"id":1,"status":"new"}',
      'create {"id":2,"status":"paid"}',
      'create {"id":3}',
      'create {"id":4,"status":"odd"}',
      'delete {"id":1}',
    ]);
    assert.deepEqual(keyOf(changes), ['id']);
  }
});

test('a key whose fields partly stand in the row gives the others', () => {
  const changes = read([['{"id":1,"region":"eu"}', '{"id":1,"status":"new"}']]);
  assert.deepEqual(rowsOf(changes), ['create {"id":1,"region":"eu","status":"new"}']);
  assert.deepEqual(keyOf(changes), ['id', 'region']);
});

test('named fields come from the key even where the row has others of that name', () => {
  const use: KeyUse = { form: 'json', fields: ['id'] };
  const changes = read(
    [
      ['{"id":7,"shard":3}', '{"id":"seven","status":"new"}'],
      ['{"id":7}', null],
    ],
    { use },
  );
  assert.deepEqual(rowsOf(changes), ['create {"id":7,"status":"new"}', 'delete {"id":7}']);
  assert.deepEqual(keyOf(changes), ['id']);
});

test('a key that is a plain value, or a bare text, is the one column that is named for it', () => {
  for (const [form, key, id] of [
    ['json', ' 7', 7],
    ['json', '{"schema":{"type":"int32","optional":false},"payload":7}', 7],
    ['json', '"a\\"b"', 'a"b'],
    ['raw', 'order "7"', 'order "7"'],
    ['raw', '7', '7'],
  ] as const) {
    const use: KeyUse = { form, fields: ['id'] };
    const changes = read(
      [
        [key, '{"status":"new"}'],
        [key, null],
      ],
      { use },
    );
    assert.deepEqual(rowsOf(changes), [
      `create ${JSON.stringify({ id, status: 'new' })}`,
      `delete ${JSON.stringify({ id })}`,
    ]);
  }
  // A declared column says what the digits of a bare text mean.
  const declared = read([['7', '{"status":"new"}']], { use: { form: 'raw', fields: ['id'] }, declared: [orders] });
  assert.deepEqual(rowsOf(declared), ['create {"id":7,"status":"new"}']);
});

test('schemas of key and value together describe the row; a key without one goes by its look', () => {
  const keySchema = '{"type":"struct","fields":[{"field":"id","type":"int32","optional":false}]}';
  const valueSchema = '{"type":"struct","fields":[{"field":"status","type":"string","optional":true}]}';
  const value = (status: string): string => `{"schema":${valueSchema},"payload":{"status":"${status}"}}`;
  const both = read([
    [`{"schema":${keySchema},"payload":{"id":1}}`, value('new')],
    [`{"schema":${keySchema},"payload":{"id":2}}`, value('paid')],
  ]);
  assert.deepEqual(rowsOf(both), ['create {"id":1,"status":"new"}', 'create {"id":2,"status":"paid"}']);
  const [change] = both;
  assert(change?.kind === 'rows');
  assert.deepEqual(change.table.columns[0]?.type, { kind: 'integer', bits: 32, unsigned: false });
  const look = read([['{"id":1}', value('new')]]);
  assert.deepEqual(rowsOf(look), ['create {"id":1,"status":"new"}']);
  assert.deepEqual(keyOf(look), ['id']);
});

test('a new version of the schema of the key is a new version of the table', () => {
  const schema = (...fields: readonly string[]): string =>
    `{"type":"struct","fields":[${fields.map((field) => `{"field":"${field}","type":"int32","optional":false}`)}]}`;
  const value = '{"schema":{"type":"struct","fields":[]},"payload":{}}';
  const changes = read([
    [`{"schema":${schema('id')},"payload":{"id":1}}`, value],
    [`{"schema":${schema('id', 'shard')},"payload":{"id":1,"shard":2}}`, value],
  ]);
  assert.deepEqual(rowsOf(changes), ['create {"id":1}', 'schema', 'create {"id":1,"shard":2}']);
});

test('a key that cannot give what it should is refused', () => {
  const named: KeyUse = { form: 'json', fields: ['id', 'region'] };
  const unreadable = { code: 'FORMAT_MESSAGE_UNREADABLE' };
  assert.throws(() => read([[null, '{"status":"new"}']], { use: named }), unreadable);
  assert.throws(() => read([['{"id":1}', '{"status":"new"}']], { use: named }), unreadable);
  assert.throws(() => read([['7', '{"status":"new"}']], { use: named }), unreadable);
  assert.throws(() => read([['7 8', '{"status":"new"}']], { use: { form: 'json', fields: ['id'] } }), unreadable);
  assert.throws(() => read([['7', '{"status":"new"}']], { declared: [orders] }), unreadable);
  assert.throws(() => read([['{"id":1}', '[1]']], { use: { form: 'json', fields: ['id'] } }), unreadable);
  // Neither has it.
  assert.throws(() => read([['{"other":1}', '{"status":"new"}']], { declared: [orders] }), {
    code: /FORMAT_(KEY_MISSING|FIELD_UNKNOWN)/,
  });
  // A bare text is no row unless it has a name.
  const bare: KeyUse = { form: 'raw', fields: null };
  assert.throws(() => read([['7', null]], { use: bare }), unreadable);
  assert.deepEqual(rowsOf(read([['7', '{"status":"new"}']], { use: bare })), ['create {"status":"new"}']);
});
