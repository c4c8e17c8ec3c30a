import type { Answer, Dataflow, Question, TickTime } from '../../operators/incremental/dataflow.ts';
import type { Delta } from '../../operators/incremental/delta.ts';

/** Ends a tick, and asks for the rows that it needs on the way. */
export const tickAsking = async (
  flow: Dataflow,
  at: TickTime,
  ask: (question: Question) => Promise<Answer> | Answer,
): Promise<ReadonlyMap<string, Delta>> => {
  if (flow.lookups.length === 0) return flow.tick(at);
  const ticking = flow.ticking(at);
  let step = ticking.next();
  while (step.done !== true) step = ticking.next(await ask(step.value));
  return step.value;
};
