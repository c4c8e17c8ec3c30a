import type { ErrorEntry } from './entry.ts';

export const mysqlSinkErrors = {
  MYSQL_SINK_KEY: {
    retryable: false,
    message: (d: { readonly table: string; readonly source: string; readonly target: string }) =>
      `rows of ${d.table} are named by ${d.source}, but the target's primary key is ${d.target}`,
    hint: "Give the target's table the source's primary key: ALTER TABLE … DROP PRIMARY KEY, ADD PRIMARY KEY (…). With another key rows would be doubled or merged.",
  },
  MYSQL_SINK_TABLE_EXISTS: {
    retryable: false,
    message: (d: { readonly table: string; readonly target: string }) =>
      `${d.table} cannot be renamed: the target has a table ${d.target} already`,
    hint: 'Look at what the table in the way holds, rename or drop it on the target, and run the pipeline again.',
  },
  MYSQL_SINK_BINLOG_FORMAT: {
    retryable: false,
    message: (d: { readonly address: string; readonly format: string }) =>
      `${d.address} logs statements (binlog_format ${d.format}), which READ COMMITTED transactions cannot be logged as`,
    hint: "SET PERSIST binlog_format = 'ROW' (MariaDB: SET GLOBAL, and in its configuration file).",
  },
  MYSQL_SINK_READ_ONLY: {
    retryable: false,
    message: (d: { readonly address: string; readonly variable: string }) =>
      `${d.address} takes no writes: ${d.variable} is on`,
    hint: 'Point hostname at the primary. A replica that should be written to needs SET GLOBAL super_read_only = 0, read_only = 0.',
  },
} as const satisfies Record<string, ErrorEntry>;
