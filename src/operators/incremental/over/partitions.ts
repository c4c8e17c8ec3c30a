import type { Plan } from '../../../sql/plan/plan.ts';
import type { Delta, SqlRow } from '../delta.ts';
import { type RowKey, rowKey } from '../row-key.ts';
import { SortedBag } from '../sorted-bag.ts';
import { type EntryForm, KeyedState } from '../state/keyed-state.ts';

/** Rows that have the columns of a partition in common, in order, and what was told of them. */
export interface Partition {
  readonly rows: SortedBag<SqlRow>;
  told: readonly SqlRow[];
  /** The row that comes first in the order among those that the tick changed. */
  firstChanged: SqlRow;
}

/** Rows by their partitions, each in one order. */
export class Partitions {
  readonly #key: (row: SqlRow) => RowKey;
  readonly #order: (a: SqlRow, b: SqlRow) => number;
  /** What there is of them. */
  readonly memory: readonly [KeyedState<Partition>];
  readonly #partitions: KeyedState<Partition>;

  /** Of the rows that `input` gives. */
  constructor(input: Plan, partition: readonly number[], order: (a: SqlRow, b: SqlRow) => number) {
    const { columns } = input;
    this.#key = rowKey(
      partition,
      partition.map((column) => columns[column]!.type),
    );
    this.#order = order;
    const form: EntryForm<Partition> = {
      write: ({ rows, told }, to) => {
        rows.save(to);
        to.value(told);
      },
      read: (from) => {
        const rows = new SortedBag(order);
        rows.load(from);
        return { rows, told: from.value() as SqlRow[], firstChanged: [] };
      },
    };
    this.#partitions = new KeyedState(form, { name: 'partitions', form: 'ordered', rows: input, key: partition });
    this.memory = [this.#partitions];
  }

  /** Forgets all rows. */
  clear(): void {
    this.#partitions.clear();
  }

  /** Takes the changes in, and then `retell` for each partition that they touch: gives what is to be remembered as told. */
  apply({ rows, weights }: Delta, retell: (partition: Partition) => readonly SqlRow[]): void {
    const touched = new Map<RowKey, Partition>();
    for (let i = 0; i < rows.length; i += 1) {
      const row = rows[i]!;
      const key = this.#key(row);
      let partition = touched.get(key);
      if (partition === undefined) {
        partition = this.#partitions.get(key);
        if (partition === undefined) {
          partition = { rows: new SortedBag(this.#order), told: [], firstChanged: row };
          this.#partitions.set(key, partition);
        }
        partition.firstChanged = row;
        touched.set(key, partition);
      } else if (this.#order(row, partition.firstChanged) < 0) partition.firstChanged = row;
      partition.rows.add(row, weights[i]!);
    }
    for (const [key, partition] of touched) {
      partition.told = retell(partition);
      if (partition.rows.isEmpty) this.#partitions.delete(key);
      else this.#partitions.changed(key);
    }
  }
}
