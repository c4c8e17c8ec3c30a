import type { Context } from '../core/connector.ts';
import { qualifiedName } from '../core/table.ts';
import type { Dataflow } from '../operators/incremental/dataflow.ts';
import type { Memory } from '../operators/incremental/step.ts';
import { stepText } from '../sql/plan/explain.ts';
import { openState, type State } from '../state/open-state.ts';
import type { TickPlace } from '../state/tick-journal.ts';
import { type ChangedJob, type JobTarget, keptTable, planChangedJob, targetFingerprint } from './changed-job.ts';
import { type Checkpoint, type KeptInput, stepSpace, tableSpace } from './checkpoint.ts';
import type { Input, ResumableInput } from './input.ts';
import { keptEntries } from './kept-entries.ts';
import type { ScannedTable } from './scanned-table.ts';
import { type InputPlace, movedLanes, type TickRecord } from './tick-record.ts';

export interface JobMemoryOptions {
  /** Where it is kept; the job's own. */
  readonly folder: string;
  /** The job names the folder: where it cannot be written, the job does not run. */
  readonly isChosen: boolean;
  /** What the job computes. Another one's steps remember something else. */
  readonly identity: string;
  /** What steps hang on beside their queries: those of other surroundings remember something else. */
  readonly surroundings: string;
  readonly targets: readonly JobTarget[];
  /** How long changes may stay in memory alone, in milliseconds. */
  readonly intervalMs: number;
  /** About what entries may take in memory, in bytes. */
  readonly mostMemory: number;
  readonly flow: Dataflow;
  readonly inputs: readonly Input[];
  readonly context: Context;
}

/** The first result comes anew: over rows that are all here, or once the sources have brought them. */
interface FirstResult {
  readonly from: 'stored rows' | 'sources';
  /** Some steps remember their rows from an earlier job; null: none does. */
  readonly changed: ChangedJob | null;
}

/** More entries than this that are not written begin a checkpoint before its time. */
const mostUnwritten = 100_000;
/** So many do too where there is time: everything waits while a checkpoint is written, and many small ones are not noticed. */
const worthWriting = 500;
/** Checkpoints before their time take this part of it at most. */
const writingShare = 1 / 20;
/** So many entries are written together without anybody noticing. */
const unnoticed = 100;
/** Between two ticks so many milliseconds are taken for writing, and a quarter of the time since the one before up to so many. */
const leastWriting = 2;
const mostWriting = 20;

/**
 * What a job remembers over restarts: its steps' and tables' entries as of some tick, and what the ticks since were made of
 * (docs/decisions/0040-state-of-stream-sql.md). Opened with a dataflow and inputs made anew, it fills them by `resume`.
 */
export class JobMemory implements AsyncDisposable {
  readonly #options: JobMemoryOptions;
  readonly #inputs: readonly ResumableInput[];
  readonly #state: State;
  /** Where each input was with the last line of the journal. */
  readonly #recorded: (InputPlace | null)[];
  #run = '';
  #writtenMs: number;
  #tickedMs: number;
  /** Since when a checkpoint is due, of which a little is written between any two ticks; null: none is. */
  #dueMs: number | null = null;
  /** How many entries the last checkpoint wrote, and how long everything waited for it; and the same for the next. */
  #last = { entries: 1, tookMs: 0 };
  #next = { entries: 0, tookMs: 0 };
  /** Written, and not committed, because not all sinks are there yet. */
  #sealed: Checkpoint | null = null;
  /** Committed, and not known to be on the disk. */
  #committed: TickPlace | null = null;
  /** The tick that every sink has. */
  #acknowledged = -1;

  /** Null, with a word about it in the log: the job cannot be kept, and its result begins anew at each start. Throws STATE_ errors. */
  static open(options: JobMemoryOptions): JobMemory | null {
    const { flow, inputs, folder, isChosen, context } = options;
    const job = context.pipeline;
    const resumable = inputs.map((input) => input.resumable);
    if (flow.memory === null || resumable.includes(null)) {
      const reason =
        flow.memory === null ? 'a step of its queries cannot be restored' : 'a table is read from its start each time';
      context.log.info('no state is kept', { job, reason });
      return null;
    }
    try {
      return new JobMemory(options, resumable as ResumableInput[]);
    } catch (error) {
      if (isChosen || !(error instanceof Error) || !isForbidden(error.cause)) throw error;
      context.log.warn('no state is kept', { job, reason: `nothing can be written to ${folder}` });
      return null;
    }
  }

  private constructor(options: JobMemoryOptions, inputs: readonly ResumableInput[]) {
    this.#options = options;
    this.#inputs = inputs;
    this.#recorded = inputs.map(() => null);
    this.#writtenMs = options.context.clock.monotonic();
    this.#tickedMs = this.#writtenMs;
    this.#state = openState(options.folder);
  }

  /**
   * Fills steps and tables with what was kept, and sets the inputs to go on there. `held`: the tick that every sink has. Gives the
   * ticks since the checkpoint, which run again first. Throws STATE_TARGET_HOLDS_OTHER.
   */
  resume(held: TickPlace | null): readonly TickRecord[] | FirstResult {
    const { context } = this.#options;
    const text = this.#state.file.checkpoint;
    const checkpoint = text === null ? null : (JSON.parse(text) as Checkpoint);
    const found = this.#ticksSince(checkpoint, held);
    const job = context.pipeline;
    if (typeof found !== 'string') {
      this.#restore(checkpoint!, found);
      context.log.info('the job goes on from its checkpoint', { job, tick: checkpoint!.tick, again: found.length });
      return found;
    }
    const changed = this.#changed(checkpoint, held);
    if (changed !== null) {
      const isWhole = this.#inputs.every((input) => changed.inputs.has(input)) && !hasToRead(changed);
      return { from: isWhole ? 'stored rows' : 'sources', changed };
    }
    const restored = this.#refill(checkpoint);
    const from = restored === this.#inputs.length ? 'stored rows' : 'sources';
    const of = from === 'sources' && restored > 0 ? 'stored rows and sources' : from;
    context.log.info('the result is computed anew', { job, from: of, reason: found });
    return { from, changed: null };
  }

  /** The ticks from here on are of this run; the next is `tick`. */
  begin({ run, tick }: TickPlace): void {
    this.#run = run;
    this.#state.journal.begin({ run, tick });
    for (const [at, { place }] of this.#inputs.entries()) this.#recorded[at] = place;
  }

  /** Notes what a tick is made of, before anybody sees what it gives. */
  record(of: Omit<TickRecord, 'inputs'>): void {
    const inputs: (readonly [number, InputPlace])[] = [];
    for (const [at, { place }] of this.#inputs.entries()) {
      const before = this.#recorded[at]!;
      if (place === before) continue;
      inputs.push([at, movedLanes(before, place)]);
      this.#recorded[at] = place;
    }
    const record: TickRecord = { ...of, inputs };
    this.#state.journal.append(JSON.stringify(record));
  }

  /**
   * A tick has ended, and everything stands between transactions. Writes a little of what changed when that is due, and what is left when
   * that is little; `now`: all of it.
   */
  ticked(tick: number, when: 'due' | 'now'): void {
    const hasSettled = this.#settle();
    this.#relieve();
    const isReady = this.#sealed === null && (when === 'now' || (hasSettled && this.#writeAhead()));
    this.#tickedMs = this.#options.context.clock.monotonic();
    if (!isReady) return;
    this.#write((memory) => memory.write());
    this.#dueMs = null;
    this.#writtenMs = this.#options.context.clock.monotonic();
    this.#sealed = {
      ...this.#contents(),
      name: this.#options.context.pipeline,
      at: Math.floor(this.#options.context.clock.now()),
      run: this.#run,
      tick,
      inputs: this.#inputs.map(({ identity, tables, place }) => ({
        identity,
        tables: tables.map(({ kept }) => kept),
        place,
      })),
    };
    // Lines up to here are of no use once this is committed, and go as one file.
    this.#state.journal.begin({ run: this.#run, tick: tick + 1 });
    this.acknowledge(this.#acknowledged);
  }

  /** The same at the end, unless an input is further on than the last tick. */
  stopped(tick: number): void {
    if (this.#run !== '' && this.#inputs.every(({ place }, at) => place === this.#recorded[at]))
      this.ticked(tick, 'now');
  }

  /** Every sink has this tick and all before. */
  acknowledge(tick: number): void {
    this.#acknowledged = tick;
    if (this.#sealed === null || tick < this.#sealed.tick) return;
    const { clock } = this.#options.context;
    const began = clock.monotonic();
    this.#state.file.commit(JSON.stringify(this.#sealed));
    this.#next.tookMs += clock.monotonic() - began;
    this.#last = this.#next;
    this.#next = { entries: 0, tookMs: 0 };
    this.#committed = this.#sealed;
    this.#sealed = null;
  }

  /** What was kept led nowhere; the next start begins anew. */
  forget(): void {
    this.#state.file.forget();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#state[Symbol.asyncDispose]();
  }

  /** A text: why there are none that lead to what the sinks have. */
  #ticksSince(checkpoint: Checkpoint | null, held: TickPlace | null): readonly TickRecord[] | string {
    if (checkpoint === null) return 'nothing was kept yet';
    if (held === null) return 'a table has nothing of it yet';
    if (checkpoint.job !== this.#options.identity) return 'the statements changed, or the version of millrace';
    if (checkpoint.run !== held.run || held.tick < checkpoint.tick) return 'what is kept is of another run';
    const same =
      checkpoint.inputs.length === this.#inputs.length &&
      this.#inputs.every(
        ({ identity, tables }, at) =>
          checkpoint.inputs[at]!.identity === identity &&
          tables.every((table, place) => checkpoint.inputs[at]!.tables[place]?.identity === table.identity),
      );
    if (!same) return 'what it reads changed';
    const records = this.#state.journal.after(checkpoint).map((line) => JSON.parse(line) as TickRecord);
    if (checkpoint.tick + records.length < held.tick) return 'ticks that the tables have are not recorded';
    return records;
  }

  #restore(checkpoint: Checkpoint, records: readonly TickRecord[]): void {
    const { flow } = this.#options;
    const { file } = this.#state;
    for (const [name, memory] of this.#stepMemories()) memory.restoreFrom(file.space(name), this.#mostRead());
    flow.restored();
    for (const [at, input] of this.#inputs.entries()) {
      for (const table of input.tables) this.#restoreTable(table);
      let { place } = checkpoint.inputs[at]!;
      const ticks = records.flatMap(({ inputs }) => {
        const moved = inputs.find(([number]) => number === at)?.[1];
        if (moved === undefined) return [];
        place = { rows: moved.rows, lanes: { ...place.lanes, ...moved.lanes } };
        return [place];
      });
      input.resume(checkpoint.inputs[at]!.place, ticks);
    }
    this.#state.file.forgetOthers();
  }

  /** Puts the rows that are stored into the tables, and tells the steps of them. Gives how many inputs go on from there. */
  #refill(checkpoint: Checkpoint | null): number {
    const { file } = this.#state;
    let restored = 0;
    for (const input of this.#inputs) {
      const kept = checkpoint?.inputs.find(({ identity }) => identity === input.identity);
      const usable = kept !== undefined && input.tables.every((table) => isUsable(table, kept));
      for (const table of input.tables) {
        if (usable && kept.tables.some(({ identity }) => identity === table.identity)) {
          this.#restoreTable(table);
          table.tellAll();
        } else for (const [name, memory] of memoriesOf(table)) keepAnew(memory, file.space(name));
      }
      if (usable) {
        restored += 1;
        input.resume(kept.place, []);
      }
    }
    for (const [name, memory] of this.#stepMemories()) keepAnew(memory, file.space(name));
    file.forgetOthers();
    return restored;
  }

  /** Restores what of another job's checkpoint serves this one, and sets the inputs to go on; null: nothing does. */
  #changed(checkpoint: Checkpoint | null, held: TickPlace | null): ChangedJob | null {
    const { flow, targets, surroundings, identity, context } = this.#options;
    if (checkpoint === null || checkpoint.job === identity) return null;
    const changed = planChangedJob(checkpoint, held, { flow, inputs: this.#inputs, targets, surroundings });
    if (changed === null) return null;
    const { file } = this.#state;
    const added = targets.filter(({ identity }) => !changed.swept.has(identity));
    if (added.length > 0) {
      // Should the process end before the next checkpoint, what it wrote there is known to be the job's.
      const begun = added.map(({ identity: target }) => ({ target, fingerprint: null }));
      file.commit(JSON.stringify({ ...checkpoint, outputs: [...checkpoint.outputs!, ...begun] }));
    }
    const filled: string[] = [];
    for (const { fingerprint, memory, step, plan } of flow.steps) {
      const isKept = changed.refill.kept.has(step);
      if (!isKept) filled.push(stepText(plan));
      for (const [at, state] of memory.entries()) {
        const space = file.space(stepSpace(fingerprint, at));
        if (isKept) state.restoreFrom(space, this.#mostRead());
        else keepAnew(state, space);
      }
    }
    for (const input of this.#inputs) this.#beginChanged(input, changed);
    file.forgetOthers();
    const read = [...changed.starts].filter(([, start]) => start === 'widened' || start === 'anew');
    const written = targets.filter(({ outputs }) => outputs.some((name) => changed.refill.whole.has(name)));
    context.log.info('the statements changed', {
      job: context.pipeline,
      kept: flow.steps.length - filled.length,
      filled: filled.join('; '),
      read: read.map(([{ table }]) => qualifiedName(table)).join(', '),
      written: written.map(({ name }) => name).join(', '),
    });
    return changed;
  }

  #beginChanged(input: ResumableInput, { starts, inputs, refill }: ChangedJob): void {
    const { file } = this.#state;
    const kept = inputs.get(input);
    for (const table of input.tables) {
      const start = starts.get(table)!;
      const before = start === 'narrowed' || start === 'widened' ? keptTable(table, kept!) : null;
      for (const at of table.memory.keys()) {
        if (before !== null) file.rename(tableSpace(before.identity, at), tableSpace(table.identity, at));
      }
      if (start === 'kept' || start === 'narrowed') this.#restoreTable(table);
      else if (start === 'widened') {
        for (const [name, memory] of memoriesOf(table)) memory.restoreFrom(file.space(name), this.#mostRead());
        table.widened(before!.read!);
      } else for (const [name, memory] of memoriesOf(table)) keepAnew(memory, file.space(name));
      if (start === 'anew' && table.keepsRows && refill.tables.has(table.name)) table.keepQuiet();
    }
    const again = input.tables.filter((table) => /^(widened|anew)$/.test(starts.get(table)!));
    if (kept !== undefined) input.resume(kept.place, [], again);
  }

  *#stepMemories(): Generator<readonly [name: string, memory: Memory[number]], void, undefined> {
    const { flow } = this.#options;
    for (const { fingerprint, memory } of flow.steps)
      for (const [at, state] of memory.entries()) yield [stepSpace(fingerprint, at), state];
    // What steps do not have says how far time has come.
    const own = new Set(flow.steps.flatMap(({ memory }) => memory));
    for (const [at, state] of flow.memory!.filter((state) => !own.has(state)).entries()) yield [`time/${at}`, state];
  }

  /** What the checkpoints of this job hold, whatever their moment. */
  #contents(): Pick<Checkpoint, 'job' | 'surroundings' | 'steps' | 'outputs'> {
    const { identity, surroundings, flow, targets } = this.#options;
    const steps = flow.steps.map(({ fingerprint, plan, memory }) => ({
      fingerprint,
      step: stepText(plan),
      states: memory.length,
      entries: keptEntries(memory, flow),
    }));
    const outputs = targets.map((target) => ({
      target: target.identity,
      fingerprint: targetFingerprint(flow, target),
    }));
    return { job: identity, surroundings, steps, outputs };
  }

  #restoreTable(table: ScannedTable): void {
    for (const [name, memory] of memoriesOf(table)) memory.restoreFrom(this.#state.file.space(name), this.#mostRead());
    table.restored();
  }

  /** Puts entries away that are not asked for, when all of them take too much. */
  #relieve(): void {
    let taken = 0;
    for (const memory of this.#memories()) taken += memory.memory;
    if (taken <= this.#options.mostMemory) return;
    // What is written now belongs to the next checkpoint, so it waits until the last one is committed.
    for (const memory of this.#memories()) memory.putAway(this.#sealed === null && this.#committed === null);
  }

  /** Lets go of what a checkpoint replaces, once that is on the disk. Gives whether the next may be written. */
  #settle(): boolean {
    if (!this.#state.file.settle()) return false;
    if (this.#committed !== null) this.#state.journal.forgetBefore(this.#committed);
    this.#committed = null;
    return true;
  }

  /** Gives whether a checkpoint is due and little of it is left, or so much comes that waiting for less is of no use. */
  #writeAhead(): boolean {
    const { context, intervalMs } = this.#options;
    const now = context.clock.monotonic();
    if (this.#dueMs === null && !this.#isDue(now)) return false;
    this.#dueMs ??= now;
    const until = now + Math.min(mostWriting, Math.max(leastWriting, (now - this.#tickedMs) / 4));
    const isTooMuch = (): boolean => this.#unwritten() > mostUnwritten || now - this.#dueMs! > intervalMs;
    while (this.#unwritten() > unnoticed && !isTooMuch()) {
      if (context.clock.monotonic() >= until) return false;
      this.#write((memory) => memory.writeSome(unnoticed));
    }
    return true;
  }

  #write(how: (memory: Memory[number]) => void): void {
    const { clock } = this.#options.context;
    const [before, began] = [this.#unwritten(), clock.monotonic()];
    for (const memory of this.#memories()) how(memory);
    this.#next.entries += before - this.#unwritten();
    this.#next.tookMs += clock.monotonic() - began;
  }

  /** How many entries of each state are read at a start: those of all of them fit. */
  #mostRead(): number {
    const states = [...this.#memories()].length;
    return Math.floor(this.#options.mostMemory / 400 / states);
  }

  #isDue(now: number): boolean {
    const sinceMs = now - this.#writtenMs;
    if (sinceMs >= this.#options.intervalMs) return true;
    const unwritten = this.#unwritten();
    if (unwritten > mostUnwritten) return true;
    const willTakeMs = (unwritten * this.#last.tookMs) / Math.max(1, this.#last.entries);
    return unwritten >= worthWriting && sinceMs * writingShare >= willTakeMs;
  }

  #unwritten(): number {
    let unwritten = 0;
    for (const memory of this.#memories()) unwritten += memory.unwritten;
    return unwritten;
  }

  *#memories(): Generator<Memory[number], void, undefined> {
    yield* this.#options.flow.memory!;
    for (const { tables } of this.#inputs) for (const { memory } of tables) yield* memory;
  }
}

const isForbidden = (cause: unknown): boolean =>
  ['EACCES', 'EPERM', 'EROFS'].includes(String((cause as { readonly code?: unknown } | undefined)?.code));

/** Its rows are stored, or it was not read at all, so that whoever goes on reads it from its start. */
const isUsable = (table: ScannedTable, kept: KeptInput): boolean => {
  const known = kept.tables.filter(({ name }) => name === qualifiedName(table.table));
  return known.length === 0 || (table.keepsRows && known.some(({ identity }) => identity === table.identity));
};

const memoriesOf = ({ identity, memory }: ScannedTable): readonly (readonly [string, Memory[number]])[] =>
  memory.map((each, at) => [tableSpace(identity, at), each]);

const hasToRead = ({ starts }: ChangedJob): boolean =>
  starts.values().some((start) => start === 'widened' || start === 'anew');

const keepAnew = (memory: Memory[number], space: ReturnType<State['file']['space']>): void => {
  space.clear();
  memory.keepIn(space);
};
