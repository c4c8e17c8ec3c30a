import type { ErrorEntry } from './entry.ts';

export const schemaErrors = {
  SCHEMA_DDL_UNREADABLE: {
    retryable: false,
    message: (details: { tables: readonly string[]; reason: string; position: string }) =>
      `a schema change at ${details.position} for ${details.tables.join(', ') || 'unnamed tables'} was not understood: ${details.reason}`,
    hint: 'Report the statement, and resume after it with a new snapshot of these tables, or set binlog_row_metadata=FULL so that the log describes them itself.',
  },
  SCHEMA_TABLE_UNRESOLVED: {
    retryable: false,
    message: (details: { table: string; reason: string; position: string }) =>
      `the definition of ${details.table} is not known from ${details.position} on: ${details.reason}`,
    hint: 'Capture the table it was made or renamed from as well, set binlog_row_metadata=FULL, or take a new snapshot of it.',
  },
} as const satisfies Record<string, ErrorEntry>;
