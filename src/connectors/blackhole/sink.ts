import type { Batch, Lane, Position } from '../../core/batch.ts';
import type { Sink } from '../../core/connector.ts';

/** Takes everything and keeps nothing but counts: for measuring a source, or watching what a pipeline would do. */
export class BlackholeSink implements Sink {
  batches = 0;
  changes = 0;
  rows = 0;
  /** Only as long as the sink is open: the next run begins at the configured start. */
  readonly #positions = new Map<Lane, Position>();

  async claim(lane: Lane): Promise<Position | null> {
    return this.#positions.get(lane) ?? null;
  }

  async write(batch: Batch): Promise<void> {
    this.batches += 1;
    for (const change of batch.changes) {
      this.changes += 1;
      if (change.kind === 'rows') this.rows += change.rows.length;
    }
    for (const [lane, position] of batch.positions) this.#positions.set(lane, position);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
