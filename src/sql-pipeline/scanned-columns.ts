import type { Origin, RowsChange } from '../core/change.ts';
import { nearestName } from '../core/nearest-name.ts';
import type { Table } from '../core/table.ts';
import type { Value } from '../core/value.ts';
import { columnReading } from '../operators/transform/column-values.ts';
import { castTo } from '../sql/bind/cast-to.ts';
import type { DeclaredTable, StoredColumn } from '../sql/catalog/declared-table.ts';
import { compile } from '../sql/evaluate/compile.ts';
import type { EvaluationContext, SqlValue } from '../sql/evaluate/sql-value.ts';
import { sqlError } from '../sql/sql-error.ts';
import { type SqlType, shortText, withNullable } from '../sql/types/sql-type.ts';

/** A column of a scan: where its values stand in the rows of the source, and how they are read. */
export interface ScannedColumn {
  /** As queries call it; left out: as the source does. */
  readonly name?: string;
  readonly type: SqlType;
  /** Null: it is about the change, not a value of the row. */
  readonly source: number | null;
  readonly read: (value: Value, change: RowsChange) => SqlValue;
}

/** The columns of a server's table as they are. */
export const serverColumns = (table: Table): readonly ScannedColumn[] =>
  table.columns.map(({ type: declared }, source) => {
    const { type, read } = columnReading(declared);
    return { type, source, read: (value) => (value === null ? null : read(value)) };
  });

/** The columns of a declaration, found by their names in the table that there is. Throws SQL_ errors at the declaration's columns. */
export const declaredColumns = (
  declared: Pick<DeclaredTable, 'stored'>,
  table: Table,
  context: EvaluationContext,
): readonly ScannedColumn[] => declared.stored.map((column) => declaredColumn(column, table, context));

const declaredColumn = (column: StoredColumn, table: Table, context: EvaluationContext): ScannedColumn => {
  const { name, type, metadata, span } = column;
  if (metadata !== null) return { name, type, source: null, read: (_, change) => metadataOf(metadata, change) };
  const source = table.columns.findIndex((other) => other.name.toLowerCase() === name.toLowerCase());
  if (source < 0) {
    const names = table.columns.map((other) => other.name);
    throw sqlError('SQL_UNKNOWN_NAME', span, {
      what: `column in ${table.database}.${table.name}:`,
      name,
      suggestion: nearestName(name, names),
    });
  }
  const reading = columnReading(table.columns[source]!.type);
  const given = withNullable(reading.type, true);
  const cast = castTo({ kind: 'column', index: 0, type: given }, type);
  if (cast === null) {
    throw sqlError('SQL_TYPE_MISMATCH', span, {
      what: `the column ${name}`,
      found: shortText(type),
      expected: shortText(reading.type),
    });
  }
  if (cast.kind === 'column')
    return { name, type, source, read: (value) => (value === null ? null : reading.read(value)) };
  const convert = compile(cast);
  return { name, type, source, read: (value) => (value === null ? null : convert([reading.read(value)], context)) };
};

const metadataOf = (key: string, { table, origin, op }: RowsChange): SqlValue => {
  switch (key) {
    case 'database_name':
      return table.database;
    case 'table_name':
      return table.name;
    case 'op_ts':
      // As in Flink CDC, rows of the snapshot have none.
      return op === 'read' || origin.kind !== 'mysql' ? 0 : Math.floor(origin.commitMicros / 1_000) * 1_000;
    default:
      return kafkaMetadata(key, origin);
  }
};

const kafkaMetadata = (key: string, origin: Origin): SqlValue => {
  if (origin.kind !== 'kafka') return null;
  switch (key) {
    case 'topic':
      return origin.topic;
    case 'partition':
      return origin.partition;
    case 'offset':
      return Number(origin.offset);
    case 'timestamp':
      return origin.timestampMs * 1_000;
    default:
      return null;
  }
};
