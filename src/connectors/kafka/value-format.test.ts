import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { z } from 'zod';
import { ArrayRowImages } from '../../core/array-row-images.ts';
import type { RowsChange } from '../../core/change.ts';
import { isMillraceError } from '../../core/errors.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { origin } from '../../testing/sample-origin.ts';
import { column, int, table } from '../../testing/sample-tables.ts';
import { kafkaConfig } from './config.ts';
import { valueFormat } from './value-format.ts';

const context = { pipeline: 'shop', clock: new FakeClock(), log: { debug() {}, info() {}, warn() {}, error() {} } };

const open = (settings: Partial<z.input<typeof kafkaConfig>>) =>
  valueFormat(kafkaConfig.parse({ 'properties.bootstrap.servers': 'k:9092', ...settings }), context, () => 'topic');

const flags = table(
  'flags',
  [
    column('id-1', int, { nullable: false }),
    column('on', { kind: 'integer', bits: 8, unsigned: false }, { declaration: 'tinyint(1)' }),
  ],
  [0],
);

const deleted: RowsChange = {
  kind: 'rows',
  op: 'delete',
  table: flags,
  rows: new ArrayRowImages(flags, { before: [[7, 1]], after: null }),
  origin,
};

/** Keys and values; null for none. */
const recordsOf = (settings: Partial<z.input<typeof kafkaConfig>>): readonly (readonly (string | null)[])[] => {
  const records: (string | null)[][] = [];
  const text = (bytes: Uint8Array | null, start: number, end: number) =>
    bytes === null ? null : Buffer.from(bytes).toString('utf8', start, end);
  open(settings).rows(deleted, (key, keyStart, keyEnd, value, start, end) => {
    records.push([text(key, keyStart, keyEnd), text(value, start, end)]);
  });
  return records;
};

test('columns named as booleans are true or false, and names are adjusted in keys and values', () => {
  const records = recordsOf({ 'columns.boolean': 'shop.flags.on', 'field.name.adjustment.mode': 'avro' });
  assert.equal(records[0]![0], '{"id_1":7}');
  assert.ok(records[0]![1]!.startsWith('{"before":{"id_1":7,"on":true},"after":null,'));
  assert.ok(recordsOf({ 'columns.boolean': 'shop.other.on' })[0]![1]!.startsWith('{"before":{"id-1":7,"on":1},'));
});

test('a deleted row is a CloudEvent and a tombstone, which may be left out', () => {
  const [event, tombstone, ...more] = recordsOf({ 'value.format': 'cloudevents-json' });
  const { specversion, data } = JSON.parse(event![1]!) as { readonly specversion: string; readonly data: object };
  assert.deepEqual(
    [event![0], specversion, data],
    ['{"id-1":7}', '1.0', { before: { 'id-1': 7, on: 1 }, after: null }],
  );
  assert.deepEqual([tombstone, more], [['{"id-1":7}', null], []]);
  assert.equal(recordsOf({ 'value.format': 'cloudevents-json', 'tombstones.on.delete': false }).length, 1);
});

test('formats without a record for schema changes refuse the setting', () => {
  for (const format of ['cloudevents-json', 'json', 'canal-json', 'maxwell-json'] as const) {
    assert.throws(
      () => open({ 'value.format': format, 'include.schema.changes': true }),
      (error) => isMillraceError(error, 'CONFIG_WRONG_VALUE') && error.message.includes(format),
      format,
    );
  }
});
