import type { Batch, Lane, Position } from '../core/batch.ts';
import type { Change } from '../core/change.ts';
import type { ReleaseLane, Source } from '../core/connector.ts';
import { isMillraceError, MillraceError } from '../core/errors.ts';
import type { LogFigures, QueryFigures, SnapshotProgress, Snapshots } from '../core/operating.ts';

/**
 * Reads several sources of one kind side by side as one: shards of an application. Each keeps its own order and its own lanes;
 * between them, whatever is ready goes first, except that a transaction in parts is not interrupted. Reading ends when all of
 * them have ended, and fails when one of them fails.
 */
export const mergeSources = (sources: readonly [Source, Source, ...Source[]]): Source => new MergedSources(sources);

interface Reading {
  readonly source: Source;
  readonly batches: AsyncIterator<Batch>;
  next: Promise<Arrival> | null;
}

interface Arrival {
  readonly reading: Reading;
  readonly result: IteratorResult<Batch>;
}

class MergedSources implements Source {
  readonly #sources: readonly [Source, Source, ...Source[]];
  /** Which source reads a lane, as far as they asked for it. */
  readonly #owners = new Map<Lane, Source>();

  constructor(sources: readonly [Source, Source, ...Source[]]) {
    this.#sources = sources;
  }

  async *read(
    held: (lane: Lane) => Promise<Position | null>,
    signal: AbortSignal,
    release?: ReleaseLane,
  ): AsyncGenerator<Batch, void, undefined> {
    const ended = new AbortController();
    const stop = AbortSignal.any([signal, ended.signal]);
    // Sinks are asked for one lane at a time, as by a single source, and never between the parts of a transaction, which they
    // would give up.
    let asking: Promise<unknown> = Promise.resolve();
    let whole = Promise.withResolvers<void>();
    whole.resolve();
    let readings = this.#sources.map((source): Reading => {
      const heldOf = (lane: Lane): Promise<Position | null> => {
        this.#owners.set(lane, source);
        const answer = asking.then(() => whole.promise).then(() => held(lane));
        asking = answer.catch(() => {});
        return answer;
      };
      return { source, batches: source.read(heldOf, stop, release)[Symbol.asyncIterator](), next: null };
    });
    let unfinished: Reading | null = null;
    try {
      while (readings.length > 0) {
        const due: readonly Reading[] = unfinished ? [unfinished] : readings;
        const { reading, result } = await firstOf(due);
        reading.next = null;
        if (result.done) {
          readings = readings.filter((other) => other !== reading);
          unfinished = null;
          continue;
        }
        // Whoever was served goes behind the others, so that a busy source does not starve a quiet one.
        readings = [...readings.filter((other) => other !== reading), reading];
        const { part } = result.value;
        if (part !== undefined && part.index === 0) await asking;
        const wasWhole = unfinished === null;
        unfinished = part !== undefined && !part.last ? reading : null;
        if (wasWhole && unfinished !== null) whole = Promise.withResolvers();
        yield result.value;
        if (unfinished === null) whole.resolve();
      }
    } finally {
      ended.abort();
      whole.resolve();
      await Promise.allSettled(
        readings.map(async ({ batches, next }) => {
          await next?.catch(() => {});
          await batches.return?.();
        }),
      );
    }
  }

  get sharesLanes(): boolean {
    return this.#sources.some((source) => source.sharesLanes);
  }

  covers(held: Position, at: Position): boolean {
    // Positions of one kind of source say all that is to know about them, so any of the sources can compare.
    return this.#sources[0].covers(held, at);
  }

  holds(held: Position, change: Change): boolean {
    return this.#sources[0].holds(held, change);
  }

  beginsAnew(lane: Lane): boolean {
    return this.#owners.get(lane)?.beginsAnew?.(lane) ?? false;
  }

  snapshotting(): readonly string[] | null {
    const each = this.#sources.map(snapshottingOf);
    return each.every((tables) => tables !== null) ? each.flat() : null;
  }

  figures(held: ReadonlyMap<Lane, Position>): readonly LogFigures[] {
    return this.#sources.flatMap((source) => source.figures?.(held) ?? []);
  }

  /** Null until every source is being read. */
  query(): QueryFigures | null {
    return this.#sources.map((source) => source.query?.() ?? null).find((figures) => figures !== null) ?? null;
  }

  get snapshots(): Snapshots | null {
    const each = this.#sources.map((source) => source.snapshots ?? null);
    return each.every((snapshots) => snapshots !== null) ? new MergedSnapshots(each) : null;
  }

  async acknowledge(held: ReadonlyMap<Lane, Position>): Promise<void> {
    for (const source of this.#sources) {
      const own = new Map([...held].filter(([lane]) => this.#owners.get(lane) === source));
      if (own.size > 0) await source.acknowledge?.(own);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const results = await Promise.allSettled(this.#sources.map((source) => source[Symbol.asyncDispose]()));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}

/** What a source says of its snapshots, which for one without any is that there are none. */
export const snapshottingOf = (source: Source): readonly string[] | null =>
  source.snapshotting === undefined ? [] : source.snapshotting();

/** The snapshots of several sources as one: a table is asked from each source that has it. */
class MergedSnapshots implements Snapshots {
  readonly #each: readonly Snapshots[];

  constructor(each: readonly Snapshots[]) {
    this.#each = each;
  }

  request(ask: Parameters<Snapshots['request']>[0]): ReadonlyMap<Lane, Position> {
    const asked = new Map<Lane, Position>();
    for (const table of ask.tables) {
      const took = this.#each.filter((snapshots) => {
        try {
          for (const [lane, due] of snapshots.request({ ...ask, tables: [table] })) asked.set(lane, due);
          return true;
        } catch (error) {
          if (!isMillraceError(error, 'SNAPSHOT_UNKNOWN_TABLE')) throw error;
          return false;
        }
      });
      if (took.length === 0) throw new MillraceError('SNAPSHOT_UNKNOWN_TABLE', { table });
    }
    return asked;
  }

  async tryCondition(tables: readonly string[], where: string): Promise<void> {
    for (const table of tables) {
      let isKnown = false;
      for (const snapshots of this.#each) {
        try {
          await snapshots.tryCondition([table], where);
          isKnown = true;
        } catch (error) {
          if (!isMillraceError(error, 'SNAPSHOT_UNKNOWN_TABLE')) throw error;
        }
      }
      if (!isKnown) throw new MillraceError('SNAPSHOT_UNKNOWN_TABLE', { table });
    }
  }

  pause(): void {
    for (const snapshots of this.#each) snapshots.pause();
  }

  unpause(): void {
    for (const snapshots of this.#each) snapshots.unpause();
  }

  cancel(tables?: readonly string[]): void {
    for (const snapshots of this.#each) snapshots.cancel(tables);
  }

  get progress(): SnapshotProgress {
    const each = this.#each.map(({ progress }) => progress);
    return {
      paused: each.some(({ paused }) => paused),
      tablesDone: each.reduce((sum, { tablesDone }) => sum + tablesDone, 0),
      tables: each.flatMap(({ tables }) => tables),
    };
  }
}

/** The first batch of any of these; each is asked for one at a time. */
const firstOf = (readings: readonly Reading[]): Promise<Arrival> => {
  for (const reading of readings) {
    reading.next ??= reading.batches.next().then((result) => ({ reading, result }));
  }
  return Promise.race(readings.map(({ next }) => next!));
};
