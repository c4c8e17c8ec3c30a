import type { Batch, Lane, Position } from '../core/batch.ts';
import type { Change } from '../core/change.ts';
import type { Source } from '../core/connector.ts';

export interface ChangesOptions {
  /** What the reader holds already, by lane; null or left out: from the source's configured start. */
  readonly held?: (lane: Lane) => Promise<Position | null> | Position | null;
  /** Ends the loop. */
  readonly signal?: AbortSignal;
  /** Told each time a whole batch has been taken: keep these to go on after them. */
  readonly onPositions?: (positions: ReadonlyMap<Lane, Position>) => Promise<void> | void;
}

/**
 * A source's changes in their order, for programs that are their own sink:
 *
 *     for await (const change of changes(source, { held: () => readPosition() })) apply(change);
 *
 * Coming back for the change after a batch's last says that the batch has been dealt with: then `onPositions` is told and the
 * source acknowledged. Leaving the loop earlier leaves the batch open, and it comes again. Rows are valid until then. Errors of
 * the source are thrown as they are; trying again is the program's choice.
 */
export async function* changes(source: Source, options: ChangesOptions = {}): AsyncGenerator<Change, void, undefined> {
  const { held, signal = new AbortController().signal, onPositions } = options;
  for await (const batch of source.read(async (lane) => (await held?.(lane)) ?? null, signal)) {
    yield* batch.changes;
    if (isUnfinished(batch)) continue;
    await onPositions?.(batch.positions);
    await source.acknowledge?.(batch.positions);
  }
}

/** The place of a part that is not the last is the one before its transaction. */
const isUnfinished = (batch: Batch): boolean => batch.part !== undefined && !batch.part.last;
