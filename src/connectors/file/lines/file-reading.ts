import type { CsvForm } from '../../../formats/csv/csv-records.ts';

/** How rows stand in files. */
export interface FileReading {
  /** A file, or a folder of which every file is read. */
  readonly path: string;
  readonly format: 'json' | 'csv' | 'debezium-json';
  /** Lines that cannot be read are left out and counted; else they end the reading. */
  readonly ignoresErrors: boolean;
  readonly csv: CsvForm & {
    /** What stands for NULL; null: nothing does. */
    readonly nullLiteral: string | null;
  };
}

/** Takes the pieces of one file, and tells of the rows in them. Throws FILE_LINE_UNREADABLE. */
export interface FileRows {
  /** Rows are told of as soon as their lines are whole. */
  piece(bytes: Uint8Array): void;
  /** The file ends here. */
  end(): void;
  /** Lines that could not be read and were left out. */
  readonly ignored: number;
}

/** A line that is longer is no line of this format: a quote that nobody closes, or another kind of file. */
export const longestLine = 64 * 1_048_576;
