import assert from 'node:assert';
import type { EvaluationContext } from '../../sql/evaluate/sql-value.ts';
import type { Plan } from '../../sql/plan/plan.ts';
import { type AskedTable, buildSteps } from './build-steps.ts';
import { Consolidator } from './consolidate.ts';
import type { Changes, Delta, SqlRow } from './delta.ts';
import type { Memory, Step } from './step.ts';
import { ProcessingTime } from './watermark/processing-time.ts';
import { Watermarks } from './watermark/watermarks.ts';

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
  /** Rows, and goings of rows, that came too late for their windows and were left out, since the dataflow was made. */
  readonly lateRows: number;
}

/** A dataflow for these queries; parts that several of them have in common are computed once. */
export const dataflow = (outputs: ReadonlyMap<string, Plan>, settings: DataflowSettings): Dataflow =>
  new SteppedDataflow(outputs, settings);

const lookAgainMs = 1_000;

class SteppedDataflow implements Dataflow {
  readonly inputs: ReadonlyMap<string, DataflowInput>;
  readonly lookups: readonly LookedUpTable[];
  readonly #tables: readonly Changes[];
  readonly #steps: readonly Step[];
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
    const { steps, tables, asked, results } = buildSteps([...outputs.values()], this.#watermarks, this.#clock);
    this.#steps = steps;
    this.lookups = asked;
    this.#asking = new Map(asked.map(({ step }, number) => [step, number]));
    this.#tables = [...tables.values()].map(({ changes }) => changes);
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
    const memories = this.#steps.map(({ memory }) => memory);
    if (memories.includes(undefined)) return null;
    return [...memories.flatMap((memory) => memory!), ...this.#watermarks.memory, ...this.#clock.memory];
  }

  restored(): void {
    this.#watermarks.restored();
    this.#clock.restored();
    for (const step of this.#steps) step.restored?.();
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
    assert(!this.#failed, 'a dataflow that failed ticks no more');
    this.#failed = true;
    this.#now = this.#clock.begin(at.now, at.ended === true);
    if (this.#stateTtlMs > 0) this.#expire(at.now);
    this.#watermarks.begin(this.#context, at.ended === true);
    for (const step of this.#steps) {
      const keys = step.questions?.() ?? [];
      if (keys.length > 0) step.answered!(yield { of: this.#asking.get(step)!, keys });
      step.run(this.#context);
    }
    const changes = new Map<string, Delta>();
    for (const { name, consolidator } of this.#outputs) changes.set(name, consolidator.take());
    for (const table of this.#tables) table.clear();
    for (const step of this.#steps) step.out.clear();
    this.#failed = false;
    return changes;
  }
}
