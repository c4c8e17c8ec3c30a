import type { DeclaredType } from './declared-type.ts';

/** A table's name with the database it stands in. */
export interface TableName {
  readonly database: string;
  readonly name: string;
}

/**
 * What a statement does to tables, as written: names are not looked up and defaults not filled in, because a statement is read
 * once but means something only against a schema (`applyDdl`).
 */
export type DdlEffect =
  | {
      readonly kind: 'create-table';
      readonly table: TableName;
      readonly ifNotExists: boolean;
      /** MariaDB's CREATE OR REPLACE. */
      readonly replace: boolean;
      readonly elements: readonly TableElement[];
      readonly options: TableOptions;
      /** CREATE ... SELECT: more columns come from a query, so the shape is not in the statement. */
      readonly select: boolean;
    }
  | {
      readonly kind: 'create-like';
      readonly table: TableName;
      readonly like: TableName;
      readonly ifNotExists: boolean;
      readonly replace: boolean;
    }
  | { readonly kind: 'alter-table'; readonly table: TableName; readonly actions: readonly AlterAction[] }
  | { readonly kind: 'drop-table'; readonly table: TableName }
  | { readonly kind: 'rename-table'; readonly from: TableName; readonly to: TableName }
  | { readonly kind: 'truncate-table'; readonly table: TableName }
  | {
      readonly kind: 'create-database' | 'alter-database';
      readonly database: string;
      readonly charset: string | null;
      readonly collation: string | null;
    }
  | { readonly kind: 'drop-database'; readonly database: string }
  /** The statement changes tables, but not in a way that could be understood. `tables` holds the names found, maybe none. */
  | { readonly kind: 'unreadable'; readonly tables: readonly TableName[]; readonly reason: string };

/** What stands between the parentheses of CREATE TABLE. */
export type TableElement = { readonly kind: 'column'; readonly column: ColumnDefinition } | KeyElement;

export type KeyElement =
  | { readonly kind: 'primary-key'; readonly columns: readonly string[]; readonly ifNotExists: boolean }
  | {
      readonly kind: 'unique-key';
      readonly name: string | null;
      readonly columns: readonly string[];
      readonly ifNotExists: boolean;
    }
  /** MariaDB's PERIOD FOR: its two columns cannot be NULL. */
  | { readonly kind: 'period'; readonly columns: readonly string[] };

export interface ColumnDefinition {
  readonly name: string;
  readonly type: DeclaredType;
  /** null: not said. */
  readonly nullable: boolean | null;
  readonly default: DefaultValue | null;
  readonly generated: boolean;
  readonly invisible: boolean;
  readonly autoIncrement: boolean;
  readonly comment: string | null;
  readonly primaryKey: boolean;
  readonly uniqueKey: boolean;
  /** Has the check that makes a LONGTEXT a JSON column in MariaDB. */
  readonly jsonCheck: boolean;
}

export type DefaultValue =
  | { readonly kind: 'null' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'number'; readonly text: string }
  /** Digits only, as in x'61' or b'1'. */
  | { readonly kind: 'hex' | 'bit'; readonly digits: string }
  | { readonly kind: 'now'; readonly fsp: number }
  /** As written, without the parentheses around it. */
  | { readonly kind: 'expression'; readonly text: string };

export interface TableOptions {
  readonly charset: string | null;
  readonly collation: string | null;
  readonly comment: string | null;
}

/** Where ALTER TABLE puts a column; null: where it is, or at the end. */
export type Place = { readonly kind: 'first' } | { readonly kind: 'after'; readonly column: string } | null;

export type AlterAction =
  | {
      readonly kind: 'add-column';
      readonly column: ColumnDefinition;
      readonly place: Place;
      readonly ifNotExists: boolean;
    }
  | ColumnAction
  | { readonly kind: 'add-period'; readonly columns: readonly string[] }
  | { readonly kind: 'add-primary-key'; readonly columns: readonly string[]; readonly ifNotExists: boolean }
  | { readonly kind: 'drop-primary-key' }
  | {
      readonly kind: 'add-unique-key';
      readonly name: string | null;
      readonly columns: readonly string[];
      readonly ifNotExists: boolean;
    }
  /** DROP INDEX or DROP CONSTRAINT: the name may belong to something that is no unique key. */
  | { readonly kind: 'drop-key'; readonly name: string }
  | { readonly kind: 'rename-key'; readonly name: string; readonly to: string }
  | { readonly kind: 'convert-charset'; readonly charset: string | null; readonly collation: string | null }
  | { readonly kind: 'options'; readonly options: TableOptions }
  | { readonly kind: 'rename'; readonly to: TableName };

/** What is done to a column that is there already; with IF EXISTS, nothing when it is not. */
export type ColumnAction = { readonly name: string; readonly ifExists: boolean } & (
  | { readonly kind: 'drop-column' }
  /** MODIFY (`name` is also the new name) and CHANGE. */
  | { readonly kind: 'change-column'; readonly column: ColumnDefinition; readonly place: Place }
  | { readonly kind: 'rename-column'; readonly to: string }
  | { readonly kind: 'set-default'; readonly default: DefaultValue | null }
  | { readonly kind: 'set-visibility'; readonly invisible: boolean }
);
