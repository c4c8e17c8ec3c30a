import type { Buffer } from 'node:buffer';
import { ArrayRowImages } from '../../../core/array-row-images.ts';
import type { Op } from '../../../core/change.ts';
import type { Row } from '../../../core/value.ts';
import type { CommandWriter } from '../../../protocol/redis/command-writer.ts';
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

/** Writes changes as the sink does. */
export class SinkEncoder {
  readonly #plan: TablePlan;
  readonly #encoder: RowCommands;

  /** `nest`: what the keys of nests begin with. */
  constructor(plan: TablePlan, nest: string) {
    this.#plan = plan;
    this.#encoder = new RowCommands({ ...limits, nest }, 4096);
  }

  get commands(): CommandWriter {
    return this.#encoder.commands;
  }

  clear(): void {
    this.#encoder.clear();
  }

  /** Seconds to live count from `now`. */
  add({ op, before, after }: SinkChange, now: number): void {
    const { table } = this.#plan;
    const rows = new ArrayRowImages(table, { before: before && [before], after: after && [after] });
    this.#encoder.add(
      { kind: 'rows', op, table, rows, origin: { ...origin, commitMicros: now * 1000 } },
      this.#plan,
      false,
    );
  }

  /** Ends a block, as each MULTI ends. */
  finish(): void {
    this.#encoder.finish();
  }
}

/** The commands that the sink writes for changes, in one block of them. */
export const sinkCommands = (
  plan: TablePlan,
  changes: readonly SinkChange[],
  { nest, now }: { readonly nest: string; readonly now: number },
): readonly (readonly Buffer[])[] => {
  const encoder = new SinkEncoder(plan, nest);
  for (const change of changes) encoder.add(change, now);
  encoder.finish();
  return readCommands(encoder.commands);
};

/** What was written, as arguments. */
export const readCommands = (writer: CommandWriter): readonly (readonly Buffer[])[] => {
  const decoder = new ReplyDecoder();
  decoder.push(writer.view());
  return Array.from({ length: writer.commands }, () => decoder.next() as readonly Buffer[]);
};

const origin = {
  kind: 'mysql',
  flavor: 'mysql',
  serverId: 0,
  gtid: null,
  file: '',
  offset: 0,
  commitMicros: 0,
  thread: null,
  query: null,
} as const;
