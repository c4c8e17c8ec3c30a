import type { ErrorEntry } from './entry.ts';

/** Reading columns: table definitions, row images, charsets and JSON. */
export const valueErrors = {
  VALUES_TABLE_UNKNOWN: {
    retryable: false,
    message: (d: { readonly table: string; readonly columns: number }) =>
      `the log names none of the ${d.columns} columns of ${d.table}, and no definition of it is known`,
    hint: 'Set binlog_row_metadata=FULL on the server (SET PERSIST binlog_row_metadata=FULL; on MariaDB also in my.cnf), or start from a snapshot, which reads the definitions.',
  },
  VALUES_TABLE_MISMATCH: {
    retryable: false,
    message: (d: { readonly table: string; readonly logged: string; readonly known: string }) =>
      `the log and the known definition of ${d.table} disagree: the log has ${d.logged}, the definition has ${d.known}`,
    hint: 'The table was changed where millrace could not see it. Set binlog_row_metadata=FULL and take a new snapshot of the table.',
  },
  VALUES_COLUMN_UNREADABLE: {
    retryable: false,
    message: (d: { readonly table: string; readonly column: string; readonly type: number }) =>
      `column ${d.column} of ${d.table} has wire type ${d.type}, which millrace cannot read`,
    hint: 'Rebuild the table so that the server stores the column in a current type (ALTER TABLE ... FORCE), or leave the table out.',
  },
  VALUES_COLUMN_UNKNOWN: {
    retryable: false,
    message: (d: { readonly table: string; readonly column: string; readonly type: string }) =>
      `column ${d.column} of ${d.table} is declared as ${d.type}, a type millrace does not know`,
    hint: 'Leave the table out, or report the type and the server version so that it can be added.',
  },
  VALUES_FRACTION_UNKNOWN: {
    retryable: false,
    message: (d: { readonly table: string; readonly column: string }) =>
      `column ${d.column} of ${d.table} is in the old temporal format, whose fraction digits the log does not tell`,
    hint: 'Start from a snapshot, which reads the definition, or run ALTER TABLE ... FORCE with mysql56_temporal_format=ON.',
  },
  VALUES_MEMBERS_UNKNOWN: {
    retryable: false,
    message: (d: { readonly table: string; readonly column: string; readonly charset: string }) =>
      `the log does not tell the values of ENUM or SET column ${d.column} of ${d.table} (charset ${d.charset}) in readable form`,
    hint: 'Start from a snapshot, which reads the definitions, or convert the column to utf8mb4.',
  },
  VALUES_COLLATION_UNKNOWN: {
    retryable: false,
    message: (d: { readonly table: string; readonly column: string; readonly collation: number }) =>
      `column ${d.column} of ${d.table} has collation ${d.collation}, which is not in the list of collations`,
    hint: 'Read the log from its server, whose own list of collations is then used, or convert the column to utf8mb4.',
  },
  VALUES_CHARSET_UNKNOWN: {
    retryable: false,
    message: (d: { readonly column: string; readonly charset: string }) =>
      `column ${d.column} is in charset ${d.charset}, which millrace cannot decode`,
    hint: 'Convert the column to utf8mb4 (ALTER TABLE ... CONVERT TO CHARACTER SET utf8mb4), or leave it out.',
  },
  VALUES_ROWS_DAMAGED: {
    retryable: false,
    message: (d: { readonly table: string; readonly row: number; readonly reason: string }) =>
      `row ${d.row} of an event for ${d.table} cannot be read: ${d.reason}`,
    hint: 'Check the log with mysqlbinlog --verify-binlog-checksum. If it is sound, report the table definition and the server version.',
  },
  VALUES_VALUE_DAMAGED: {
    retryable: false,
    message: (d: { readonly table: string; readonly column: string; readonly reason: string }) =>
      `a value of column ${d.column} of ${d.table} cannot be read: ${d.reason}`,
    hint: 'Check the table with CHECK TABLE and the log with mysqlbinlog --verify-binlog-checksum. If both are sound, report the column type and the server version.',
  },
  VALUES_JSON_BASE_MISSING: {
    retryable: false,
    message: (d: { readonly table: string; readonly column: string }) =>
      `the log holds only the changed parts of JSON column ${d.column} of ${d.table}, and not the document they change`,
    hint: "Set binlog_row_image=FULL, or binlog_row_value_options='' so that whole documents are logged.",
  },
  VALUES_RESULT_MISMATCH: {
    retryable: false,
    message: (d: { readonly table: string; readonly columns: number; readonly expected: number }) =>
      `a SELECT of ${d.table} answered ${d.columns} columns instead of ${d.expected}`,
    hint: 'The table changed during the snapshot. Take the snapshot of this table again.',
  },
  VALUES_RESULT_DAMAGED: {
    retryable: true,
    message: (d: { readonly table: string; readonly reason: string }) =>
      `the rows of a SELECT of ${d.table} cannot be cut: ${d.reason}`,
    hint: 'Something between millrace and the server alters the bytes. Look at proxies, and at use of compression.',
  },
} as const satisfies Record<string, ErrorEntry>;
