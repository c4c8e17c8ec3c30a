import type { Batch } from '../core/batch.ts';
import type { Origin } from '../core/change.ts';

/** A batch on its way to the sinks, with what the meters need to know about it. */
export interface Measured {
  /** Counts from 0 within one attempt. */
  readonly number: number;
  readonly batch: Batch;
  readonly rows: number;
  readonly bytes: number;
  /** What it takes in memory, about: its bytes and the objects around them. Small transactions are mostly objects. */
  readonly weight: number;
  /** When its oldest change committed, in microseconds since 1970; null where no change says so. */
  readonly oldestCommitMicros: number | null;
}

/** When a batch came, in milliseconds since 1970, and how long the operators took over it. */
export interface BatchTiming {
  readonly receivedMs: number;
  readonly operatorsMs: number;
}

/** A change with its images, origin and place in a list; measured at single-row transactions. */
const objectBytes = 512;

/** Sums over changes, not rows: metering costs nothing per row. */
export const measure = (number: number, batch: Batch): Measured => {
  let rows = 0;
  let bytes = 0;
  let oldestCommitMicros: number | null = null;
  for (const change of batch.changes) {
    if (change.kind === 'rows') {
      rows += change.rows.length;
      bytes += change.rows.byteLength;
      // A snapshot's rows were committed long ago; their age says nothing about how far behind the log we are.
      if (change.op === 'read') continue;
    }
    if (change.kind === 'snapshot') continue;
    const commitMicros = commitMicrosOf(change.origin);
    if (commitMicros === null) continue;
    if (oldestCommitMicros === null || commitMicros < oldestCommitMicros) oldestCommitMicros = commitMicros;
  }
  const weight = bytes + objectBytes * (1 + batch.changes.length);
  return { number, batch, rows, bytes, weight, oldestCommitMicros };
};

/** Null: the origin does not say. */
const commitMicrosOf = (origin: Origin): number | null => {
  switch (origin.kind) {
    case 'mysql':
      return origin.commitMicros;
    case 'kafka':
      return origin.timestampMs * 1_000;
    case 'redis':
      return origin.arrivedMs === undefined ? null : origin.arrivedMs * 1_000;
  }
};
