import type { Change, Op, RowsChange } from '../../core/change.ts';
import type { Table } from '../../core/table.ts';
import type { ColumnFinder } from './column-finder.ts';
import { JsonRowImages } from './json-row-images.ts';
import type { Message } from './message.ts';

/** Notes the places of a row's images: the one before from `before` on, the one after from `after` on. */
export type Fill = (places: Int32Array, before: number, after: number) => void;

/** Gathers changes in the order of their messages; neighbours of one table and kind become one change. */
export class ChangeCollector {
  #changes: Change[] = [];
  #open: { readonly finder: ColumnFinder; readonly op: Op; readonly rows: JsonRowImages } | null = null;
  readonly #maxRows: number;

  /** `maxRows`: how many messages one change may hold; 1 keeps each message's own origin. */
  constructor(maxRows: number) {
    this.#maxRows = maxRows;
  }

  row(finder: ColumnFinder, op: Op, document: Uint8Array, fill: Fill, message: Message): void {
    let open = this.#open;
    if (open === null || open.finder !== finder || open.op !== op || open.rows.length >= this.#maxRows) {
      const rows = new JsonRowImages(finder, {
        before: op === 'update' || op === 'delete',
        after: op !== 'delete',
      });
      addRow(rows, finder, document, fill);
      open = { finder, op, rows };
      const change: RowsChange = { kind: 'rows', op, table: finder.table, rows, origin: message.origin() };
      this.#changes.push(change);
      this.#open = open;
      return;
    }
    addRow(open.rows, finder, document, fill);
  }

  truncate(table: Table, message: Message): void {
    this.#open = null;
    this.#changes.push({ kind: 'truncate', table, origin: message.origin() });
  }

  /** A table looks different from this message on. */
  altered(before: Table, after: Table, message: Message): void {
    this.#open = null;
    this.#changes.push({ kind: 'schema', before, after, statement: '', origin: message.origin() });
  }

  /** What has come together since the last call. */
  take(): readonly Change[] {
    const changes = this.#changes;
    this.#changes = [];
    this.#open = null;
    return changes;
  }
}

/** Nothing is added when a field is unknown; whoever fills has begun the finder. */
const addRow = (rows: JsonRowImages, finder: ColumnFinder, document: Uint8Array, fill: Fill): void => {
  rows.add(document, (places, before, after) => {
    fill(places, before, after);
    finder.expectKnown();
  });
};
