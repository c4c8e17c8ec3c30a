import type { Option } from '../ast/statement.ts';
import type { Span } from '../sql-error.ts';
import type { SqlType } from '../types/sql-type.ts';

/** Rows that are only added; rows that replace earlier ones by their key and go; or rows that come and go, with or without a key. */
export type RowFlow = 'appends' | 'upserts' | 'changes';

/** What the connector behind a declared table says of it. */
export interface TableBinding {
  /** As the options name it: `mysql-cdc`. */
  readonly connector: string;
  /** What a query gets from it; null: it cannot be read. */
  readonly reads: RowFlow | null;
  /** What INSERT INTO may give it; null: it cannot be written. */
  readonly writes: RowFlow | null;
  /** It is a system that is asked for rows by their keys: what a join as of PROCTIME() does. */
  readonly looksUp?: boolean;
  /** Reading it comes to an end. */
  readonly bounded: boolean;
  /** Metadata columns that it fills, by their keys. */
  readonly metadata: ReadonlyMap<string, SqlType>;
  /** What rows are kept in, the same for every name it is declared under: a job that reads and writes one would feed itself. Null: nothing. */
  readonly store: string | null;
}

/** A declaration's options, with what they are about. */
export interface DeclaredOptions {
  readonly table: string;
  readonly options: readonly Option[];
  readonly hasKey: boolean;
  /** The statement, for what is missing. */
  readonly span: Span;
}

/** Finds the connector that the options name, and checks them. Throws SQL_ errors with the place. */
export type BindTable<Binding extends TableBinding> = (declared: DeclaredOptions) => Binding;
