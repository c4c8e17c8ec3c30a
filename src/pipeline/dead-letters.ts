import type { Batch } from '../core/batch.ts';
import type { Op } from '../core/change.ts';
import { type ErrorCode, isMillraceError } from '../core/errors.ts';
import type { Image, RowImages, ValueWriter } from '../core/row-images.ts';
import type { Table } from '../core/table.ts';
import type { UnreadableMessage } from '../core/unreadable-message.ts';
import type { Row } from '../core/value.ts';

/** A row that a sink refused, and why. */
export interface DeadLetter {
  readonly sink: string;
  readonly table: Table;
  readonly op: Op;
  readonly rows: RowImages;
  /** Always one batch holding this row alone, so that it can be written again. */
  readonly batch: Batch;
  readonly code: string;
  readonly message: string;
}

/** Keeps refused rows and unreadable messages for somebody to look at. A letter may arrive twice after a crash. */
export interface DeadLetters {
  /** Resolves when the letter is durable. */
  write(letter: DeadLetter): Promise<void>;
  /**
   * Resolves when all of these are durable. `source`: its place among the pipeline's, from 0. Left out: a message that cannot be read
   * stops the pipeline.
   */
  putAside?(messages: readonly UnreadableMessage[], source: number): Promise<void>;
}

/** Whether an error is about the rows themselves, so that leaving one out would let the others pass. */
export const isAboutRows = (error: unknown): boolean =>
  isMillraceError(error) && (refusals.has(error.code) || error.code.startsWith('VALUE_'));

const refusals: ReadonlySet<string> = new Set<ErrorCode>(['SINK_ROW_REFUSED', 'REDIS_WRONG_TYPE']);

/** Some rows of a change. */
export class RowRange implements RowImages {
  readonly length: number;
  readonly byteLength: number;
  readonly #rows: RowImages;
  readonly #start: number;

  constructor(rows: RowImages, start: number, end: number) {
    this.#rows = rows;
    this.#start = start;
    this.length = end - start;
    this.byteLength = Math.round((rows.byteLength * this.length) / rows.length);
  }

  has(index: number, image: Image, column: number): boolean {
    return this.#rows.has(this.#start + index, image, column);
  }

  before(index: number): Row | null {
    return this.#rows.before(this.#start + index);
  }

  after(index: number): Row | null {
    return this.#rows.after(this.#start + index);
  }

  write(index: number, image: Image, writer: ValueWriter): void {
    this.#rows.write(this.#start + index, image, writer);
  }
}
