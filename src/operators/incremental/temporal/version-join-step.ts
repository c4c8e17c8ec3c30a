import type { Evaluator } from '../../../sql/evaluate/bound.ts';
import type { EvaluationContext, SqlValue, Whole } from '../../../sql/evaluate/sql-value.ts';
import { Changes, type Delta, type SqlRow } from '../delta.ts';
import { MinHeap } from '../min-heap.ts';
import type { RowKey } from '../row-key.ts';
import { isSameRow } from '../same-row.ts';
import { KeyedState } from '../state/keyed-state.ts';
import type { Memory, Step } from '../step.ts';
import type { Watermarks } from '../watermark/watermarks.ts';
import { type TemporalPlan, temporalSides } from './temporal-sides.ts';

/** Since when a key has had a row; null: since when it has had none. */
interface Version {
  readonly since: Whole;
  readonly row: SqlRow | null;
}

/** A row on the left that waits until everything of its time has come. */
interface Waiting {
  readonly row: SqlRow;
  readonly key: RowKey;
  isGone: boolean;
}

interface VersionJoinOptions {
  readonly watermarks: Watermarks;
  /** Rows on the left only come. */
  readonly appendOnly: boolean;
}

/**
 * FOR SYSTEM_TIME AS OF the left side's event time: a row is joined with the version that its key had then. It waits until the watermark
 * has reached its time. Of the right side the newest version before the watermark is kept, and all behind it.
 */
export class VersionJoinStep implements Step {
  readonly keepsOwnTime = true;
  readonly out = new Changes();
  readonly memory: Memory;
  readonly #left: Delta;
  readonly #right: Delta;
  readonly #watermarks: Watermarks;
  readonly #leftTime: number;
  readonly #rightTime: number;
  readonly #leftKey: (row: SqlRow) => RowKey;
  readonly #rightKey: (row: SqlRow) => RowKey;
  readonly #wholeLeft: (row: SqlRow) => RowKey;
  readonly #condition: Evaluator;
  readonly #absent: readonly SqlValue[] | null;
  /** In the order of time. */
  readonly #versions = new KeyedState<Version[]>({
    write: (versions, to) => to.value(versions.map(({ since, row }) => [since, row])),
    read: (from) => (from.value() as [Whole, SqlRow | null][]).map(([since, row]) => ({ since, row })),
  });
  readonly #waiting = new KeyedState<Waiting[]>({
    write: (waiting, to) => to.value(waiting.map(({ row }) => row)),
    read: (from, key) => (from.value() as SqlRow[]).map((row) => ({ row, key, isGone: false })),
  });
  /** What rows on the left gave, by those rows; null: none of them goes. */
  readonly #outcomes: KeyedState<(SqlRow | null)[]> | null;
  readonly #byTime = new MinHeap<Waiting>();

  constructor(plan: TemporalPlan, left: Delta, right: Delta, { watermarks, appendOnly }: VersionJoinOptions) {
    this.#left = left;
    this.#right = right;
    this.#watermarks = watermarks;
    this.#leftTime = plan.time!.left;
    this.#rightTime = plan.time!.right;
    const sides = temporalSides(plan);
    this.#leftKey = sides.leftKey;
    this.#rightKey = sides.rightKey;
    this.#wholeLeft = sides.wholeLeft;
    this.#condition = sides.condition;
    this.#absent = sides.absent;
    this.#outcomes = appendOnly
      ? null
      : new KeyedState<(SqlRow | null)[]>({
          write: (outcomes, to) => to.value(outcomes),
          read: (from) => from.value() as (SqlRow | null)[],
        });
    const own = [this.#versions, this.#waiting];
    this.memory = this.#outcomes === null ? own : [...own, this.#outcomes];
  }

  restored(): void {
    for (const [, all] of this.#waiting.all())
      for (const waiting of all) this.#byTime.push(waiting.row[this.#leftTime] as Whole, waiting);
  }

  run(context: EvaluationContext): void {
    this.#takeVersions();
    const { rows, weights } = this.#left;
    for (let i = 0; i < rows.length; i += 1) {
      for (let times = Math.abs(weights[i]!); times > 0; times -= 1) {
        if (weights[i]! > 0) this.#come(rows[i]!);
        else this.#go(rows[i]!);
      }
    }
    const { reached } = this.#watermarks;
    while (this.#byTime.least !== null && this.#byTime.least <= reached) {
      const waiting = this.#byTime.pop();
      if (!waiting.isGone) this.#join(waiting, context);
    }
  }

  #takeVersions(): void {
    const { rows, weights } = this.#right;
    // A row that goes and is replaced in the tick is a new version; one that is not, is gone since its own time.
    const replaced = new Set<RowKey>();
    for (let i = rows.length - 1; i >= 0; i -= 1) {
      const key = this.#rightKey(rows[i]!);
      const since = rows[i]![this.#rightTime] as Whole | null;
      if (since === null) continue;
      if (weights[i]! > 0) this.#put(key, { since, row: rows[i]! });
      else if (!replaced.has(key)) this.#put(key, { since, row: null });
      replaced.add(key);
    }
  }

  #put(key: RowKey, version: Version): void {
    const versions = this.#versions.get(key) ?? [];
    const place = versions.findLastIndex(({ since }) => since <= version.since);
    const isSame = place >= 0 && versions[place]!.since === version.since;
    if (isSame) versions[place] = version;
    else versions.splice(place + 1, 0, version);
    this.#forget(key, versions);
  }

  /** Versions that nobody can ask for any more go. */
  #forget(key: RowKey, versions: Version[]): void {
    const newest = versions.findLastIndex(({ since }) => since <= this.#watermarks.before);
    if (newest > 0) versions.splice(0, newest);
    if (versions.length === 1 && versions[0]!.row === null) this.#versions.delete(key);
    else this.#versions.set(key, versions);
  }

  #come(row: SqlRow): void {
    const time = row[this.#leftTime] as Whole | null;
    const key = this.#leftKey(row);
    const waiting: Waiting = { row, key, isGone: false };
    const others = this.#waiting.get(key);
    if (others === undefined) this.#waiting.set(key, [waiting]);
    else {
      others.push(waiting);
      this.#waiting.changed(key);
    }
    this.#byTime.push(time ?? Number.NEGATIVE_INFINITY, waiting);
  }

  #go(row: SqlRow): void {
    const waiting = this.#waiting.get(this.#leftKey(row))?.findLast((other) => isSameRow(other.row, row));
    if (waiting !== undefined) {
      this.#release(waiting);
      return;
    }
    const whole = this.#wholeLeft(row);
    const outcomes = this.#outcomes?.get(whole);
    const outcome = outcomes?.pop() ?? null;
    if (outcome !== null) this.out.add(outcome, -1);
    if (outcomes?.length === 0) this.#outcomes!.delete(whole);
    else if (outcomes !== undefined) this.#outcomes!.changed(whole);
  }

  #release(waiting: Waiting): void {
    waiting.isGone = true;
    const left = this.#waiting.get(waiting.key)!.filter((other) => other !== waiting);
    if (left.length === 0) this.#waiting.delete(waiting.key);
    else this.#waiting.set(waiting.key, left);
  }

  #join(waiting: Waiting, context: EvaluationContext): void {
    const { row, key } = waiting;
    this.#release(waiting);
    const outcome = this.#joined(row, key, context);
    if (outcome !== null) this.out.add(outcome, 1);
    if (this.#outcomes === null) return;
    const whole = this.#wholeLeft(row);
    this.#outcomes.set(whole, [...(this.#outcomes.get(whole) ?? []), outcome]);
  }

  #joined(row: SqlRow, key: RowKey, context: EvaluationContext): SqlRow | null {
    const time = row[this.#leftTime] as Whole | null;
    const version = time === null ? undefined : this.#versions.get(key)?.findLast(({ since }) => since <= time);
    if (version !== undefined && version.row !== null) {
      const pair = row.concat(version.row);
      if (this.#condition(pair, context) === true) return pair;
    }
    return this.#absent === null ? null : row.concat(this.#absent);
  }
}
