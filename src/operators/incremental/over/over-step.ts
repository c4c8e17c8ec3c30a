import type { SqlValue } from '../../../sql/evaluate/sql-value.ts';
import { isComplete } from '../../../sql/plan/complete-windows.ts';
import type { Plan } from '../../../sql/plan/plan.ts';
import { Changes, type Delta, type SqlRow } from '../delta.ts';
import { type RowKey, rowKey } from '../row-key.ts';
import { keyOrder, rowOrder } from '../row-order.ts';
import { type EntryForm, KeyedState } from '../state/keyed-state.ts';
import { type Memory, remembersNothing, type Step } from '../step.ts';
import { tellDifference } from '../tell-difference.ts';
import { type OrderedRows, peersFrom, peersTo } from './frame-edges.ts';
import { mergedRows, type OverPartition, type PartitionChanges } from './over-partition.ts';
import { type WindowFunction, windowFunction } from './window-function.ts';

type OverPlan = Extract<Plan, { kind: 'over' }>;

/**
 * Functions over the rows around each row. Of a partition that changes, only those rows are computed anew whose functions see a change, and
 * what differs is told.
 */
export class OverStep implements Step {
  readonly out = new Changes();
  readonly memory: Memory;
  readonly #input: Delta;
  readonly #isComplete: boolean;
  readonly #partitions: KeyedState<OverPartition>;
  readonly #key: (row: SqlRow) => RowKey;
  readonly #order: (a: SqlRow, b: SqlRow) => number;
  readonly #isPeer: OrderedRows['isPeer'];
  readonly #functions: readonly WindowFunction[];
  readonly #reachesBefore: number;
  readonly #reachesBehind: number;
  readonly #seesPeers: boolean;
  /** How many columns the rows have before the results. */
  readonly #width: number;

  constructor(plan: OverPlan, input: Delta) {
    this.#isComplete = isComplete(plan);
    this.#input = input;
    this.#order = rowOrder(plan.order);
    const byKeys = keyOrder(plan.order);
    this.#isPeer = (a, b) => byKeys(a, b) === 0;
    const { columns } = plan.input;
    this.#width = columns.length;
    this.#key = rowKey(
      plan.partition,
      plan.partition.map((column) => columns[column]!.type),
    );
    this.#functions = plan.calls.map((call) => windowFunction(call, plan.order, columns));
    this.#reachesBefore = Math.max(...this.#functions.map(({ reachesBefore }) => reachesBefore));
    this.#reachesBehind = Math.max(...this.#functions.map(({ reachesBehind }) => reachesBehind));
    this.#seesPeers = this.#functions.some(({ seesPeers }) => seesPeers);
    const form: EntryForm<OverPartition> = {
      write: ({ rows, told }, to) => {
        to.value(rows);
        to.value(told);
      },
      read: (from) => this.#partition(from.value() as SqlRow[], from.value() as SqlRow[]),
    };
    const { input: under, partition: key } = plan;
    this.#partitions = new KeyedState(form, { name: 'partitions', form: 'rows', rows: under, key });
    this.memory = this.#isComplete ? remembersNothing : [this.#partitions];
  }

  *contents(): Generator<readonly [SqlRow, number], void, undefined> {
    for (const [, { told }] of this.#partitions.all()) for (const row of told) yield [row, 1];
  }

  run(): void {
    const { rows, weights } = this.#input;
    const touched = new Map<RowKey, PartitionChanges>();
    for (let i = 0; i < rows.length; i += 1) {
      const key = this.#key(rows[i]!);
      const changes = touched.get(key);
      if (changes === undefined) touched.set(key, { rows: [rows[i]!], weights: [weights[i]!] });
      else {
        changes.rows.push(rows[i]!);
        changes.weights.push(weights[i]!);
      }
    }
    for (const [key, changes] of touched) {
      let partition = this.#partitions.get(key);
      if (partition === undefined) {
        partition = this.#partition([], []);
        this.#partitions.set(key, partition);
      }
      this.#change(partition, changes);
      if (partition.rows.length === 0) this.#partitions.delete(key);
      else this.#partitions.changed(key);
    }
    if (this.#isComplete) this.#partitions.clear();
  }

  #partition(rows: SqlRow[], told: SqlRow[]): OverPartition {
    return { rows, told, tails: this.#functions.map(() => null) };
  }

  #change(partition: OverPartition, changes: PartitionChanges): void {
    const before = partition.rows;
    const merged = mergedRows(before, changes, this.#order);
    if (merged === null) return;
    const ordered: OrderedRows = { rows: merged.rows, isPeer: this.#isPeer };
    const [from, to] = this.#stretch(ordered, before, merged.from, merged.rows.length - merged.same);
    // What is not computed anew behind the stretch was told of as it is.
    const untouched = merged.rows.length - to;
    const told = partition.told.slice(from, partition.told.length - untouched);
    const now = merged.rows.slice(from, to).map((row): SqlValue[] => row.slice());
    for (const [index, { compute }] of this.#functions.entries()) {
      const last = from === 0 ? null : partition.told[from - 1]![this.#width + index]!;
      let at = 0;
      const put = (value: SqlValue): void => {
        now[at]!.push(value);
        at += 1;
      };
      partition.tails[index] = compute({ ordered, from, to, before, last, tail: partition.tails[index]! }, put);
    }
    tellDifference(told, now, this.#order, this.out);
    partition.rows = merged.rows;
    if (untouched === 0) {
      partition.told.length = from;
      for (const row of now) partition.told.push(row);
    } else
      partition.told = [
        ...partition.told.slice(0, from),
        ...now,
        ...partition.told.slice(partition.told.length - untouched),
      ];
  }

  /** From where to where results may be other ones, when rows from `first` on and before `behind` are. */
  #stretch(
    ordered: OrderedRows,
    before: readonly SqlRow[],
    first: number,
    behind: number,
  ): readonly [from: number, to: number] {
    const { rows } = ordered;
    let from = Math.max(first - this.#reachesBefore, 0);
    let to = Math.min(behind + this.#reachesBehind, rows.length);
    if (!this.#seesPeers) return [from, to];
    // What came or went at `first` may be a peer of rows before it.
    for (const changed of [rows[first], before[first]]) {
      let at = first;
      while (changed !== undefined && at > 0 && this.#isPeer(rows[at - 1]!, changed)) at -= 1;
      from = Math.min(from, at);
    }
    if (from < rows.length) from = peersFrom(ordered, from);
    if (to > 0 && to < rows.length) to = peersTo(ordered, to - 1);
    return [from, to];
  }
}
