import type { Bound } from '../evaluate/bound.ts';
import type { Fold, OwnAggregate } from '../functions/define.ts';
import type { SqlType } from '../types/sql-type.ts';

/** A column that a step gives. */
export interface PlanColumn {
  readonly name: string;
  readonly type: SqlType;
}

/** What a query does, step by step, each over the rows of its inputs. Expressions name an input's columns by their place. */
export type Plan = { readonly columns: readonly PlanColumn[] } & (
  | { readonly kind: 'scan'; readonly table: CatalogTable }
  | { readonly kind: 'values'; readonly rows: readonly (readonly Bound[])[] }
  | { readonly kind: 'filter'; readonly input: Plan; readonly condition: Bound }
  | { readonly kind: 'project'; readonly input: Plan; readonly expressions: readonly Bound[] }
  /**
   * The condition names the left side's columns first, then the right side's; null: every row with every row. SEMI gives the left
   * side's rows that are joined with some, ANTI those that are joined with none.
   */
  | {
      readonly kind: 'join';
      readonly type: 'INNER' | 'LEFT' | 'RIGHT' | 'FULL' | 'SEMI' | 'ANTI';
      readonly left: Plan;
      readonly right: Plan;
      readonly condition: Bound | null;
      /** What such a join looks rows up by. */
      readonly keys: readonly JoinKey[];
    }
  /**
   * Each row of the left side beside those that the right side has at a time: at the moment when the row comes (`time` null), or at the
   * time that the row says. What comes later on the right side changes nothing. LEFT keeps rows without such.
   */
  | {
      readonly kind: 'temporal-join';
      readonly type: 'INNER' | 'LEFT';
      readonly left: Plan;
      readonly right: Plan;
      readonly condition: Bound;
      readonly keys: readonly JoinKey[];
      /** Columns, by their places in each side. */
      readonly time: { readonly left: number; readonly right: number } | null;
    }
  /**
   * As a join as of the moment, with a right side whose rows are not followed: those that a row needs are asked for when it comes. `right`
   * is filters and projections over a scan of `table`.
   */
  | {
      readonly kind: 'lookup-join';
      readonly type: 'INNER' | 'LEFT';
      readonly left: Plan;
      readonly right: Plan;
      readonly condition: Bound;
      readonly keys: readonly JoinKey[];
      readonly table: CatalogTable;
      /** What rows are asked for by: columns of the left side, and those of the table that have to be equal. */
      readonly by: readonly (readonly [left: number, column: number])[];
    }
  /** Each row beside each item of an array or entry of a map that is computed from it; the fields of rows are columns. LEFT keeps rows without any. */
  | {
      readonly kind: 'unnest';
      readonly type: 'INNER' | 'LEFT';
      readonly input: Plan;
      readonly operand: Bound;
      /** The place of the item, from 1, is the last column. */
      readonly ordinality: boolean;
    }
  /** Groups by columns of its input; each set of `sets` is one grouping, by places in `groups`. The columns of the groups come first. */
  | {
      readonly kind: 'aggregate';
      readonly input: Plan;
      readonly groups: readonly number[];
      readonly sets: readonly (readonly number[])[];
      readonly calls: readonly AggregateCall[];
    }
  | { readonly kind: 'union'; readonly inputs: readonly Plan[] }
  | { readonly kind: 'intersect' | 'except'; readonly all: boolean; readonly left: Plan; readonly right: Plan }
  | {
      readonly kind: 'top';
      readonly input: Plan;
      readonly order: readonly SortKey[];
      readonly offset: number;
      /** Null: all. */
      readonly limit: number | null;
    }
  /** Each row beside what functions say of it among the rows of its partition: one column per call, behind the input's. */
  | {
      readonly kind: 'over';
      readonly input: Plan;
      readonly partition: readonly number[];
      readonly order: readonly SortKey[];
      readonly calls: readonly OverCall[];
    }
  /** The rows of each partition whose place in the order is from `from` to `to`, with the place as last column. */
  | {
      readonly kind: 'rank';
      readonly input: Plan;
      readonly partition: readonly number[];
      readonly order: readonly SortKey[];
      readonly method: RankMethod;
      readonly from: number;
      readonly to: number;
    }
  /** Rows beside the windows in which their time stands: once per window, with its start, its end and its time behind the input's columns. */
  | {
      readonly kind: 'window';
      readonly input: Plan;
      readonly window: WindowKind;
      /** The column with the time. */
      readonly time: number;
      /** Columns by which sessions are apart. */
      readonly partition: readonly number[];
      /** How long a window is, or the gap that ends a session; lengths are in microseconds. */
      readonly size: number;
      /** HOP: from the start of one window to that of the next. CUMULATE: from one end to the next. 0 for others. */
      readonly slide: number;
      readonly offset: number;
      /**
       * What a window's end is told by, when its rows come then and not before: the watermark, where the time is its column, or the clock,
       * where it is PROCTIME(). Null: a row is told of with its windows as it comes.
       */
      readonly closes: 'watermark' | 'clock' | null;
      /** The time was one with a zone, and is its wall clock here. */
      readonly zoned: boolean;
    }
);

export type WindowKind = 'TUMBLE' | 'HOP' | 'CUMULATE' | 'SESSION';

/** Columns of both sides, by their place in each, that have to be equal; with `nullsMatch`, NULL is equal to NULL. */
export type JoinKey = readonly [left: number, right: number, nullsMatch: boolean];

/** How rows that the order leaves equal are counted: each for itself, or with one place for all, with or without a gap behind. */
export type RankMethod = 'ROW_NUMBER' | 'RANK' | 'DENSE_RANK';

/** A function over the rows around a row. */
export interface OverCall extends AggregateCall {
  readonly frame: Frame;
  /** How many rows LAG and LEAD look away, and into how many parts NTILE cuts; 0 for others. */
  readonly count: number;
}

/**
 * Which rows around a row its functions see: from one edge to the other, both included. An edge is a distance from the row, below
 * 0 before it, in rows or in the units of the one column that is sorted by; infinite where it is unbounded.
 */
export interface Frame {
  readonly unit: 'ROWS' | 'RANGE';
  readonly from: number;
  readonly to: number;
}

export interface AggregateCall {
  readonly name: string;
  /** Places of columns of the input. */
  readonly args: readonly number[];
  readonly distinct: boolean;
  /** The place of a truth value that says which rows count; null: all. */
  readonly filter: number | null;
  readonly type: SqlType;
  /** An aggregate of the program's own code. */
  readonly fold?: Fold;
  /** An aggregate of a user's code. */
  readonly own?: OwnAggregate;
}

export interface SortKey {
  readonly column: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** A table as queries see it. */
export interface CatalogTable {
  readonly name: string;
  readonly columns: readonly PlanColumn[];
  /** Places of the key's columns; empty: there is none. */
  readonly primaryKey: readonly number[];
  /** Rows are only ever added. */
  readonly appendOnly: boolean;
  /** Its source tells of rows by their key alone: what there is now, or that there is none. Reading it makes changes of that. */
  readonly upserts?: true;
  /** A join as of PROCTIME() asks for rows of it by their keys, and does not follow them. */
  readonly lookedUp?: true;
  /** WATERMARK FOR time AS mark, over the table's columns. */
  readonly watermark?: { readonly time: Bound; readonly mark: Bound };
}

/** Where names of tables lead. */
export interface Catalog {
  /** Null: there is no such table. */
  table(path: readonly string[]): CatalogTable | null;
  /** What a name stands for that is more than a table: a view, or a table with computed columns. Null: it is no such name. */
  plan?(path: readonly string[]): Plan | null;
  readonly names: readonly string[];
}
