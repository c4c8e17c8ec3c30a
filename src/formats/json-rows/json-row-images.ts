import type { Origin } from '../../core/change.ts';
import type { Image, RowImages, ValueWriter } from '../../core/row-images.ts';
import type { Row } from '../../core/value.ts';
import { ValueCollector } from '../../core/value-collector.ts';
import type { ColumnFinder } from './column-finder.ts';
import { isNull } from './json-scanner.ts';
import { unreadableAt } from './unreadable-at.ts';

/** Rows of one table as the JSON they came in, read when somebody asks. Which images there are is the same for all rows. */
export class JsonRowImages implements RowImages {
  length = 0;
  byteLength = 0;
  readonly #finder: ColumnFinder;
  readonly #hasBefore: boolean;
  readonly #hasAfter: boolean;
  /** The document of each row. */
  readonly #documents: Uint8Array[] = [];
  /** Where the message of each row stands in its log. */
  readonly #offsets: number[] = [];
  readonly #origin: Origin;
  #places: Int32Array;
  readonly #stride: number;

  /** `origin`: of the first row. */
  constructor(finder: ColumnFinder, origin: Origin, images: { readonly before: boolean; readonly after: boolean }) {
    this.#finder = finder;
    this.#origin = origin;
    this.#hasBefore = images.before;
    this.#hasAfter = images.after;
    this.#stride = finder.size * (Number(images.before) + Number(images.after));
    this.#places = new Int32Array(this.#stride * 4);
  }

  /** Takes one row; `fill` notes the places of its images, the one before first. Nothing is added when it throws. */
  add(document: Uint8Array, offset: number, fill: (places: Int32Array, before: number, after: number) => void): void {
    const base = this.length * this.#stride;
    if (base + this.#stride > this.#places.length) {
      const places = new Int32Array((base + this.#stride) * 2);
      places.set(this.#places);
      this.#places = places;
    }
    fill(this.#places, base, this.#hasBefore ? base + this.#finder.size : base);
    this.#documents.push(document);
    this.#offsets.push(offset);
    this.byteLength += document.length;
    this.length += 1;
  }

  /** Forgets the rows from the one at `length` on. */
  cut(length: number): void {
    for (const document of this.#documents.splice(length)) this.byteLength -= document.length;
    this.#offsets.length = length;
    this.length = length;
  }

  has(index: number, image: Image, column: number): boolean {
    const base = this.#base(index, image);
    return base >= 0 && this.#places[base + column * 2]! > 0;
  }

  before(index: number): Row | null {
    return this.#row(index, 'before');
  }

  after(index: number): Row | null {
    return this.#row(index, 'after');
  }

  write(index: number, image: Image, writer: ValueWriter): void {
    const base = this.#base(index, image);
    if (base < 0) return;
    const bytes = this.#documents[index]!;
    const places = this.#places;
    const { readers } = this.#finder;
    try {
      for (let column = 0; column < readers.length; column += 1) {
        const start = places[base + column * 2]!;
        if (start === 0) writer.absent(column);
        else if (isNull(bytes, start)) writer.null(column);
        else readers[column]!(writer, column, bytes, start, places[base + column * 2 + 1]!);
      }
    } catch (error) {
      throw unreadableAt(error, this.#origin, this.#offsets[index]!);
    }
  }

  /** Where an image's places begin; -1: the change has no such image. */
  #base(index: number, image: Image): number {
    const base = index * this.#stride;
    if (image === 'before') return this.#hasBefore ? base : -1;
    return this.#hasAfter ? (this.#hasBefore ? base + this.#finder.size : base) : -1;
  }

  #row(index: number, image: Image): Row | null {
    if (this.#base(index, image) < 0) return null;
    const collector = new ValueCollector(this.#finder.table);
    this.write(index, image, collector);
    return collector.row;
  }
}
