import { Buffer } from 'node:buffer';
import type { TransactionOrder } from '../transaction-order.ts';
import { jsonString } from './json-string.ts';

/**
 * The two records around a transaction (`provide.transaction.metadata`), both under the key `{"id":"…:7"}`:
 *
 *     {"status":"BEGIN","id":"…:7","event_count":null,"data_collections":null,"ts_ms":…}
 *     {"status":"END","id":"…:7","event_count":3,"data_collections":[{"data_collection":"shop.orders","event_count":3}],"ts_ms":…}
 *
 * `millis`: when the transaction committed. Debezium names the tables of an END in the order of a Java map; here it is that of their
 * first rows.
 */
export const transactionMark = (status: 'BEGIN' | 'END', order: TransactionOrder, millis: number): Buffer => {
  const { id, total, counts } = order;
  const tables = [...counts].map(
    ([name, count]) => `{"data_collection":${jsonString(name).toString()},"event_count":${count}}`,
  );
  const counted =
    status === 'BEGIN'
      ? '"event_count":null,"data_collections":null'
      : `"event_count":${total},"data_collections":[${tables}]`;
  return Buffer.from(`{"status":"${status}","id":${jsonString(id).toString()},${counted},"ts_ms":${millis}}`);
};

export const transactionKey = (id: string): Buffer => Buffer.from(`{"id":${jsonString(id).toString()}}`);
