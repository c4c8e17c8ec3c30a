import { MillraceError } from '../../../core/errors.ts';
import { type CsvRecord, CsvRecords } from '../../../formats/csv/csv-records.ts';
import { type FileReading, type FileRows, longestLine } from './file-reading.ts';

interface CsvLinesOptions {
  readonly path: string;
  readonly reading: FileReading;
  /** How many fields a record has. */
  readonly width: number;
  /** Takes a row; says why it is none, without its values; null: it was taken. */
  readonly take: (fields: readonly (string | null)[]) => string | null;
}

/** The records of a file of comma-separated values. */
export class CsvLines implements FileRows {
  ignored = 0;
  readonly #options: CsvLinesOptions;
  readonly #records: CsvRecords;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });

  constructor(options: CsvLinesOptions) {
    this.#options = options;
    this.#records = new CsvRecords(options.reading.csv);
  }

  piece(bytes: Uint8Array): void {
    for (const record of this.#records.push(this.#text(bytes))) this.#take(record);
    if (this.#records.pending > longestLine)
      throw this.#unreadable(this.#records.line, 'it does not end; is a quote not closed?');
  }

  end(): void {
    for (const record of this.#records.push(this.#text(null))) this.#take(record);
    const last = this.#records.end();
    if (last !== null) this.#take(last);
  }

  #text(bytes: Uint8Array | null): string {
    try {
      return bytes === null ? this.#decoder.decode() : this.#decoder.decode(bytes, { stream: true });
    } catch {
      throw this.#unreadable(this.#records.line, 'its bytes, or those soon after it, are not UTF-8');
    }
  }

  #take({ fields, line }: CsvRecord): void {
    const { width, reading, take } = this.#options;
    const { nullLiteral } = reading.csv;
    const reason =
      fields.length === width
        ? take(nullLiteral === null ? fields : fields.map((text) => (text === nullLiteral ? null : text)))
        : `it has ${fields.length} fields, and the table ${width} columns`;
    if (reason === null) return;
    if (!reading.ignoresErrors) throw this.#unreadable(line, reason);
    this.ignored += 1;
  }

  #unreadable(line: number, reason: string): MillraceError {
    return new MillraceError('FILE_LINE_UNREADABLE', { path: this.#options.path, line, reason });
  }
}
