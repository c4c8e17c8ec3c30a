import type { Span } from '../sql-error.ts';
import type { Identifier } from './identifier.ts';

/** A type as it is written. `nullable` null: nothing was said, so it is. */
export type TypeName = Span & { readonly nullable: boolean | null } & (
    | {
        readonly kind: 'type';
        /** In upper case, without its parameters: DECIMAL, VARCHAR, TIMESTAMP, BYTES... */
        readonly name: string;
        readonly parameters: readonly number[];
        /** WITH TIME ZONE, WITH LOCAL TIME ZONE or WITHOUT TIME ZONE of TIME and TIMESTAMP, and PRECISION of DOUBLE are in `name`. */
      }
    | { readonly kind: 'array' | 'multiset'; readonly element: TypeName }
    | { readonly kind: 'map'; readonly key: TypeName; readonly value: TypeName }
    | { readonly kind: 'row'; readonly fields: readonly RowField[] }
    | { readonly kind: 'interval'; readonly interval: IntervalUnits }
    | { readonly kind: 'raw'; readonly className: string; readonly serializer: string }
    | { readonly kind: 'named'; readonly path: readonly Identifier[] }
  );

export interface RowField {
  readonly name: Identifier;
  readonly type: TypeName;
  readonly comment: string | null;
}

export type IntervalUnit = 'YEAR' | 'MONTH' | 'DAY' | 'HOUR' | 'MINUTE' | 'SECOND';

/** `DAY(3) TO SECOND(6)` */
export interface IntervalUnits {
  readonly from: IntervalUnit;
  readonly precision: number | null;
  readonly to: IntervalUnit | null;
  readonly fraction: number | null;
}
