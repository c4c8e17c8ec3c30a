import { Buffer } from 'node:buffer';
import { columnValueReader, isValueText } from '../connectors/redis/hash-values.ts';
import type { ColumnType } from '../core/table.ts';
import type { Value } from '../core/value.ts';

/** Where the texts of one answer lie. They are read from there, without a Buffer being made of each. */
export class RowPlaces {
  bytes: Buffer = Buffer.alloc(0);
  /** By text; -1: there is none. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** All letters from `#from` on, where each of them is one byte; null: some take more. */
  #letters: string | null = null;
  #from = 0;

  constructor(texts: number) {
    this.starts = new Int32Array(texts);
    this.ends = new Int32Array(texts);
  }

  /** Decodes the texts from `first` on, of which there is one at least, at once: cutting them out of a string costs far less than asking for each. */
  decode(first: number): void {
    let at = first;
    while (this.starts[at] === -1) at += 1;
    let last = this.starts.length - 1;
    while (this.ends[last] === -1) last -= 1;
    this.#from = this.starts[at]!;
    const to = this.ends[last]!;
    const letters = this.bytes.utf8Slice(this.#from, to);
    this.#letters = letters.length === to - this.#from ? letters : null;
  }

  /** A text that is there. */
  text(at: number): string {
    const start = this.starts[at]!;
    const end = this.ends[at]!;
    if (this.#letters === null) return this.bytes.utf8Slice(start, end);
    return this.#letters.slice(start - this.#from, end - this.#from);
  }

  /** A whole number of up to fifteen digits, which is exact; null: it is none. */
  digits(at: number): number | null {
    const { bytes } = this;
    const end = this.ends[at]!;
    let from = this.starts[at]!;
    const isNegative = bytes[from] === 0x2d;
    if (isNegative) from += 1;
    if (end - from > 15 || end === from) return null;
    let value = 0;
    for (let i = from; i < end; i += 1) {
      const digit = bytes[i]! - 0x30;
      if (!(digit >= 0 && digit <= 9)) return null;
      value = value * 10 + digit;
    }
    return isNegative ? -value : value;
  }

  /** For who reads it in another way. */
  view(at: number): Buffer {
    return this.bytes.subarray(this.starts[at]!, this.ends[at]!);
  }
}

/** As `columnValueReader`, from where the text lies; undefined: it is no value of such a column. */
export const placedValueReader = (type: ColumnType): ((places: RowPlaces, at: number) => Value | undefined) => {
  const read = columnValueReader(type);
  const readNumber = (places: RowPlaces, at: number): Value | undefined => {
    const text = places.view(at);
    return isValueText(type, text) ? read(text) : undefined;
  };
  switch (type.kind) {
    case 'integer':
    case 'bit':
    case 'year':
      return (places, at) => places.digits(at) ?? readNumber(places, at);
    case 'float':
    case 'double':
      return readNumber;
    case 'binary':
    case 'geometry':
    case 'vector':
      return (places, at) => read(places.view(at));
    default:
      return (places, at) => places.text(at);
  }
};
