import { ignoredValues } from '../../../core/ignored-values.ts';
import type { ValueWriter } from '../../../core/row-images.ts';
import type { Table } from '../../../core/table.ts';
import type { Row } from '../../../core/value.ts';
import { DamagedValue } from './columns/column-reader.ts';
import {
  canCompile,
  compileMeasure,
  compileRead,
  compileWrite,
  type Framing,
  type Measure,
  maxCompiledColumns,
  type RowCode,
  type RowColumns,
} from './row-code.ts';
import { interpretMeasure, interpretRow } from './row-interpreter.ts';

export interface RowReaderOptions {
  /** false: interpret rows even where they could be compiled. */
  readonly compile?: boolean;
}

/** How to read one shape of row: a table's columns, of which some may not be logged. Functions are made when first needed. */
export class RowPlan {
  readonly columns: RowColumns;
  readonly #framing: Framing;
  readonly #compile: boolean;
  readonly #interpreted: RowCode;
  #read: RowCode['read'] | null = null;
  #measure: Measure | null = null;
  /** One function per kind of writer, so that the calls in it see one kind only. */
  readonly #writes = new Map<string, RowCode['write']>();
  #lastTarget = '';
  #lastWrite: RowCode['write'] | null = null;

  constructor(table: Table, columns: RowColumns, framing: Framing, options: RowReaderOptions) {
    this.columns = columns;
    this.#framing = framing;
    this.#compile = options.compile !== false && canCompile && columns.length <= maxCompiledColumns;
    this.#interpreted = interpretRow(table, columns, framing);
  }

  get measure(): Measure {
    this.#measure ??= this.#compile ? compileMeasure(this.columns) : interpretMeasure(this.columns);
    return this.#measure;
  }

  read(bytes: Buffer, start: number): Row {
    this.#read ??= this.#compile ? compileRead(this.columns, this.#framing) : this.#interpreted.read;
    try {
      return this.#read(bytes, start);
    } catch (error) {
      // Once more, by the twin that names the column in its error.
      if (error instanceof DamagedValue) this.#interpreted.read(bytes, start);
      throw error;
    }
  }

  write(bytes: Buffer, start: number, writer: ValueWriter): void {
    const write =
      writer.target === this.#lastTarget && this.#lastWrite !== null ? this.#lastWrite : this.#writeFor(writer);
    try {
      write(bytes, start, writer);
    } catch (error) {
      if (error instanceof DamagedValue) this.#interpreted.write(bytes, start, ignoredValues);
      throw error;
    }
  }

  #writeFor(writer: ValueWriter): RowCode['write'] {
    let write = this.#writes.get(writer.target);
    if (write === undefined) {
      write = this.#compile ? compileWrite(this.columns, this.#framing) : this.#interpreted.write;
      this.#writes.set(writer.target, write);
    }
    this.#lastTarget = writer.target;
    this.#lastWrite = write;
    return write;
  }
}
