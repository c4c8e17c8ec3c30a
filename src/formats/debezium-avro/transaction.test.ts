import assert from 'node:assert/strict';
import { test } from 'node:test';
import avsc from 'avsc';
import { ordersTable, table } from '../../testing/sample-tables.ts';
import { transactionMark } from '../debezium-json/transaction.ts';
import { TransactionOrder } from '../transaction-order.ts';
import { avroTransactionKey, avroTransactionMark, transactionAvroSchemas } from './transaction.ts';

const schemas = transactionAvroSchemas();

/** A value without the names of its unions' branches. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test('the records around a transaction say in Avro what they say in JSON', () => {
  const type = avsc.Type.forSchema(JSON.parse(schemas.value), { wrapUnions: 'never' });
  const order = new TransactionOrder('3e11fa47-71ca-11e1-9e33-c80aa9429562:7');
  for (const each of [ordersTable, ordersTable, table('notes', [], [])]) {
    for (const status of ['BEGIN', 'END'] as const) {
      const record = avroTransactionMark(status, order, 1_700_000_000_123, 70_000);
      assert.deepEqual([record[0], record.readUInt32BE(1)], [0, 70_000]);
      const told: unknown = JSON.parse(transactionMark(status, order, 1_700_000_000_123).toString());
      assert.deepEqual(plain(type.fromBuffer(record.subarray(5))), told);
    }
    order.next(each);
  }
  assert.deepEqual(
    [...order.counts],
    [
      ['shop.orders', 2],
      ['shop.notes', 1],
    ],
  );
});

test('the key of both records is the name of the transaction', () => {
  const type = avsc.Type.forSchema(JSON.parse(schemas.key));
  const id = 'file=binlog.000003,pos=157';
  assert.deepEqual(plain(type.fromBuffer(avroTransactionKey(id, 7).subarray(5))), { id });
});
