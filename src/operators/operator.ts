import type { Batch } from '../core/batch.ts';

/**
 * One synchronous, deterministic step between source and sinks. It keeps the batch's positions, version and part, and returns
 * the batch itself when it has nothing to change.
 */
export type Operator = (batch: Batch) => Batch;
