import type { Batch, Lane, Position } from '../core/batch.ts';
import type { Change, Origin } from '../core/change.ts';
import type { Context, Source } from '../core/connector.ts';
import { isMillraceError } from '../core/errors.ts';
import type { LogFigures, QueryFigures } from '../core/operating.ts';
import { position } from '../core/position.ts';
import { qualifiedName } from '../core/table.ts';
import { type Answer, type Dataflow, dataflow, type TickTime } from '../operators/incremental/dataflow.ts';
import type { Delta } from '../operators/incremental/delta.ts';
import { overflows } from '../sql/evaluate/overflows.ts';
import type { TickPlace } from '../state/tick-journal.ts';
import type { ChangedJob, JobTarget } from './changed-job.ts';
import type { Input } from './input.ts';
import type { SqlJob } from './job.ts';
import { JobMemory } from './job-memory.ts';
import { answersOf, answerText } from './lookups/answer-text.ts';
import type { Lookups, openLookups } from './lookups/open-lookups.ts';
import { tickAsking } from './lookups/tick-asking.ts';
import type { openInputs } from './open-inputs.ts';
import { resultOrigin } from './own-origin.ts';
import { readInputs } from './read-inputs.ts';
import { resultChanges, resultPieces } from './result-changes.ts';
import { keepsAll, targetIdentity } from './target-identity.ts';
import { type TargetTable, targetTable } from './target-table.ts';
import { TickRandom } from './tick-random.ts';
import type { TickRecord } from './tick-record.ts';

/** The one lane of a job: its ticks. */
const JOB_LANE: Lane = 'sql';

/** Rows of a first result that one batch holds: a sink makes them durable together. */
const pieceRows = 5_000;

/** The log is told of late rows no more often than this. */
const lateWordsMs = 60_000;

interface Output {
  readonly name: string;
  /** Of the table that it goes to. */
  readonly identity: string;
  readonly keepsAll: boolean;
  readonly target: TargetTable;
  readonly changes: (delta: Delta, origin: Origin) => readonly Change[];
}

interface SourceOptions {
  readonly open: typeof openInputs;

  readonly openLookups: typeof openLookups;
  /** Where what the queries remember is kept, and by which version of this program; null: nowhere. */
  readonly state: { readonly folder: string; readonly version: string } | null;
}

/** Opens everything that the job's queries read. Throws STATE_ errors beside those of the sources. */
export const openJobSource = async (
  job: SqlJob,
  targets: readonly TargetTable[],
  context: Context,
  { open, openLookups: openAsked, state }: SourceOptions,
): Promise<Source> => {
  const { settings, inserts, tables } = job;
  const evaluation = { ...settings, now: context.clock.now };
  const outputs = inserts.map(
    (insert, index): Output => ({
      name: String(index),
      identity: targetIdentity(insert),
      keepsAll: keepsAll(insert),
      target: targets[index]!,
      changes: resultChanges(insert, targets[index]!),
    }),
  );
  const chance = new TickRandom();
  const flow = dataflow(new Map(inserts.map(({ plan }, index) => [String(index), plan])), {
    ...settings,
    random: chance.next,
  });
  const lookups = await openAsked(flow, { tables, evaluation, context });
  let inputs: readonly Input[] = [];
  try {
    inputs = await open(flow, { tables, evaluation, context });
    const memory =
      state === null || inputs.length === 0
        ? null
        : JobMemory.open({
            folder: state.folder,
            isChosen: job.state.folder !== null,
            identity: `${state.version} ${job.identity}`,
            surroundings: surroundingsOf(job, state.version),
            targets: jobTargetsOf(outputs),
            intervalMs: job.state.intervalMs,
            mostMemory: job.state.mostMemory,
            flow,
            inputs,
            context,
          });
    return new JobSource({ job, outputs, flow, chance, inputs, lookups, memory, context });
  } catch (error) {
    await Promise.allSettled([lookups, ...inputs].map((each) => each[Symbol.asyncDispose]()));
    throw error;
  }
};

/** What steps remember hangs on these beside their queries. */
const surroundingsOf = ({ settings: { timeZone, idleTimeoutMs, stateTtlMs } }: SqlJob, version: string): string =>
  [version, timeZone, idleTimeoutMs ?? 0, stateTtlMs ?? 0].join(' ');

const jobTargetsOf = (outputs: readonly Output[]): readonly JobTarget[] =>
  [...Map.groupBy(outputs, ({ identity }) => identity)].map(([identity, group]) => ({
    identity,
    name: qualifiedName(group[0]!.target.table),
    outputs: group.map(({ name }) => name),
    keepsAll: group[0]!.keepsAll,
  }));

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
  readonly job: SqlJob;
  readonly outputs: readonly Output[];
  readonly flow: Dataflow;
  /** What the dataflow draws random numbers from. */
  readonly chance: TickRandom;
  readonly inputs: readonly Input[];
  readonly lookups: Lookups;
  /** Null: what the queries remember ends with the process. */
  readonly memory: JobMemory | null;
  readonly context: Context;
}

/**
 * The results of a job's queries as a log of changes, a batch for each tick, whose number is the position. It goes on at the tick
 * that the sinks have, where what the queries remember leads there. Otherwise a run of ticks begins anew: its first result comes as a
 * snapshot of every table, between marks by which a sink finds the rows that are no longer in it.
 */
class JobSource implements Source {
  readonly #opened: Opened;
  #run: string;
  /** The next tick. */
  #tick = 0;
  /** Late rows that the log was told of, and when. */
  #toldLate = { rows: 0, atMs: Number.NEGATIVE_INFINITY };
  /** Those of other jobs of this process count too. */
  readonly #overflowsBefore = overflows.count;
  #toldOverflows = { count: overflows.count, atMs: Number.NEGATIVE_INFINITY };
  /** The first result has not been handed on whole. */
  #isFirst = true;
  /** What it has to do with the job that was here before; null: nothing, or it is the same. */
  #changed: ChangedJob | null = null;

  constructor(opened: Opened) {
    this.#opened = opened;
    this.#run = Math.floor(opened.context.clock.now() * 1_000).toString(36);
  }

  async *read(
    held: (lane: Lane) => Promise<Position | null>,
    signal: AbortSignal,
  ): AsyncGenerator<Batch, void, undefined> {
    const at = tickPlace(await held(JOB_LANE));
    const { inputs, memory, context } = this.#opened;
    if (inputs.length === 0) {
      const { deltas } = await this.#tickNow({ now: Math.floor(context.clock.now()), ended: true }, signal);
      yield* this.#first(deltas, null);
      return;
    }
    try {
      const resumed = memory?.resume(at) ?? { from: 'sources', changed: null };
      if ('from' in resumed) {
        this.#changed = resumed.changed;
        if (resumed.changed?.isContinued) {
          this.#run = at!.run;
          this.#tick = at!.tick + 1;
        }
        yield* this.#follow([], resumed.from === 'stored rows', signal);
      } else {
        this.#isFirst = false;
        this.#run = at!.run;
        this.#tick = at!.tick + 1;
        yield* this.#follow(resumed, false, signal);
      }
    } catch (error) {
      // Told to stop while it waited for rows: the tick has not been.
      if (signal.aborted && error === signal.reason) return;
      if (isMillraceError(error, 'STATE_LOG_LOST')) memory!.forget();
      throw error;
    }
  }

  covers(held: Position, at: Position): boolean {
    const [a, b] = [tickPlace(held)!, tickPlace(at)!];
    return a.run === b.run && a.tick >= b.tick;
  }

  holds(): boolean {
    return false;
  }

  beginsAnew(): boolean {
    return true;
  }

  snapshotting(): readonly string[] {
    const { inputs, outputs } = this.#opened;
    const missing = inputs.flatMap((input) => [...input.missing]);
    return this.#isFirst && missing.length === 0 ? outputs.map(({ target }) => target.table.name) : missing;
  }

  figures(): readonly LogFigures[] {
    return this.#opened.inputs.flatMap((input) => input.figures());
  }

  query(): QueryFigures | null {
    const { flow, context } = this.#opened;
    const now = context.clock.now();
    const watermark = flow.watermark(now);
    const overflowCount = overflows.count - this.#overflowsBefore;
    if (watermark === null) return overflowCount === 0 ? null : { lateRows: 0, overflows: overflowCount, watermark };
    const { reached, movedAt, heldBy } = watermark;
    return {
      lateRows: flow.lateRows,
      overflows: overflowCount,
      watermark: {
        reachedMs: reached === null ? null : Math.floor(Number(reached) / 1_000),
        stillMs: Math.max(0, now - movedAt),
        heldBy: heldBy === null ? null : heldBy.replace(/^default_catalog\.default_database\./, ''),
      },
    };
  }

  async acknowledge(held: ReadonlyMap<Lane, Position>): Promise<void> {
    const at = tickPlace(held.get(JOB_LANE) ?? null);
    if (at?.run === this.#run) this.#opened.memory?.acknowledge(at.tick);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { inputs, lookups, memory } = this.#opened;
    const results = await Promise.allSettled([lookups, ...inputs].map((each) => each[Symbol.asyncDispose]()));
    await memory?.[Symbol.asyncDispose]();
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  /** `isWhole`: the rows of all tables are here from the start. */
  async *#follow(
    again: readonly TickRecord[],
    isWhole: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<Batch, void, undefined> {
    const { job, flow, inputs, chance, memory, context } = this.#opened;
    const seed = (): number => Math.floor(job.settings.random() * 2 ** 32);
    const held = this.#tick - 1;
    const last = again.at(-1)?.tick;
    const settle = (): void => {
      this.#tick = Math.max(this.#tick, (last ?? -1) + 1);
      memory?.begin({ run: this.#run, tick: this.#tick });
    };
    if (!this.#isFirst && last === undefined) settle();
    for await (const point of readInputs(inputs, {
      once: job.bounded,
      isWhole,
      again,
      dueAt: () => flow.dueAt,
      clock: context.clock,
      signal,
    })) {
      if (point.again !== null) {
        const { batch } = await this.#batchOf(point.again, point.origin, signal);
        if (point.again.tick > held) yield batch;
        if (point.again.tick === last) settle();
        continue;
      }
      if (this.#isFirst) {
        chance.begin(seed());
        const { origin, last: ended } = point;
        const at = { now: Math.floor(context.clock.now()), ended };
        if (this.#changed === null) {
          const { deltas } = await this.#tickNow(at, signal);
          yield* this.#first(deltas, origin);
        } else yield* this.#filled(this.#changed, at, origin);
        this.#isFirst = false;
        settle();
        memory?.ticked(this.#tick - 1, 'now');
      } else {
        const record = {
          tick: this.#tick,
          idle: point.origin === null && !point.last && !point.due,
          ended: point.last,
          now: Math.floor(context.clock.now()),
          seed: seed(),
        };
        this.#tick += 1;
        const { batch, answers } = await this.#batchOf(record, point.origin, signal);
        memory?.record(answers.length === 0 ? record : { ...record, answers: answerText(answers) });
        yield batch;
        memory?.ticked(record.tick, 'due');
      }
      if (point.last) return;
    }
    memory?.stopped(this.#tick - 1);
  }

  /** Runs a tick, for the first time or again; gives what it was told on the way too. */
  async #batchOf(
    { tick, idle, ended, now, seed, answers: again }: Omit<TickRecord, 'inputs'>,
    origin: Origin | null,
    signal: AbortSignal,
  ): Promise<{ readonly batch: Batch; readonly answers: readonly Answer[] }> {
    if (idle) return { batch: this.#batch(tick, []), answers: [] };
    const { chance, outputs } = this.#opened;
    chance.begin(seed);
    const { deltas, answers } = await this.#tickNow({ now, ended }, signal, again);
    this.#tellOfLateRows();
    this.#tellOfOverflows();
    const from = resultOrigin(origin, now);
    const changes = outputs.flatMap(({ name, changes }) => changes(deltas.get(name)!, from));
    return { batch: this.#batch(tick, changes), answers };
  }

  /** Once in a while, and at once when it was quiet for long. */
  #tellOfLateRows(): void {
    const { flow, context } = this.#opened;
    const nowMs = context.clock.monotonic();
    const rows = flow.lateRows - this.#toldLate.rows;
    if (rows === 0 || nowMs - this.#toldLate.atMs < lateWordsMs) return;
    context.log.warn('rows came too late for their windows, and are left out', { job: context.pipeline, rows });
    this.#toldLate = { rows: flow.lateRows, atMs: nowMs };
  }

  #tellOfOverflows(): void {
    const { context } = this.#opened;
    const nowMs = context.clock.monotonic();
    const results = overflows.count - this.#toldOverflows.count;
    if (results === 0 || nowMs - this.#toldOverflows.atMs < lateWordsMs) return;
    const words = 'results did not fit their types: DECIMAL is NULL then, and a whole number goes around, as in Flink';
    context.log.warn(words, { job: context.pipeline, results });
    this.#toldOverflows = { count: overflows.count, atMs: nowMs };
  }

  /** `again`: what it was told when it ran before. */
  async #tickNow(
    at: TickTime,
    signal: AbortSignal,
    again?: string,
  ): Promise<{ readonly deltas: ReadonlyMap<string, Delta>; readonly answers: readonly Answer[] }> {
    const { flow, lookups } = this.#opened;
    const answers: Answer[] = [];
    const told = again === undefined ? null : answersOf(again).values();
    const deltas = await tickAsking(flow, at, async (question) => {
      const answer = told === null ? await lookups.answer(question, signal) : told.next().value!;
      answers.push(answer);
      return answer;
    });
    return { deltas, answers };
  }

  /** What is new for targets whose queries are as they were, and then the whole of the others. */
  *#filled(changed: ChangedJob, at: TickTime, origin: Origin | null): Generator<Batch, void, undefined> {
    const { flow, outputs } = this.#opened;
    const { refill, starts, swept } = changed;
    const deltas = flow.catchUp(refill, at);
    for (const table of starts.keys()) if (refill.tables.has(table.name)) table.tellAll();
    const whole = flow.fill(refill, at);
    const from = resultOrigin(origin, at.now);
    yield this.#batch(
      this.#tick++,
      outputs.flatMap(({ name, changes }) => (refill.whole.has(name) ? [] : changes(deltas.get(name)!, from))),
    );
    if (refill.whole.size === 0) return;
    yield* this.#first(whole, origin, {
      isAsked: ({ name }) => refill.whole.has(name),
      isSwept: ({ identity }) => swept.has(identity),
    });
  }

  *#first(
    deltas: ReadonlyMap<string, Delta>,
    origin: Origin | null,
    { isAsked, isSwept }: { readonly isAsked: (_: Output) => boolean; readonly isSwept: (_: Output) => boolean } = {
      isAsked: () => true,
      isSwept: () => true,
    },
  ): Generator<Batch, void, undefined> {
    const { context } = this.#opened;
    const outputs = this.#opened.outputs.filter(isAsked);
    const tables = new Set(outputs.filter(isSwept).map(({ target }) => target.table));
    const next = (changes: readonly Change[]): Batch => this.#batch(this.#tick++, changes);
    const marks = (at: 'begin' | 'end'): Batch =>
      next([...tables].map((table): Change => ({ kind: 'snapshot', at, table, reason: 'the job starts' })));
    yield marks('begin');
    for (const { name, target } of outputs) {
      const from = resultOrigin(origin, context.clock.now());
      for (const rows of resultPieces(target, deltas.get(name)!, from, pieceRows)) yield next([rows]);
    }
    yield marks('end');
  }

  #batch(tick: number, changes: readonly Change[]): Batch {
    return {
      changes,
      positions: new Map([[JOB_LANE, position(`${this.#run}:${tick}`)]]),
      version: `${this.#run.padStart(12, '0')}${String(tick).padStart(16, '0')}`,
    };
  }
}

const tickPlace = (held: Position | null): TickPlace | null => {
  if (held === null) return null;
  const [run, tick] = held.split(':') as [string, string];
  return { run, tick: Number(tick) };
};
