import type { Whole } from '../../../sql/evaluate/sql-value.ts';
import type { SqlRow } from '../delta.ts';
import { MinHeap } from '../min-heap.ts';
import type { RowKey } from '../row-key.ts';
import type { KeyedState } from '../state/keyed-state.ts';
import { moved } from '../window/session-step.ts';
import type { RowBag } from './row-bag.ts';

/** Rows of one side of a join that are joined with none any more once event time has come far enough. */
export class ExpiringRows {
  readonly #bags: KeyedState<RowBag>;
  readonly #time: number;
  /** How long a row is of use behind its own time, in microseconds. */
  readonly #micros: number;
  readonly #byEnd = new MinHeap<{ readonly key: RowKey; readonly row: SqlRow }>();

  constructor(bags: KeyedState<RowBag>, time: number, micros: number) {
    this.#bags = bags;
    this.#time = time;
    this.#micros = micros;
  }

  note(key: RowKey, row: SqlRow): void {
    const time = row[this.#time] as Whole | null;
    if (time !== null) this.#byEnd.push(moved(time, this.#micros), { key, row });
  }

  restored(): void {
    for (const [key, { rows, weights }] of this.#bags.all())
      for (const [at, row] of rows.entries()) for (let times = weights[at]!; times > 0; times -= 1) this.note(key, row);
  }

  /** Lets go of what ended before the watermark. */
  expire(reached: Whole): void {
    while (this.#byEnd.least !== null && this.#byEnd.least < reached) {
      const { key, row } = this.#byEnd.pop();
      const bag = this.#bags.get(key)!;
      bag.add(row, -1, 0);
      if (bag.isEmpty) this.#bags.delete(key);
      else this.#bags.changed(key);
    }
  }
}
