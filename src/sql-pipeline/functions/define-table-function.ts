import type { FunctionType, FunctionValue } from './define-function.ts';

/** The columns that a table function gives, by name, with their types. */
export type FunctionColumns = Readonly<Record<string, FunctionType>>;

/** A row of such columns; one that is left out is NULL. */
export type FunctionRow<Columns extends FunctionColumns> = {
  readonly [Name in keyof Columns]?: FunctionValue<Columns[Name]> | null;
};

/** A function that makes rows of one row. It must give the same rows for the same arguments, and wait for nothing. */
export interface UserTableFunction<
  Arguments extends readonly FunctionType[] = readonly FunctionType[],
  Columns extends FunctionColumns = FunctionColumns,
> {
  readonly arguments: Arguments;
  readonly returns: Columns;
  /** Any argument may be NULL. */
  call(
    ...values: { readonly [Place in keyof Arguments]: FunctionValue<Arguments[Place]> | null }
  ): Iterable<FunctionRow<Columns>>;
}

/**
 * Checks a table function's types as it is written:
 *
 *     export const words = defineTableFunction({
 *       arguments: ['STRING'],
 *       returns: { word: 'STRING', length: 'INT' },
 *       *call(text) {
 *         for (const word of text?.split(' ') ?? []) yield { word, length: word.length };
 *       },
 *     });
 *
 * and in SQL: `SELECT id, word FROM notes, LATERAL TABLE(words(body))`.
 */
export const defineTableFunction = <
  const Arguments extends readonly FunctionType[],
  const Columns extends FunctionColumns,
>(
  definition: UserTableFunction<Arguments, Columns>,
): UserTableFunction<Arguments, Columns> => definition;
