import type { Change, Op, RowsChange } from '../../core/change.ts';
import { ignoredValues } from '../../core/ignored-values.ts';
import type { RowImages } from '../../core/row-images.ts';
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
  /** Where the message at hand begins: in the list of changes, and in the rows that it may add to. Three fields: it is noted for each. */
  #markedChanges = 0;
  #markedRows: JsonRowImages | null = null;
  #markedLength = 0;
  readonly #maxRows: number;

  /** `maxRows`: how many messages one change may hold; 1 keeps each message's own origin. */
  constructor(maxRows: number) {
    this.#maxRows = maxRows;
  }

  row(finder: ColumnFinder, op: Op, document: Uint8Array, fill: Fill, message: Message): void {
    let open = this.#open;
    if (open === null || open.finder !== finder || open.op !== op || open.rows.length >= this.#maxRows) {
      const origin = message.origin();
      const rows = new JsonRowImages(finder, origin, {
        before: op === 'update' || op === 'delete',
        after: op !== 'delete',
      });
      addRow(rows, finder, op, document, message.offset, fill);
      open = { finder, op, rows };
      const change: RowsChange = { kind: 'rows', op, table: finder.table, rows, origin };
      this.#changes.push(change);
      this.#open = open;
      return;
    }
    addRow(open.rows, finder, op, document, message.offset, fill);
  }

  truncate(table: Table, message: Message): void {
    this.#open = null;
    this.#changes.push({ kind: 'truncate', table, origin: message.origin() });
  }

  /** One that is made already. */
  add(change: Change): void {
    this.#open = null;
    this.#changes.push(change);
  }

  /** A table looks different from this message on. */
  altered(before: Table, after: Table, message: Message): void {
    this.#open = null;
    this.#changes.push({ kind: 'schema', before, after, statement: '', origin: message.origin() });
  }

  /** Begins a message: `undo`, `drop` and `check` are about what comes after this. */
  begin(): void {
    const rows = this.#open?.rows ?? null;
    this.#markedChanges = this.#changes.length;
    this.#markedRows = rows;
    this.#markedLength = rows === null ? 0 : rows.length;
  }

  /** Takes the rows of the message at hand out again. What its table looks like stays: later messages are read by it. */
  undo(): void {
    for (const change of this.#cut()) if (change.kind === 'schema') this.#changes.push(change);
  }

  /** Takes out all that came of the message at hand, where no later one is read. */
  drop(): void {
    this.#cut();
  }

  #cut(): readonly Change[] {
    this.#markedRows?.cut(this.#markedLength);
    this.#open = null;
    return this.#changes.splice(this.#markedChanges);
  }

  /** Reads every value of the message at hand once. Throws FORMAT_VALUE_UNREADABLE. */
  check(): void {
    if (this.#markedRows !== null) checkRows(this.#markedRows, this.#markedLength);
    for (let at = this.#markedChanges; at < this.#changes.length; at += 1) {
      const change = this.#changes[at]!;
      if (change.kind === 'rows') checkRows(change.rows, 0);
    }
  }

  /** Rows that have come together since `take`, of the change at hand; and whole changes before it, each counted as full. */
  get size(): number {
    const changes = this.#changes.length;
    return changes === 0 ? 0 : (changes - 1) * this.#maxRows + (this.#open?.rows.length ?? this.#maxRows);
  }

  /** What has come together since the last call. */
  take(): readonly Change[] {
    const changes = this.#changes;
    this.#changes = [];
    this.#open = null;
    return changes;
  }
}

const checkRows = (rows: RowImages, from: number): void => {
  for (let row = from; row < rows.length; row += 1) {
    rows.write(row, 'before', ignoredValues);
    rows.write(row, 'after', ignoredValues);
  }
};

/** Nothing is added when a field is unknown or the key is missing; whoever fills has begun the finder. */
const addRow = (
  rows: JsonRowImages,
  finder: ColumnFinder,
  op: Op,
  document: Uint8Array,
  offset: number,
  fill: Fill,
): void => {
  rows.add(document, offset, (places, before, after) => {
    fill(places, before, after);
    finder.expectKnown();
    finder.expectKey(document, places, op === 'delete' ? before : after);
  });
};
