import type { Batch, Lane, Position } from '../core/batch.ts';
import type { Change } from '../core/change.ts';
import type { ReleaseLane, Source } from '../core/connector.ts';
import {
  type HeldPosition,
  type LogFigures,
  type LogPlace,
  locateIn,
  type QueryFigures,
  type Snapshots,
} from '../core/operating.ts';
import type { Operator } from '../operators/operator.ts';
import { snapshottingOf } from '../pipeline/merge-sources.ts';
import { type BatchStep, processBatches } from '../pipeline/process/process-batches.ts';

/** A source whose batches go through operators before anything else sees them: what its own section says about columns. */
export class OperatedSource implements Source {
  readonly #source: Source;
  readonly #operators: readonly Operator[];
  readonly #step: BatchStep | null;

  constructor(source: Source, operators: readonly Operator[], step: BatchStep | null = null) {
    this.#source = source;
    this.#operators = operators;
    this.#step = step;
  }

  async *read(
    held: (lane: Lane) => Promise<Position | null>,
    signal: AbortSignal,
    release?: ReleaseLane,
  ): AsyncGenerator<Batch, void, undefined> {
    if (this.#step === null) yield* this.#operated(held, signal, release);
    // What is within the step is not seen by whoever releases a lane, so that none can be.
    else yield* processBatches((both) => this.#operated(held, both), this.#step, signal);
  }

  async *#operated(
    held: (lane: Lane) => Promise<Position | null>,
    signal: AbortSignal,
    release?: ReleaseLane,
  ): AsyncGenerator<Batch> {
    for await (const batch of this.#source.read(held, signal, release)) {
      yield this.#operators.reduce((result, operator) => operator(result), batch);
    }
  }

  covers(held: Position, at: Position): boolean {
    return this.#source.covers(held, at);
  }

  holds(held: Position, change: Change): boolean {
    return this.#source.holds(held, change);
  }

  beginsAnew(lane: Lane): boolean {
    return this.#source.beginsAnew?.(lane) ?? false;
  }

  get sharesLanes(): boolean {
    return this.#source.sharesLanes ?? false;
  }

  snapshotting(): readonly string[] | null {
    return snapshottingOf(this.#source);
  }

  figures(held: ReadonlyMap<Lane, Position>): readonly LogFigures[] {
    return this.#source.figures?.(held) ?? [];
  }

  query(): QueryFigures | null {
    return this.#source.query?.() ?? null;
  }

  get snapshots(): Snapshots | null {
    return this.#source.snapshots ?? null;
  }

  async locate(place: LogPlace, held: HeldPosition): Promise<ReadonlyMap<Lane, Position>> {
    return await locateIn(this.#source, place, held);
  }

  async acknowledge(held: ReadonlyMap<Lane, Position>): Promise<void> {
    await this.#source.acknowledge?.(held);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source[Symbol.asyncDispose]();
  }
}
