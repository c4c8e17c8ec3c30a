import assert from 'node:assert/strict';
import type { Batch, Lane, Position } from '../core/batch.ts';
import type { Change } from '../core/change.ts';
import type { BatchTiming, Measured } from './measured.ts';

/** Batches that one sink write will hold: always whole transactions, in the order they came. */
export class Group {
  weight = 0;
  /** The number of the last batch in it. */
  last = -1;
  /** Nothing may join: it holds a part, a schema change or a truncate, which are written on their own. */
  readonly alone: boolean;
  readonly members: Batch[] = [];
  /** Of what it holds, for a tracer; null: nobody traces. */
  traced: { receivedMs: number; operatorsMs: number; rows: number; bytes: number } | null = null;

  constructor(alone: boolean) {
    this.alone = alone;
  }

  add(number: number, batch: Batch, weight: number): void {
    this.members.push(batch);
    this.weight += weight;
    this.last = number;
  }

  trace({ rows, bytes }: Measured, { receivedMs, operatorsMs }: BatchTiming): void {
    this.traced ??= { receivedMs, operatorsMs: 0, rows: 0, bytes: 0 };
    this.traced.operatorsMs += operatorsMs;
    this.traced.rows += rows;
    this.traced.bytes += bytes;
  }

  /** One batch with everything in it and the places after it. */
  merged(): Batch {
    assert(this.members.length > 0, 'a group is made for its first batch');
    return this.members.length === 1 ? this.members[0]! : mergeBatches(this.members);
  }
}

/** One batch in place of several that follow each other. */
const mergeBatches = (batches: readonly Batch[]): Batch => {
  const changes: Change[] = [];
  const positions = new Map<Lane, Position>();
  for (const batch of batches) {
    for (const change of batch.changes) changes.push(change);
    for (const [lane, position] of batch.positions) positions.set(lane, position);
  }
  return { changes, positions, version: batches.at(-1)!.version };
};

/** Whether a batch must reach the sink on its own. DDL and TRUNCATE commit by themselves in many targets. */
export const standsAlone = (batch: Batch): boolean =>
  batch.part !== undefined || batch.changes.some((change) => change.kind === 'schema' || change.kind === 'truncate');
