import type { EvaluationContext, SqlValue } from '../../../sql/evaluate/sql-value.ts';
import type { Plan } from '../../../sql/plan/plan.ts';
import type { Calc } from '../calc.ts';
import { Changes, type Delta, type SqlRow } from '../delta.ts';
import { type RowKey, rowKey } from '../row-key.ts';
import { isSameValue } from '../same-row.ts';
import { type EntryForm, KeyedState } from '../state/keyed-state.ts';
import type { Memory, Step } from '../step.ts';
import type { Slots } from './accumulator.ts';
import { type BoundAccumulator, bindAccumulator } from './accumulators.ts';
import { canBeSaved, loadSlots, saveSlots } from './slot-form.ts';

type AggregatePlan = Extract<Plan, { kind: 'aggregate' }>;

/** Rows that have the columns of one grouping set in common. */
class Group {
  readonly key: RowKey;
  readonly set: GroupingSet;
  /** The row that stands in the result; before it is there, what the group's columns are. */
  row: SqlRow;
  isTold = false;
  isTouched = false;
  /** How many rows there are. */
  count = 0;
  readonly slots: Slots;

  constructor(key: RowKey, set: GroupingSet, row: SqlRow, slots: Slots) {
    this.key = key;
    this.set = set;
    this.row = row;
    this.slots = slots;
  }
}

/** One of GROUPING SETS. */
interface GroupingSet {
  readonly groups: KeyedState<Group>;
  readonly key: (row: SqlRow) => RowKey;
  readonly columns: readonly number[];
}

/** GROUP BY: one row per group that has rows, and, where all rows are one group, always one. */
export class AggregateStep implements Step {
  readonly out: Changes;
  readonly memory?: Memory;
  readonly #input: Delta;
  /** Filters and projections under it, computed without making rows of their values. */
  readonly #calc: Calc | null;
  readonly #values: SqlValue[];
  readonly #plan: AggregatePlan;
  readonly #sets: readonly GroupingSet[];
  readonly #accumulators: readonly BoundAccumulator[];
  /** Where each accumulator's places begin. */
  readonly #places: readonly number[];
  /** Without rows there is one row all the same. */
  readonly #isGlobal: boolean;
  #isFirst = true;

  constructor(plan: AggregatePlan, input: Delta, calc: Calc | null, appendOnly: boolean) {
    // The same row may stand for groups of several sets.
    this.out = new Changes(plan.sets.length === 1);
    this.#plan = plan;
    this.#input = input;
    this.#calc = calc;
    const { columns } = plan.input;
    this.#values = new Array(columns.length).fill(null);
    this.#sets = plan.sets.map((set) => {
      const places = set.map((group) => plan.groups[group]!);
      const key = rowKey(
        places,
        places.map((place) => columns[place]!.type),
      );
      const grouping: GroupingSet = { groups: new KeyedState(this.#form(() => grouping)), key, columns: set };
      return grouping;
    });
    this.#accumulators = plan.calls.map((call) => bindAccumulator(call, columns, appendOnly));
    let place = 0;
    this.#places = this.#accumulators.map(({ width }) => {
      place += width;
      return place - width;
    });
    this.#isGlobal = plan.sets.length === 1 && plan.sets[0]!.length === 0;
    if (canBeSaved(this.#startedSlots())) this.memory = this.#sets.map(({ groups }) => groups);
  }

  restored(): void {
    this.#isFirst = false;
  }

  run(context: EvaluationContext): void {
    const { rows, weights } = this.#input;
    const accumulators = this.#accumulators;
    const places = this.#places;
    const calc = this.#calc;
    const touched: Group[] = [];
    if (this.#isFirst && this.#isGlobal) touched.push(this.#open(this.#sets[0]!, null, []));
    this.#isFirst = false;
    for (let i = 0; i < rows.length; i += 1) {
      let row = rows[i]!;
      if (calc !== null) {
        if (!calc(row, context, this.#values)) continue;
        row = this.#values;
      }
      const weight = weights[i]!;
      for (const set of this.#sets) {
        const key = set.key(row);
        const group = set.groups.get(key) ?? this.#open(set, key, row);
        if (!group.isTouched) {
          group.isTouched = true;
          touched.push(group);
        }
        group.count += weight;
        const { slots } = group;
        for (let j = 0; j < accumulators.length; j += 1) accumulators[j]!.add(slots, places[j]!, row, weight);
      }
    }
    for (const group of touched) this.#tell(group);
  }

  #open(set: GroupingSet, key: RowKey, row: SqlRow): Group {
    const { groups, calls } = this.#plan;
    const told: SqlValue[] = new Array(groups.length + calls.length).fill(null);
    for (const column of set.columns) told[column] = row[groups[column]!]!;
    const group = new Group(key, set, told, this.#startedSlots());
    set.groups.set(key, group);
    return group;
  }

  #startedSlots(): Slots {
    const slots: Slots = [];
    for (const [index, accumulator] of this.#accumulators.entries()) accumulator.start(slots, this.#places[index]!);
    return slots;
  }

  #form(set: () => GroupingSet): EntryForm<Group> {
    return {
      write: ({ row, isTold, count, slots }, to) => {
        to.value(row);
        to.value(isTold);
        to.value(count);
        saveSlots(slots, to);
      },
      read: (from, key) => {
        const group = new Group(key, set(), from.row(), this.#startedSlots());
        group.isTold = from.value() as boolean;
        group.count = from.value() as number;
        loadSlots(group.slots, from);
        return group;
      },
    };
  }

  #tell(group: Group): void {
    group.isTouched = false;
    if (group.count === 0 && !this.#isGlobal) {
      if (group.isTold) this.out.add(group.row, -1);
      group.set.groups.delete(group.key);
      return;
    }
    group.set.groups.changed(group.key);
    const width = this.#plan.groups.length;
    const row = group.row.slice();
    let isSame = group.isTold;
    for (let i = 0; i < this.#accumulators.length; i += 1) {
      const value = this.#accumulators[i]!.result(group.slots, this.#places[i]!);
      if (isSame && !isSameValue(value, row[width + i]!)) isSame = false;
      row[width + i] = value;
    }
    if (isSame) return;
    if (group.isTold) this.out.add(group.row, -1);
    this.out.add(row, 1);
    group.row = row;
    group.isTold = true;
  }
}
