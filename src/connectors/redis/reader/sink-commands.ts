import type { Buffer } from 'node:buffer';
import { ArrayRowImages } from '../../../core/array-row-images.ts';
import type { Op } from '../../../core/change.ts';
import type { Row } from '../../../core/value.ts';
import { ReplyDecoder } from '../../../protocol/redis/reply-decoder.ts';
import { RowCommands } from '../sink/row-commands.ts';
import type { TablePlan } from '../sink/table-plan.ts';

/** A change as the log would have it; a row may lack what the sink does not look at. */
export interface SinkChange {
  readonly op: Op;
  readonly before: Row | null;
  readonly after: Row | null;
}

/** What the sink's server says of arguments does not matter here: it refuses what is too long by itself. */
const limits = { sink: '', maxValueBytes: 512 * 1024 * 1024, renames: false, maxStreamLength: null };

/**
 * The commands that the sink writes for changes, one block of them. `nest`: what the keys of nests begin with. Seconds to live count from
 * `now`.
 */
export const sinkCommands = (
  plan: TablePlan,
  changes: readonly SinkChange[],
  { nest, now }: { readonly nest: string; readonly now: number },
): readonly (readonly Buffer[])[] => {
  const encoder = new RowCommands({ ...limits, nest });
  const { table } = plan;
  const origin = {
    kind: 'mysql',
    flavor: 'mysql',
    serverId: 0,
    gtid: null,
    file: '',
    offset: 0,
    commitMicros: now * 1000,
    thread: null,
    query: null,
  } as const;
  for (const { op, before, after } of changes) {
    const images = { before: before && [before], after: after && [after] };
    encoder.add({ kind: 'rows', op, table, rows: new ArrayRowImages(table, images), origin }, plan, false);
  }
  encoder.finish();
  const decoder = new ReplyDecoder();
  decoder.push(encoder.commands.view());
  return Array.from({ length: encoder.commands.commands }, () => decoder.next() as readonly Buffer[]);
};
