import type { Span } from '../sql-error.ts';
import type { Call, Expression } from './expression.ts';
import type { Identifier } from './identifier.ts';

/** A query with what surrounds its body. */
export interface Query extends Span {
  readonly kind: 'query';
  readonly with: readonly CommonTable[];
  readonly body: QueryBody;
  readonly orderBy: readonly OrderItem[];
  readonly offset: Expression | null;
  /** LIMIT or FETCH; null: all. */
  readonly limit: Expression | null;
}

export interface CommonTable extends Span {
  readonly name: Identifier;
  readonly columns: readonly Identifier[];
  readonly query: Query;
}

export type QueryBody = Select | SetOperation | Values | ExplicitTable | Query;

export interface SetOperation extends Span {
  readonly kind: 'set-operation';
  readonly operator: 'UNION' | 'INTERSECT' | 'EXCEPT';
  readonly all: boolean;
  readonly left: QueryBody;
  readonly right: QueryBody;
}

export interface Values extends Span {
  readonly kind: 'values';
  readonly rows: readonly Expression[];
}

/** `TABLE t` */
export interface ExplicitTable extends Span {
  readonly kind: 'explicit-table';
  readonly path: readonly Identifier[];
}

export interface Select extends Span {
  readonly kind: 'select';
  readonly hints: readonly Hint[];
  readonly distinct: boolean;
  readonly items: readonly SelectItem[];
  readonly from: TableReference | null;
  readonly where: Expression | null;
  readonly groupBy: GroupBy | null;
  readonly having: Expression | null;
  readonly windows: readonly NamedWindow[];
}

export interface SelectItem extends Span {
  readonly expression: Expression;
  readonly alias: Identifier | null;
}

export interface GroupBy extends Span {
  readonly distinct: boolean;
  readonly items: readonly GroupItem[];
}

export type GroupItem =
  | (Span & { readonly kind: 'group-expression'; readonly expression: Expression })
  /** `(a, b)`, or `()` for the whole. */
  | (Span & { readonly kind: 'group-set'; readonly expressions: readonly Expression[] })
  | (Span & { readonly kind: 'rollup' | 'cube' | 'grouping-sets'; readonly items: readonly GroupItem[] });

export interface OrderItem extends Span {
  readonly expression: Expression;
  readonly direction: 'ASC' | 'DESC' | null;
  readonly nulls: 'FIRST' | 'LAST' | null;
}

export interface NamedWindow extends Span {
  readonly name: Identifier;
  readonly window: WindowSpecification;
}

export interface WindowSpecification extends Span {
  readonly kind: 'window';
  /** The window it refines. */
  readonly parent: Identifier | null;
  readonly partitionBy: readonly Expression[];
  readonly orderBy: readonly OrderItem[];
  readonly frame: WindowFrame | null;
  readonly allowPartial: boolean | null;
}

export interface WindowFrame extends Span {
  readonly unit: 'ROWS' | 'RANGE';
  readonly from: FrameBound;
  readonly to: FrameBound | null;
}

export type FrameBound = Span &
  (
    | {
        readonly kind: 'unbounded' | 'offset';
        readonly side: 'PRECEDING' | 'FOLLOWING';
        readonly offset: Expression | null;
      }
    | { readonly kind: 'current-row' }
  );

export interface Hint extends Span {
  readonly name: Identifier;
  readonly options: readonly HintOption[];
}

/** `'key' = 'value'`, or one word or literal. */
export interface HintOption extends Span {
  readonly key: string | null;
  readonly value: Expression;
}

export interface Alias extends Span {
  readonly name: Identifier;
  readonly columns: readonly Identifier[];
}

export type JoinType = 'INNER' | 'LEFT' | 'RIGHT' | 'FULL' | 'CROSS' | 'COMMA';

export type TableReference =
  | (Span & {
      readonly kind: 'table-name';
      readonly path: readonly Identifier[];
      readonly hints: readonly Hint[];
      /** FOR SYSTEM_TIME AS OF */
      readonly asOf: Expression | null;
      readonly sample: Sample | null;
      readonly alias: Alias | null;
    })
  | (Span & {
      readonly kind: 'derived-table';
      readonly lateral: boolean;
      readonly query: Query;
      readonly sample: Sample | null;
      readonly alias: Alias | null;
    })
  | (Span & {
      /** `TABLE(f(...))` */
      readonly kind: 'table-function';
      readonly lateral: boolean;
      readonly call: Call;
      readonly alias: Alias | null;
    })
  | (Span & {
      readonly kind: 'unnest';
      readonly lateral: boolean;
      readonly operands: readonly Expression[];
      readonly ordinality: boolean;
      readonly alias: Alias | null;
    })
  | (Span & {
      readonly kind: 'join';
      readonly type: JoinType;
      readonly natural: boolean;
      readonly left: TableReference;
      readonly right: TableReference;
      readonly condition: JoinCondition | null;
    })
  | (Span & {
      /** A join in parentheses. */
      readonly kind: 'nested-join';
      readonly of: TableReference;
    });

export type JoinCondition =
  | (Span & { readonly kind: 'on'; readonly condition: Expression })
  | (Span & { readonly kind: 'using'; readonly columns: readonly Identifier[] });

export interface Sample extends Span {
  readonly method: 'BERNOULLI' | 'SYSTEM';
  readonly percent: string;
  readonly repeatable: number | null;
}
