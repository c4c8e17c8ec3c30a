import assert from 'node:assert/strict';
import type { Batch, Lane, Position } from '../core/batch.ts';
import type { Change } from '../core/change.ts';
import type { Sink } from '../core/connector.ts';
import { MillraceError } from '../core/errors.ts';
import { qualifiedName } from '../core/table.ts';
import { rowText } from './river-log.ts';

/** What was appended, durably: survives the sink. */
export class MemoryChangeLog {
  readonly entries: string[] = [];
  readonly lanes = new Map<Lane, { epoch: number; position: Position | null }>();
}

/** Appends a line per row and TRUNCATE, together with the position; a transaction in parts only when its last part has come. */
export class MemoryChangeLogSink implements Sink {
  readonly #log: MemoryChangeLog;
  readonly #epochs = new Map<Lane, number>();
  #open: { readonly transaction: string; next: number; readonly entries: string[] } | null = null;

  constructor(log: MemoryChangeLog) {
    this.#log = log;
  }

  async claim(lane: Lane): Promise<Position | null> {
    const { epoch, position } = this.#log.lanes.get(lane) ?? { epoch: 0, position: null };
    this.#log.lanes.set(lane, { epoch: epoch + 1, position });
    this.#epochs.set(lane, epoch + 1);
    return position;
  }

  async write(batch: Batch, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    for (const [lane, epoch] of this.#epochs) {
      if (this.#log.lanes.get(lane)!.epoch !== epoch)
        throw new MillraceError('SINK_FENCED', { sink: 'change log', pipeline: 'test', lane });
    }
    let entries = batch.changes.flatMap(linesOf);
    const { part } = batch;
    if (part === undefined) {
      this.#open = null;
    } else {
      if (part.index === 0) this.#open = { transaction: part.transaction, next: 0, entries: [] };
      const open = this.#open;
      assert(
        open?.transaction === part.transaction && open.next === part.index,
        'parts follow each other from index 0',
      );
      open.entries.push(...entries);
      open.next += 1;
      if (!part.last) return;
      entries = open.entries;
      this.#open = null;
    }
    this.#log.entries.push(...entries);
    for (const [lane, position] of batch.positions) this.#log.lanes.get(lane)!.position = position;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#open = null;
  }
}

/** `gtid place kind table before after`, tab by tab; images as `rowText` writes them. */
const linesOf = (change: Change): string[] => {
  // Definitions are no part of what has to come exactly once: they leave before the rows of their transaction do.
  if (change.kind === 'snapshot' || change.kind === 'schema') return [];
  const { origin } = change;
  assert(origin.kind === 'mysql');
  const place = `${origin.gtid} ${origin.file}:${origin.offset}`;
  const name = qualifiedName(change.table);
  if (change.kind === 'truncate') return [`${place}\0truncate\0${name}`];
  return Array.from({ length: change.rows.length }, (_, i) => {
    const before = change.op === 'create' || change.op === 'read' ? null : change.rows.before(i);
    const after = change.rows.after(i);
    const [from, to] = [before, after].map((row) => (row === null ? '' : rowText(row)));
    return `${place}#${i}\0${change.op}\0${name}\0${from}\0${to}`;
  });
};
