import type { Image, RowImages, ValueWriter } from '../core/row-images.ts';
import type { Row } from '../core/value.ts';
import type { ProjectedColumn, ProjectingWriter } from './projecting-writer.ts';

/** How the rows of one table become those of another. */
export interface RowProjection {
  readonly columns: readonly ProjectedColumn[];
  readonly writer: ProjectingWriter;
  /** Some column is replaced, so rows have to be decoded. */
  readonly replaces: boolean;
}

/** Rows with some columns left out, renamed or replaced. Without a replaced one, `write` hands bytes through as they came. */
export class ProjectedRowImages implements RowImages {
  readonly length: number;
  readonly byteLength: number;
  readonly #rows: RowImages;
  readonly #projection: RowProjection;

  constructor(rows: RowImages, projection: RowProjection) {
    this.#rows = rows;
    this.#projection = projection;
    this.length = rows.length;
    this.byteLength = rows.byteLength;
  }

  has(index: number, image: Image, column: number): boolean {
    return this.#rows.has(index, image, this.#projection.columns[column]!.source);
  }

  before(index: number): Row | null {
    return this.#project(this.#rows.before(index));
  }

  after(index: number): Row | null {
    return this.#project(this.#rows.after(index));
  }

  write(index: number, image: Image, writer: ValueWriter): void {
    const projecting = this.#projection.writer;
    projecting.begin(writer, this.#projection.replaces ? this.#rows[image](index) : null);
    this.#rows.write(index, image, projecting);
  }

  #project(row: Row | null): Row | null {
    if (row === null) return null;
    return this.#projection.columns.map(({ source, substitute }) => {
      const value = row[source];
      return substitute === null || value === null || value === undefined ? value : substitute(value);
    });
  }
}
