import type { Op } from '../../core/change.ts';
import type { Image, RowImages, ValueWriter } from '../../core/row-images.ts';
import type { Column, Table } from '../../core/table.ts';
import type { Row } from '../../core/value.ts';
import { writeValue } from '../../core/write-value.ts';

/** How rows of one definition become rows of another. */
export interface Fit {
  readonly target: Table;
  /** For each of the target's columns the source's column; -1: the source has none. */
  readonly sources: readonly number[];
  /** The target begins with exactly the source's columns, so values need not be built to be handed on. */
  readonly extends: boolean;
}

/**
 * Columns meet by name, without regard to case. One whose type differs in kind holds other values, so it counts as missing; null:
 * both definitions are the same to a sink.
 */
export const fitOf = (source: Table, target: Table): Fit | null => {
  if (source.id === target.id) return null;
  const byName = new Map(source.columns.map((column, at) => [column.name.toLowerCase(), at]));
  const sources = target.columns.map((column) => {
    const at = byName.get(column.name.toLowerCase()) ?? -1;
    return at >= 0 && holdsSameValues(source.columns[at]!, column) ? at : -1;
  });
  const prefix = sources.every((from, at) => from === (at < source.columns.length ? at : -1));
  return { target, sources, extends: prefix && sources.length >= source.columns.length };
};

/** Members of enum and set columns have numbers, so those must be the same; others differ in range alone. */
export const holdsSameValues = ({ type: from }: Column, { type: to }: Column): boolean =>
  from.kind === to.kind &&
  (!('values' in from) || !('values' in to) || from.values.join('\0') === to.values.join('\0'));

/**
 * Rows under another definition. A column that the source does not have is NULL in a row that is new, and was not logged in any
 * other, so that a sink leaves what it holds there.
 */
export class FittedRows implements RowImages {
  readonly length: number;
  readonly byteLength: number;
  readonly #rows: RowImages;
  readonly #op: Op;
  readonly #fit: Fit;

  constructor(rows: RowImages, op: Op, fit: Fit) {
    this.length = rows.length;
    this.byteLength = rows.byteLength;
    this.#rows = rows;
    this.#op = op;
    this.#fit = fit;
  }

  has(index: number, image: Image, column: number): boolean {
    const source = this.#fit.sources[column]!;
    return source < 0 ? this.#missing === null && image === 'after' : this.#rows.has(index, image, source);
  }

  before(index: number): Row | null {
    return this.#fitted(this.#rows.before(index));
  }

  after(index: number): Row | null {
    return this.#fitted(this.#rows.after(index));
  }

  write(index: number, image: Image, writer: ValueWriter): void {
    const { target, sources } = this.#fit;
    if (!this.#fit.extends) {
      const row = this[image](index);
      if (row === null) return;
      for (const [at, { type }] of target.columns.entries()) writeValue(writer, at, type, row[at]);
      return;
    }
    this.#rows.write(index, image, writer);
    const isThere = image === 'before' ? this.#missing === undefined : this.#op !== 'delete';
    if (!isThere) return;
    for (let at = sources.indexOf(-1); at >= 0 && at < sources.length; at += 1) {
      if (this.#missing === null) writer.null(at);
      else writer.absent(at);
    }
  }

  /** What stands in a column that the source lacks. A row that is new has no image from before. */
  get #missing(): null | undefined {
    return this.#op === 'create' || this.#op === 'read' ? null : undefined;
  }

  #fitted(row: Row | null): Row | null {
    return row && this.#fit.sources.map((source) => (source < 0 ? this.#missing : row[source]));
  }
}
