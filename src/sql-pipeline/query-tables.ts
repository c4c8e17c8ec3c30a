import type { Table } from '../core/table.ts';
import type { DeclaredTable } from '../sql/catalog/declared-table.ts';
import type { EvaluationContext } from '../sql/evaluate/sql-value.ts';
import { type Span, sqlError } from '../sql/sql-error.ts';
import type { ConnectedTable, Settings, TableSource } from './connected-table.ts';
import { declaredColumns, type ScannedColumn, serverColumns } from './scanned-columns.ts';

/** A table that a query scans. */
export interface QueryTable {
  readonly source: TableSource;
  /** What its rows are kept in (`TableBinding`). */
  readonly store: string | null;
  /** Reading it comes to an end. */
  readonly bounded: boolean;
  /** Null: it is a server's table as it is. */
  readonly declared: DeclaredTable<ConnectedTable> | null;
  /** How its columns are read from the table that there is. Throws SQL_ errors at the declaration. */
  readonly columns: (table: Table, context: EvaluationContext) => readonly ScannedColumn[];
  /** The declaration; null: there is none. */
  readonly span: Span | null;
}

/** `bounded`: it has to come to an end. Throws SQL_INVALID for one that cannot be read, or does not end. */
export const declaredQueryTable = (declared: DeclaredTable<ConnectedTable>, bounded: boolean): QueryTable => {
  const { binding, statement } = declared;
  const span = { start: statement.start, end: statement.end };
  if (binding.source === null)
    throw sqlError('SQL_INVALID', span, {
      reason: `'${binding.connector}' is written only, so nothing can be read from it`,
    });
  const source = bounded && !binding.bounded ? endingSource(binding.source, span) : binding.source;
  return {
    source,
    store: binding.store,
    bounded: bounded || binding.bounded,
    declared,
    columns: (table, context) => declaredColumns(declared, table, context),
    span,
  };
};

const endingSource = (source: TableSource, span: Span): TableSource => {
  switch (source.kind) {
    case 'mysql':
      return { ...source, settings: { ...source.settings, 'scan.startup.mode': 'snapshot' } };
    case 'kafka':
      return { ...source, settings: { ...source.settings, 'scan.bounded.mode': 'latest-offset' } };
    case 'scan':
    case 'filesystem':
      return source;
    case 'datagen':
      throw sqlError('SQL_INVALID', span, {
        reason: "'datagen' without 'number-of-rows' never ends, and 'execution.runtime-mode' is 'batch'",
      });
  }
};

/** A table of the server that is the catalogue, by how that is reached. */
export const serverQueryTable = (
  server: Settings,
  { database, name }: Pick<Table, 'database' | 'name'>,
  bounded: boolean,
): QueryTable => ({
  source: {
    kind: 'mysql',
    settings: { ...server, 'scan.startup.mode': bounded ? 'snapshot' : 'initial' },
    database,
    table: name,
  },
  store: `mysql://${String(server['hostname'])}:${String(server['port'])}/${database}.${name}`,
  bounded,
  declared: null,
  columns: serverColumns,
  span: null,
});
