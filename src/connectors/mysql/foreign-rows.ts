import type { Clock } from '../../core/clock.ts';
import { isMillraceError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { tablePatterns } from '../../core/table-pattern.ts';
import type { EventFrame } from '../../protocol/mysql/event-frame.ts';
import { decodeRowsEvent } from '../../protocol/mysql/events/rows-event.ts';
import { decodeTableMap, type TableMap } from '../../protocol/mysql/events/table-map.ts';
import type { Flavor } from '../../protocol/mysql/flavor.ts';
import { type RowReader, rowReader } from '../../protocol/mysql/values/binlog-row-images.ts';
import { binaryCollation, type Collations } from '../../protocol/mysql/values/collations.ts';
import { tableFromMap } from '../../protocol/mysql/values/table-definition.ts';

/** Rows of one table of the other side, counted by their layout alone. */
export type RowCounter = (frame: EventFrame) => number;

export interface ForeignRowsOptions {
  /** The tables, as patterns (`owned.elsewhere`). */
  readonly tables: readonly string[];
  readonly pipeline: string;
  readonly log: Log;
  readonly clock: Clock;
}

/** The log hears of conflicts no more often: a program that writes to the wrong side does so all day. */
const sayEveryMs = 10_000;

/**
 * Counts the rows that others than a millrace sink changed here in tables that the other side owns: conflicts, of which nothing is
 * brought there. A transaction counts at its end, and one that is rolled back does not.
 */
export class ForeignRows {
  /** Since reading began in this process. */
  total = 0;
  readonly #options: ForeignRowsOptions;
  readonly #owned: (database: string, table: string) => boolean;
  /** Of the transaction under way. */
  #open = 0;
  #saidMs = Number.NEGATIVE_INFINITY;

  constructor(options: ForeignRowsOptions) {
    this.#options = options;
    const patterns = tablePatterns(options.tables, []);
    this.#owned = (database, table) => patterns.matches(database, table);
  }

  /** For a table whose map is in `frame`; null: it is no table of the other side. */
  counter(database: string, name: string, frame: EventFrame, flavor: Flavor): RowCounter | null {
    return this.#owned(database, name) ? rowCounter(decodeTableMap(frame, flavor)) : null;
  }

  add(rows: number): void {
    this.#open += rows;
  }

  /** What the transaction under way changed did not happen, or is read again. */
  forget(): void {
    this.#open = 0;
  }

  end(): void {
    if (this.#open === 0) return;
    this.total += this.#open;
    this.#open = 0;
    const { pipeline, log, clock } = this.#options;
    const now = clock.monotonic();
    if (now - this.#saidMs < sayEveryMs) return;
    this.#saidMs = now;
    log.warn('rows that the other side owns were written here; they stay as they are there', {
      pipeline,
      conflicts: this.total,
    });
  }
}

/**
 * Where a row ends is in the types of its columns, which every table map has; names, signs and character sets may be missing
 * (binlog_row_metadata=MINIMAL). Columns of TIME, DATETIME and TIMESTAMP as they were before MySQL 5.6 do not tell: then an event counts once.
 */
const rowCounter = (map: TableMap): RowCounter => {
  const reader = layoutReader(map);
  return (frame) => {
    const event = decodeRowsEvent(frame);
    if (event.start === event.end) return 0;
    return reader === null ? 1 : reader.images(event).length;
  };
};

const layoutReader = (map: TableMap): RowReader | null => {
  const each = <T>(value: T): T[] => Array.from({ length: map.columnCount }, () => value);
  const plain: TableMap = {
    ...map,
    names: each('').map((_, i) => `${i}`),
    collations: each(binaryCollation),
    enumSetCollations: null,
    enumValues: each([]),
    setValues: each([]),
    primaryKey: [],
  };
  try {
    return rowReader(tableFromMap(plain, noCollations, null), plain, noCollations);
  } catch (error) {
    if (isMillraceError(error, 'VALUES_FRACTION_UNKNOWN')) return null;
    throw error;
  }
};

const noCollations: Collations = new Map();
