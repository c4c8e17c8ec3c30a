import type { Batch, Lane, Position } from '../core/batch.ts';
import type { Clock } from '../core/clock.ts';
import { ownedColumns } from '../core/column-owners.ts';
import type { Sink, Source } from '../core/connector.ts';
import { MillraceError } from '../core/errors.ts';
import { qualifiedName, type Table } from '../core/table.ts';
import { type DeadLetters, isAboutRows } from './dead-letters.ts';
import { Group, standsAlone } from './group.ts';
import type { BatchTiming, Measured } from './measured.ts';
import type { Grouping } from './options.ts';
import { writeAroundRefusedRows } from './refused-rows.ts';
import { SkipCovered } from './skip-covered.ts';
import type { Tracer } from './tracer.ts';

export interface SinkWriterOptions {
  readonly name: string;
  readonly sink: Sink;
  readonly source: Pick<Source, 'covers' | 'holds'>;
  readonly grouping: Grouping;
  readonly deadLetters: DeadLetters | null;
  /** Aborts writes: a graceful stop lets them end instead. */
  readonly signal: AbortSignal;
  readonly clock: Pick<Clock, 'monotonic' | 'now'>;
  readonly tracer: Tracer | null;
  /** A write has made its rows durable, `ms` after it began. */
  readonly onWritten: (ms: number) => void;
  /** `handed` or `durable` has grown. */
  readonly onProgress: () => void;
  readonly onFailure: (error: unknown) => void;
}

/**
 * One sink's queue within one attempt. It gathers batches while the sink is busy, writes as many groups at once as the sink
 * allows, and tells how far the sink is by batch number.
 */
export class SinkWriter {
  readonly name: string;
  /** The last batch given to the sink, and the last that it holds durably together with all before. */
  handed = -1;
  durable = -1;
  readonly #options: SinkWriterOptions;
  readonly #skip: SkipCovered;
  readonly #limit: number;
  readonly #queue: Group[] = [];
  /** Groups being written, oldest first. With several at once a later one may end first; it counts when the earlier ones have. */
  #underWay: { readonly last: number; ended: boolean }[] = [];
  #queuedWeight = 0;
  #lastOffered = -1;
  #failed = false;
  /** The sink is taking a lane. Claims take their turns. */
  #claiming = false;
  #lastClaim: Promise<unknown> = Promise.resolve();
  #waiting: (() => void) | null = null;
  /** The table that was looked at last: the sink takes its rows. */
  #known: Table | null = null;

  constructor(options: SinkWriterOptions) {
    this.#options = options;
    this.name = options.name;
    this.#skip = new SkipCovered(options.source);
    // Looking for a refused row writes a group in pieces, and nothing may overtake those.
    this.#limit = options.deadLetters === null ? (options.sink.inFlight ?? 1) : 1;
  }

  /**
   * Takes the lane and says what the sink holds, when everything offered so far is durable: a sink does one thing at a time, and
   * forgets a transaction whose parts have not all come.
   */
  async claim(lane: Lane): Promise<Position | null> {
    const claim = this.#lastClaim.then(() => this.#claim(lane));
    this.#lastClaim = claim.catch(() => {});
    return await claim;
  }

  /** Queues what the sink lacks of a batch. Throws SINK_ROW_REFUSED where the sink cannot take a kind of change. */
  offer(measured: Measured, timing: BatchTiming | null): void {
    this.#lastOffered = measured.number;
    const batch = this.#skip.missing(measured.batch);
    if (batch === null) {
      this.#settle();
      return;
    }
    this.#checkKinds(batch);
    const alone = standsAlone(batch);
    let group = this.#queue.at(-1);
    if (group === undefined || alone || group.alone || group.weight >= this.#options.grouping.maxBytes) {
      group = new Group(alone);
      this.#queue.push(group);
    }
    group.add(measured.number, batch, measured.weight);
    if (timing !== null) group.trace(measured, timing);
    this.#queuedWeight += measured.weight;
  }

  #checkKinds({ changes }: Batch): void {
    const { takesEveryMatch, keepsOwnColumns } = this.#options.sink;
    for (const change of changes) {
      if (change.kind !== 'rows') continue;
      const { table, everyMatch } = change;
      if (everyMatch && !takesEveryMatch)
        throw this.#refused(table, 'it cannot delete the rows of all elements of a key at once; a mysql sink can');
      if (table === this.#known || keepsOwnColumns) continue;
      if (ownedColumns(table).length > 0)
        throw this.#refused(
          table,
          'it cannot leave columns as they are that it owns (`owned.elsewhere`); a redis sink can',
        );
      this.#known = table;
    }
  }

  #refused(table: Table, reason: string): MillraceError {
    return new MillraceError('SINK_ROW_REFUSED', { sink: this.name, table: qualifiedName(table), reason });
  }

  /** About the bytes that wait for the sink, those of a write under way not among them. */
  get queuedBytes(): number {
    return this.#queuedWeight;
  }

  /** Nothing more should be offered until `room` resolves. */
  get full(): boolean {
    return this.#queuedWeight >= this.#options.grouping.maxBytes || this.#queue.length > maxGroups;
  }

  /** Starts writing what is queued, as far as the sink takes more at once. */
  flush(): void {
    while (!this.#failed && !this.#claiming && this.#queue.length > 0 && this.#underWay.length < this.#limit) {
      const group = this.#queue.shift()!;
      this.#queuedWeight -= group.weight;
      void this.#write(group);
    }
  }

  /** Resolves when it is no longer full, or has failed. */
  async room(): Promise<void> {
    while (this.full && !this.#failed) await this.#change();
  }

  /** Writes everything offered so far and resolves when all of it is durable, or a write has failed. */
  async drain(): Promise<void> {
    for (;;) {
      this.flush();
      const idle = this.#underWay.length === 0 && (this.#failed || this.#queue.length === 0);
      if (idle) return;
      await this.#change();
    }
  }

  /** Resolves when no write is under way; what is queued stays unwritten. */
  async settled(): Promise<void> {
    this.#failed = true;
    while (this.#underWay.length > 0) await this.#change();
  }

  /** Resolves when no claim is under way: one that a closed sink ends late would take the lane from its successor. */
  async claimed(): Promise<void> {
    for (let last: unknown = null; last !== this.#lastClaim; ) {
      last = this.#lastClaim;
      await last;
    }
  }

  /** Nothing of the lane is queued or under way. */
  release(lane: Lane): void {
    this.#options.sink.release?.(lane);
    this.#skip.holds(lane, null);
  }

  async #claim(lane: Lane): Promise<Position | null> {
    do await this.drain();
    while (this.#underWay.length > 0);
    this.#claiming = true;
    try {
      const held = await this.#options.sink.claim(lane);
      this.#skip.holds(lane, held);
      return held;
    } finally {
      this.#claiming = false;
      this.flush();
    }
  }

  async #write(group: Group): Promise<void> {
    const write = { last: group.last, ended: false };
    this.#underWay.push(write);
    this.handed = group.last;
    this.#options.onProgress();
    try {
      const { clock, tracer } = this.#options;
      const begunMs = clock.monotonic();
      if (tracer === null) await this.#writeGroup(group);
      else await this.#tracedWrite(group, tracer);
      this.#options.onWritten(clock.monotonic() - begunMs);
      write.ended = true;
      while (!this.#failed && this.#underWay[0]?.ended) this.durable = this.#underWay.shift()!.last;
      this.#settle();
    } catch (error) {
      this.#failed = true;
      write.ended = true;
      this.#options.onFailure(error);
    }
    // What ended after an earlier write failed is not counted, though it may be durable: the next attempt asks the sink.
    if (this.#failed) this.#underWay = this.#underWay.filter((each) => !each.ended);
    this.#wake();
    this.flush();
  }

  async #tracedWrite(group: Group, tracer: Tracer): Promise<void> {
    const { clock, name } = this.#options;
    const writeBegunMs = clock.now();
    const { members } = group;
    const snapshot = members.some(({ changes }) => changes.some((each) => each.kind === 'rows' && each.op === 'read'));
    const timing = group.traced ?? { receivedMs: writeBegunMs, operatorsMs: 0, rows: 0, bytes: 0 };
    let failure: Error | null = null;
    try {
      await this.#writeGroup(group);
    } catch (error) {
      failure = error as Error;
      throw error;
    } finally {
      const writeEndedMs = clock.now();
      tracer.group({
        sink: name,
        batches: members.length,
        snapshot,
        ...timing,
        writeBegunMs,
        writeEndedMs,
        error: failure,
      });
    }
  }

  async #writeGroup(group: Group): Promise<void> {
    const { name, sink, deadLetters, signal } = this.#options;
    try {
      await sink.write(group.merged(), signal);
    } catch (error) {
      if (deadLetters === null || !isAboutRows(error)) throw error;
      const { part } = group.members[0]!;
      if (part !== undefined) {
        const { message: reason } = error as Error;
        const details = { sink: name, transaction: part.transaction, part: part.index + 1, reason };
        throw new MillraceError('SINK_PART_REFUSED', details, { cause: error });
      }
      await writeAroundRefusedRows({ name, sink }, group.members, deadLetters, signal);
    }
  }

  /** With nothing left to write, batches that were skipped count as durable too. */
  #settle(): void {
    if (!this.#failed && this.#queue.length === 0 && this.#underWay.length === 0) {
      this.handed = this.#lastOffered;
      this.durable = this.#lastOffered;
    }
    this.#options.onProgress();
  }

  #change(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = this.#waiting;
    this.#waiting = () => {
      before?.();
      resolve();
    };
    return promise;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.();
  }
}

/** Batches that stand alone, and empty ones, have no bytes to be bounded by. */
const maxGroups = 64;
