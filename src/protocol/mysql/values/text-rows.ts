/**
 * The rows of a SELECT (COM_QUERY, text protocol), cut in place from what the socket gives.
 *
 *   packet:  payload length u3 | sequence u1 | payload; a payload of 0xffffff bytes goes on in the next packet
 *   result:  column count lenenc | a packet per column | EOF, unless deprecated | a packet per row | EOF or OK
 *   row:     { fb: NULL | length lenenc, bytes } per column
 *   EOF: fe, under 9 bytes   OK in its place: fe, under 0xffffff bytes   ERR: ff code u2 '#' state 5 text
 *
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset.html
 */

import { MillraceError } from '../../../core/errors.ts';
import type { Image, RowImages, ValueWriter } from '../../../core/row-images.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import type { Row } from '../../../core/value.ts';
import { textProtocolColumn } from './columns/text-columns.ts';
import { rowOffsets } from './row-offsets.ts';
import { RowPlan, type RowReaderOptions } from './row-plan.ts';

/** Reads what a SELECT of `selectExpression` of every column of one table answers. Keep one per table: it compiles. */
export class TextRowReader {
  readonly table: Table;
  readonly plan: RowPlan;

  constructor(table: Table, options: RowReaderOptions = {}) {
    this.table = table;
    const columns = table.columns.map((column) => textProtocolColumn(column.type));
    this.plan = new RowPlan(table, columns, 'text', options);
  }
}

export interface TextRowsOptions {
  /** Whether CLIENT_DEPRECATE_EOF was agreed on at the handshake. */
  readonly deprecateEof: boolean;
}

/**
 * One result set. Push the socket's chunks; `onRows` gets the rows of each, over the chunk's own bytes, which must stay as they
 * are while the rows are in use. A row that is split over chunks is put together in bytes of its own.
 *
 * Throws MYSQL_SERVER_ERROR when the server ends the query with an error, VALUES_RESULT_MISMATCH when it answers another
 * number of columns, VALUES_RESULT_DAMAGED for bytes that are no result set.
 */
export class TextRows {
  readonly #reader: TextRowReader;
  readonly #columns: number;
  readonly #deprecateEof: boolean;
  #state: 'count' | 'columns' | 'columns-end' | 'rows' | 'ended' = 'count';
  #columnsLeft = 0;
  /** A packet that did not end in its chunk. */
  #split: SplitPacket | null = null;

  constructor(reader: TextRowReader, options: TextRowsOptions) {
    this.#reader = reader;
    this.#columns = reader.table.columns.length;
    this.#deprecateEof = options.deprecateEof;
  }

  /** The server has sent the last row. */
  get ended(): boolean {
    return this.#state === 'ended';
  }

  push(chunk: Buffer, onRows: (rows: RowImages) => void): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.ended) throw this.#damaged('bytes follow the end of the result');
      if (this.#split === null) at = this.#scan(chunk, at, onRows);
      if (at === chunk.length || this.ended) continue;
      this.#split ??= new SplitPacket();
      at = this.#split.push(chunk, at);
      if (this.#split.complete) this.#takeSplit(this.#split, onRows);
    }
  }

  #takeSplit(split: SplitPacket, onRows: (rows: RowImages) => void): void {
    const payload = split.payload();
    this.#split = null;
    if (!this.#take(payload, 0, payload.length)) return;
    const base = rowOffsets.add(rowOffsets.used, 0);
    onRows(this.#images(payload, base, payload.length));
  }

  /** Takes the packets that lie whole in `chunk`, and returns where the first that does not starts. */
  #scan(chunk: Buffer, start: number, onRows: (rows: RowImages) => void): number {
    const limit = chunk.length;
    let base = rowOffsets.used;
    let at = start;
    let byteLength = 0;
    while (at + 4 <= limit && !this.ended) {
      const length = chunk[at]! | (chunk[at + 1]! << 8) | (chunk[at + 2]! << 16);
      const end = at + 4 + length;
      if (end > limit || length === continued) break;
      if (this.#take(chunk, at + 4, end)) {
        byteLength += end - at;
        base = rowOffsets.add(base, at + 4);
      }
      at = end;
    }
    if (byteLength > 0) onRows(this.#images(chunk, base, byteLength));
    return at;
  }

  #images(bytes: Buffer, base: number, byteLength: number): RowImages {
    return new TextRowImages(this.#reader.plan, bytes, rowOffsets.block, base, rowOffsets.used - base, byteLength);
  }

  /** Handles one packet's payload. True: it is a row, and its columns lie inside it. */
  #take(b: Buffer, start: number, end: number): boolean {
    if (this.#state === 'rows') {
      const first = b[start];
      if (first === 0xff) throw this.#serverError(b, start, end);
      if (first === 0xfe && (this.#deprecateEof ? end - start < continued : end - start < 9)) {
        this.#state = 'ended';
        return false;
      }
      let at = start;
      for (let column = 0; column < this.#columns; column += 1) {
        const length = b[at]!;
        if (length < 0xfb) at += 1 + length;
        else if (length === 0xfb) at += 1;
        else at = afterLongValue(b, at, end);
      }
      if (at !== end) throw this.#damaged(`a row does not hold ${this.#columns} values`);
      return true;
    }
    this.#takeHead(b, start, end);
    return false;
  }

  #takeHead(b: Buffer, start: number, end: number): void {
    const first = b[start];
    if (first === 0xff) throw this.#serverError(b, start, end);
    switch (this.#state) {
      case 'count': {
        const count = first === 0xfc && end - start === 3 ? b.readUInt16LE(start + 1) : first;
        if (count === undefined || count === 0 || count !== this.#columns) {
          throw new MillraceError('VALUES_RESULT_MISMATCH', {
            table: qualifiedName(this.#reader.table),
            columns: count ?? 0,
            expected: this.#columns,
          });
        }
        this.#columnsLeft = count;
        this.#state = 'columns';
        return;
      }
      case 'columns':
        this.#columnsLeft -= 1;
        if (this.#columnsLeft === 0) this.#state = this.#deprecateEof ? 'rows' : 'columns-end';
        return;
      case 'columns-end':
        if (first !== 0xfe || end - start >= 9) throw this.#damaged('no EOF stands behind the column definitions');
        this.#state = 'rows';
        return;
      default:
        throw this.#damaged('bytes follow the end of the result');
    }
  }

  #serverError(b: Buffer, start: number, end: number): MillraceError {
    const hasState = b[start + 3] === 0x23;
    return new MillraceError('MYSQL_SERVER_ERROR', {
      code: end - start >= 3 ? b.readUInt16LE(start + 1) : 0,
      state: hasState ? b.latin1Slice(start + 4, Math.min(start + 9, end)) : '',
      message: b.utf8Slice(Math.min(start + (hasState ? 9 : 3), end), end),
    });
  }

  #damaged(reason: string): MillraceError {
    return new MillraceError('VALUES_RESULT_DAMAGED', { table: qualifiedName(this.#reader.table), reason });
  }
}

/** A payload of this size goes on in the next packet. */
const continued = 0xffffff;

/** Where a value with a length of 2, 3 or 8 bytes ends; past `limit` when it is cut off. */
const afterLongValue = (b: Buffer, at: number, limit: number): number => {
  const size = b[at] === 0xfc ? 2 : b[at] === 0xfd ? 3 : b[at] === 0xfe ? 8 : -1;
  const start = at + 1 + size;
  if (size < 0 || start > limit) return limit + 1;
  // The upper four of eight bytes would be a value of 4 GiB and more, which does not exist.
  if (size === 8 && b.readUInt32LE(at + 5) !== 0) return limit + 1;
  return start + b.readUIntLE(at + 1, Math.min(size, 4));
};

/** One logical packet that lies in more than one chunk, or is sent as more than one packet because it has 16 MiB and more. */
class SplitPacket {
  complete = false;
  readonly #header = Buffer.alloc(4);
  #headerLength = 0;
  #payload: Buffer = Buffer.alloc(0);
  #length = 0;
  /** Of the packet that is being read. */
  #left = 0;
  #continues = false;

  /** Takes what belongs to the packet, and returns where that ends. */
  push(chunk: Buffer, start: number): number {
    let at = start;
    while (at < chunk.length && !this.complete) {
      if (this.#headerLength < 4) {
        this.#header[this.#headerLength] = chunk[at]!;
        this.#headerLength += 1;
        at += 1;
        if (this.#headerLength === 4) this.#open();
        continue;
      }
      const taken = Math.min(this.#left, chunk.length - at);
      chunk.copy(this.#payload, this.#length, at, at + taken);
      this.#length += taken;
      this.#left -= taken;
      at += taken;
      if (this.#left === 0) this.#close();
    }
    return at;
  }

  payload(): Buffer {
    return this.#payload.subarray(0, this.#length);
  }

  #open(): void {
    this.#left = this.#header.readUIntLE(0, 3);
    this.#continues = this.#left === continued;
    const needed = this.#length + this.#left;
    if (needed > this.#payload.length) {
      // Twice the size each time, so that a row of many packets is not copied over and over.
      const larger = Buffer.allocUnsafeSlow(this.#length === 0 ? needed : Math.max(needed, this.#payload.length * 2));
      this.#payload.copy(larger, 0, 0, this.#length);
      this.#payload = larger;
    }
    if (this.#left === 0) this.#close();
  }

  #close(): void {
    if (this.#continues) this.#headerLength = 0;
    else this.complete = true;
  }
}

class TextRowImages implements RowImages {
  readonly length: number;
  readonly byteLength: number;
  readonly #plan: RowPlan;
  readonly #bytes: Buffer;
  readonly #offsets: Int32Array;
  readonly #base: number;

  constructor(plan: RowPlan, bytes: Buffer, offsets: Int32Array, base: number, length: number, byteLength: number) {
    this.#plan = plan;
    this.#bytes = bytes;
    this.#offsets = offsets;
    this.#base = base;
    this.length = length;
    this.byteLength = byteLength;
  }

  has(_index: number, image: Image, _column: number): boolean {
    return image === 'after';
  }

  before(_index: number): null {
    return null;
  }

  after(index: number): Row {
    return this.#plan.read(this.#bytes, this.#offset(index));
  }

  write(index: number, image: Image, writer: ValueWriter): void {
    if (image === 'after') this.#plan.write(this.#bytes, this.#offset(index), writer);
  }

  #offset(index: number): number {
    if (!(index >= 0 && index < this.length)) throw new RangeError(`row ${index} of ${this.length}`);
    return this.#offsets[this.#base + index]!;
  }
}
