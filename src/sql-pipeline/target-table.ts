import { MillraceError } from '../core/errors.ts';
import { type Column, type ColumnType, defineTable, qualifiedName, type Table } from '../core/table.ts';
import type { Value } from '../core/value.ts';
import type { SqlRow } from '../operators/incremental/delta.ts';
import { columnWriting } from '../operators/transform/column-values.ts';
import type { EvaluationContext } from '../sql/evaluate/sql-value.ts';
import type { PlanColumn } from '../sql/plan/plan.ts';
import { sqlError } from '../sql/sql-error.ts';
import type { BoundInsert } from '../sql/statement/bind-insert.ts';
import { shortText } from '../sql/types/sql-type.ts';
import type { ConnectedTable } from './connected-table.ts';

/** The table that an INSERT INTO writes, as sinks know it, and how rows of the result become its rows. */
export interface TargetTable {
  readonly table: Table;
  /** Throws SQL_NULL_REFUSED for NULL where the declaration has NOT NULL. */
  readonly write: (row: SqlRow) => Value[];
}

/** Throws SQL_TYPE_MISMATCH at a column that no table can hold. */
export const targetTable = ({ target }: BoundInsert<ConnectedTable>, context: EvaluationContext): TargetTable => {
  const { stored, primaryKey, binding } = target;
  const columns = stored.filter(({ virtual }) => !virtual);
  const key = primaryKey.map((place) => columns.indexOf(stored[place]!));
  const writings = columns.map(({ name, type, span }) => {
    const writing = columnWriting(type);
    if (writing !== null) return writing;
    throw sqlError('SQL_TYPE_MISMATCH', span, {
      what: `the column ${name}`,
      found: shortText(type),
      expected: 'a type whose values a table can hold',
    });
  });
  const table = defineTable({
    database: binding.sink!.database,
    name: binding.sink!.table,
    columns: columns.map((column, place) => columnOf(column, writings[place]!, key.includes(place))),
    primaryKey: key,
    uniqueKeys: [],
    charset: 'utf8mb4',
    comment: null,
  });
  const name = qualifiedName(table);
  return {
    table,
    write: (row) => {
      const values = new Array<Value>(writings.length);
      for (let place = 0; place < writings.length; place += 1) {
        const value = row[place]!;
        if (value !== null) values[place] = writings[place]!.write(value, context);
        else if (columns[place]!.type.nullable) values[place] = null;
        else throw new MillraceError('SQL_NULL_REFUSED', { table: name, column: columns[place]!.name });
      }
      return values;
    },
  };
};

/** MySQL indexes no text without a length: what a STRING that is part of a key becomes, where the table is made here. */
const keyText: Pick<Column, 'type' | 'declaration'> = {
  type: { kind: 'text', fixed: false, maxBytes: 1_020, charset: 'utf8mb4', collation: null },
  declaration: 'varchar(255)',
};

const columnOf = (
  { name, type: { nullable } }: PlanColumn,
  { type, declaration }: { readonly type: ColumnType; readonly declaration: string },
  isKey: boolean,
): Column => ({
  name,
  ...(isKey && declaration === 'longtext' ? keyText : { type, declaration }),
  nullable,
  defaultExpression: null,
  generated: false,
  invisible: false,
  autoIncrement: false,
  comment: null,
});
