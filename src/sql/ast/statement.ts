import type { Span } from '../sql-error.ts';
import type { Expression } from './expression.ts';
import type { Identifier } from './identifier.ts';
import type { Hint, Query } from './query.ts';
import type { TypeName } from './type-name.ts';

export type Statement =
  | (Span & { readonly kind: 'select'; readonly query: Query })
  | CreateTable
  | CreateView
  | CreateFunction
  | CreateCatalog
  | CreateDatabase
  | Drop
  | Insert
  | StatementSet
  | Explain
  | Describe
  | Show
  | SetOption
  | Use;

/** `'connector' = 'kafka'` */
export interface Option extends Span {
  readonly key: string;
  readonly value: string;
}

export interface CreateTable extends Span {
  readonly kind: 'create-table';
  readonly temporary: boolean;
  readonly ifNotExists: boolean;
  readonly path: readonly Identifier[];
  readonly columns: readonly ColumnDefinition[];
  readonly watermark: Watermark | null;
  readonly constraints: readonly KeyConstraint[];
  readonly comment: string | null;
  readonly distribution: Distribution | null;
  readonly partitionedBy: readonly Identifier[];
  readonly options: readonly Option[];
  readonly like: TableLike | null;
  /** CREATE TABLE ... AS */
  readonly as: Query | null;
}

export type ColumnDefinition = Span & { readonly name: Identifier; readonly comment: string | null } & (
    | { readonly kind: 'physical'; readonly type: TypeName; readonly key: KeyConstraint | null }
    | { readonly kind: 'computed'; readonly expression: Expression }
    | {
        readonly kind: 'metadata';
        readonly type: TypeName;
        /** The key of the connector's metadata; null: the column's name. */
        readonly from: string | null;
        readonly virtual: boolean;
      }
  );

export interface Watermark extends Span {
  readonly column: readonly Identifier[];
  readonly expression: Expression;
}

export interface KeyConstraint extends Span {
  readonly kind: 'PRIMARY KEY' | 'UNIQUE';
  readonly name: Identifier | null;
  /** Empty when it stands behind the column it is about. */
  readonly columns: readonly Identifier[];
  readonly enforced: boolean | null;
}

export interface Distribution extends Span {
  readonly by: 'HASH' | 'RANGE' | null;
  readonly columns: readonly Identifier[];
  readonly buckets: number | null;
}

export interface TableLike extends Span {
  readonly path: readonly Identifier[];
  readonly options: readonly {
    readonly mode: 'INCLUDING' | 'EXCLUDING' | 'OVERWRITING';
    readonly what: string;
  }[];
}

export interface CreateView extends Span {
  readonly kind: 'create-view';
  readonly temporary: boolean;
  readonly ifNotExists: boolean;
  readonly path: readonly Identifier[];
  readonly columns: readonly Identifier[];
  readonly comment: string | null;
  readonly query: Query;
}

export interface CreateFunction extends Span {
  readonly kind: 'create-function';
  readonly scope: 'TEMPORARY' | 'TEMPORARY SYSTEM' | null;
  readonly ifNotExists: boolean;
  readonly path: readonly Identifier[];
  /** The class, or the module's path. */
  readonly implementation: string;
  readonly language: string | null;
  readonly jars: readonly string[];
}

export interface CreateCatalog extends Span {
  readonly kind: 'create-catalog';
  readonly ifNotExists: boolean;
  readonly name: Identifier;
  readonly comment: string | null;
  readonly options: readonly Option[];
}

export interface CreateDatabase extends Span {
  readonly kind: 'create-database';
  readonly ifNotExists: boolean;
  readonly path: readonly Identifier[];
  readonly comment: string | null;
  readonly options: readonly Option[];
}

export interface Drop extends Span {
  readonly kind: 'drop';
  readonly what: 'TABLE' | 'VIEW' | 'FUNCTION' | 'DATABASE' | 'CATALOG';
  readonly scope: 'TEMPORARY' | 'TEMPORARY SYSTEM' | null;
  readonly ifExists: boolean;
  readonly path: readonly Identifier[];
  readonly behavior: 'CASCADE' | 'RESTRICT' | null;
}

export interface Insert extends Span {
  readonly kind: 'insert';
  readonly overwrite: boolean;
  readonly path: readonly Identifier[];
  readonly hints: readonly Hint[];
  readonly partition: readonly { readonly column: Identifier; readonly value: Expression | null }[];
  readonly columns: readonly (readonly Identifier[])[];
  readonly query: Query;
}

export interface StatementSet extends Span {
  readonly kind: 'statement-set';
  readonly inserts: readonly Insert[];
}

export interface Explain extends Span {
  readonly kind: 'explain';
  readonly details: readonly ('ESTIMATED_COST' | 'CHANGELOG_MODE' | 'JSON_EXECUTION_PLAN' | 'PLAN_ADVICE')[];
  readonly statement: Statement;
}

export interface Describe extends Span {
  readonly kind: 'describe';
  readonly extended: boolean;
  readonly what: 'TABLE' | 'CATALOG' | 'DATABASE';
  readonly path: readonly Identifier[];
}

export interface Show extends Span {
  readonly kind: 'show';
  readonly what: string;
  /** Whose, or of what. */
  readonly path: readonly Identifier[];
  readonly like: { readonly negated: boolean; readonly caseless: boolean; readonly pattern: string } | null;
}

/** SET and RESET: with a value sets it, without shows or resets it; without a key, all of them. */
export interface SetOption extends Span {
  readonly kind: 'set' | 'reset';
  readonly key: string | null;
  readonly value: string | null;
}

export interface Use extends Span {
  readonly kind: 'use';
  readonly what: 'CATALOG' | 'DATABASE';
  readonly path: readonly Identifier[];
}
