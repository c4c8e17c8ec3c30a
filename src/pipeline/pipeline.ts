import type { Lane, Position } from '../core/batch.ts';
import type { Sink, Source } from '../core/connector.ts';
import { isMillraceError, MillraceError } from '../core/errors.ts';
import type { LogFigures, QueryFigures, SnapshotProgress } from '../core/operating.ts';
import { Attempt, type AttemptEnd } from './attempt.ts';
import { backOffMs, defaultRetryPolicy, type RetryPolicy } from './back-off.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { DurationCounts } from './duration-histogram.ts';
import { type Health, type HealthReport, healthOf } from './health.ts';
import type { Lag } from './lag-meter.ts';
import { defaultGrouping, type PipelineOptions } from './options.ts';
import { Progress, type SinkFigures, type Speeds, type TableCounts } from './progress.ts';
import { governSink } from './schema-behavior/governed-sink.ts';

export interface PipelineResult {
  /** The source had no more, or the signal asked to stop. */
  readonly outcome: 'finished' | 'stopped';
  /** What every sink holds durably. */
  readonly positions: ReadonlyMap<Lane, Position>;
}

export interface PipelineStatus extends HealthReport {
  readonly name: string;
  readonly speeds: Speeds;
  readonly totals: ReturnType<Progress['totals']>;
  readonly lag: Lag;
  /** From commit on the source to durable in every sink, since the pipeline was made: each batch counts once, by its oldest change. */
  readonly latency: DurationCounts;
  readonly sinks: readonly SinkFigures[];
  /** Since the source last yielded anything, heartbeats included. */
  readonly sourceIdleMs: number;
  readonly retries: number;
  readonly deadLetters: number;
  readonly positions: ReadonlyMap<Lane, Position>;
  /** Tables whose snapshot is asked for, under way, or not durable yet; null: not known, because nothing is being read yet. */
  readonly snapshotting: readonly string[] | null;
  readonly tables: ReadonlyMap<string, TableCounts>;
  /** Snapshots of tables that began, by why; those without marks do not count. */
  readonly snapshots: ReadonlyMap<string, number>;
  /** How often each error was met, by code; `INTERNAL` for what has none. */
  readonly errors: ReadonlyMap<string, number>;
  /** The source is open and being read. */
  readonly connected: boolean;
  /** The source had no more, and every sink holds all of it. */
  readonly finished: boolean;
  /** The held places in the source's own words; empty while nothing is being read. */
  readonly logs: readonly LogFigures[];
  /** Null: nothing is being read, or the source has no snapshots. */
  readonly snapshot: SnapshotProgress | null;
  /** Null: nothing is being read, or the source has no queries whose windows close. */
  readonly query: QueryFigures | null;
}

/** Carries one source to its sinks until it is stopped, and starts again where the sinks are after errors that pass. */
export interface Pipeline {
  readonly name: string;
  /**
   * Runs until the source ends or `stop` aborts; what was read is still written then, unless `abort` aborts as well. Rejects
   * with the error that stopped it. Once per pipeline.
   */
  run(stop: AbortSignal, abort?: AbortSignal): Promise<PipelineResult>;
  status(): PipelineStatus;
  /** The word that `status` gives, without asking the source for figures: some sources ask their server for those. */
  readonly health: Health;
  /** The source that is being read; null: none. */
  readonly source: Source | null;
  /** Paused or ended, with both ends closed: others may use the sinks. */
  readonly atRest: boolean;
  /** Writes what was read, closes both ends, and holds. */
  pause(): void;
  resume(): void;
}

export const createPipeline = (options: PipelineOptions): Pipeline => new RunningPipeline(options);

/** Without a failure for this long, a reopened source counts as well even if it has nothing to say. */
const quietRecoveryMs = 5_000;

class RunningPipeline implements Pipeline {
  readonly name: string;
  readonly #options: PipelineOptions;
  readonly #retry: RetryPolicy;
  readonly #random: () => number;
  readonly #progress: Progress;
  readonly #sinks = new Map<string, Sink>();
  #paused = false;
  /** Ends the attempt under way; made anew for each. */
  #pause = new AbortController();
  /** Wakes a paused run. */
  #resume = new AbortController();
  #failure: Error | null = null;
  #trouble: { readonly error: Error; readonly durableBatches: number } | null = null;
  #readingSinceMs: number | null = null;
  /** The source of the attempt under way. */
  #source: Source | null = null;
  #atRest = false;
  #ended: PipelineResult['outcome'] | null = null;

  constructor(options: PipelineOptions) {
    this.name = options.name;
    this.#options =
      options.deadLetters === undefined ? options : { ...options, deadLetters: this.#counting(options.deadLetters) };
    this.#retry = { ...defaultRetryPolicy, ...options.retry };
    this.#random = options.random ?? Math.random;
    this.#progress = new Progress(options.clock);
  }

  async run(stop: AbortSignal, abort: AbortSignal = new AbortController().signal): Promise<PipelineResult> {
    try {
      const outcome = await this.#runAttempts(stop, abort);
      if (abort.aborted) throw new MillraceError('PIPELINE_ABORTED', { pipeline: this.name });
      this.#ended = outcome;
      if (outcome === 'finished') {
        const { rows } = this.#progress.totals().sync;
        this.#options.log.info('the source has no more', { pipeline: this.name, rows });
      }
      return { outcome, positions: new Map(this.#progress.lanes) };
    } catch (error) {
      this.#failure = error as Error;
      throw error;
    } finally {
      await this.#closeSinks();
      this.#atRest = true;
    }
  }

  get atRest(): boolean {
    return this.#atRest;
  }

  get source(): Source | null {
    return this.#source;
  }

  pause(): void {
    // A second pause must not make a new switch: whoever holds waits for the first one.
    if (this.#paused) return;
    this.#paused = true;
    this.#resume = new AbortController();
    this.#pause.abort();
  }

  resume(): void {
    this.#paused = false;
    this.#resume.abort();
  }

  get health(): Health {
    return this.#healthReport(this.#snapshotting()).health;
  }

  status(): PipelineStatus {
    const { clock } = this.#options;
    const progress = this.#progress;
    const snapshotting = this.#snapshotting();
    const health = this.#healthReport(snapshotting);
    return {
      name: this.name,
      ...health,
      speeds: progress.speeds(),
      totals: progress.totals(),
      lag: progress.lag(),
      latency: progress.latency(),
      sinks: progress.sinks(),
      sourceIdleMs: clock.monotonic() - progress.lastReceivedMs,
      retries: progress.retries,
      deadLetters: progress.deadLetters,
      positions: new Map(progress.lanes),
      snapshotting,
      tables: progress.counts(),
      snapshots: progress.snapshots(),
      errors: progress.errors,
      connected: this.#readingSinceMs !== null,
      finished: this.#ended === 'finished',
      logs: this.#source?.figures?.(progress.lanes) ?? [],
      snapshot: this.#source?.snapshots?.progress ?? null,
      query: this.#source?.query?.() ?? null,
    };
  }

  #healthReport(snapshotting: readonly string[] | null): HealthReport {
    const { clock, stalledAfterMs = 30_000, silentAfterMs = null } = this.#options;
    const progress = this.#progress;
    return healthOf(
      {
        failure: this.#failure,
        ended: this.#ended,
        paused: this.#paused,
        trouble: this.#recovered() ? null : (this.#trouble?.error ?? null),
        reading: this.#readingSinceMs !== null,
        snapshotting: snapshotting !== null && snapshotting.length > 0,
      },
      progress,
      clock,
      { stalledAfterMs, silentAfterMs },
    );
  }

  async #runAttempts(stop: AbortSignal, abort: AbortSignal): Promise<PipelineResult['outcome']> {
    const ending = AbortSignal.any([stop, abort]);
    let failures = 0;
    let failingSinceMs = 0;
    while (!ending.aborted) {
      if (this.#paused) {
        await this.#untilResumed(ending);
        continue;
      }
      const startedMs = this.#options.clock.monotonic();
      const durableBefore = this.#progress.durableBatches;
      const end = await this.#attempt(stop, abort);
      this.#progress.interrupted({ failed: end.kind === 'failed' });
      if (end.kind === 'finished') return 'finished';
      if (end.kind === 'stopped' || abort.aborted) continue;

      const nowMs = this.#options.clock.monotonic();
      const moved = this.#progress.durableBatches > durableBefore || nowMs - startedMs > this.#retry.maxMs;
      if (failures === 0 || moved) {
        failures = 0;
        failingSinceMs = nowMs;
      }
      failures += 1;
      await this.#pauseAfter(end, failures, nowMs - failingSinceMs, ending);
    }
    return 'stopped';
  }

  /** Opens what is closed, moves data until something ends it, and closes the source. */
  async #attempt(stop: AbortSignal, abort: AbortSignal): Promise<AttemptEnd> {
    const { clock, log, sinks, schemaBehavior = 'evolve' } = this.#options;
    this.#pause = new AbortController();
    if (this.#paused) return { kind: 'stopped' };
    let source: Source | null = null;
    let opening: string | null = null;
    try {
      for (const place of sinks) {
        opening = place.name;
        if (!this.#sinks.has(place.name)) {
          this.#sinks.set(place.name, governSink(await place.open(), schemaBehavior, log));
        }
      }
      opening = null;
      source = await this.#options.source(this.#options.deadLetters ?? null);
      this.#source = source;
      this.#readingSinceMs = clock.monotonic();
      log.info('pipeline reads', { pipeline: this.name });
      return await new Attempt({
        pipeline: this.#options,
        grouping: { ...defaultGrouping, ...this.#options.grouping },
        source,
        sinks: sinks.map(({ name }) => ({ name, sink: this.#sinks.get(name)! })),
        progress: this.#progress,
        stop: AbortSignal.any([stop, this.#pause.signal]),
        abort,
      }).run();
    } catch (error) {
      return { kind: 'failed', error, sink: opening };
    } finally {
      this.#readingSinceMs = null;
      this.#source = null;
      if (source !== null) await this.#close('source', source);
    }
  }

  /** Throws what cannot be retried, and otherwise waits; the sink that failed is opened again afterwards. */
  async #pauseAfter(
    end: Extract<AttemptEnd, { kind: 'failed' }>,
    failures: number,
    failingForMs: number,
    ending: AbortSignal,
  ): Promise<void> {
    const { clock, log } = this.#options;
    const { error } = end;
    this.#progress.failed(isMillraceError(error) ? error.code : 'INTERNAL');
    if (!isMillraceError(error) || !error.retryable) throw error;
    if (end.sink !== null) await this.#closeSink(end.sink);
    if (ending.aborted) return;
    if (failures >= this.#retry.attempts || failingForMs >= this.#retry.windowMs) {
      throw new MillraceError(
        'PIPELINE_RETRIES_EXHAUSTED',
        { pipeline: this.name, attempts: failures, forMs: Math.round(failingForMs) },
        { cause: error },
      );
    }
    this.#trouble = { error, durableBatches: this.#progress.durableBatches };
    this.#progress.retries += 1;
    const waitMs = backOffMs(this.#retry, failures, this.#random);
    log.warn('pipeline tries again', {
      pipeline: this.name,
      code: error.code,
      error: error.message,
      at: end.sink ?? 'source',
      failures,
      waitMs: Math.round(waitMs),
    });
    await clock.sleep(waitMs, AbortSignal.any([ending, this.#pause.signal]));
  }

  /** Whoever puts letters there, they are counted once they are kept. */
  #counting(deadLetters: DeadLetters): DeadLetters {
    return {
      write: async (letter) => {
        await deadLetters.write(letter);
        this.#progress.deadLetters += 1;
      },
      ...(deadLetters.putAside === undefined
        ? {}
        : {
            putAside: async (messages, source) => {
              await deadLetters.putAside!(messages, source);
              this.#progress.deadLetters += messages.length;
            },
          }),
    };
  }

  #snapshotting(): readonly string[] | null {
    const source = this.#source;
    // The source that is opened next may find snapshots to begin or to go on with.
    if (source === null) return this.#ended === 'finished' ? [] : null;
    return this.#progress.snapshotting(source.snapshotting?.bind(source) ?? null);
  }

  #recovered(): boolean {
    if (this.#trouble === null) return true;
    if (this.#progress.durableBatches > this.#trouble.durableBatches) return true;
    const since = this.#readingSinceMs;
    return since !== null && this.#options.clock.monotonic() - since >= quietRecoveryMs;
  }

  async #untilResumed(ending: AbortSignal): Promise<void> {
    await this.#closeSinks();
    this.#options.log.info('pipeline paused', { pipeline: this.name });
    const woken = AbortSignal.any([ending, this.#resume.signal]);
    this.#atRest = true;
    if (!woken.aborted) {
      await new Promise<void>((resolve) => woken.addEventListener('abort', () => resolve(), { once: true }));
    }
    this.#atRest = false;
  }

  async #closeSinks(): Promise<void> {
    for (const name of [...this.#sinks.keys()]) await this.#closeSink(name);
  }

  async #closeSink(name: string): Promise<void> {
    const sink = this.#sinks.get(name);
    this.#sinks.delete(name);
    if (sink !== undefined) await this.#close(name, sink);
  }

  /** What an end still had to say while closing must not hide why it was closed. */
  async #close(name: string, end: AsyncDisposable): Promise<void> {
    try {
      await end[Symbol.asyncDispose]();
    } catch (error) {
      this.#options.log.warn('closing failed', { pipeline: this.name, end: name, error: (error as Error).message });
    }
  }
}
