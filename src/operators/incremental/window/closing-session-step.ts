import type { EvaluationContext, Whole } from '../../../sql/evaluate/sql-value.ts';
import type { Plan } from '../../../sql/plan/plan.ts';
import { Changes, type Delta, type SqlRow } from '../delta.ts';
import { MinHeap } from '../min-heap.ts';
import { type RowKey, rowKey } from '../row-key.ts';
import { isSameRow } from '../same-row.ts';
import { type EntryForm, KeyedState } from '../state/keyed-state.ts';
import type { ClosingStep, TimeProgress } from '../watermark/time-progress.ts';
import { lastMoment } from './closing-window-step.ts';
import { inLocalTime } from './in-local-time.ts';
import { inMillis, moved } from './session-step.ts';
import { inWindow } from './window-step.ts';

type WindowPlan = Extract<Plan, { kind: 'window' }>;

/** A session that may still grow. */
interface OpenSession {
  start: Whole;
  /** The time of its last row, and the gap behind it. */
  end: Whole;
  rows: SqlRow[];
  /** It has become part of another one, or has no rows any more. */
  isGone: boolean;
}

const sessionsForm: EntryForm<OpenSession[]> = {
  write: (sessions, to) => to.value(sessions.map(({ start, end, rows }) => [start, end, rows])),
  read: (from) =>
    (from.value() as [Whole, Whole, SqlRow[]][]).map(([start, end, rows]) => ({ start, end, rows, isGone: false })),
};

/** SESSION over the column of a WATERMARK, or PROCTIME(): a session's rows are handed on when the time has passed its end. */
export class ClosingSessionStep implements ClosingStep {
  readonly keepsOwnTime = true;
  readonly out = new Changes();
  readonly #input: Delta;
  readonly #plan: WindowPlan;
  readonly #progress: TimeProgress;
  readonly #key: (row: SqlRow) => RowKey;
  readonly #open = new KeyedState(sessionsForm);
  readonly memory = [this.#open];
  readonly #byEnd = new MinHeap<{ readonly key: RowKey; readonly session: OpenSession }>();

  constructor(plan: WindowPlan, input: Delta, progress: TimeProgress) {
    this.#input = input;
    this.#plan = plan;
    this.#progress = progress;
    this.#key = rowKey(
      plan.partition,
      plan.partition.map((column) => plan.input.columns[column]!.type),
    );
  }

  get nextEnd(): Whole | null {
    return this.#byEnd.least;
  }

  restored(): void {
    for (const [key, sessions] of this.#open.all())
      for (const session of sessions) this.#byEnd.push(lastMoment([session.start, session.end]), { key, session });
  }

  run(context: EvaluationContext): void {
    const { rows, weights } = this.#input;
    const { zoned, time: column } = this.#plan;
    const before = inLocalTime(this.#progress.before, zoned, context);
    for (let i = 0; i < rows.length; i += 1) {
      const time = rows[i]![column] as Whole | null;
      if (time === null) continue;
      for (let times = Math.abs(weights[i]!); times > 0; times -= 1) {
        const isInTime = weights[i]! > 0 ? this.#come(rows[i]!, inMillis(time), before) : this.#go(rows[i]!);
        if (!isInTime) this.#progress.lateRows += 1;
      }
    }
    this.#close(inLocalTime(this.#progress.reached, zoned, context));
  }

  /** False: the session that the row would be in is over. */
  #come(row: SqlRow, time: Whole, before: Whole): boolean {
    const key = this.#key(row);
    const sessions = this.#open.get(key) ?? [];
    let [start, end] = [time, moved(time, this.#plan.size)];
    const near = sessions.filter((session) => session.start <= end && session.end >= start);
    const [first, ...others] = near;
    if (first === undefined) {
      if (lastMoment([start, end]) <= before) return false;
      this.#begin(key, sessions, { start, end, rows: [row], isGone: false });
      return true;
    }
    for (const session of near) {
      if (session.start < start) start = session.start;
      if (session.end > end) end = session.end;
    }
    for (const session of others) {
      for (const other of session.rows) first.rows.push(other);
      session.isGone = true;
    }
    first.start = start;
    first.end = end;
    first.rows.push(row);
    this.#open.changed(key);
    if (others.length > 0)
      this.#open.set(
        key,
        sessions.filter(({ isGone }) => !isGone),
      );
    return true;
  }

  #begin(key: RowKey, sessions: OpenSession[], session: OpenSession): void {
    sessions.push(session);
    this.#open.set(key, sessions);
    this.#byEnd.push(lastMoment([session.start, session.end]), { key, session });
  }

  /** A row that goes may part its session in two. */
  #go(row: SqlRow): boolean {
    const key = this.#key(row);
    const sessions = this.#open.get(key) ?? [];
    for (const session of sessions) {
      const place = session.rows.findLastIndex((other) => isSameRow(other, row));
      if (place < 0) continue;
      session.rows.splice(place, 1);
      session.isGone = true;
      const left = sessions.filter(({ isGone }) => !isGone);
      const { time } = this.#plan;
      for (const other of session.rows) {
        const at = inMillis(other[time] as Whole);
        const end = moved(at, this.#plan.size);
        const last = left.findLast(({ start, end: until }) => start <= end && until >= at);
        if (last === undefined) this.#begin(key, left, { start: at, end, rows: [other], isGone: false });
        else mergeInto(last, at, end, other, left);
      }
      const kept = left.filter(({ isGone }) => !isGone);
      if (kept.length === 0) this.#open.delete(key);
      else this.#open.set(key, kept);
      return true;
    }
    return false;
  }

  #close(reached: Whole): void {
    while (this.#byEnd.least !== null && this.#byEnd.least <= reached) {
      const { key, session } = this.#byEnd.pop();
      if (session.isGone) continue;
      const last = lastMoment([session.start, session.end]);
      if (last > reached) {
        // It has grown since it was noted.
        this.#byEnd.push(last, { key, session });
        continue;
      }
      session.isGone = true;
      const left = this.#open.get(key)!.filter(({ isGone }) => !isGone);
      if (left.length === 0) this.#open.delete(key);
      else this.#open.set(key, left);
      for (const row of session.rows) this.out.add(inWindow(row, [session.start, session.end]), 1);
    }
  }
}

const mergeInto = (into: OpenSession, at: Whole, end: Whole, row: SqlRow, all: readonly OpenSession[]): void => {
  into.rows.push(row);
  if (at < into.start) into.start = at;
  if (end > into.end) into.end = end;
  for (const other of all) {
    if (other === into || other.isGone || other.start > into.end || other.end < into.start) continue;
    for (const moving of other.rows) into.rows.push(moving);
    if (other.start < into.start) into.start = other.start;
    if (other.end > into.end) into.end = other.end;
    other.isGone = true;
  }
};
