import { MillraceError } from '../../../core/errors.ts';
import type { Image, RowImages, ValueWriter } from '../../../core/row-images.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import type { Row } from '../../../core/value.ts';
import type { RowsEvent } from '../events/rows-event.ts';
import type { TableMap } from '../events/table-map.ts';
import { columnReaders } from './binlog-columns.ts';
import type { Collations } from './collations.ts';
import type { ColumnReader } from './columns/column-reader.ts';
import { PartialJsonRows } from './partial-json-rows.ts';
import { rowOffsets } from './row-offsets.ts';
import { RowPlan, type RowReaderOptions } from './row-plan.ts';

/** Reads the rows events of one table version. */
export interface RowReader {
  readonly table: Table;
  /**
   * The event's rows, found and checked against the event's end but not decoded. Throws VALUES_ROWS_DAMAGED when they do not
   * fit. The event's bytes must stay as they are while the images are in use.
   */
  images(event: RowsEvent): RowImages;
}

/** A reader for events of `map`, which `table` was made for (`tableFromMap`). Compiles when rows are first read. */
export const rowReader = (
  table: Table,
  map: TableMap,
  collations: Collations,
  options: RowReaderOptions = {},
): RowReader => new BinlogRowReader(table, columnReaders(table, map, collations), options);

class BinlogRowReader implements RowReader {
  readonly table: Table;
  readonly #readers: readonly ColumnReader[];
  readonly #options: RowReaderOptions;
  /** The plan for rows with every column. */
  readonly #full: RowPlan;
  readonly #lastByteMask: number;
  /** Plans for rows that leave columns out (binlog_row_image other than FULL), by the bits of those present. */
  readonly #partial = new Map<string, RowPlan>();

  constructor(table: Table, readers: readonly ColumnReader[], options: RowReaderOptions) {
    this.table = table;
    this.#readers = readers;
    this.#options = options;
    this.#full = new RowPlan(table, readers, 'image', options);
    this.#lastByteMask = readers.length % 8 === 0 ? 0xff : (1 << (readers.length % 8)) - 1;
  }

  images(event: RowsEvent): RowImages {
    if (event.columnCount !== this.#readers.length) {
      const reason = `it has ${event.columnCount} columns instead of ${this.#readers.length}`;
      throw new MillraceError('VALUES_ROWS_DAMAGED', { table: qualifiedName(this.table), row: 0, reason });
    }
    const before = event.presentBefore === null ? null : this.#plan(event.presentBefore);
    const after = event.presentAfter === null ? null : this.#plan(event.presentAfter);
    if (event.partialJson) return new PartialJsonRows(this.table, event, before!, after!);
    return new BinlogRowImages(this.table, event, before, after);
  }

  #plan(present: Uint8Array): RowPlan {
    const last = this.#readers.length > 0 ? (this.#readers.length - 1) >> 3 : -1;
    let full = true;
    // Bits past the last column are ones on MySQL and zeros on MariaDB.
    for (let i = 0; i < last; i += 1) full &&= present[i] === 0xff;
    if (full && (present[last]! & this.#lastByteMask) === this.#lastByteMask) return this.#full;
    let key = '';
    for (let i = 0; i <= last; i += 1)
      key += String.fromCharCode(i === last ? present[i]! & this.#lastByteMask : present[i]!);
    let plan = this.#partial.get(key);
    if (plan === undefined) {
      if (this.#partial.size >= maxPlans) this.#partial.clear();
      const columns = this.#readers.map((reader, column) =>
        (key.charCodeAt(column >> 3) >> (column & 7)) & 1 ? reader : null,
      );
      plan = new RowPlan(this.table, columns, 'image', this.#options);
      this.#partial.set(key, plan);
    }
    return plan;
  }
}

/** Each combination of columns that statements set is a plan; a client that sets columns at random must not fill the memory. */
const maxPlans = 256;

class BinlogRowImages implements RowImages {
  readonly length: number;
  readonly byteLength: number;
  readonly #bytes: Buffer;
  readonly #before: RowPlan | null;
  readonly #after: RowPlan | null;
  /** The start of each image: two entries a row for updates, else one. */
  readonly #offsets: Int32Array;
  readonly #base: number;
  /** Entries a row. */
  readonly #stride: number;

  constructor(table: Table, event: RowsEvent, before: RowPlan | null, after: RowPlan | null) {
    const { bytes, start, end } = event;
    this.#bytes = bytes;
    this.#before = before;
    this.#after = after;
    this.#stride = before !== null && after !== null ? 2 : 1;
    this.byteLength = end - start;
    const measureFirst = (before ?? after)!.measure;
    const measureSecond = before !== null && after !== null ? after.measure : null;
    let base = rowOffsets.used;
    let at = start;
    let rows = 0;
    // A row image without any column takes no bytes, and then an event has room for one row only.
    do {
      const first = at;
      base = rowOffsets.add(base, at);
      at = measureFirst(bytes, at, end);
      if (at >= 0 && measureSecond !== null) {
        base = rowOffsets.add(base, at);
        at = measureSecond(bytes, at, end);
      }
      if (at < 0 || (at === first && at < end)) {
        rowOffsets.used = base;
        throw new MillraceError('VALUES_ROWS_DAMAGED', {
          table: qualifiedName(table),
          row: rows,
          reason: at < 0 ? 'it does not end where the event ends' : 'it takes no bytes',
        });
      }
      rows += 1;
    } while (at < end);
    this.length = rows;
    this.#offsets = rowOffsets.block;
    this.#base = base;
  }

  has(_index: number, image: Image, column: number): boolean {
    const plan = image === 'before' ? this.#before : this.#after;
    return plan !== null && plan.columns[column] != null;
  }

  before(index: number): Row | null {
    return this.#before === null ? null : this.#before.read(this.#bytes, this.#offset(index, 0));
  }

  after(index: number): Row | null {
    return this.#after === null ? null : this.#after.read(this.#bytes, this.#offset(index, this.#stride - 1));
  }

  write(index: number, image: Image, writer: ValueWriter): void {
    if (image === 'before') this.#before?.write(this.#bytes, this.#offset(index, 0), writer);
    else this.#after?.write(this.#bytes, this.#offset(index, this.#stride - 1), writer);
  }

  #offset(index: number, image: number): number {
    assertRow(index, this.length);
    return this.#offsets[this.#base + index * this.#stride + image]!;
  }
}

/** Reading past the last row would read another event's bytes. */
const assertRow = (index: number, length: number): void => {
  if (!(index >= 0 && index < length)) throw new RangeError(`row ${index} of ${length}`);
};
