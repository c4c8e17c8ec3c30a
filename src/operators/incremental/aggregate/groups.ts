import type { SqlValue } from '../../../sql/evaluate/sql-value.ts';
import type { Plan } from '../../../sql/plan/plan.ts';
import type { SqlRow } from '../delta.ts';
import type { RowKey } from '../row-key.ts';
import { isSameValue } from '../same-row.ts';
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';
import type { Slots } from './accumulator.ts';
import { type BoundAccumulator, bindAccumulator } from './accumulators.ts';
import { canBeSaved, loadSlots, saveSlots } from './slot-form.ts';

type AggregatePlan = Extract<Plan, { kind: 'aggregate' }>;

/** Rows that have the columns of one grouping set in common. */
export class Group {
  readonly key: RowKey;
  /** The row that stands in the result; before it is there, what the group's columns are. */
  row: SqlRow;
  isTold = false;
  isTouched = false;
  /** How many rows there are. */
  count = 0;
  readonly slots: Slots;

  constructor(key: RowKey, row: SqlRow, slots: Slots) {
    this.key = key;
    this.row = row;
    this.slots = slots;
  }
}

/** What the groups of an aggregate are made of: their columns, and what its functions keep of their rows. */
export class GroupKind {
  readonly #plan: AggregatePlan;
  readonly #accumulators: readonly BoundAccumulator[];
  /** Where each accumulator's places begin. */
  readonly #places: readonly number[];

  constructor(plan: AggregatePlan, appendOnly: boolean) {
    this.#plan = plan;
    this.#accumulators = plan.calls.map((call) => bindAccumulator(call, plan.input.columns, appendOnly));
    let place = 0;
    this.#places = this.#accumulators.map(({ width }) => {
      place += width;
      return place - width;
    });
  }

  /** Whether a group can be written, and read again. */
  get canBeSaved(): boolean {
    return canBeSaved(this.#startedSlots());
  }

  /** A group without rows; `row` is one of those that it is for. */
  open(key: RowKey, set: readonly number[], row: SqlRow): Group {
    const { groups, calls } = this.#plan;
    const told: SqlValue[] = new Array(groups.length + calls.length).fill(null);
    for (const column of set) told[column] = row[groups[column]!]!;
    return new Group(key, told, this.#startedSlots());
  }

  add(group: Group, row: SqlRow, weight: number): void {
    const accumulators = this.#accumulators;
    const places = this.#places;
    group.count += weight;
    const { slots } = group;
    for (let j = 0; j < accumulators.length; j += 1) accumulators[j]!.add(slots, places[j]!, row, weight);
  }

  /** The group's row as it is now; null: it is as it was told. */
  changed(group: Group): SqlRow | null {
    const width = this.#plan.groups.length;
    const row = group.row.slice();
    let isSame = group.isTold;
    for (let i = 0; i < this.#accumulators.length; i += 1) {
      const value = this.#accumulators[i]!.result(group.slots, this.#places[i]!);
      if (isSame && !isSameValue(value, row[width + i]!)) isSame = false;
      row[width + i] = value;
    }
    return isSame ? null : row;
  }

  write({ row, isTold, count, slots }: Group, to: StateWriter): void {
    to.value(row);
    to.value(isTold);
    to.value(count);
    saveSlots(slots, to);
  }

  read(from: StateReader, key: RowKey): Group {
    const group = new Group(key, from.row(), this.#startedSlots());
    group.isTold = from.value() as boolean;
    group.count = from.value() as number;
    loadSlots(group.slots, from);
    return group;
  }

  #startedSlots(): Slots {
    const slots: Slots = [];
    for (const [index, accumulator] of this.#accumulators.entries()) accumulator.start(slots, this.#places[index]!);
    return slots;
  }
}
