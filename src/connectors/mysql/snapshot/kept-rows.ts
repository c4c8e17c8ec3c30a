import type { Image, RowImages, ValueWriter } from '../../../core/row-images.ts';
import type { Row } from '../../../core/value.ts';

/** Some of another set's rows, in the same order, without copying any. */
export class KeptRows implements RowImages {
  readonly byteLength: number;
  readonly #rows: RowImages;
  readonly #kept: readonly number[];

  /** `kept` are indexes into `rows`. */
  constructor(rows: RowImages, kept: readonly number[]) {
    this.#rows = rows;
    this.#kept = kept;
    // What single rows took is not known: their share by number.
    this.byteLength = rows.length === 0 ? 0 : Math.round((rows.byteLength * kept.length) / rows.length);
  }

  get length(): number {
    return this.#kept.length;
  }

  has(index: number, image: Image, column: number): boolean {
    return this.#rows.has(this.#kept[index]!, image, column);
  }

  before(index: number): Row | null {
    return this.#rows.before(this.#kept[index]!);
  }

  after(index: number): Row | null {
    return this.#rows.after(this.#kept[index]!);
  }

  write(index: number, image: Image, writer: ValueWriter): void {
    this.#rows.write(this.#kept[index]!, image, writer);
  }
}
