import type { FunctionType, FunctionValue } from '../sql-pipeline/functions/define-function.ts';

/** Columns by name, with types as SQL writes them: `{ id: 'BIGINT', total: 'DECIMAL(10, 2)' }`. */
export type RowSchema = Readonly<Record<string, FunctionType>>;

/** A row of such columns. Any value may be null. */
export type RowOf<Schema extends RowSchema> = {
  readonly [Name in keyof Schema]: FunctionValue<Schema[Name]> | null;
};

/** Names of columns. */
export type ColumnOf<Schema extends RowSchema> = Extract<keyof Schema, string>;

/** The types of some columns of a schema. */
export const picked = <Schema extends RowSchema, Name extends ColumnOf<Schema>>(
  schema: Schema,
  names: readonly Name[],
): Pick<Schema, Name> => Object.fromEntries(names.map((name) => [name, schema[name]])) as unknown as Pick<Schema, Name>;
