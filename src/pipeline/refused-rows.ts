import type { Batch } from '../core/batch.ts';
import type { RowsChange } from '../core/change.ts';
import type { Sink } from '../core/connector.ts';
import { type DeadLetters, isAboutRows, RowRange } from './dead-letters.ts';

/** Writes what a sink takes of `batches`, one after the other, and hands the rows it refuses to the dead letters. */
export const writeAroundRefusedRows = async (
  sink: { readonly name: string; readonly sink: Sink },
  batches: readonly Batch[],
  deadLetters: DeadLetters,
  signal: AbortSignal,
): Promise<void> => {
  const takes = async (batch: Batch): Promise<unknown> => {
    try {
      await sink.sink.write(batch, signal);
      return null;
    } catch (error) {
      if (!isAboutRows(error)) throw error;
      return error;
    }
  };

  const writeRows = async (batch: Batch, change: RowsChange): Promise<void> => {
    const alone: Batch = { changes: [change], positions: new Map(), version: batch.version };
    const error = await takes(alone);
    if (error === null) return;
    const { length } = change.rows;
    if (length > 1) {
      const middle = length >> 1;
      await writeRows(batch, { ...change, rows: new RowRange(change.rows, 0, middle) });
      await writeRows(batch, { ...change, rows: new RowRange(change.rows, middle, length) });
      return;
    }
    const { code, message } = error as Error & { code: string };
    const { table, op, rows } = change;
    await deadLetters.write({ sink: sink.name, table, op, rows, batch: alone, code, message });
  };

  for (const batch of batches) {
    const error = await takes(batch);
    if (error === null) continue;
    for (const change of batch.changes) {
      if (change.kind === 'rows') await writeRows(batch, change);
      else await sink.sink.write({ changes: [change], positions: new Map(), version: batch.version }, signal);
    }
    // The places move last: a crash in between writes the same rows again, which changes nothing.
    await sink.sink.write({ changes: [], positions: batch.positions, version: batch.version }, signal);
  }
};
