import type { SqlType } from '../types/sql-type.ts';
import type { EvaluationContext, SqlValue } from './sql-value.ts';

/**
 * One operation on values, made for the types of its arguments. `strict`: NULL whenever an argument is, without being called.
 * The function itself never sees what it was not made for, so it takes its arguments as they are.
 */
export interface Routine {
  readonly name: string;
  readonly strict: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: each routine states the representation that its argument types have.
  readonly run: (...args: any[]) => SqlValue;
  /** The same as JavaScript over its arguments' code, for operations that cost less than a call; null: call `run`. */
  readonly inline: ((...args: string[]) => string) | null;
  /** Gets the context as its last argument. */
  readonly contextual: boolean;
  /** What it was made with beyond what its name and the types of its arguments and result say; null: nothing. */
  readonly made: string | null;
}

/** An expression whose names and types are settled. */
export type Bound =
  | { readonly kind: 'column'; readonly index: number; readonly type: SqlType }
  | { readonly kind: 'constant'; readonly value: SqlValue; readonly type: SqlType }
  | { readonly kind: 'call'; readonly routine: Routine; readonly args: readonly Bound[]; readonly type: SqlType }
  /** With three truth values, the second operand only when the first does not decide. */
  | { readonly kind: 'and' | 'or'; readonly left: Bound; readonly right: Bound; readonly type: SqlType }
  | { readonly kind: 'is-null'; readonly operand: Bound; readonly negated: boolean; readonly type: SqlType }
  | {
      readonly kind: 'case';
      readonly branches: readonly { readonly when: Bound; readonly result: Bound }[];
      readonly otherwise: Bound;
      readonly type: SqlType;
    }
  | { readonly kind: 'coalesce'; readonly args: readonly Bound[]; readonly type: SqlType }
  /** NULL instead of a failed cast. */
  | { readonly kind: 'try'; readonly operand: Bound; readonly type: SqlType };

interface RoutineOptions {
  readonly inline?: (...args: string[]) => string;
  /** Called with NULL too. */
  readonly lenient?: true;
  readonly contextual?: true;
  readonly made?: string;
}

export const routine = (name: string, run: Routine['run'], options: RoutineOptions = {}): Routine => ({
  name,
  run,
  strict: !options.lenient,
  inline: options.inline ?? null,
  contextual: options.contextual ?? false,
  made: options.made ?? null,
});

export const call = (of: Routine, args: readonly Bound[], type: SqlType): Bound => ({
  kind: 'call',
  routine: of,
  args,
  type,
});

export const constant = (value: SqlValue, type: SqlType): Bound => ({ kind: 'constant', value, type });

/** What reads a row's canonical or already computed values, and gives the expression's. */
export type Evaluator = (row: readonly SqlValue[], context: EvaluationContext) => SqlValue;
