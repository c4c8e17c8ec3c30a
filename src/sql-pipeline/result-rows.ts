import type { Image, RowImages, ValueWriter } from '../core/row-images.ts';
import type { Row } from '../core/value.ts';
import { writeValue } from '../core/write-value.ts';
import type { SqlRow } from '../operators/incremental/delta.ts';
import type { TargetTable } from './target-table.ts';

/** About what a value takes in memory. */
const valueBytes = 16;

/** Rows of a query's result, converted to the table's values when a sink asks for them. */
export class ResultRows implements RowImages {
  readonly length: number;
  readonly byteLength: number;
  /** As the query computed them; null: the change has no such image. */
  readonly computed: { readonly before: readonly SqlRow[] | null; readonly after: readonly SqlRow[] | null };
  readonly #target: TargetTable;

  constructor(target: TargetTable, computed: ResultRows['computed']) {
    this.#target = target;
    this.computed = computed;
    this.length = (computed.after ?? computed.before)!.length;
    this.byteLength = this.length * target.table.columns.length * valueBytes;
  }

  /** A result's row is always whole. */
  has(_index: number, image: Image): boolean {
    return this.computed[image] !== null;
  }

  before(index: number): Row | null {
    return this.#values(index, 'before');
  }

  after(index: number): Row | null {
    return this.#values(index, 'after');
  }

  write(index: number, image: Image, writer: ValueWriter): void {
    const row = this.#values(index, image);
    if (row === null) return;
    const { columns } = this.#target.table;
    for (let column = 0; column < columns.length; column += 1) {
      writeValue(writer, column, columns[column]!.type, row[column]);
    }
  }

  #values(index: number, image: Image): Row | null {
    const row = this.computed[image]?.[index];
    return row === undefined ? null : this.#target.write(row);
  }
}
