import { Buffer } from 'node:buffer';
import { qualifiedName, type Table } from '../../core/table.ts';
import { jsonString } from './json-string.ts';

/**
 * Debezium's transaction metadata (`provide.transaction.metadata`): every row's number in its transaction and among its table's rows, and
 * the two records around a transaction:
 *
 *     {"status":"BEGIN","id":"…:7","event_count":null,"data_collections":null,"ts_ms":…}
 *     {"status":"END","id":"…:7","event_count":3,"data_collections":[{"data_collection":"shop.orders","event_count":3}],"ts_ms":…}
 */
export class TransactionOrder {
  readonly #id: Buffer;
  #total = 0;
  readonly #tables = new Map<string, number>();

  /** `id`: the GTID; `file=…,pos=…` of the transaction's start where there is none. */
  constructor(id: string) {
    this.#id = jsonString(id);
  }

  /** The `transaction` block of the next row, which is one of `table`. */
  next(table: Table): Buffer {
    const name = qualifiedName(table);
    const order = (this.#tables.get(name) ?? 0) + 1;
    this.#tables.set(name, order);
    this.#total += 1;
    return Buffer.concat([
      Buffer.from('{"id":'),
      this.#id,
      Buffer.from(`,"total_order":${this.#total},"data_collection_order":${order}}`),
    ]);
  }

  /** The key of both records. */
  key(): Buffer {
    return Buffer.concat([Buffer.from('{"id":'), this.#id, Buffer.from('}')]);
  }

  /** `millis`: when the transaction committed. */
  begin(millis: number): Buffer {
    return this.#boundary('BEGIN', 'null', 'null', millis);
  }

  end(millis: number): Buffer {
    const tables = [...this.#tables].map(
      ([name, count]) => `{"data_collection":${jsonString(name).toString()},"event_count":${count}}`,
    );
    return this.#boundary('END', String(this.#total), `[${tables.join(',')}]`, millis);
  }

  #boundary(status: string, count: string, tables: string, millis: number): Buffer {
    return Buffer.concat([
      Buffer.from(`{"status":"${status}","id":`),
      this.#id,
      Buffer.from(`,"event_count":${count},"data_collections":${tables},"ts_ms":${millis}}`),
    ]);
  }
}
