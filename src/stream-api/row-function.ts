import { MillraceError } from '../core/errors.ts';
import { castTo } from '../sql/bind/cast-to.ts';
import { call, routine } from '../sql/evaluate/bound.ts';
import type { SqlValue } from '../sql/evaluate/sql-value.ts';
import type { SqlFunction } from '../sql/functions/define.ts';
import { parseTypeText } from '../sql/parse/grammar.ts';
import { fromTypeName } from '../sql/types/from-type-name.ts';
import { plain, type SqlType, withNullable } from '../sql/types/sql-type.ts';
import { type ValuePassage, valuePassage } from '../sql-pipeline/functions/function-values.ts';
import type { RowSchema } from './row-schema.ts';

export type AnyRow = Readonly<Record<string, unknown>>;

/** How rows of a schema pass between a query and the functions of a program. */
export class RowPassage {
  /** ROW<...>, as a query has such a row in one value. */
  readonly type: SqlType;
  readonly names: readonly string[];
  readonly #passages: readonly ValuePassage[];

  constructor(schema: RowSchema) {
    this.names = Object.keys(schema);
    const types = Object.values(schema).map((text) => withNullable(fromTypeName(parseTypeText(text)), true));
    this.#passages = types.map((type) => valuePassage(type)!);
    this.type = { kind: 'ROW', fields: this.names.map((name, at) => ({ name, type: types[at]! })), nullable: true };
  }

  get width(): number {
    return this.names.length;
  }

  /** The row that stands in `values` from `at` on. */
  give(values: readonly SqlValue[], at = 0): AnyRow {
    const row: Record<string, unknown> = {};
    for (let place = 0; place < this.names.length; place += 1) {
      const value = values[at + place]!;
      row[this.names[place]!] = value === null ? null : this.#passages[place]!.give(value);
    }
    return row;
  }

  /** SQL_FUNCTION_FAILED, without the value, for what is no row of the schema. */
  take(row: unknown, name: string): readonly SqlValue[] {
    if (typeof row !== 'object' || row === null || row instanceof Promise) throw wrong(name, `${name} gave no row`);
    return this.names.map((column, place) => {
      const value = (row as AnyRow)[column];
      if (value === null) return null;
      const taken = value === undefined ? undefined : this.#passages[place]!.take(value);
      if (taken !== undefined) return taken;
      throw wrong(
        name,
        value === undefined ? `the row has no ${column}` : `${column} is a ${typeof value} that fits not its type`,
      );
    });
  }
}

const wrong = (name: string, reason: string): MillraceError =>
  new MillraceError('SQL_FUNCTION_FAILED', { name, reason });

/** Calls the program's own code, and says where it threw without what it said, which may hold values of rows. */
export const guarded = <Result>(name: string, run: () => Result): Result => {
  try {
    return run();
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    const what = error instanceof Error ? error.name : typeof error;
    throw new MillraceError('SQL_FUNCTION_FAILED', { name, reason: `it threw ${what}` }, { cause: error });
  }
};

/** A function of SQL that gets all columns of a row, and gives what `run` does of them. `made`: equal in programs whose `run` does the same. */
export const rowFunction = (
  name: string,
  {
    parameters,
    type,
    made,
  }: { readonly parameters: readonly SqlType[]; readonly type: SqlType; readonly made: string },
  run: (values: readonly SqlValue[]) => SqlValue,
): SqlFunction => {
  const computed = routine(name, (...values: readonly SqlValue[]) => guarded(name, () => run(values)), {
    lenient: true,
    made,
  });
  return {
    name: name.toUpperCase(),
    category: 'own',
    usage: name,
    description: '',
    bind: (args) =>
      call(
        computed,
        args.map((arg, place) => castTo(arg, withNullable(parameters[place]!, true)) ?? arg),
        type,
      ),
  };
};

export const truth: SqlType = plain('BOOLEAN');

/** Columns of a schema as parameters. */
export const parametersOf = ({ type }: RowPassage): readonly SqlType[] =>
  type.kind === 'ROW' ? type.fields.map((field) => field.type) : [];
