/** Types that a function of the user's can take and give, as SQL writes them. */
export type FunctionType =
  | 'BOOLEAN'
  | 'TINYINT'
  | 'SMALLINT'
  | 'INT'
  | 'BIGINT'
  | 'FLOAT'
  | 'DOUBLE'
  | 'STRING'
  | 'BYTES'
  | 'DATE'
  | `DECIMAL(${number}, ${number})`
  | `TIMESTAMP(${0 | 1 | 2 | 3 | 4 | 5 | 6})`
  | `TIMESTAMP_LTZ(${0 | 1 | 2 | 3 | 4 | 5 | 6})`;

/**
 * A value of such a type: BIGINT is a bigint beyond 2^53, DECIMAL its digits as text, DATE `2026-01-31`, TIMESTAMP
 * `2026-01-31 12:00:00.000`, TIMESTAMP_LTZ the same in UTC.
 */
export type FunctionValue<Type extends FunctionType> = Type extends 'BOOLEAN'
  ? boolean
  : Type extends 'BIGINT'
    ? number | bigint
    : Type extends 'TINYINT' | 'SMALLINT' | 'INT' | 'FLOAT' | 'DOUBLE'
      ? number
      : Type extends 'BYTES'
        ? Uint8Array
        : string;

/** A function of one row, computed by the user's own code. It must give the same for the same arguments, and wait for nothing. */
export interface UserFunction<
  Arguments extends readonly FunctionType[] = readonly FunctionType[],
  Returns extends FunctionType = FunctionType,
> {
  readonly arguments: Arguments;
  readonly returns: Returns;
  /** Any argument may be NULL, and so may the result. */
  call(
    ...values: { readonly [Place in keyof Arguments]: FunctionValue<Arguments[Place]> | null }
  ): FunctionValue<Returns> | null;
}

/**
 * Checks a function's types as it is written:
 *
 *     export const masked = defineFunction({
 *       arguments: ['STRING', 'INT'],
 *       returns: 'STRING',
 *       call: (text, kept) => (text === null ? null : text.slice(0, kept ?? 0).padEnd(text.length, '*')),
 *     });
 *
 * and in SQL: `CREATE FUNCTION masked AS './masked.ts' LANGUAGE TYPESCRIPT`.
 */
export const defineFunction = <const Arguments extends readonly FunctionType[], Returns extends FunctionType>(
  definition: UserFunction<Arguments, Returns>,
): UserFunction<Arguments, Returns> => definition;
