import type { SqlFunction } from '../functions/define.ts';
import type { Span } from '../sql-error.ts';
import type { Identifier } from './identifier.ts';
import type { OrderItem, Query, WindowSpecification } from './query.ts';
import type { IntervalUnits, TypeName } from './type-name.ts';

/** An expression as it is written; every node carries its range of the text. */
export type Expression =
  | Literal
  | Reference
  | Operation
  | Test
  | Call
  | SpecialCall
  | JsonCall
  | Constructor
  | Access
  | Case
  | Cast
  | Subquery;

export type Literal = Span &
  (
    | { readonly kind: 'number'; readonly text: string }
    /** With an exponent: DOUBLE. */
    | { readonly kind: 'double'; readonly text: string }
    | { readonly kind: 'string'; readonly value: string }
    | { readonly kind: 'bytes'; readonly hex: string }
    /** null is UNKNOWN. */
    | { readonly kind: 'boolean'; readonly value: boolean | null }
    | { readonly kind: 'null' }
    | { readonly kind: 'temporal'; readonly type: 'DATE' | 'TIME' | 'TIMESTAMP'; readonly text: string }
    | {
        readonly kind: 'interval';
        readonly negative: boolean;
        readonly text: string;
        readonly units: IntervalUnits;
      }
  );

export type Reference = Span &
  (
    | { readonly kind: 'name'; readonly path: readonly Identifier[] }
    /** `*` or `t.*`, where it may stand. */
    | { readonly kind: 'star'; readonly path: readonly Identifier[] }
    | { readonly kind: 'parameter' }
  );

export type UnaryOperator = 'NOT' | '-' | '+';

/** In Calcite's order: what binds loosest first. */
export type BinaryOperator =
  | 'OR'
  | 'AND'
  | '='
  | '<>'
  | '<'
  | '<='
  | '>'
  | '>='
  | 'IS DISTINCT FROM'
  | 'IS NOT DISTINCT FROM'
  | 'OVERLAPS'
  | 'CONTAINS'
  | 'EQUALS'
  | 'PRECEDES'
  | 'SUCCEEDS'
  | 'IMMEDIATELY PRECEDES'
  | 'IMMEDIATELY SUCCEEDS'
  | 'MEMBER OF'
  | 'SUBMULTISET OF'
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '||';

export type Operation = Span &
  (
    | { readonly kind: 'unary'; readonly operator: UnaryOperator; readonly operand: Expression }
    | {
        readonly kind: 'binary';
        readonly operator: BinaryOperator;
        readonly left: Expression;
        readonly right: Expression;
      }
  );

export type IsTest =
  | 'NULL'
  | 'TRUE'
  | 'FALSE'
  | 'UNKNOWN'
  | 'JSON'
  | 'JSON VALUE'
  | 'JSON OBJECT'
  | 'JSON ARRAY'
  | 'JSON SCALAR'
  | 'A SET'
  | 'EMPTY';

export type Test = Span & { readonly negated: boolean } & (
    | { readonly kind: 'is'; readonly operand: Expression; readonly test: IsTest }
    | {
        readonly kind: 'between';
        readonly operand: Expression;
        readonly symmetric: boolean;
        readonly low: Expression;
        readonly high: Expression;
      }
    | { readonly kind: 'in'; readonly operand: Expression; readonly of: readonly Expression[] | Query }
    | {
        readonly kind: 'like';
        readonly operator: 'LIKE' | 'ILIKE' | 'RLIKE' | 'SIMILAR TO';
        readonly operand: Expression;
        readonly pattern: Expression;
        readonly escape: Expression | null;
      }
  );

/** `=`, `<`... of a value with some or all of several. */
export type Comparison = '=' | '<>' | '<' | '<=' | '>' | '>=';

export type Subquery = Span &
  (
    | { readonly kind: 'subquery'; readonly query: Query }
    | { readonly kind: 'exists'; readonly query: Query }
    | { readonly kind: 'unique'; readonly query: Query }
    | {
        readonly kind: 'quantified';
        readonly operand: Expression;
        readonly operator: Comparison;
        readonly quantifier: 'SOME' | 'ANY' | 'ALL';
        readonly of: readonly Expression[] | Query;
      }
    | { readonly kind: 'collected'; readonly into: 'ARRAY' | 'MULTISET' | 'MAP'; readonly query: Query }
  );

export type Argument =
  | Expression
  | (Span & { readonly kind: 'named'; readonly name: Identifier; readonly value: Argument })
  | (Span & { readonly kind: 'default' })
  | TableArgument
  | (Span & { readonly kind: 'descriptor'; readonly columns: readonly Identifier[] });

/** `TABLE t` or a query, with what it is cut and ordered by: an argument of a window function. */
export interface TableArgument extends Span {
  readonly kind: 'table';
  readonly table: readonly Identifier[] | Query;
  readonly partitionBy: readonly Expression[];
  readonly orderBy: readonly OrderItem[];
}

export interface Call extends Span {
  readonly kind: 'call';
  readonly path: readonly Identifier[];
  /** Written without parentheses: CURRENT_DATE. */
  readonly bare: boolean;
  readonly quantifier: 'ALL' | 'DISTINCT' | null;
  readonly arguments: readonly Argument[];
  readonly orderBy: readonly OrderItem[];
  readonly nulls: 'RESPECT' | 'IGNORE' | null;
  readonly withinGroup: readonly OrderItem[] | null;
  readonly filter: Expression | null;
  readonly over: Identifier | WindowSpecification | null;
  /** A function of the user's that the name stands for. */
  readonly definition?: SqlFunction;
}

/** Functions whose arguments are not a plain list. */
export type SpecialCall = Span &
  (
    | { readonly kind: 'extract'; readonly unit: string; readonly operand: Expression }
    | {
        readonly kind: 'round-time';
        readonly direction: 'CEIL' | 'FLOOR';
        readonly operand: Expression;
        readonly unit: string;
      }
    | {
        readonly kind: 'trim';
        readonly side: 'BOTH' | 'LEADING' | 'TRAILING';
        readonly characters: Expression | null;
        readonly operand: Expression;
      }
    | {
        readonly kind: 'overlay';
        readonly operand: Expression;
        readonly placing: Expression;
        readonly from: Expression;
        readonly length: Expression | null;
      }
    | {
        readonly kind: 'position';
        readonly needle: Expression;
        readonly haystack: Expression;
        readonly from: Expression | null;
      }
    | {
        readonly kind: 'timestamp-add';
        readonly unit: string;
        readonly amount: Expression;
        readonly operand: Expression;
      }
    | { readonly kind: 'timestamp-diff'; readonly unit: string; readonly from: Expression; readonly to: Expression }
  );

/** What a JSON function does when a path finds nothing, or fails. */
export type JsonBehavior =
  | { readonly kind: 'NULL' | 'ERROR' | 'EMPTY ARRAY' | 'EMPTY OBJECT' | 'TRUE' | 'FALSE' | 'UNKNOWN' }
  | { readonly kind: 'DEFAULT'; readonly value: Expression };

export type JsonCall = Span &
  (
    | {
        readonly kind: 'json-value';
        readonly operand: Expression;
        readonly path: Expression;
        readonly returning: TypeName | null;
        readonly onEmpty: JsonBehavior | null;
        readonly onError: JsonBehavior | null;
      }
    | {
        readonly kind: 'json-query';
        readonly operand: Expression;
        readonly path: Expression;
        readonly wrapper: 'WITHOUT' | 'WITH CONDITIONAL' | 'WITH UNCONDITIONAL' | null;
        readonly onEmpty: JsonBehavior | null;
        readonly onError: JsonBehavior | null;
      }
    | {
        readonly kind: 'json-exists';
        readonly operand: Expression;
        readonly path: Expression;
        readonly onError: JsonBehavior | null;
      }
    | {
        readonly kind: 'json-object';
        readonly entries: readonly { readonly key: Expression; readonly value: Expression }[];
        readonly onNull: 'NULL' | 'ABSENT' | null;
      }
    | {
        readonly kind: 'json-objectagg';
        readonly entries: readonly { readonly key: Expression; readonly value: Expression }[];
        readonly onNull: 'NULL' | 'ABSENT' | null;
      }
    | {
        readonly kind: 'json-array';
        readonly items: readonly Expression[];
        readonly onNull: 'NULL' | 'ABSENT' | null;
      }
    | {
        readonly kind: 'json-arrayagg';
        readonly items: readonly Expression[];
        readonly onNull: 'NULL' | 'ABSENT' | null;
      }
  );

export type Constructor = Span &
  (
    | { readonly kind: 'array' | 'multiset'; readonly items: readonly Expression[] }
    /** A key, its value, a key, its value... */
    | { readonly kind: 'map'; readonly items: readonly Expression[] }
    /** `ROW(a, b)`, or `(a, b)` when not explicit. */
    | { readonly kind: 'row'; readonly explicit: boolean; readonly items: readonly Expression[] }
  );

export type Access = Span &
  (
    | { readonly kind: 'item'; readonly operand: Expression; readonly index: Expression }
    | { readonly kind: 'field'; readonly operand: Expression; readonly field: Identifier }
  );

export interface Case extends Span {
  readonly kind: 'case';
  /** What the branches are compared with; null: they are conditions. */
  readonly operand: Expression | null;
  readonly branches: readonly { readonly when: readonly Expression[]; readonly result: Expression }[];
  readonly otherwise: Expression | null;
}

export interface Cast extends Span {
  readonly kind: 'cast';
  /** TRY_CAST: NULL instead of an error. */
  readonly lenient: boolean;
  readonly operand: Expression;
  readonly type: TypeName;
}
