import type { Lane, Position } from './batch.ts';
import type { RowImages } from './row-images.ts';
import type { ColumnType, Table } from './table.ts';
import type { Row } from './value.ts';

/** The values of a table's primary key, in the key's order. */
export type Key = Row;

/** A table by name. */
export type TableName = Pick<Table, 'database' | 'name'>;

/** A column that rows are found by. */
export interface MatchedColumn {
  /** Its place in the table. */
  readonly place: number;
  /** What the values are that it is compared with: not always the column's own type. */
  readonly type: ColumnType;
}

/** Rows beyond `after` (null: from the first) up to and with `upTo` (null: to the last), as the system that is asked sorts keys. */
export interface KeyRange {
  readonly after: Key | null;
  readonly upTo: Key | null;
}

export interface RowPage {
  readonly rows: readonly Row[];
  /** The same rows as they came, for who needs no values of them. Where they are there, `rows` are decoded when first asked for. */
  readonly images?: readonly RowImages[];
  /** Nothing in the range comes after these. */
  readonly last: boolean;
}

export interface KeyPage {
  readonly keys: readonly Key[];
  /** None comes after these. */
  readonly last: boolean;
}

/** What a system holds of a table, asked by how it should be. One call at a time. */
export interface RowAudit {
  /**
   * Which of these rows are not held as the system's own sink writes them, byte by byte. Some that are may be among them; what is not
   * among them is held just so.
   */
  heldOtherwise(rows: readonly RowImages[], signal: AbortSignal): Promise<readonly HeldOtherwise[]>;
  /** These rows need not be looked up, and should be there all the same. */
  pass(rows: readonly RowImages[]): void;
  /**
   * The next keys that are held, without those of rows that were looked up or passed; some of these may be among them. `wrong`: keys of
   * whatever rows that are wrong, as was only seen now.
   */
  others(limit: number, signal: AbortSignal): Promise<KeyPage & { readonly wrong?: readonly Key[] }>;
}

/** A row that is not held as it should be. */
export interface HeldOtherwise {
  /** Its place among the rows that were asked about. */
  readonly index: number;
  /** What is held instead; null: nothing. */
  readonly held: Row | null;
}

/** How a system keeps rows that it does not keep column by column. */
export interface HeldForm {
  /** Some rows are not held at all, for what is in them. */
  readonly leavesOut: boolean;
  /**
   * What should be held of a row, by the columns of the table that the reader describes; null: nothing. `held`: what is held of it, null
   * for nothing: what may have left by now is right whether it is there or not.
   */
  of(row: Row, held: Row | null): Row | null;
}

/**
 * Reads a system's tables by key, by range or whole: for verify, lookups and caches. Rows hold canonical values (core/value.ts), so
 * those of two systems can be compared. One call at a time. After an error it may be called again, and connects anew.
 */
export interface Reader extends AsyncDisposable {
  /** For messages: an address or a path. */
  readonly name: string;
  /** Every table in it is a copy of a source's table that a pipeline made. */
  readonly mirrorsOnly?: boolean;
  /** The tables that it is configured for and that exist. */
  tables(): Promise<readonly TableName[]>;
  /** The table as the system declares it now; null: there is none. */
  describe(database: string, name: string): Promise<Table | null>;
  /**
   * Of a system that keeps no definitions: has it read what it holds of this table by this definition, and gives that; null: it holds
   * nothing of it. Behind the columns of the primary key its own may have more, which say where a row is kept. Left out: `describe` knows.
   */
  describeAs?(table: Table): Promise<Table | null>;
  /**
   * What a system keeps beside such a table to find its rows by, each read as a table of its own, whose rows are compared with the
   * table's. After `describeAs`. Left out: nothing.
   */
  indexesOf?(table: Table): Promise<readonly Table[]>;
  /**
   * How the system sorts each part of the primary key, in words: two systems with equal words sort alike. null: the table has no
   * key that could be walked along, so `page` and `lookup` must not be asked.
   */
  order(table: Table): Promise<readonly string[] | null>;
  /** The first rows of a range, at most `limit` and as many as fit a few MiB, at least one where there is one. */
  page(table: Table, range: KeyRange, limit: number, signal: AbortSignal): Promise<RowPage>;
  /** Every row as of one moment, in no order, in pieces. */
  scan(table: Table, signal: AbortSignal): AsyncIterable<readonly Row[]>;
  /** The rows with these keys, in the order asked; null where there is none. A key is found by its very values, whatever the collation. */
  lookup(table: Table, keys: readonly Key[], signal: AbortSignal): Promise<readonly (Row | null)[]>;
  /**
   * All rows in which these columns have the values of one of `keys`, none of them NULL; what the system takes for equal may be among
   * them. In no order, in pieces. Left out: rows are found by their primary key alone.
   */
  matching?(
    table: Table,
    columns: readonly MatchedColumn[],
    keys: readonly Row[],
    signal: AbortSignal,
  ): AsyncIterable<readonly Row[]>;
  /** Begins to look all rows of a table up by how they should be held. Left out, or null: they are looked up by their keys. */
  audit?(table: Table): RowAudit | null;
  /** Whether rows of this table need not be there, as in a cache. Left out: every row has to. */
  holdsSome?(table: Table): boolean;
  /** Where rows of this table are kept in another form than column by column. They are repaired by the columns of `describeAs`. */
  heldForm?(table: Table): HeldForm | null;
  /** Exactly how many rows a table has now. Left out: they have to be read. */
  count?(table: Table, signal: AbortSignal): Promise<number>;
  /** Roughly how many rows a table has; null: the system has no estimate. */
  estimatedRows?(table: Table): Promise<number | null>;
  /** What the system holds of a pipeline's lane, one position per writer; empty: nothing is known. */
  held(lane: Lane): Promise<readonly Position[]>;
  /** Left out: the system has no log that could be read. */
  readonly log?: ReaderLog;
  /** Left out: the system cannot compute checksums of its rows, or not the same as other systems. */
  readonly sums?: RowSums;
  /** Left out: rows cannot be locked. */
  readonly locks?: RowLocks;
  /** Left out: its rows cannot be repaired. */
  readonly repairs?: RowRepairs;
}

/** The log that a source of the same system reads. */
export interface ReaderLog {
  readonly lane: Lane;
  /** Where it ends: everything that was read before this call stands before it. */
  end(): Promise<Position>;
  /** As `Source.covers`. */
  covers(held: Position, at: Position): boolean;
  /** Whether a snapshot of the table is under way or was never finished, by what a sink holds of its lane `snapshotLane`. */
  snapshotLane(table: TableName): Lane;
  snapshotUnfinished(held: Position): boolean;
  /** The source reads every table whole by itself: one of which a sink holds nothing in its lane is still to be read. */
  readonly snapshotsAll: boolean;
}

/** Checksums that the system computes where the rows are. Systems of one `kind` get equal sums for equal rows. */
export interface RowSums {
  readonly kind: string;
  /** The key of the `limit`-th row of the range; null: it has fewer. */
  boundary(table: Table, range: KeyRange, limit: number, signal: AbortSignal): Promise<Key | null>;
  /** Over these columns, in this order. */
  checksum(table: Table, columns: readonly number[], range: KeyRange, signal: AbortSignal): Promise<RowSum>;
}

export interface RowSum {
  readonly rows: number;
  readonly sum: string;
}

export interface RowLocks {
  /**
   * Keeps these rows, and the absence of those that are not there, as they are until the result is disposed. Throws
   * READER_LOCK_TIMEOUT when others hold them for too long.
   */
  hold(table: Table, keys: readonly Key[], signal: AbortSignal): Promise<HeldRows>;
}

export interface HeldRows extends AsyncDisposable {
  /** In the order of the keys; null where there is none. */
  readonly rows: readonly (Row | null)[];
}

/** What one row should be: null deletes it. */
export interface RowRepair {
  readonly key: Key;
  readonly row: Row | null;
}

export interface RowRepairs {
  /** Statements are lines for the system's own client, and no SQL. */
  readonly lines?: true;
  /** Statements that make the rows so, in the system's own language; they change nothing when run twice. */
  statements(table: Table, repairs: readonly RowRepair[]): Promise<readonly string[]>;
  /** Runs such statements as one transaction. */
  apply(statements: readonly string[], signal: AbortSignal): Promise<void>;
}
