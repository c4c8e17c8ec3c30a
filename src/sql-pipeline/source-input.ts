import type { Batch, Lane, Position } from '../core/batch.ts';
import type { Change, Origin } from '../core/change.ts';
import type { Source } from '../core/connector.ts';
import type { LogFigures } from '../core/operating.ts';
import { qualifiedName } from '../core/table.ts';
import type { Input, InputStep } from './input.ts';
import type { ScannedTable } from './scanned-table.ts';

export interface SourceInputOptions {
  readonly source: Source;
  /** By `database.table`; several scans may read one table. */
  readonly tables: ReadonlyMap<string, readonly ScannedTable[]>;
  /** Tables begin with a snapshot that a mark ends. */
  readonly snapshots: boolean;
}

/** Tables that a connector's source reads, from the beginning: what state they lead to is held nowhere yet. */
export class SourceInput implements Input {
  readonly wholeAtEnd = false;
  readonly missing: Set<string>;
  readonly #source: Source;
  readonly #tables: SourceInputOptions['tables'];
  readonly #applied = new Map<Lane, Position>();

  constructor({ source, tables, snapshots }: SourceInputOptions) {
    this.#source = source;
    this.#tables = tables;
    this.missing = new Set(snapshots ? tables.keys() : []);
  }

  async *read(signal: AbortSignal): AsyncGenerator<InputStep, void, undefined> {
    for await (const batch of this.#source.read(async () => null, signal)) {
      yield { inside: batch.part !== undefined && !batch.part.last, apply: () => this.#apply(batch) };
    }
  }

  figures(): readonly LogFigures[] {
    return this.#source.figures?.(this.#applied) ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source[Symbol.asyncDispose]();
  }

  #apply(batch: Batch): Origin | null {
    let first: Origin | null = null;
    for (const change of batch.changes) {
      const name = qualifiedName(change.kind === 'schema' ? (change.before ?? change.after)! : change.table);
      const tables = this.#tables.get(name);
      if (tables === undefined) continue;
      for (const table of tables) applyChange(table, change);
      if (change.kind !== 'snapshot') first ??= change.origin;
      // Read again, a table is whole again only at the end.
      else if (change.at === 'begin') this.missing.add(name);
      else this.missing.delete(name);
    }
    for (const [lane, position] of batch.positions) this.#applied.set(lane, position);
    return first;
  }
}

const applyChange = (table: ScannedTable, change: Change): void => {
  switch (change.kind) {
    case 'rows':
      table.rows(change);
      break;
    case 'truncate':
      table.truncate();
      break;
    case 'schema':
      table.schema(change);
      break;
    case 'snapshot':
      table.mark(change);
  }
};
