import type { Batch, Lane, Position } from '../core/batch.ts';
import type { Change, Origin } from '../core/change.ts';
import type { Context, Source } from '../core/connector.ts';
import type { LogFigures } from '../core/operating.ts';
import { position } from '../core/position.ts';
import { type Dataflow, dataflow } from '../operators/incremental/dataflow.ts';
import type { Delta } from '../operators/incremental/delta.ts';
import type { Input } from './input.ts';
import type { SqlJob } from './job.ts';
import { openInputs } from './open-inputs.ts';
import { resultOrigin } from './own-origin.ts';
import { readInputs } from './read-inputs.ts';
import { resultChanges, resultPieces } from './result-changes.ts';
import { type TargetTable, targetTable } from './target-table.ts';

/** The one lane of a job: its ticks. */
const JOB_LANE: Lane = 'sql';

/** Rows of a first result that one batch holds: a sink makes them durable together. */
const pieceRows = 5_000;

interface Output {
  readonly name: string;
  readonly target: TargetTable;
  readonly changes: (delta: Delta, origin: Origin) => readonly Change[];
}

/** Opens everything that the job's queries read. */
export const openJobSource = async (
  job: SqlJob,
  targets: readonly TargetTable[],
  context: Context,
): Promise<Source> => {
  const { settings, inserts, tables } = job;
  const evaluation = { ...settings, now: context.clock.now };
  const outputs = inserts.map(
    (insert, index): Output => ({
      name: String(index),
      target: targets[index]!,
      changes: resultChanges(insert, targets[index]!),
    }),
  );
  const flow = dataflow(new Map(inserts.map(({ plan }, index) => [String(index), plan])), settings);
  const inputs = await openInputs(flow, { tables, evaluation, context });
  return new JobSource({ bounded: job.bounded, outputs, flow, inputs, context });
};

/** The tables that a job writes, one for each INSERT INTO; those of one table are one. */
export const jobTargets = ({ inserts, settings }: SqlJob, now: () => number): readonly TargetTable[] => {
  const known = new Map<unknown, TargetTable>();
  return inserts.map((insert) => {
    const target = known.get(insert.target) ?? targetTable(insert, { ...settings, now });
    known.set(insert.target, target);
    return target;
  });
};

interface Opened {
  readonly bounded: boolean;
  readonly outputs: readonly Output[];
  readonly flow: Dataflow;
  readonly inputs: readonly Input[];
  readonly context: Context;
}

/**
 * The results of a job's queries as a log of changes, a batch for each tick. What the queries remember is in memory only, so each
 * reading begins anew: its first result comes as a snapshot of every table, between marks by which a sink finds the rows that
 * are no longer in it. A position is a tick of one reading, and says nothing to another.
 */
class JobSource implements Source {
  readonly #bounded: boolean;
  readonly #outputs: readonly Output[];
  readonly #flow: Dataflow;
  readonly #inputs: readonly Input[];
  readonly #context: Context;
  readonly #reading: string;
  #ticks = 0;
  /** The first result has not been handed on whole. */
  #isFirst = true;

  constructor({ bounded, outputs, flow, inputs, context }: Opened) {
    this.#bounded = bounded;
    this.#outputs = outputs;
    this.#flow = flow;
    this.#inputs = inputs;
    this.#context = context;
    this.#reading = Math.floor(context.clock.now() * 1_000).toString(36);
  }

  async *read(
    held: (lane: Lane) => Promise<Position | null>,
    signal: AbortSignal,
  ): AsyncGenerator<Batch, void, undefined> {
    await held(JOB_LANE);
    if (this.#inputs.length === 0) {
      yield* this.#first(this.#tick(true), null);
      return;
    }
    for await (const { origin, last } of readInputs(this.#inputs, { once: this.#bounded, signal })) {
      if (this.#isFirst) {
        yield* this.#first(this.#tick(last), origin);
        this.#isFirst = false;
      } else if (origin === null && !last) yield this.#batch([]);
      else {
        const deltas = this.#tick(last);
        const from = resultOrigin(origin, this.#context.clock.now());
        yield this.#batch(this.#outputs.flatMap(({ name, changes }) => changes(deltas.get(name)!, from)));
      }
      if (last) return;
    }
  }

  covers(held: Position, at: Position): boolean {
    const [reading, tick] = held.split(':');
    const [otherReading, otherTick] = at.split(':');
    return reading === otherReading && Number(tick) >= Number(otherTick);
  }

  holds(): boolean {
    return false;
  }

  beginsAnew(): boolean {
    return true;
  }

  snapshotting(): readonly string[] {
    const missing = this.#inputs.flatMap((input) => [...input.missing]);
    return this.#isFirst && missing.length === 0 ? this.#outputs.map(({ target }) => target.table.name) : missing;
  }

  figures(): readonly LogFigures[] {
    return this.#inputs.flatMap((input) => input.figures());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const results = await Promise.allSettled(this.#inputs.map((input) => input[Symbol.asyncDispose]()));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  #tick(ended: boolean): ReadonlyMap<string, Delta> {
    return this.#flow.tick({ now: Math.floor(this.#context.clock.now()), ended });
  }

  *#first(deltas: ReadonlyMap<string, Delta>, origin: Origin | null): Generator<Batch, void, undefined> {
    const tables = new Set(this.#outputs.map(({ target }) => target.table));
    const marks = (at: 'begin' | 'end'): Batch =>
      this.#batch([...tables].map((table): Change => ({ kind: 'snapshot', at, table, reason: 'the job starts' })));
    yield marks('begin');
    for (const { name, target } of this.#outputs) {
      for (const rows of resultPieces(
        target,
        deltas.get(name)!,
        resultOrigin(origin, this.#context.clock.now()),
        pieceRows,
      ))
        yield this.#batch([rows]);
    }
    yield marks('end');
  }

  #batch(changes: readonly Change[]): Batch {
    const tick = this.#ticks++;
    return {
      changes,
      positions: new Map([[JOB_LANE, position(`${this.#reading}:${tick}`)]]),
      version: `${this.#reading.padStart(12, '0')}${String(tick).padStart(16, '0')}`,
    };
  }
}
