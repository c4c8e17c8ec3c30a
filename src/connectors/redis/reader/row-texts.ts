import { Buffer } from 'node:buffer';
import { ArrayRowImages } from '../../../core/array-row-images.ts';
import { plainColumn } from '../../../core/plain-column.ts';
import type { Key } from '../../../core/reader.ts';
import type { ColumnType, Table } from '../../../core/table.ts';
import type { Row, Value } from '../../../core/value.ts';
import { fieldOf, type HashFields } from '../hash-fields.ts';
import { columnValueReader, isValueText } from '../hash-values.ts';
import type { KeyTemplate } from '../key-template.ts';
import { RowKey } from '../sink/row-key.ts';
import { planTable, type TablePlan } from '../sink/table-plan.ts';
import type { TableSettings } from '../sink/table-settings.ts';
import { type HeldUntil, untilOf } from './held-times.ts';

/**
 * The texts of one row after the other, as the sink writes them, and what is read back from texts. A row is told by its key: the primary
 * key, and behind it the other columns that say where the sink keeps it.
 */
export class RowTexts {
  readonly source: Table;
  readonly plan: TablePlan;
  /** The columns of the key. */
  readonly columns: readonly number[];
  readonly #fields: HashFields;
  readonly #key = new RowKey();
  readonly #readers: readonly ((bytes: Buffer) => Value)[];

  /** `placedBy`: the columns that say where a row is. */
  constructor(source: Table, settings: TableSettings, placedBy: readonly number[]) {
    const { primaryKey } = source;
    this.source = source;
    // Sets of indexes are looked at by themselves.
    this.plan = planTable(source, { ...settings, indexes: [] }, { vanished: null, complete: false });
    this.columns = [...new Set([...primaryKey, ...placedBy])];
    this.#fields = this.plan.after;
    this.#readers = source.columns.map(({ type }) => columnValueReader(type));
  }

  /** The table as which rows are read back: their keys, and what is held beside. */
  described(name: string, form: string, beside: readonly (readonly [string, ColumnType])[]): Table {
    const own = this.columns.map((at) => this.source.columns[at]!);
    return {
      ...this.source,
      name,
      id: `${this.source.id} as ${form}`,
      columns: [...own, ...beside.map(([column, type]) => plainColumn(`\0${column}`, type))],
      primaryKey: own.map((_, at) => at),
      uniqueKeys: [],
    };
  }

  /** Takes a row, which may lack columns that nobody asks for. */
  read(row: Row): void {
    this.#fields.read(new ArrayRowImages(this.source, { before: null, after: [row] }), 0, 'after');
  }

  /** Takes what a key says of a row. */
  readKey(key: Key): void {
    this.read(this.rowOf(key));
  }

  rowOf(key: Key): Row {
    const row: (Value | undefined)[] = new Array(this.source.columns.length).fill(undefined);
    for (const [i, column] of this.columns.entries()) row[column] = key[i];
    return row as Row;
  }

  keyOf(row: Row): Key {
    return this.columns.map((at) => row[at]!);
  }

  /** Of the row that was taken last: whether it has a value. */
  has(column: number): boolean {
    return this.#fields.states[column] === fieldOf.value;
  }

  /** A column's text, a view that stands until the next row is taken. */
  bytes(column: number): Buffer {
    const { bytes, valueStarts, valueEnds } = this.#fields;
    return bytes.subarray(valueStarts[column], valueEnds[column]);
  }

  /** Until when a column says that the row lives. */
  until(column: number): HeldUntil {
    return untilOf(this.source, column, this.#fields);
  }

  /** What a template makes of the row; null: a column of it has no value. */
  named(keys: KeyTemplate): Buffer | null {
    if (!this.#key.write(keys, this.#fields)) return null;
    return Buffer.from(this.#key.bytes.subarray(0, this.#key.length));
  }

  /** The key of a row of which each column's text is given; null: no row of the table has it. */
  keyFrom(textOf: (column: number) => Buffer | null): Key | null {
    const key: Value[] = [];
    for (const column of this.columns) {
      const bytes = textOf(column);
      if (bytes === null || !isValueText(this.source.columns[column]!.type, bytes)) return null;
      key.push(this.#readers[column]!(bytes));
    }
    return key;
  }
}

/** What is only there or not. */
export const noBytes = Buffer.alloc(0);
export const bytesColumn: ColumnType = { kind: 'binary', fixed: false, maxBytes: 0 };
export const integerColumn: ColumnType = { kind: 'integer', bits: 64, unsigned: false };
