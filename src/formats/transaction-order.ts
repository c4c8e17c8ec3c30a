import type { MysqlOrigin } from '../core/change.ts';
import { qualifiedName, type Table } from '../core/table.ts';

/** Numbers the rows of one transaction, over all and for each table, as Debezium's `provide.transaction.metadata` does. */
export class TransactionOrder {
  readonly id: string;
  /** Records so far: the number of the last one. */
  total = 0;
  /** The number of the last record among those of its table. */
  ofTable = 0;
  readonly #counts = new Map<string, number>();

  constructor(id: string) {
    this.id = id;
  }

  /** Numbers the next record, which is one of `table`. */
  next(table: Table): void {
    const name = qualifiedName(table);
    this.ofTable = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, this.ofTable);
    this.total += 1;
  }

  /** By `database.table`, in the order of their first records. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }
}

/** What Debezium calls the transaction: its GTID, and without one `file=…,pos=…` of its BEGIN. */
export const transactionId = ({ gtid, file, beginOffset, offset }: MysqlOrigin): string =>
  gtid ?? `file=${file},pos=${beginOffset ?? offset}`;
