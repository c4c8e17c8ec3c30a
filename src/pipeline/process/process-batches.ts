import type { Batch } from '../../core/batch.ts';

/** What makes other batches of a source's: the user's step. */
export interface BatchStep {
  apply(batch: Batch, signal: AbortSignal): Promise<Batch>;
}

/** Batches that are worked on at once: enough to keep a step's places taken, few enough to hold in memory. */
const maxBatches = 8;

/**
 * Puts batches through a step that may take its time. Several are worked on side by side and handed on in their order; while the first
 * is not done no more than `maxBatches` are read, so a slow step holds the source back. Positions travel with their batch: what was not
 * handed on is read again. `read` is given a signal that ends it when this one ends.
 */
export async function* processBatches(
  read: (signal: AbortSignal) => AsyncIterable<Batch>,
  step: BatchStep,
  signal: AbortSignal,
): AsyncGenerator<Batch, void, undefined> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const batches = read(both)[Symbol.asyncIterator]();
  const working: Promise<Batch>[] = [];
  let reading: Promise<Read> | null = null;
  let end: Read | null = null;
  try {
    for (;;) {
      if (end === null && working.length < maxBatches) reading ??= settled(batches.next());
      const first = working[0];
      if (first === undefined && reading === null) {
        if (end?.kind === 'failed') throw end.error;
        return;
      }
      const news = await Promise.race([
        ...(first === undefined ? [] : [first.then(() => null)]),
        ...(reading === null ? [] : [reading]),
      ]);
      if (news != null) {
        reading = null;
        if (news.kind === 'batch') {
          const work = step.apply(news.batch, both);
          // Failures count in the order of the batches.
          work.catch(() => {});
          working.push(work);
        } else end = news;
        continue;
      }
      void working.shift();
      yield await first!;
    }
  } catch (error) {
    // What breaks because it was told to stop is no failure.
    if (!signal.aborted) throw error;
  } finally {
    stop.abort();
    await reading;
    await batches.return?.();
  }
}

type Read =
  | { readonly kind: 'batch'; readonly batch: Batch }
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed'; readonly error: unknown };

const settled = async (next: Promise<IteratorResult<Batch, unknown>>): Promise<Read> => {
  try {
    const { done, value } = await next;
    return done ? { kind: 'ended' } : { kind: 'batch', batch: value };
  } catch (error) {
    return { kind: 'failed', error };
  }
};
