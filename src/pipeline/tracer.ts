import type { MillraceError } from '../core/errors.ts';

/** One group of batches on its way into one sink. Times are milliseconds since 1970, by the pipeline's clock. */
export interface TracedGroup {
  readonly sink: string;
  readonly batches: number;
  readonly rows: number;
  readonly bytes: number;
  /** Rows of snapshots are among them. */
  readonly snapshot: boolean;
  /** When the first of them came from the source, and how long the operators took over all of them. */
  readonly receivedMs: number;
  readonly operatorsMs: number;
  readonly writeBegunMs: number;
  readonly writeEndedMs: number;
  /** What the write failed with; null: it is durable. */
  readonly error: MillraceError | Error | null;
}

/** Told what a pipeline does, group by group: never by the row. Must not throw, and must not wait. */
export interface Tracer {
  group(group: TracedGroup): void;
  /** The source was told what every sink holds. */
  acknowledged(begunMs: number, endedMs: number, error: Error | null): void;
}
