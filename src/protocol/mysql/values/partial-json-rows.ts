/**
 * The rows of PARTIAL_UPDATE_ROWS: the before image as always, then
 *
 *   value_options lenenc | bit 0 set: a bit per JSON column of the table, LSB first, 1 = its value is diffs | after image
 *   a JSON value that is diffs: length u4 | diffs (json-diff.ts)
 *
 * The bits count all JSON columns, whether the after image logs them or not. MySQL sql/rpl_record.cc (unpack_row).
 */

import { MillraceError } from '../../../core/errors.ts';
import type { Image, RowImages, ValueWriter } from '../../../core/row-images.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import type { Row, Value } from '../../../core/value.ts';
import type { RowsEvent } from '../events/rows-event.ts';
import { applyJsonDiffs } from './json/json-diff.ts';
import { JsonTextWriter } from './json/json-text.ts';
import { putNode, storedNode } from './json/json-tree.ts';
import { namingColumn, visitRow } from './row-interpreter.ts';
import type { RowPlan } from './row-plan.ts';

const partialJsonOption = 1;

export class PartialJsonRows implements RowImages {
  readonly length: number;
  readonly byteLength: number;
  readonly #table: Table;
  readonly #bytes: Buffer;
  readonly #beforePlan: RowPlan;
  readonly #afterPlan: RowPlan;
  readonly #rows: readonly PartialRow[];

  constructor(table: Table, event: RowsEvent, before: RowPlan, after: RowPlan) {
    this.#table = table;
    this.#bytes = event.bytes;
    this.#beforePlan = before;
    this.#afterPlan = after;
    this.#rows = indexRows(table, event, before, after);
    this.length = this.#rows.length;
    this.byteLength = event.end - event.start;
  }

  has(_index: number, image: Image, column: number): boolean {
    return (image === 'before' ? this.#beforePlan : this.#afterPlan).columns[column] != null;
  }

  before(index: number): Row {
    return this.#beforePlan.read(this.#bytes, this.#row(index).before);
  }

  after(index: number): Row {
    const row = this.#row(index);
    if (row.diffs.size === 0) return this.#afterPlan.read(this.#bytes, row.after);
    const values: (Value | undefined)[] = new Array(this.#afterPlan.columns.length).fill(undefined);
    this.#visitAfter(row, (column, reader, s, e) => {
      if (reader === null) values[column] = null;
      else if (row.diffs.has(column)) values[column] = this.#applied(row, column, s, e).toString('utf8');
      else values[column] = namingColumn(this.#table, column, () => reader.read(this.#bytes, s, e));
    });
    return values;
  }

  write(index: number, image: Image, writer: ValueWriter): void {
    const row = this.#row(index);
    if (image === 'before') this.#beforePlan.write(this.#bytes, row.before, writer);
    else if (row.diffs.size === 0) this.#afterPlan.write(this.#bytes, row.after, writer);
    else {
      let next = 0;
      const absentUpTo = (column: number): void => {
        for (; next < column; next += 1) writer.absent(next);
      };
      this.#visitAfter(row, (column, reader, s, e) => {
        absentUpTo(column);
        next = column + 1;
        if (reader === null) writer.null(column);
        else if (row.diffs.has(column)) {
          const text = this.#applied(row, column, s, e);
          writer.json(column, text, 0, text.length);
        } else namingColumn(this.#table, column, () => reader.write(writer, column, this.#bytes, s, e));
      });
      absentUpTo(this.#afterPlan.columns.length);
    }
  }

  #visitAfter(row: PartialRow, visit: Parameters<typeof visitRow>[4]): void {
    visitRow(this.#afterPlan.columns, 'image', this.#bytes, row.after, visit);
  }

  /** The text of a column after its diffs from `start` to `end`. Valid until the next call. */
  #applied(row: PartialRow, column: number, start: number, end: number): Buffer {
    let found: { readonly start: number; readonly end: number } | null = null;
    visitRow(this.#beforePlan.columns, 'image', this.#bytes, row.before, (other, reader, s, e) => {
      if (other === column && reader !== null) found = { start: s, end: e };
    });
    if (found === null) throw baseMissing(this.#table, column);
    const base: { readonly start: number; readonly end: number } = found;
    return namingColumn(this.#table, column, () => {
      text.begin();
      putNode(applyJsonDiffs(storedNode(this.#bytes, base.start, base.end), this.#bytes, start, end), text);
      return text.bytes.subarray(0, text.length);
    });
  }

  #row(index: number): PartialRow {
    const row = this.#rows[index];
    if (row === undefined) throw new RangeError(`row ${index} of ${this.length}`);
    return row;
  }
}

interface PartialRow {
  readonly before: number;
  /** Where the after image's null bits start. */
  readonly after: number;
  /** The columns whose after value is diffs. */
  readonly diffs: ReadonlySet<number>;
}

const text = new JsonTextWriter();
const noDiffs: ReadonlySet<number> = new Set();

const indexRows = (table: Table, event: RowsEvent, before: RowPlan, after: RowPlan): PartialRow[] => {
  const { bytes, end } = event;
  const json = table.columns.flatMap((column, i) => (column.type.kind === 'json' ? [i] : []));
  const rows: PartialRow[] = [];
  let at = event.start;
  const damaged = (reason: string): MillraceError =>
    new MillraceError('VALUES_ROWS_DAMAGED', { table: qualifiedName(table), row: rows.length, reason });
  while (at < end) {
    const start = at;
    at = before.measure(bytes, at, end);
    if (at < 0 || at >= end) throw damaged('its before image does not end inside the event');
    // Only one option exists, so that the length-encoded number is one byte.
    const options = bytes[at]!;
    at += 1;
    if (options > partialJsonOption) throw damaged(`it has unknown value options ${options}`);
    let diffs = noDiffs;
    if (options === partialJsonOption) {
      const bits = at;
      at += (json.length + 7) >> 3;
      if (at > end) throw damaged('it is cut off');
      diffs = new Set(json.filter((_, i) => ((bytes[bits + (i >> 3)]! >> (i & 7)) & 1) === 1));
    }
    const afterStart = at;
    at = after.measure(bytes, at, end);
    if (at < 0) throw damaged('its after image does not end where the event ends');
    for (const column of diffs)
      if (after.columns[column] != null && before.columns[column] === null) throw baseMissing(table, column);
    rows.push({ before: start, after: afterStart, diffs });
  }
  return rows;
};

const baseMissing = (table: Table, column: number): MillraceError =>
  new MillraceError('VALUES_JSON_BASE_MISSING', {
    table: qualifiedName(table),
    column: table.columns[column]!.name,
  });
