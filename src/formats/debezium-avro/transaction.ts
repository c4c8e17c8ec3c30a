import { Buffer } from 'node:buffer';
import { transactionSchemaTexts } from '../debezium-json/schema-part.ts';
import type { TransactionOrder } from '../transaction-order.ts';
import { avroLong, avroText } from './avro-bytes.ts';
import { avroSchema } from './avro-schema.ts';
import { type AvroSchemas, frameOf } from './encoder.ts';

/** The schemas of the records around transactions. */
export const transactionAvroSchemas = (): AvroSchemas & { readonly key: string } => ({
  key: avroSchema(transactionSchemaTexts.key),
  value: avroSchema(transactionSchemaTexts.value),
});

/** What `transactionMark` of the JSON envelopes says, in Avro and its frame. */
export const avroTransactionMark = (
  status: 'BEGIN' | 'END',
  order: TransactionOrder,
  millis: number,
  schemaId: number,
): Buffer => {
  const { id, total, counts } = order;
  const tables = [...counts].flatMap(([name, count]) => [some, avroText(name), avroLong(count)]);
  const array = counts.size === 0 ? [] : [avroLong(counts.size), ...tables];
  const counted = status === 'BEGIN' ? [none, none] : [some, avroLong(total), some, ...array, avroLong(0)];
  return Buffer.concat([frameOf(schemaId), avroText(status), avroText(id), ...counted, avroLong(millis)]);
};

export const avroTransactionKey = (id: string, schemaId: number): Buffer =>
  Buffer.concat([frameOf(schemaId), avroText(id)]);

/** The branches of a union of null and something. */
const none = Buffer.from([0]);
const some = Buffer.from([2]);
