import type { Batch } from '../core/batch.ts';
import type { Clock } from '../core/clock.ts';
import type { Sink, Source } from '../core/connector.ts';
import type { Log } from '../core/log.ts';
import type { Operator } from '../operators/operator.ts';
import type { RetryPolicy } from './back-off.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { SchemaBehavior } from './schema-behavior/governed-sink.ts';
import type { Tracer } from './tracer.ts';

/** A sink by name, opened when the pipeline runs and again after it failed. */
export interface SinkPlace {
  readonly name: string;
  open(): Promise<Sink>;
}

export interface PipelineOptions {
  readonly name: string;
  /**
   * Opened when the pipeline runs and again after each failure. `deadLetters`: the pipeline's, which counts what steps within the
   * source put there; null: it has none.
   */
  readonly source: (deadLetters: DeadLetters | null) => Promise<Source>;
  readonly operators?: readonly Operator[];
  readonly sinks: readonly SinkPlace[];
  /** What changed definitions do to the sinks; default `evolve`. */
  readonly schemaBehavior?: SchemaBehavior;
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 to below 1: spreads the retries. */
  readonly random?: () => number;
  readonly retry?: Partial<RetryPolicy>;
  /** Where rows go that a sink refuses, or a step within the source fails on. Left out, the first such row stops the pipeline (`errors.tolerance: none`). */
  readonly deadLetters?: DeadLetters;
  readonly grouping?: Partial<Grouping>;
  /** Told what happens group by group; left out, nothing is timed for it. */
  readonly tracer?: Tracer;
  /** Sees batches pass; for `millrace tail`. */
  readonly tap?: Tap;
  /** How long nothing may move, while there is something to move, before the health says `stalled`. */
  readonly stalledAfterMs?: number;
  /** How long a source that sends heartbeats may be silent before the health says `stalled`; null: it sends none. */
  readonly silentAfterMs?: number | null;
}

/** A place to look at what leaves the operators. Nobody looking costs nothing. */
export interface Tap {
  /** Row bytes are valid during the call only. Must not throw. */
  listener: ((batch: Batch) => void) | null;
}

/** How source batches are gathered into one sink write. */
export interface Grouping {
  /** A write begins at the latest this long after its first batch, when the sink is free. An idle source makes it begin at once. */
  readonly maxMs: number;
  /** A sink has about this much waiting at most, rows and the objects around them; then the source is not read. */
  readonly maxBytes: number;
}

export const defaultGrouping: Grouping = { maxMs: 10, maxBytes: 1_048_576 };
