import type { Context } from '../core/connector.ts';
import { qualifiedName } from '../core/table.ts';
import type { Dataflow } from '../operators/incremental/dataflow.ts';
import type { Memory } from '../operators/incremental/step.ts';
import { openState, type State } from '../state/open-state.ts';
import type { TickPlace } from '../state/tick-journal.ts';
import type { Input, ResumableInput } from './input.ts';
import type { ScannedTable } from './scanned-table.ts';
import { type InputPlace, movedLanes, type TickRecord } from './tick-record.ts';

export interface JobMemoryOptions {
  /** Where it is kept; the job's own. */
  readonly folder: string;
  /** The job names the folder: where it cannot be written, the job does not run. */
  readonly isChosen: boolean;
  /** What the job computes. Another one's steps remember something else. */
  readonly identity: string;
  /** How long changes may stay in memory alone, in milliseconds. */
  readonly intervalMs: number;
  /** About what entries may take in memory, in bytes. */
  readonly mostMemory: number;
  readonly flow: Dataflow;
  readonly inputs: readonly Input[];
  readonly context: Context;
}

/** The moment that the state file holds. */
interface Checkpoint extends TickPlace {
  readonly job: string;
  readonly inputs: readonly KeptInput[];
}

interface KeptInput {
  readonly identity: string;
  readonly tables: readonly { readonly name: string; readonly identity: string }[];
  readonly place: InputPlace;
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
   * ticks since the checkpoint, which run again first. Otherwise the result begins anew: over rows that are all here, or once the
   * sources have brought them.
   */
  resume(held: TickPlace | null): readonly TickRecord[] | 'stored rows' | 'sources' {
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
    const restored = this.#refill(checkpoint);
    const from = restored === this.#inputs.length ? 'stored rows' : 'sources';
    const of = from === 'sources' && restored > 0 ? 'stored rows and sources' : from;
    context.log.info('the result is computed anew', { job, from: of, reason: found });
    return from;
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
      job: this.#options.identity,
      run: this.#run,
      tick,
      inputs: this.#inputs.map(({ identity, tables, place }) => ({
        identity,
        tables: tables.map(({ table, identity }) => ({ name: qualifiedName(table), identity })),
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
    for (const [at, memory] of flow.memory!.entries()) memory.restoreFrom(file.space(`step/${at}`), this.#mostRead());
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
    for (const [at, memory] of this.#options.flow.memory!.entries()) keepAnew(memory, file.space(`step/${at}`));
    file.forgetOthers();
    return restored;
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
  memory.map((each, at) => [`table/${identity}/${at}`, each]);

const keepAnew = (memory: Memory[number], space: ReturnType<State['file']['space']>): void => {
  space.clear();
  memory.keepIn(space);
};
