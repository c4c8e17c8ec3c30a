import type { Bound, Evaluator } from '../../../sql/evaluate/bound.ts';
import { compile } from '../../../sql/evaluate/compile.ts';
import type { EvaluationContext, SqlValue } from '../../../sql/evaluate/sql-value.ts';
import type { JoinInterval } from '../../../sql/plan/interval-join.ts';
import type { Plan } from '../../../sql/plan/plan.ts';
import { Changes, type Delta, type SqlRow } from '../delta.ts';
import { type RowKey, rowKey } from '../row-key.ts';
import { KeyedState } from '../state/keyed-state.ts';
import { type Memory, remembersNothing, type Step } from '../step.ts';
import type { Watermarks } from '../watermark/watermarks.ts';
import { ExpiringRows } from './expiring-rows.ts';
import { RowBag } from './row-bag.ts';

type JoinPlan = Extract<Plan, { kind: 'join' }>;

/** One input of a join: all of its rows, by the values of the columns that have to be equal. */
interface Side {
  readonly input: Delta;
  readonly bags: KeyedState<RowBag>;
  /** A row with NULL in one of these is joined with none. */
  readonly columns: readonly number[];
  readonly key: (row: SqlRow) => RowKey;
  readonly wholeKey: (row: SqlRow) => RowKey;
  /** Which of its rows stand in the result by themselves: those joined with none (outer and anti joins), or with some (semi joins). */
  readonly shows: 'unmatched' | 'matched' | null;
  /** Puts a row of this side and one of the other together, in the result's order. */
  readonly pair: (own: SqlRow, other: SqlRow) => SqlRow;
  /** How a row stands by itself: beside NULLs, or, where the other side has no columns in the result, as it is. */
  readonly alone: (row: SqlRow) => SqlRow;
  /** Null: rows are of use for ever. */
  readonly expiring: ExpiringRows | null;
}

interface JoinOptions {
  /** Rows that are joined come in one tick, and none later. */
  readonly forgets: boolean;
  /** How far apart the times of joined rows are; null: nobody says. */
  readonly interval: JoinInterval | null;
  readonly watermarks: Watermarks;
}

/**
 * Joins by equal columns, by what else the condition says, or every row with every row. Both sides may change in one tick: the
 * left side's changes meet the right side as it was, and the right side's meet the left as it is now.
 */
export class JoinStep implements Step {
  readonly keepsOwnTime?: true;
  readonly out = new Changes();
  readonly memory: Memory;
  readonly contents?: (context: EvaluationContext) => Generator<readonly [SqlRow, number], void, undefined>;
  readonly #left: Side;
  readonly #right: Side;
  /** What the condition asks beside equal columns; null: nothing. */
  readonly #residual: Evaluator | null;

  readonly #forgets: boolean;
  readonly #watermarks: Watermarks;
  /** Semi and anti joins give rows of the left side only. */
  readonly #givesPairs: boolean;

  constructor(plan: JoinPlan, left: Delta, right: Delta, { forgets, interval, watermarks }: JoinOptions) {
    this.#forgets = forgets;
    this.#watermarks = watermarks;
    if (interval !== null) this.keepsOwnTime = true;
    this.#givesPairs = plan.type !== 'SEMI' && plan.type !== 'ANTI';
    const side = (own: 'left' | 'right', input: Delta): Side => {
      const { columns } = plan[own];
      const joined = plan.keys.map(([a, b]) => (own === 'left' ? a : b));
      const types = columns.map(({ type }) => type);
      const other = plan[own === 'left' ? 'right' : 'left'].columns;
      const absent = new Array<SqlValue>(other.length).fill(null);
      const pair: Side['pair'] = own === 'left' ? (a, b) => a.concat(b) : (a, b) => b.concat(a);
      const shows = shownOf(plan.type, own);
      const wholeKey = rowKey([...columns.keys()], types);
      const bags = new KeyedState<RowBag>(
        { write: (bag, to) => bag.save(to), read: (from) => RowBag.load(wholeKey, shows !== null, from) },
        { name: own, form: 'bag', rows: plan[own], key: joined },
      );
      // A row on the left meets those on the right up to so much later, and the other way round.
      const meets = interval === null ? 0 : own === 'left' ? 0 - interval.from : interval.to;
      return {
        input,
        bags,
        expiring: interval === null ? null : new ExpiringRows(bags, interval[own], meets),
        columns: joined.filter((_, index) => !plan.keys[index]![2]),
        key: rowKey(
          joined,
          joined.map((column) => types[column]!),
        ),
        wholeKey,
        shows,
        pair,
        alone: this.#givesPairs ? (row) => pair(row, absent) : (row) => row,
      };
    };
    this.#left = side('left', left);
    this.#right = side('right', right);
    this.memory = forgets ? remembersNothing : [this.#left.bags, this.#right.bags];
    const residual = residualOf(plan.condition, plan.keys, plan.left.columns.length);
    this.#residual = residual === null ? null : compile(residual);
    // Rows that are joined with none may not be kept.
    if (plan.type === 'INNER' && !forgets && interval === null) this.contents = (context) => this.#pairs(context);
  }

  restored(): void {
    this.#left.expiring?.restored();
    this.#right.expiring?.restored();
  }

  run(context: EvaluationContext): void {
    this.#meet(this.#left, this.#right, context);
    this.#meet(this.#right, this.#left, context);
    this.#left.expiring?.expire(this.#watermarks.reached);
    this.#right.expiring?.expire(this.#watermarks.reached);
    if (!this.#forgets) return;
    this.#left.bags.clear();
    this.#right.bags.clear();
  }

  *#pairs(context: EvaluationContext): Generator<readonly [SqlRow, number], void, undefined> {
    for (const [key, { rows, weights }] of this.#left.bags.all()) {
      const bag = this.#right.bags.get(key);
      for (let i = 0; bag !== undefined && i < rows.length; i += 1) {
        for (let j = 0; j < bag.rows.length; j += 1) {
          const pair = this.#left.pair(rows[i]!, bag.rows[j]!);
          if (this.#residual === null || this.#residual(pair, context) === true)
            yield [pair, weights[i]! * bag.weights[j]!];
        }
      }
    }
  }

  /** Joins one side's changes with the rows of the other, and takes them in. */
  #meet(own: Side, other: Side, context: EvaluationContext): void {
    const { rows, weights } = own.input;
    /** What rows of the other side were joined with before, where that matters. */
    const touched = new Map<RowBag, readonly number[]>();
    for (let i = 0; i < rows.length; i += 1) {
      const row = rows[i]!;
      const weight = weights[i]!;
      let matches = 0;
      // NULL equals nothing, so such a row is never joined, and needs not be kept.
      const isJoinable = !hasNull(row, own.columns);
      if (isJoinable) {
        const key = own.key(row);
        const bag = other.bags.get(key);
        if (bag !== undefined) {
          if (other.shows !== null && !touched.has(bag)) {
            touched.set(bag, bag.matches.slice());
            other.bags.changed(key);
          }
          matches = this.#pair(own, row, weight, bag, other.shows !== null, context);
        }
        this.#keep(own, key, row, weight, matches);
      }
      if (own.shows === (matches === 0 ? 'unmatched' : 'matched')) this.out.add(own.alone(row), weight);
    }
    for (const [bag, before] of touched) {
      for (let i = 0; i < before.length; i += 1) {
        // Whether the row was joined with none, and is so now.
        const [was, is] = [before[i] === 0, bag.matches[i] === 0];
        if (was === is) continue;
        const comes = is === (other.shows === 'unmatched');
        this.out.add(other.alone(bag.rows[i]!), comes ? bag.weights[i]! : -bag.weights[i]!);
      }
    }
  }

  #keep(side: Side, key: RowKey, row: SqlRow, weight: number, matches: number): void {
    side.expiring?.note(key, row);
    const counted = side.shows === null ? null : matches;
    const bag = side.bags.get(key);
    if (bag === undefined) {
      side.bags.set(key, new RowBag(side.wholeKey, row, weight, counted));
      return;
    }
    bag.add(row, weight, counted);
    if (bag.isEmpty) side.bags.delete(key);
    else side.bags.changed(key);
  }

  /** Gives how many rows of the bag the row is joined with. */
  #pair(own: Side, row: SqlRow, weight: number, bag: RowBag, counts: boolean, context: EvaluationContext): number {
    const residual = this.#residual;
    let matches = 0;
    for (let i = 0; i < bag.rows.length; i += 1) {
      const pair = this.#givesPairs || residual !== null ? own.pair(row, bag.rows[i]!) : row;
      if (residual !== null && residual(pair, context) !== true) continue;
      matches += bag.weights[i]!;
      if (counts) bag.matches[i] = bag.matches[i]! + weight;
      if (this.#givesPairs) this.out.add(pair, weight * bag.weights[i]!);
    }
    return matches;
  }
}

const shownOf = (type: JoinPlan['type'], side: 'left' | 'right'): Side['shows'] => {
  if (type === 'SEMI' || type === 'ANTI') return side === 'right' ? null : type === 'SEMI' ? 'matched' : 'unmatched';
  return type === 'FULL' || type === side.toUpperCase() ? 'unmatched' : null;
};

const hasNull = (row: SqlRow, columns: readonly number[]): boolean => {
  for (let i = 0; i < columns.length; i += 1) if (row[columns[i]!] === null) return true;
  return false;
};

/** The condition without what `keys` says of it. */
const residualOf = (condition: Bound | null, keys: JoinPlan['keys'], width: number): Bound | null => {
  if (condition === null) return null;
  if (condition.kind === 'and') {
    const left = residualOf(condition.left, keys, width);
    const right = residualOf(condition.right, keys, width);
    return left === null || right === null ? (left ?? right) : { ...condition, left, right };
  }
  if (condition.kind !== 'call') return condition;
  const { name } = condition.routine;
  if (name !== '=' && name !== 'IS NOT DISTINCT FROM') return condition;
  const [a, b] = condition.args;
  if (a?.kind !== 'column' || b?.kind !== 'column') return condition;
  const [low, high] = a.index < b.index ? [a.index, b.index] : [b.index, a.index];
  const nullsMatch = name !== '=';
  return keys.some((key) => key[0] === low && key[1] === high - width && key[2] === nullsMatch) ? null : condition;
};
