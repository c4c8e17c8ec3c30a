import assert from 'node:assert';
import type { EvaluationContext } from '../../sql/evaluate/sql-value.ts';
import type { Plan } from '../../sql/plan/plan.ts';
import { type AskedTable, type BuiltStep, buildSteps } from './build-steps.ts';
import { Consolidator } from './consolidate.ts';
import type { Changes, Delta, SqlRow } from './delta.ts';
import { Refill, type RefillRequest } from './refill.ts';
import type { Memory, Step } from './step.ts';
import { ProcessingTime } from './watermark/processing-time.ts';
import { type WatermarkState, Watermarks } from './watermark/watermarks.ts';

/** When a tick happens. It is recorded with the tick, so that a repeated one gives the same. */
export interface TickTime {
  /** Milliseconds since 1970: what CURRENT_TIMESTAMP and PROCTIME() say during the tick. */
  readonly now: number;
  /** Nothing more comes: all windows close. */
  readonly ended?: boolean;
}

export interface DataflowSettings {
  /** The session's time zone, by its IANA name. */
  readonly timeZone: string;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** How long a table with a WATERMARK may say nothing before the others go on without it; without it, for ever. */
  readonly idleTimeoutMs?: number;
  /** After how long without a change what is remembered of a key is let go; without it, never. */
  readonly stateTtlMs?: number;
}

/** Where the changes of one scanned table go. */
export interface DataflowInput {
  /** The table's columns that some step reads; what stands in the others means nothing, and is the same when the row goes. */
  readonly columns: ReadonlySet<number>;
  /** Tells that a row came (1) or went (-1). The row is kept, not copied. An update is its old row going and its new one coming. */
  push(row: SqlRow, weight: 1 | -1): void;
}

/** A table of a system that is asked for rows while a tick waits. */
export type LookedUpTable = Omit<AskedTable, 'step'>;

/** What a tick has to know before it goes on. */
export interface Question {
  /** The number of the table among `lookups`. */
  readonly of: number;
  /** Values of its `by` columns, none of them NULL, and each but once. */
  readonly keys: readonly SqlRow[];
}

/** For each key the rows that have those values, as the table's columns; none: there is no such row. */
export type Answer = readonly (readonly SqlRow[])[];

/**
 * Queries kept up to date. Changes of tables are told by `inputs`; `tick` then brings every result in step with all of them at
 * once, so when ticks end where source transactions end, no result ever shows half of one. Synchronous, without a clock, and
 * deterministic: the same changes in the same ticks give the same results, and the same final results in any other ticks.
 */
export interface Dataflow {
  /** By the names of the catalog's tables: those that the queries scan, and no others. */
  readonly inputs: ReadonlyMap<string, DataflowInput>;
  /**
   * Ends a tick of one or several whole source transactions. Gives how each output changed, by its name: no row both comes and
   * goes, so of two rows with one key the one that goes is the old and the other the new. The first tick also brings what
   * holds without any row (VALUES, a count of nothing). An error (SQL_DIVISION_BY_ZERO, SQL_CAST_FAILED...) leaves the
   * dataflow unusable: it is made anew from its last checkpoint.
   */
  tick(at: TickTime): ReadonlyMap<string, Delta>;
  /** Tables that are asked for rows. */
  readonly lookups: readonly LookedUpTable[];
  /** The same as `tick`, which asks for rows on the way: of a dataflow with `lookups`. Given up in the middle, it leaves the dataflow unusable. */
  ticking(at: TickTime): Generator<Question, ReadonlyMap<string, Delta>, Answer>;
  /**
   * What it remembers from tick to tick, always in the same order for the same queries; null: some step cannot be restored. A dataflow
   * for the same queries goes on from there, once all of it is restored and it was told so.
   */
  readonly memory: Memory | null;
  restored(): void;
  /**
   * When a tick has something to do though nothing came: a window over PROCTIME() ends, or a table has been silent for its time. In
   * milliseconds since 1970; null: never.
   */
  readonly dueAt: number | null;
  /** Its steps that remember something, in order; of `memory` each has its part. */
  readonly steps: readonly RememberingStep[];
  /** By the names of outputs: equal for those that give the same rows, in this job or in another one. */
  readonly fingerprints: ReadonlyMap<string, string>;
  /** How it begins when only some steps remember; null: it cannot, as it has windows of time that close, or asks for rows. */
  refilling(request: RefillRequest): Refill | null;
  /** The first tick of that: the memory of its kept steps is restored. Gives how the outputs changed that do not come whole. */
  catchUp(refill: Refill, at: TickTime): ReadonlyMap<string, Delta>;
  /** The second: its tables have told all their rows. Gives the outputs that come whole. */
  fill(refill: Refill, at: TickTime): ReadonlyMap<string, Delta>;
  /** How many rows came and went since the last tick. */
  readonly waiting: number;
  /** Rows, and goings of rows, that came too late for their windows and were left out, since the dataflow was made. */
  readonly lateRows: number;
  /** How far event time has come at `now`, in milliseconds since 1970; null: no table declares a watermark. */
  watermark(now: number): WatermarkState | null;
}

/** A step that remembers something from tick to tick. */
export interface RememberingStep {
  /** Two with one remember the same things of the same rows, in this job or in another. */
  readonly fingerprint: string;
  readonly plan: Plan;
  readonly memory: Memory;
  readonly step: Step;
}

/** A dataflow for these queries; parts that several of them have in common are computed once. */
export const dataflow = (outputs: ReadonlyMap<string, Plan>, settings: DataflowSettings): Dataflow =>
  new SteppedDataflow(outputs, settings);

const lookAgainMs = 1_000;

class SteppedDataflow implements Dataflow {
  readonly inputs: ReadonlyMap<string, DataflowInput>;
  readonly lookups: readonly LookedUpTable[];
  readonly fingerprints: ReadonlyMap<string, string>;
  readonly #tables: ReadonlyMap<string, Changes>;
  readonly #built: readonly BuiltStep[];
  readonly #steps: readonly Step[];
  readonly #results: ReadonlyMap<string, Delta>;
  /** The numbers of the steps that ask for rows. */
  readonly #asking: ReadonlyMap<Step, number>;
  readonly #outputs: readonly { readonly name: string; readonly consolidator: Consolidator }[];
  readonly #context: EvaluationContext;
  readonly #watermarks: Watermarks;
  readonly #clock = new ProcessingTime();
  readonly #stateTtlMs: number;
  #now = 0;
  #failed = false;

  constructor(
    outputs: ReadonlyMap<string, Plan>,
    { timeZone, random, idleTimeoutMs = 0, stateTtlMs = 0 }: DataflowSettings,
  ) {
    this.#stateTtlMs = stateTtlMs;
    this.#watermarks = new Watermarks(idleTimeoutMs);
    const { steps, tables, asked, results, fingerprints } = buildSteps(
      [...outputs.values()],
      this.#watermarks,
      this.#clock,
    );
    this.#built = steps;
    this.#steps = steps.map(({ step }) => step);
    this.#tables = new Map([...tables].map(([name, { changes }]) => [name, changes]));
    this.#results = new Map([...outputs.keys()].map((name, index) => [name, results[index]!]));
    this.fingerprints = new Map([...outputs.keys()].map((name, index) => [name, fingerprints[index]!]));
    this.lookups = asked;
    this.#asking = new Map(asked.map(({ step }, number) => [step, number]));
    this.inputs = new Map(
      [...tables].map(([name, { changes, columns }]) => [
        name,
        { columns, push: (row, weight) => changes.add(row, weight) },
      ]),
    );
    this.#outputs = [...outputs].map(([name, plan], index) => ({
      name,
      consolidator: new Consolidator(results[index]!, plan.columns),
    }));
    this.#context = { now: () => this.#now, timeZone, random, watermark: () => this.#watermarks.known };
  }

  get memory(): Memory | null {
    if (this.#steps.some(({ memory }) => memory === undefined)) return null;
    return [...this.#steps.flatMap(({ memory }) => memory!), ...this.#watermarks.memory, ...this.#clock.memory];
  }

  get steps(): readonly RememberingStep[] {
    return this.#built.flatMap(({ step, plan, fingerprint }) =>
      step.memory === undefined || step.memory.length === 0 ? [] : [{ fingerprint, plan, memory: step.memory, step }],
    );
  }

  refilling(request: RefillRequest): Refill | null {
    const timed = [...this.#watermarks.memory, ...this.#clock.memory];
    if (this.memory === null || timed.length > 0 || this.lookups.length > 0) return null;
    const parts = { steps: this.#built, tables: this.#tables, outputs: this.#results, forgets: this.#stateTtlMs > 0 };
    return new Refill(parts, request);
  }

  restored(): void {
    this.#watermarks.restored();
    this.#clock.restored();
    for (const step of this.#steps) step.restored?.();
  }

  watermark(now: number): WatermarkState | null {
    return this.#watermarks.state(now);
  }

  get waiting(): number {
    return this.#tables.values().reduce((sum, { rows }) => sum + rows.length, 0);
  }

  get lateRows(): number {
    return this.#watermarks.lateRows;
  }

  get dueAt(): number | null {
    const known = [this.#clock.nextEnd(this.#context.timeZone), this.#watermarks.nextIdle(this.#now)];
    const times = known.filter((time) => time !== null);
    if (times.length === 0) return null;
    const due = Math.min(...times);
    // A zone's clocks may show a time twice, of which this may be the first one: then it is looked at again.
    return due > this.#now ? due : this.#now + lookAgainMs;
  }

  #expire(now: number): void {
    for (const { memory, keepsOwnTime } of this.#steps) {
      if (keepsOwnTime) continue;
      for (const state of memory ?? []) state.expire(now, this.#stateTtlMs);
    }
  }

  tick(at: TickTime): ReadonlyMap<string, Delta> {
    const { done, value } = this.ticking(at).next();
    assert(done, 'queries that ask for rows are ticked with their answers');
    return value;
  }

  *ticking(at: TickTime): Generator<Question, ReadonlyMap<string, Delta>, Answer> {
    this.#begin(at);
    this.#watermarks.begin(this.#context, at.ended === true);
    for (const step of this.#steps) {
      const keys = step.questions?.() ?? [];
      if (keys.length > 0) step.answered!(yield { of: this.#asking.get(step)!, keys });
      step.run(this.#context);
    }
    return this.#end();
  }

  catchUp(refill: Refill, at: TickTime): ReadonlyMap<string, Delta> {
    for (const step of refill.kept) step.restored?.();
    this.#begin(at);
    for (const step of refill.first()) step.run(this.#context);
    return this.#end(refill.anew, (name) => !refill.whole.has(name));
  }

  fill(refill: Refill, at: TickTime): ReadonlyMap<string, Delta> {
    this.#begin(at);
    refill.fill(this.#context);
    return this.#end(new Set(), (name) => refill.whole.has(name));
  }

  #begin(at: TickTime): void {
    assert(!this.#failed, 'a dataflow that failed ticks no more');
    this.#failed = true;
    this.#now = this.#clock.begin(at.now, at.ended === true);
    if (this.#stateTtlMs > 0) this.#expire(at.now);
  }

  /** `waiting`: tables whose changes belong to a later tick. `isAsked`: of which outputs. */
  #end(waiting: ReadonlySet<string> = new Set(), isAsked = (_: string): boolean => true): ReadonlyMap<string, Delta> {
    const changes = new Map<string, Delta>();
    for (const { name, consolidator } of this.#outputs)
      changes.set(name, isAsked(name) ? consolidator.take() : { rows: [], weights: [] });
    for (const [name, table] of this.#tables) if (!waiting.has(name)) table.clear();
    for (const step of this.#steps) step.out.clear();
    this.#failed = false;
    return changes;
  }
}
