import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyTemplate } from '../connectors/redis/key-template.ts';
import { type ColumnType, defineTable } from '../core/table.ts';
import type { Value } from '../core/value.ts';
import { CommandWriter } from '../protocol/redis/command-writer.ts';
import type { Reply } from '../protocol/redis/reply.ts';
import { ReplyDecoder } from '../protocol/redis/reply-decoder.ts';
import { smallTable } from '../testing/cached-rows.ts';
import { type Held, RowCodec } from './row-codec.ts';

const text: ColumnType = { kind: 'text', fixed: false, maxBytes: 400, charset: 'utf8mb4', collation: null };
const types: readonly ColumnType[] = [
  { kind: 'integer', bits: 64, unsigned: false },
  text,
  { kind: 'binary', fixed: false, maxBytes: 10 },
  { kind: 'double', unsigned: false },
  { kind: 'decimal', precision: 10, scale: 2, unsigned: false },
];
const table = defineTable({
  ...smallTable,
  columns: types.map((type, i) => ({ ...smallTable.columns[0]!, name: `c${i}`, type, nullable: i > 0 })),
});
const codec = new RowCodec(table, KeyTemplate.of('%{key}', table));

/** What a server answers that holds these texts beside the row's; the last of them may be left out. */
const answer = (own: readonly (string | null)[], texts: readonly (string | Uint8Array | null)[]): Buffer => {
  const pieces = [...own, ...(own.length < 4 ? [null] : []), ...texts].map((each) => {
    if (each === null) return Buffer.from('_\r\n');
    const bytes = Buffer.from(each);
    return Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]);
  });
  return Buffer.concat([Buffer.from(`*${pieces.length}\r\n`), ...pieces]);
};

const held = (bytes: Buffer): readonly Held[] => {
  const direct = new ReplyDecoder();
  direct.push(bytes);
  const made = new ReplyDecoder();
  made.push(bytes);
  return [codec.read(direct)!, codec.held(made.next() as Reply)];
};

test('a row is the same read where it lies as by way of a reply', () => {
  const rows: readonly (readonly [readonly (string | Uint8Array | null)[], readonly Value[]])[] = [
    [
      ['7', 'plain', Buffer.from('bytes'), '1.5e-7', '-3.20'],
      [7, 'plain', new Uint8Array(Buffer.from('bytes')), 1.5e-7, '-3.20'],
    ],
    [
      ['-9223372036854775808', 'größer 😀', Buffer.from([0xff, 0x80]), '-0.5', null],
      [-9223372036854775808n, 'größer 😀', new Uint8Array([0xff, 0x80]), -0.5, null],
    ],
    [
      ['999999999999999', '', new Uint8Array(), null, '0.00'],
      [999999999999999, '', new Uint8Array(), null, '0.00'],
    ],
    [
      ['9007199254740993', null, null, null, null],
      [9007199254740993n, null, null, null, null],
    ],
  ];
  for (const [texts, values] of rows) {
    const row = Object.fromEntries(values.map((value, i) => [`c${i}`, value]));
    const expected = { state: 'row', row, until: 1_700_000_000_000 };
    for (const each of held(answer([null, '1700000000000', null], texts))) assert.deepEqual(each, expected);
  }
});

test('what stands beside a row, or in its place, says what it is', () => {
  const row = ['7', null, null, null, null];
  const nothing = [null, null, null, null, null];
  const states: readonly (readonly [string, readonly (string | null)[], readonly (string | null)[]])[] = [
    ['missing', [null, null, null], nothing],
    ['filling', ['token', null, null], nothing],
    ['filling', ['token', null, null], row],
    ['row', ['token', '5', null], row],
    ['none', [null, null, ''], nothing],
    ['partial', [null, null, ''], row],
    ['partial', [null, null, null], [null, 'x', null, null, null]],
    ['row', [null, '5', null, codec.columns], row],
    ['partial', [null, '5', null, ''], row],
    // What a column held before its type was changed is no value of it.
    ['partial', [null, null, null], ['not a number', null, null, null, null]],
    ['partial', [null, null, null], ['longer than any number is', null, null, null, null]],
    ['partial', [null, null, null], ['7', null, null, 'x', null]],
    ['partial', [null, null, null], ['7', null, null, '', null]],
  ];
  for (const [state, own, texts] of states)
    for (const each of held(answer(own, texts))) assert.equal(each.state, state);
});

test('a row whose answer is cut is the same, and what is no row is left to the reply', () => {
  const bytes = answer([null, null, null], ['7', 'plain', null, null, null]);
  for (let cut = 0; cut < bytes.length; cut += 1) {
    const decoder = new ReplyDecoder();
    decoder.push(bytes.subarray(0, cut));
    assert.equal(codec.read(decoder), null, `cut at ${cut}`);
    assert.equal(decoder.next(), undefined);
    decoder.push(bytes.subarray(cut));
    assert.equal((codec.read(decoder) ?? codec.held(decoder.next()!)).state, 'row');
  }
  for (const other of ['-WRONGTYPE no\r\n', '*2\r\n_\r\n_\r\n', '>2\r\n+invalidate\r\n_\r\n']) {
    const decoder = new ReplyDecoder();
    decoder.push(Buffer.from(other));
    assert.equal(codec.read(decoder), null);
    assert.notEqual(decoder.next(), undefined);
  }
});

test('a question names the fields that the answer is read by', () => {
  const commands = new CommandWriter();
  codec.ask(commands, Buffer.from('7'));
  assert.equal(commands.view().toString().split('\r\n')[0], `*${2 + 4 + types.length}`);
});
