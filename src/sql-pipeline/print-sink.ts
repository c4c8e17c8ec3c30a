import type { Batch, Lane, Position } from '../core/batch.ts';
import type { RowsChange } from '../core/change.ts';
import type { Sink } from '../core/connector.ts';
import type { Table } from '../core/table.ts';
import type { SqlRow } from '../operators/incremental/delta.ts';
import type { EvaluationContext } from '../sql/evaluate/sql-value.ts';
import type { PlanColumn } from '../sql/plan/plan.ts';
import { ResultRows } from './result-rows.ts';
import { type RowKind, rowText } from './row-text.ts';

export interface PrintedTable {
  readonly table: Table;
  readonly columns: readonly PlanColumn[];
  /** What stands before each line; empty: nothing. */
  readonly identifier: string;
}

/** Lines for whoever reads them, in Flink's form. Nothing tells what the reader has kept: what is held lives as long as the sink. */
export class PrintSink implements Sink {
  readonly #lines = new Map<Table, (kind: RowKind, row: SqlRow) => string>();
  readonly #print: (text: string) => Promise<void>;
  readonly #positions = new Map<Lane, Position>();

  constructor(tables: readonly PrintedTable[], context: EvaluationContext, print: (text: string) => Promise<void>) {
    for (const { table, columns, identifier } of tables) {
      const text = rowText(columns, context);
      const before = identifier === '' ? '' : `${identifier}> `;
      this.#lines.set(table, (kind, row) => `${before}${kind}[${text(row)}]\n`);
    }
    this.#print = print;
  }

  async claim(lane: Lane): Promise<Position | null> {
    return this.#positions.get(lane) ?? null;
  }

  async write(batch: Batch, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    let text = '';
    for (const change of batch.changes) if (change.kind === 'rows') text += this.#text(change);
    if (text !== '') await this.#print(text);
    for (const [lane, position] of batch.positions) this.#positions.set(lane, position);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #text({ table, rows, op }: RowsChange): string {
    if (!(rows instanceof ResultRows)) return '';
    const line = this.#lines.get(table)!;
    const { before, after } = rows.computed;
    let text = '';
    for (let at = 0; at < rows.length; at += 1) {
      if (before !== null) text += line(op === 'update' ? '-U' : '-D', before[at]!);
      if (after !== null) text += line(op === 'update' ? '+U' : '+I', after[at]!);
    }
    return text;
  }
}
