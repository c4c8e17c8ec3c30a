import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { z } from 'zod';
import { ArrayRowImages } from '../../core/array-row-images.ts';
import type { Op, RowsChange } from '../../core/change.ts';
import { isMillraceError } from '../../core/errors.ts';
import type { LogFields } from '../../core/log.ts';
import type { Row } from '../../core/value.ts';
import { origin } from '../../testing/sample-origin.ts';
import { column, int, ordersTable, table, varchar } from '../../testing/sample-tables.ts';
import { kafkaConfig } from './config.ts';
import { Outbox } from './outbox.ts';

const outboxTable = table(
  'outbox',
  ['id', 'aggregatetype', 'aggregateid', 'payload'].map((name) => column(name, name === 'id' ? int : varchar)),
  [0],
);

const change = (op: Op): RowsChange => {
  const row: Row = [7, 'order', 'o-1', '{"a": null, "b": 1}'];
  const images = { before: op === 'create' ? null : [row], after: op === 'delete' ? null : [row] };
  return { kind: 'rows', op, table: outboxTable, rows: new ArrayRowImages(outboxTable, images), origin };
};

const said: (readonly [level: string, fields: LogFields | undefined])[] = [];
const log = {
  debug() {},
  info() {},
  warn: (_: string, fields?: LogFields) => void said.push(['warn', fields]),
  error: (_: string, fields?: LogFields) => void said.push(['error', fields]),
};

const open = (settings: Partial<z.input<typeof kafkaConfig>> = {}) =>
  new Outbox(
    kafkaConfig.parse({ 'properties.bootstrap.servers': 'k:9092', 'outbox.tables': 'shop.outbox', ...settings }),
    { name: 'shop', version: '1', now: () => 0 },
    log,
  );

test('the named tables alone are outboxes', () => {
  const outbox = open();
  assert.equal(outbox.holds(outboxTable), true);
  assert.equal(outbox.holds(ordersTable), false);
  assert.equal(outbox.takes({ kind: 'truncate', table: outboxTable, origin }), true);
});

test('a new row is a record for the topic that it names, made once', () => {
  const outbox = open({ 'outbox.table.expand.json.payload': true });
  const created = change('create');
  const records = outbox.recordsOf(created);
  assert.deepEqual(
    records.map(({ topic, key, value }) => [topic, String(key), String(value)]),
    [['outbox.event.order', 'o-1', '{"b":1}']],
  );
  assert.equal(outbox.recordsOf(created), records);
  assert.equal(outbox.recordsOf(change('read')).length, 1);
});

test('a deleted row is no event, and an updated one is told with the level asked for', () => {
  assert.deepEqual(open().recordsOf(change('delete')), []);
  assert.deepEqual(open().recordsOf(change('update')), []);
  assert.deepEqual(open({ 'outbox.table.op.invalid.behavior': 'error' }).recordsOf(change('update')), []);
  assert.deepEqual(
    said,
    ['warn', 'error'].map((level) => [level, { table: 'shop.outbox', rows: 1 }]),
  );
});

test('an updated row stops the pipeline where that is asked for', () => {
  assert.throws(
    () => open({ 'outbox.table.op.invalid.behavior': 'fatal' }).recordsOf(change('update')),
    (error) => isMillraceError(error, 'KAFKA_OUTBOX_ROW'),
  );
});

test('an expression that is none, and a placement that is none, are refused', () => {
  assert.throws(
    () => open({ 'outbox.route.topic.regex': '(' }),
    (error) => isMillraceError(error, 'CONFIG_WRONG_VALUE') && error.message.includes('outbox.route.topic.regex'),
  );
  for (const wrong of ['type', 'type:body', 'type:header:', 'a:header,,']) {
    assert.throws(() => open({ 'outbox.table.fields.additional.placement': wrong }));
  }
});
