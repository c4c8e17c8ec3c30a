import type { SqlValue } from '../../sql/evaluate/sql-value.ts';

/** A row of a table or of a step, its values by place. Never changed once it is handed on: steps keep rows without copying them. */
export type SqlRow = readonly SqlValue[];

/**
 * Changes of a bag of rows: each row, and how often it comes (above 0) or goes (below 0). The order means nothing to steps but
 * those that say so (FIRST_VALUE, LIMIT without an order).
 */
export interface Delta {
  readonly rows: readonly SqlRow[];
  readonly weights: readonly number[];
  /** The rows have a key, and of each key come at most two, one behind the other: first the one that goes, then the one that comes. */
  readonly isPaired?: boolean;
}

/** The changes of one tick while they are collected. */
export class Changes implements Delta {
  rows: SqlRow[] = [];
  weights: number[] = [];
  readonly isPaired: boolean;

  constructor(isPaired = false) {
    this.isPaired = isPaired;
  }

  add(row: SqlRow, weight: number): void {
    this.rows.push(row);
    this.weights.push(weight);
  }

  addAll(delta: Delta): void {
    const { rows, weights } = delta;
    for (let i = 0; i < rows.length; i += 1) this.add(rows[i]!, weights[i]!);
  }

  clear(): void {
    if (this.rows.length === 0) return;
    this.rows = [];
    this.weights = [];
  }
}
