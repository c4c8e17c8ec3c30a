import { Buffer, isUtf8 } from 'node:buffer';
import { MillraceError } from '../../../core/errors.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';

/**
 * Puts a hash into the form that the readers of JSON rows take: an object with every column of the table in its order, texts and
 * numbers alike as strings, bytes in hex, and null where there is no field.
 */
export class RowDocument {
  readonly #table: Table;
  readonly #columns: ReadonlyMap<string, number>;
  readonly #names: readonly Buffer[];
  readonly #isBinary: readonly boolean[];
  readonly #values: (Buffer | null)[];

  constructor(table: Table) {
    this.#table = table;
    this.#columns = new Map(table.columns.map(({ name }, index) => [Buffer.from(name).toString('latin1'), index]));
    this.#names = table.columns.map(({ name }, index) =>
      Buffer.from(`${index === 0 ? '{' : ','}${JSON.stringify(name)}:`),
    );
    this.#isBinary = table.columns.map(({ type: { kind } }) => kind === 'binary');
    this.#values = table.columns.map(() => null);
  }

  /** Begins a row, which has no value yet. */
  begin(): void {
    this.#values.fill(null);
  }

  /** The column that a field is for; -1: there is none. */
  columnOf(field: Buffer): number {
    return this.#columns.get(field.latin1Slice(0, field.length)) ?? -1;
  }

  valueOf(column: number): Buffer | null {
    return this.#values[column]!;
  }

  /** The bytes are taken as they are: they must last until `write`. */
  set(column: number, value: Buffer): void {
    this.#values[column] = value;
  }

  /** Throws FORMAT_VALUE_UNREADABLE for a text that is no UTF-8. */
  write(): Buffer {
    let room = 1;
    for (let i = 0; i < this.#names.length; i += 1) {
      // Every byte of a value may take six: \u001f.
      room += this.#names[i]!.length + 6 * (this.#values[i]?.length ?? 0) + 4;
    }
    const to = Buffer.allocUnsafeSlow(room);
    let at = 0;
    for (let i = 0; i < this.#names.length; i += 1) {
      to.set(this.#names[i]!, at);
      at += this.#names[i]!.length;
      const value = this.#values[i]!;
      if (value === null) at += to.write('null', at, 'latin1');
      else if (this.#isBinary[i]!) at += to.write(`"${value.toString('hex')}"`, at, 'latin1');
      else at = this.#writeText(to, at, value, i);
    }
    to[at++] = CLOSE_BRACE;
    return to.subarray(0, at);
  }

  #writeText(to: Buffer, from: number, value: Buffer, column: number): number {
    if (!isUtf8(value)) {
      const { name, type, declaration } = this.#table.columns[column]!;
      throw new MillraceError('FORMAT_VALUE_UNREADABLE', {
        table: qualifiedName(this.#table),
        column: name,
        type: declaration ?? type.kind,
      });
    }
    let at = from;
    to[at++] = QUOTE;
    for (let i = 0; i < value.length; i += 1) {
      const byte = value[i]!;
      if (byte < 0x20) at += to.write(`\\u${byte.toString(16).padStart(4, '0')}`, at, 'latin1');
      else {
        if (byte === QUOTE || byte === BACKSLASH) to[at++] = BACKSLASH;
        to[at++] = byte;
      }
    }
    to[at++] = QUOTE;
    return at;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CLOSE_BRACE = 0x7d;
