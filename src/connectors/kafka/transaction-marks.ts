import type { RowsChange } from '../../core/change.ts';
import { MillraceError } from '../../core/errors.ts';
import { TransactionOrder, transactionId } from '../../formats/transaction-order.ts';
import type { KafkaConfig } from './config.ts';
import { topicName } from './topic-routes.ts';
import type { TakeRecord, ValueFormat } from './value-format.ts';

/** Where Debezium's records around transactions go. */
export const transactionTopic = (config: KafkaConfig, prefix: string): string =>
  topicName(`${prefix}.${config['topic.transaction']}`);

/**
 * Debezium's transaction metadata: numbers the rows of each transaction, and writes a record at its beginning and one at its end.
 * Transactions none of whose rows come here have none. Knows the transaction under way over all of its parts.
 */
export class TransactionMarks {
  readonly topic: string;
  readonly #mark: NonNullable<ValueFormat['mark']>;
  #open: { readonly order: TransactionOrder; readonly millis: number } | null = null;

  /** Throws CONFIG_WRONG_VALUE where the format has no such records. */
  constructor(config: KafkaConfig, prefix: string, format: ValueFormat) {
    // Rows alone have no place for their numbers.
    if (format.mark === undefined || config['value.format'] === 'avro-confluent') {
      const reason = `${config['value.format']} has no records around transactions; debezium-json and debezium-avro have`;
      throw new MillraceError('CONFIG_WRONG_VALUE', { key: 'provide.transaction.metadata', reason });
    }
    this.#mark = format.mark.bind(format);
    this.topic = transactionTopic(config, prefix);
  }

  /** What numbers the rows of `change`, with the records that come before them; undefined: it is a snapshot's, in no transaction. */
  orderOf({ op, origin }: RowsChange, take: TakeRecord): TransactionOrder | undefined {
    if (op === 'read' || origin.kind !== 'mysql') {
      this.end(take);
      return undefined;
    }
    const id = transactionId(origin);
    if (this.#open?.order.id === id) return this.#open.order;
    this.end(take);
    const order = new TransactionOrder(id);
    const millis = Math.floor(origin.commitMicros / 1_000);
    this.#open = { order, millis };
    this.#mark('BEGIN', order, millis, take);
    return order;
  }

  /** No row of the transaction under way comes any more. */
  end(take: TakeRecord): void {
    if (this.#open === null) return;
    const { order, millis } = this.#open;
    this.#open = null;
    this.#mark('END', order, millis, take);
  }

  /** What came of the transaction under way does not count: it comes again from its beginning, or not at all. */
  forget(): void {
    this.#open = null;
  }
}
