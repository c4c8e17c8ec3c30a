import type { Op } from '../core/change.ts';
import { MillraceError } from '../core/errors.ts';
import { tablePatterns } from '../core/table-pattern.ts';
import { EventStream } from './event-stream.ts';
import type { OperatedPipeline } from './fleet.ts';
import { opNames } from './question.ts';
import type { Answer, Call } from './route.ts';

/** Sends rows as they pass. Who reads too slowly misses rows, and is told how many. */
export const tailRows = (call: Call, pipeline: OperatedPipeline, rowsPerSecond: number): Answer => {
  if (!call.allowTail) throw new MillraceError('API_TAIL_OFF', undefined);
  const tables = call.query.getAll('table');
  // Checked here, so that a wrong pattern is refused instead of met in the pipeline.
  if (tables.length > 0) tablePatterns(tables, []);
  const ops = call.query.getAll('op');
  const wrong = ops.find((op) => !opNames.includes(op as Op));
  if (wrong !== undefined) throw new MillraceError('API_BAD_JSON', { reason: `op is one of ${opNames.join(', ')}` });
  let untail = (): void => {};
  let missed = 0;
  const stream = new EventStream(
    call.request,
    call.response,
    () => untail(),
    () => {},
  );
  untail = pipeline.tail({ tables, ops: ops as Op[], rowsPerSecond }, ({ rows, skipped }) => {
    if (stream.behind) {
      missed += rows.length + skipped;
      return;
    }
    stream.send('rows', { rows, skipped: skipped + missed });
    missed = 0;
  });
  return { kind: 'taken' };
};
