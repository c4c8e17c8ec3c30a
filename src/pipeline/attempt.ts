import type { Batch, Lane, Position } from '../core/batch.ts';
import type { Sink, Source } from '../core/connector.ts';
import { isMillraceError, MillraceError } from '../core/errors.ts';
import type { Operator } from '../operators/operator.ts';
import { Acknowledger } from './acknowledger.ts';
import { type Measured, measure } from './measured.ts';
import type { Grouping, PipelineOptions } from './options.ts';
import type { Progress } from './progress.ts';
import { SinkWriter } from './sink-writer.ts';
import { startingPlace } from './starting-place.ts';

export interface AttemptOptions {
  readonly pipeline: PipelineOptions;
  readonly grouping: Grouping;
  readonly source: Source;
  readonly sinks: readonly { readonly name: string; readonly sink: Sink }[];
  readonly progress: Progress;
  /** Ends reading; what was read is still written. */
  readonly stop: AbortSignal;
  /** Ends writing too. */
  readonly abort: AbortSignal;
}

/** How an attempt ended: the source had no more, it was asked to stop, or it failed, and then in which sink (null: the source). */
export type AttemptEnd =
  | { readonly kind: 'finished' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly error: unknown; readonly sink: string | null };

/**
 * The one loop that moves data, from opened source and sinks to the first failure or the end. Everything read before that is
 * written and acknowledged where the sinks still take it.
 */
export class Attempt {
  readonly #options: AttemptOptions;
  readonly #writers: readonly SinkWriter[];
  readonly #acknowledger: Acknowledger;
  readonly #failure = new AbortController();
  readonly #signal: AbortSignal;
  readonly #claimed = new Set<Lane>();
  /** Batches that are not durable in every sink yet, oldest first; the first `#pushed` of them have been handed to every sink. */
  readonly #pending: Measured[] = [];
  #pushed = 0;
  #failed: { readonly error: unknown; readonly sink: string | null } | null = null;
  /** Woken by whatever becomes durable, and by a failure. */
  #settled = Promise.withResolvers<void>();
  #flushing = false;
  #nextNumber = 0;
  #turnedAtMs: number;

  constructor(options: AttemptOptions) {
    const { source, pipeline, grouping, abort } = options;
    this.#options = options;
    this.#signal = AbortSignal.any([options.stop, abort, this.#failure.signal]);
    this.#turnedAtMs = pipeline.clock.monotonic();
    this.#acknowledger = new Acknowledger(source, pipeline, (error) => this.#fail(error, null));
    this.#writers = options.sinks.map(
      ({ name, sink }) =>
        new SinkWriter({
          name,
          sink,
          source,
          grouping,
          deadLetters: pipeline.deadLetters ?? null,
          signal: abort,
          clock: pipeline.clock,
          tracer: pipeline.tracer ?? null,
          onWritten: (ms) => options.progress.written(name, ms),
          onProgress: () => this.#settle(),
          onFailure: (error) => this.#fail(error, name),
        }),
    );
    options.progress.queues = () =>
      this.#writers.map(({ name, queuedBytes }, at) => ({
        name,
        queuedBytes,
        capacityBytes: grouping.maxBytes,
        ...options.sinks[at]!.sink.figures?.(),
      }));
  }

  async run(): Promise<AttemptEnd> {
    const { source, sinks, stop, abort } = this.#options;
    const ended = new AbortController();
    const watches = sinks.map(async ({ name, sink }) => {
      try {
        await sink.watch?.(AbortSignal.any([ended.signal, this.#signal]));
      } catch (error) {
        this.#fail(error, name);
      }
    });
    try {
      // A sink with one writer for all lanes cannot let go of one.
      const release = sinks.every(({ sink }) => sink.release !== undefined)
        ? (lane: Lane): Promise<void> => this.#release(lane)
        : undefined;
      for await (const batch of source.read((lane) => this.#claim(lane), this.#signal, release))
        await this.#move(batch);
    } catch (error) {
      this.#fail(error, null);
    }
    await Promise.all(this.#writers.map((writer) => (abort.aborted ? writer.settled() : writer.drain())));
    await Promise.all(this.#writers.map((writer) => writer.claimed()));
    ended.abort();
    await Promise.all(watches);
    await this.#acknowledger.idle();
    // Whatever comes next, the lanes of others are not this writer's to be fenced by.
    if (source.sharesLanes) for (const lane of this.#claimed) for (const writer of this.#writers) writer.release(lane);
    if (this.#failed !== null) return { kind: 'failed', ...this.#failed };
    return stop.aborted || abort.aborted ? { kind: 'stopped' } : { kind: 'finished' };
  }

  async #move(batch: Batch): Promise<void> {
    const { pipeline, progress, grouping } = this.#options;
    // A source need not ask about a lane that it begins: a table that was made just now has no snapshot anywhere.
    for (const lane of batch.positions.keys()) if (!this.#claimed.has(lane)) await this.#claim(lane);
    const number = this.#nextNumber++;
    const received = measure(number, batch);
    progress.received(received);
    const receivedMs = pipeline.tracer === undefined ? null : pipeline.clock.now();
    const output = applyOperators(pipeline.operators ?? [], batch);
    const timing = receivedMs === null ? null : { receivedMs, operatorsMs: pipeline.clock.now() - receivedMs };
    const processed = output === batch ? received : measure(number, output);
    progress.processed(processed);
    this.#pending.push(processed);
    pipeline.tap?.listener?.(output);
    for (const writer of this.#writers) writer.offer(processed, timing);

    const waited = pipeline.clock.monotonic() - this.#turnedAtMs;
    if (waited >= grouping.maxMs || this.#writers.some((writer) => writer.full)) {
      this.#flush();
      for (const writer of this.#writers) await writer.room();
      // A source with everything at hand would keep timers, sockets and signals waiting.
      await this.#turn();
    } else {
      this.#flushWhenSourceIsDry();
    }
  }

  /** Makes this pipeline the lane's only writer in every sink, and says where all of them are. */
  async #claim(lane: Lane): Promise<Position | null> {
    const { pipeline, source, progress } = this.#options;
    this.#claimed.add(lane);
    const held = await Promise.all(
      this.#writers.map(async (writer) => {
        try {
          return { sink: writer.name, held: await writer.claim(lane) };
        } catch (error) {
          this.#fail(error, writer.name);
          throw error;
        }
      }),
    );
    const place = startingPlace(pipeline.name, lane, held, source);
    progress.claimed(lane, place);
    return place;
  }

  /** Resolves when everything of a lane is durable, so that another process may have it; rejects when that fails, or reading ends first. */
  async #release(lane: Lane): Promise<void> {
    while (this.#pending.some(({ batch }) => batch.positions.has(lane))) {
      this.#signal.throwIfAborted();
      this.#flush();
      await Promise.race([this.#settled.promise, aborted(this.#signal)]);
    }
    this.#signal.throwIfAborted();
    for (const writer of this.#writers) writer.release(lane);
    this.#claimed.delete(lane);
    this.#options.progress.released(lane);
  }

  /**
   * Writes once the event loop comes round: a source that has more at hand yields it before that, so one write takes all of it,
   * and a source that waits for its server gives way at once.
   */
  #flushWhenSourceIsDry(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#turnedAtMs = this.#options.pipeline.clock.monotonic();
      this.#flush();
    });
  }

  #flush(): void {
    for (const writer of this.#writers) writer.flush();
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#turnedAtMs = this.#options.pipeline.clock.monotonic();
        resolve();
      });
    });
  }

  /** Takes note of how far all sinks are. */
  #settle(): void {
    const { progress } = this.#options;
    const handed = this.#writers.reduce((lowest, writer) => Math.min(lowest, writer.handed), Number.POSITIVE_INFINITY);
    const durable = this.#writers.reduce(
      (lowest, writer) => Math.min(lowest, writer.durable),
      Number.POSITIVE_INFINITY,
    );
    while (this.#pushed < this.#pending.length && this.#pending[this.#pushed]!.number <= handed) {
      progress.pushed(this.#pending[this.#pushed]!);
      this.#pushed += 1;
    }
    let settled = 0;
    while (settled < this.#pushed && this.#pending[settled]!.number <= durable) {
      const measured = this.#pending[settled]!;
      settled += 1;
      progress.durable(measured, this.#pending[settled] ?? null);
      this.#acknowledger.add(measured.batch.positions);
    }
    this.#pending.splice(0, settled);
    this.#pushed -= settled;
    if (settled === 0) return;
    this.#settled.resolve();
    this.#settled = Promise.withResolvers();
  }

  /** Where processes share lanes, one that was fenced has only lost them: it goes on with those that it is given now. */
  #shared(error: unknown): unknown {
    if (!this.#options.source.sharesLanes || !isMillraceError(error, 'SINK_FENCED')) return error;
    const { lane, pipeline } = error.details;
    return new MillraceError('PIPELINE_LANES_TAKEN', { pipeline, lanes: lane }, { cause: error });
  }

  #fail(error: unknown, sink: string | null): void {
    this.#failed ??= { error: this.#shared(error), sink };
    this.#failure.abort();
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

const applyOperators = (operators: readonly Operator[], batch: Batch): Batch =>
  operators.reduce((result, operator) => operator(result), batch);
