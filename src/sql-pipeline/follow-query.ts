import type { Context } from '../core/connector.ts';
import { type DataflowSettings, dataflow } from '../operators/incremental/dataflow.ts';
import type { Delta } from '../operators/incremental/delta.ts';
import type { Plan } from '../sql/plan/plan.ts';
import { openLookups } from './lookups/open-lookups.ts';
import { tickAsking } from './lookups/tick-asking.ts';
import { openInputs } from './open-inputs.ts';
import type { QueryTable } from './query-tables.ts';
import { readInputs } from './read-inputs.ts';
import { GatheredChanges, type ReadingInParts, readingInParts } from './reading-in-parts.ts';

export interface FollowedQuery {
  readonly plan: Plan;
  /** By the names that the plan scans. */
  readonly tables: ReadonlyMap<string, QueryTable>;
  /** End with the result of everything that was read. */
  readonly bounded: boolean;
  readonly settings: DataflowSettings;
  readonly context: Context;
  readonly signal: AbortSignal;
  /** How a query that ends reads; by default as its plan allows. */
  readonly parts?: ReadingInParts | null;
}

/**
 * How a query's result changes. The first time it comes whole, when every scanned table has been read and is in step with the
 * others; then with each batch of whole transactions. A query over no table has one result and ends.
 */
export async function* followQuery(query: FollowedQuery): AsyncGenerator<Delta, void, undefined> {
  const { plan, tables, bounded, settings, context, signal, parts = readingInParts(plan) } = query;
  const flow = dataflow(new Map([['result', plan]]), settings);
  const options = { tables, evaluation: { ...settings, now: context.clock.now }, context };
  await using lookups = await openLookups(flow, options);
  const tick = async (ended: boolean): Promise<Delta> => {
    const at = { now: Math.floor(context.clock.now()), ended };
    const changes = await tickAsking(flow, at, (question) => lookups.answer(question, signal));
    return changes.get('result')!;
  };
  if (flow.inputs.size === 0) {
    yield await tick(true);
    return;
  }
  const inputs = await openInputs(flow, { ...options, atOnce: bounded });
  try {
    const reading = { once: bounded, isWhole: false, again: [], dueAt: () => flow.dueAt, clock: context.clock, signal };
    if (bounded && parts !== null) {
      const result = new GatheredChanges(plan);
      for await (const { last } of readInputs(inputs, { ...reading, inParts: true })) {
        if (!last && flow.waiting < parts.rowsPerTick) continue;
        result.add(await tick(last));
        if (!last && result.count < parts.enough) continue;
        yield result.all;
        return;
      }
      return;
    }
    let begun = false;
    for await (const { origin, last, due } of readInputs(inputs, reading)) {
      if (begun && origin === null && !last && !due) continue;
      begun = true;
      yield await tick(last);
    }
  } catch (error) {
    // Told to stop while it waited for rows.
    if (!signal.aborted || error !== signal.reason) throw error;
  } finally {
    await Promise.allSettled(inputs.map((input) => input[Symbol.asyncDispose]()));
  }
}
