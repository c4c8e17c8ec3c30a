import type { EvaluationContext, SqlValue } from '../../../sql/evaluate/sql-value.ts';
import type { Plan } from '../../../sql/plan/plan.ts';
import type { Calc } from '../calc.ts';
import { Changes, type Delta, type SqlRow } from '../delta.ts';
import { type RowKey, rowKey } from '../row-key.ts';
import { KeyedState } from '../state/keyed-state.ts';
import { type Memory, remembersNothing, type Step } from '../step.ts';
import { type Group, GroupKind } from './groups.ts';

type AggregatePlan = Extract<Plan, { kind: 'aggregate' }>;

/** One of GROUPING SETS. */
interface GroupingSet {
  readonly groups: KeyedState<Group>;
  readonly key: (row: SqlRow) => RowKey;
  readonly columns: readonly number[];
  /** Groups that the tick changed. */
  touched: Group[];
}

interface AggregateOptions {
  /** Filters and projections under it, computed without making rows of their values; null: there are none. */
  readonly calc: Calc | null;
  readonly appendOnly: boolean;
  /** All rows of a group come in one tick, and none later. */
  readonly forgets: boolean;
}

/** GROUP BY: one row per group that has rows, and, where all rows are one group, always one. */
export class AggregateStep implements Step {
  readonly out: Changes;
  readonly memory?: Memory;
  readonly #input: Delta;
  readonly #calc: Calc | null;
  readonly #values: SqlValue[];
  readonly #sets: readonly GroupingSet[];
  readonly #kind: GroupKind;
  readonly #forgets: boolean;
  /** Without rows there is one row all the same. */
  readonly #isGlobal: boolean;
  #isFirst = true;

  constructor(plan: AggregatePlan, input: Delta, { calc, appendOnly, forgets }: AggregateOptions) {
    // The same row may stand for groups of several sets.
    this.out = new Changes(plan.sets.length === 1);
    this.#input = input;
    this.#calc = calc;
    this.#forgets = forgets;
    const { columns } = plan.input;
    this.#values = new Array(columns.length).fill(null);
    const kind = new GroupKind(plan, appendOnly);
    this.#kind = kind;
    this.#sets = plan.sets.map((set) => {
      const places = set.map((group) => plan.groups[group]!);
      const key = rowKey(
        places,
        places.map((place) => columns[place]!.type),
      );
      const groups = new KeyedState(kind, { name: 'groups', form: 'group', rows: plan, key: set });
      return { groups, key, columns: set, touched: [] };
    });
    this.#isGlobal = plan.sets.length === 1 && plan.sets[0]!.length === 0;
    if (forgets) this.memory = remembersNothing;
    else if (kind.canBeSaved) this.memory = this.#sets.map(({ groups }) => groups);
  }

  restored(): void {
    this.#isFirst = false;
  }

  *contents(): Generator<readonly [SqlRow, number], void, undefined> {
    for (const { groups } of this.#sets) for (const [, { isTold, row }] of groups.all()) if (isTold) yield [row, 1];
  }

  run(context: EvaluationContext): void {
    const { rows, weights } = this.#input;
    const calc = this.#calc;
    const kind = this.#kind;
    const sets = this.#sets;
    if (this.#isFirst && this.#isGlobal) sets[0]!.touched.push(this.#open(sets[0]!, null, []));
    this.#isFirst = false;
    for (let i = 0; i < rows.length; i += 1) {
      let row = rows[i]!;
      if (calc !== null) {
        if (!calc(row, context, this.#values)) continue;
        row = this.#values;
      }
      const weight = weights[i]!;
      for (let j = 0; j < sets.length; j += 1) {
        const set = sets[j]!;
        const key = set.key(row);
        const group = set.groups.get(key) ?? this.#open(set, key, row);
        if (!group.isTouched) {
          group.isTouched = true;
          set.touched.push(group);
        }
        kind.add(group, row, weight);
      }
    }
    for (const set of sets) {
      for (const group of set.touched) this.#tell(set, group);
      set.touched = [];
      if (this.#forgets) set.groups.clear();
    }
  }

  #open(set: GroupingSet, key: RowKey, row: SqlRow): Group {
    const group = this.#kind.open(key, set.columns, row);
    set.groups.set(key, group);
    return group;
  }

  #tell({ groups }: GroupingSet, group: Group): void {
    group.isTouched = false;
    // Below 0 where a row goes whose group was let go of.
    if (group.count <= 0 && !this.#isGlobal) {
      if (group.isTold) this.out.add(group.row, -1);
      groups.delete(group.key);
      return;
    }
    groups.changed(group.key);
    const row = this.#kind.changed(group);
    if (row === null) return;
    if (group.isTold) this.out.add(group.row, -1);
    this.out.add(row, 1);
    group.row = row;
    group.isTold = true;
  }
}
