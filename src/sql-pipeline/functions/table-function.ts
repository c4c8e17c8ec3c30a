import { call, routine } from '../../sql/evaluate/bound.ts';
import type { SqlValue } from '../../sql/evaluate/sql-value.ts';
import type { SqlFunction } from '../../sql/functions/define.ts';
import { sqlError } from '../../sql/sql-error.ts';
import type { SqlType } from '../../sql/types/sql-type.ts';
import type { UserTableFunction } from './define-table-function.ts';
import { type FunctionOrigin, FunctionSignature, typed } from './function-signature.ts';

/** A user's table function: an array of the rows that it makes of one, which LATERAL TABLE lays side by side with it. */
export const tableFunction = (
  name: string,
  { arguments: written, returns, call: run }: UserTableFunction,
  { span, made }: FunctionOrigin,
): SqlFunction => {
  const signature = new FunctionSignature(name, written, span);
  const columns = Object.entries(returns).map(([column, text]) => ({ name: column, ...typed(text, span) }));
  if (columns.length === 0) throw sqlError('SQL_INVALID', span, { reason: `${name} returns no column` });
  const names = new Set(columns.map((column) => column.name));
  const type: SqlType = {
    kind: 'ARRAY',
    element: {
      kind: 'ROW',
      fields: columns.map(({ name: field, type: of }) => ({ name: field, type: of })),
      nullable: false,
    },
    nullable: false,
  };
  const rowOf = (made: unknown): readonly SqlValue[] => {
    if (typeof made !== 'object' || made === null || Array.isArray(made))
      throw signature.failure(
        `a row of it is an object with its columns, and not ${made === null ? 'null' : typeof made}`,
      );
    const unknown = Object.keys(made).find((key) => !names.has(key));
    if (unknown !== undefined)
      throw signature.failure(`it gave a row with a column ${unknown}, which it does not return`);
    const row = made as Readonly<Record<string, unknown>>;
    return columns.map((column) => signature.taken(row[column.name] ?? null, column, `its column ${column.name}`));
  };
  const compute = run as (...values: readonly unknown[]) => unknown;
  const computed = routine(
    name,
    (...values: readonly SqlValue[]) => {
      const given = signature.given(values);
      // Generators run while they are looped over, so what they throw comes from here too.
      const made = signature.ran(() => {
        const rows = compute(...given);
        return isIterable(rows) ? [...rows] : null;
      });
      if (made === null) throw signature.failure('it gives rows: an array, or what a generator yields');
      return made.map(rowOf);
    },
    { lenient: true, made },
  );
  return {
    name: name.toUpperCase(),
    category: 'own',
    usage: signature.usage,
    description: '',
    makesRows: true,
    bind: (args, site) => call(computed, signature.converted(args, site), type),
  };
};

const isIterable = (value: unknown): value is Iterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.iterator in value;
