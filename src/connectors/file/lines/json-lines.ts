import { Buffer } from 'node:buffer';
import type { Origin, RowsChange, TruncateChange } from '../../../core/change.ts';
import { isMillraceError, MillraceError } from '../../../core/errors.ts';
import type { Table } from '../../../core/table.ts';
import { ChangeCollector } from '../../../formats/json-rows/change-collector.ts';
import type { ColumnFinder } from '../../../formats/json-rows/column-finder.ts';
import { DebeziumMessages } from '../../../formats/json-rows/debezium-messages.ts';
import type { Message, MessageReader } from '../../../formats/json-rows/message.ts';
import { MessageTables } from '../../../formats/json-rows/message-tables.ts';
import { PlainMessages } from '../../../formats/json-rows/plain-messages.ts';
import { debeziumModes, plainModes, type ValueModes } from '../../../formats/json-rows/value-modes.ts';
import { type FileReading, type FileRows, longestLine } from './file-reading.ts';

interface JsonLinesOptions {
  readonly path: string;
  readonly reading: FileReading;
  /** The declared table, as the lines hold its rows. */
  readonly table: Table;
  readonly take: (change: RowsChange | TruncateChange) => void;
  readonly origin: () => Origin;
}

/** Rows that are handed on together. */
const rowsAtOnce = 1_000;

/** The lines of a file, each a row, or a change in Debezium's envelope. */
export class JsonLines implements FileRows {
  ignored = 0;
  readonly #options: JsonLinesOptions;
  readonly #changes = new ChangeCollector(rowsAtOnce);
  readonly #reader: MessageReader;
  /** What has come of the line at hand. */
  #rest: Uint8Array[] = [];
  #restLength = 0;
  /** Lines that were read. */
  #lines = 0;

  constructor(options: JsonLinesOptions) {
    this.#options = options;
    const plain = options.reading.format === 'json';
    const modes = plain ? plainModes : ({ ...debeziumModes, decimals: 'digits' } as const);
    const tables = new OneTable(options.table, modes);
    this.#reader = plain ? new PlainMessages(tables, this.#changes) : new DebeziumMessages(tables, this.#changes);
  }

  piece(bytes: Uint8Array): void {
    const lines: Uint8Array[] = [];
    let at = 0;
    for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, at)) {
      lines.push(this.#whole(bytes.subarray(at, end)));
      at = end + 1;
    }
    if (at < bytes.length) {
      this.#rest.push(bytes.subarray(at));
      this.#restLength += bytes.length - at;
      if (this.#restLength > longestLine) throw this.#unreadable(this.#lines + lines.length + 1, 'it does not end');
    }
    this.#take(lines);
  }

  end(): void {
    if (this.#restLength > 0) this.#take([this.#whole(new Uint8Array(0))]);
  }

  #whole(last: Uint8Array): Uint8Array {
    if (this.#restLength === 0) return last;
    const whole = Buffer.concat([...this.#rest, last]);
    this.#rest = [];
    this.#restLength = 0;
    return whole;
  }

  #take(lines: readonly Uint8Array[]): void {
    const first = this.#lines + 1;
    this.#lines += lines.length;
    if (this.#options.reading.ignoresErrors) this.#readChecked(lines, first, () => this.#ignore());
    else this.#read(lines, first);
    this.#tell(lines, first);
  }

  #read(lines: readonly Uint8Array[], first: number): void {
    for (const [at, line] of lines.entries()) {
      try {
        if (!isBlank(line)) this.#reader.read(this.#message(line, first + at));
      } catch (error) {
        throw this.#named(error, first + at);
      }
    }
  }

  /** Reads every value at once, so that it is known which lines cannot be. */
  #readChecked(lines: readonly Uint8Array[], first: number, failed: (error: unknown, line: number) => void): void {
    for (const [at, line] of lines.entries()) {
      if (isBlank(line)) continue;
      this.#changes.begin();
      try {
        this.#reader.read(this.#message(line, first + at));
        this.#changes.check();
      } catch (error) {
        if (!isFormatError(error)) throw error;
        this.#changes.undo();
        failed(error, first + at);
      }
    }
  }

  #ignore(): void {
    this.ignored += 1;
  }

  #tell(lines: readonly Uint8Array[], first: number): void {
    try {
      for (const change of this.#changes.take()) {
        if (change.kind === 'rows' || change.kind === 'truncate') this.#options.take(change);
      }
    } catch (error) {
      if (!isFormatError(error)) throw error;
      // Values are read late: which line holds this one is looked up now.
      this.#readChecked(lines, first, (found, line) => {
        throw this.#named(found, line);
      });
      throw error;
    }
  }

  #message(value: Uint8Array, line: number): Message {
    const { table, origin } = this.#options;
    return { key: null, value, database: table.database, table: table.name, offset: line, origin };
  }

  #named(error: unknown, line: number): unknown {
    return isFormatError(error) ? this.#unreadable(line, error.message, error) : error;
  }

  #unreadable(line: number, reason: string, cause?: Error): MillraceError {
    const { path } = this.#options;
    return new MillraceError('FILE_LINE_UNREADABLE', { path, line, reason }, { cause });
  }
}

/** Whatever table a line says that it is of, it is of the declared one. */
class OneTable extends MessageTables {
  readonly #table: Table;

  constructor(table: Table, modes: ValueModes) {
    super({ declared: [table], modes, unknownFields: 'ignore', primaryKey: null });
    this.#table = table;
  }

  override declared(): ColumnFinder {
    return super.declared(this.#table.database, this.#table.name);
  }
}

const LINE_END = 0x0a;
const SPACE = 0x20;

const isBlank = (line: Uint8Array): boolean => line.every((byte) => byte <= SPACE);

const isFormatError = (error: unknown): error is MillraceError =>
  isMillraceError(error) && error.code.startsWith('FORMAT_');
