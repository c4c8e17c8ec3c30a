import type { Batch, Lane, Position } from '../../core/batch.ts';
import type { Clock } from '../../core/clock.ts';
import { inflatePayload, PayloadFramer } from '../../protocol/mysql/payload-framer.ts';
import { type BinlogPosition, decodeBinlogPosition, encodeBinlogPosition } from './binlog-position.ts';
import type { MysqlLanes } from './lanes.ts';
import type { LogFeed } from './log-feed.ts';
import type { StreamBatch } from './stream-batch.ts';
import type { SnapshotRun, SnapshotStep } from './stream-progress.ts';
import type { TableCatalogue } from './table-catalogue.ts';
import type { TransactionReader } from './transaction-reader.ts';

export interface ReadLoopOptions {
  readonly feed: LogFeed;
  readonly reader: TransactionReader;
  readonly catalogue: TableCatalogue;
  /** null: a log without a server. */
  readonly snapshots: SnapshotRun | null;
  readonly lanes: MysqlLanes;
  readonly clock: Clock;
  /** How often the position moves on while nothing captured changes. */
  readonly heartbeatMs: number;
  /** End once no snapshot is under way. */
  readonly untilSnapshotsEnd: boolean;
}

/**
 * Turns a log's bytes into batches, and lets snapshots hand on their rows in between. One pass over each chunk of bytes: whatever
 * transactions it completes leave as one batch, at once.
 */
export class ReadLoop {
  readonly #options: ReadLoopOptions;
  readonly #reader: TransactionReader;
  readonly #snapshots: SnapshotRun | null;
  #lastBatchMs: number;
  /** `snapshots.ready` is under way. */
  #watching = false;
  #wake: ((arrived: boolean) => void) | null = null;
  /** Where the log's lane stands with the last batch that left. */
  #left: { readonly position: Position; readonly version: string };

  constructor(options: ReadLoopOptions) {
    this.#options = options;
    this.#reader = options.reader;
    this.#snapshots = options.snapshots;
    this.#lastBatchMs = options.clock.monotonic();
    this.#left = options.reader.stepBeside();
  }

  /** After the last whole transaction. */
  get position(): BinlogPosition {
    return decodeBinlogPosition(this.#reader.heartbeat().position);
  }

  /** Yields until the log ends, or the snapshots in `scan.startup.mode: snapshot`. */
  async *run(signal: AbortSignal): AsyncGenerator<Batch, void, undefined> {
    const { feed, untilSnapshotsEnd } = this.#options;
    const reader = this.#reader;
    let chunk: Promise<Buffer | null> | null = null;
    for (;;) {
      yield* this.#snapshotSteps();
      if (signal.aborted) return;
      if (untilSnapshotsEnd && this.#snapshots?.finished !== false) return;
      chunk ??= feed.read();
      if (!(await this.#arrives(chunk, signal))) continue;
      const bytes = await chunk;
      chunk = null;
      if (bytes === null) return;
      feed.push(bytes, this.#onEvent);
      yield* this.finishWhole(signal);
      while (reader.payload !== null) yield* this.#inflate(signal);
      yield* this.#movedOn(signal);
    }
  }

  /** Yields what the reader has whole. */
  async *finishWhole(signal: AbortSignal): AsyncGenerator<Batch, void, undefined> {
    for (let next = this.#reader.take(); next !== null; next = this.#reader.take()) yield* this.#leave(signal, next);
  }

  readonly #onEvent = (frame: Parameters<TransactionReader['event']>[0]): void => this.#reader.event(frame);
  readonly #onInnerEvent = (frame: Parameters<TransactionReader['inner']>[0]): void => this.#reader.inner(frame);

  /** Whether the chunk has come; false: a snapshot may have something instead. */
  async #arrives(chunk: Promise<Buffer | null>, signal: AbortSignal): Promise<boolean> {
    const snapshots = this.#snapshots;
    if (snapshots === null || this.#reader.insideParts) return true;
    if (!this.#watching) {
      this.#watching = true;
      void snapshots.ready(signal).then(() => {
        this.#watching = false;
        this.#wake?.(false);
      });
    }
    // Not Promise.race: a snapshot may have nothing for months, and its promise would keep a reaction for each chunk.
    return await new Promise((resolve) => {
      this.#wake = resolve;
      const arrived = (): void => resolve(true);
      chunk.then(arrived, arrived);
    });
  }

  /** A compressed transaction too large to be held inflated: piece by piece, its end only when all of it proved whole. */
  async *#inflate(signal: AbortSignal): AsyncGenerator<Batch, void, undefined> {
    const reader = this.#reader;
    const payload = reader.payload!;
    const framer = new PayloadFramer(payload);
    for await (const piece of inflatePayload(payload)) {
      framer.push(piece, this.#onInnerEvent);
      if (reader.insideGroup) yield* this.finishWhole(signal);
    }
    framer.finish();
    reader.endPayload();
    yield* this.finishWhole(signal);
  }

  async *#leave(signal: AbortSignal, next: StreamBatch): AsyncGenerator<Batch, void, undefined> {
    const { catalogue, lanes } = this.#options;
    const open = next.part !== null && !next.part.last;
    let changes = next.changes;
    const snapshots = this.#snapshots;
    if (snapshots !== null) {
      const step = { place: next.place, changes, open };
      let observed = snapshots.observe(step);
      while (observed === null) {
        // The reader is past this batch, so what leaves before it stands beside the one that left last.
        yield* this.#snapshotSteps(() => nextBeside(this.#left));
        observed = snapshots.observe(step);
        if (observed === null) await snapshots.ready(signal);
        if (signal.aborted) return;
      }
      changes = observed;
      const replaced = catalogue.takeReplaced();
      if (replaced.length > 0) snapshots.request({ tables: replaced, reason: 'another table took its place' });
    }
    const positions = new Map<Lane, Position>([[lanes.log, next.position]]);
    if (next.schema !== null) {
      positions.set(lanes.schema, next.schema);
      catalogue.left();
    }
    this.#lastBatchMs = this.#options.clock.monotonic();
    this.#left = { position: next.position, version: next.version };
    yield next.part === null
      ? { changes, positions, version: next.version }
      : { changes, positions, version: next.version, part: next.part };
  }

  /** The position moved without a captured change: sinks learn of it now and then. */
  async *#movedOn(signal: AbortSignal): AsyncGenerator<Batch, void, undefined> {
    const reader = this.#reader;
    if (!reader.moved || reader.insideParts) return;
    if (this.#options.clock.monotonic() - this.#lastBatchMs >= this.#options.heartbeatMs) {
      yield* this.#leave(signal, reader.heartbeat());
    } else if (this.#snapshots?.finished === false) {
      // An unfinished snapshot waits for the stream to reach a place.
      this.#snapshots.observe({ place: reader.place, changes: [], open: false });
    }
  }

  async *#snapshotSteps(
    beside?: () => { readonly position: Position; readonly version: string },
  ): AsyncGenerator<Batch, void, undefined> {
    const snapshots = this.#snapshots;
    if (snapshots === null || (beside === undefined && this.#reader.insideParts)) return;
    for (let step: SnapshotStep | null = snapshots.take(); step !== null; step = snapshots.take()) {
      const { lanes, catalogue } = this.#options;
      this.#left = beside?.() ?? this.#reader.stepBeside();
      const { position, version } = this.#left;
      this.#lastBatchMs = this.#options.clock.monotonic();
      const positions = new Map([...step.positions, [lanes.log, position]]);
      // Definitions are held from the first place on: later the server's own may be of another time.
      const taken = beside === undefined && !catalogue.given ? catalogue.takeChanged(position) : null;
      const schema = taken ?? catalogue.begun(position);
      if (schema !== null) {
        positions.set(lanes.schema, schema);
        catalogue.left();
      }
      yield { changes: step.changes, positions, version };
    }
  }
}

/** The next place beside a batch that left: the same of the log, one step on. */
const nextBeside = (left: { readonly position: Position; readonly version: string }): typeof left => {
  const [, place, digits] = /^(.*-)(\d+)$/.exec(left.version)!;
  const step = Number(digits) + 1;
  return {
    position: encodeBinlogPosition({ ...decodeBinlogPosition(left.position), step }),
    version: `${place}${String(step).padStart(digits!.length, '0')}`,
  };
};
