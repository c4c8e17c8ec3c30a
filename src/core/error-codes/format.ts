import type { ErrorEntry } from './entry.ts';

export const formatErrors = {
  FORMAT_MESSAGE_UNREADABLE: {
    retryable: false,
    message: ({ reason }: { readonly reason: string }) =>
      `a message is not of the format that the source is set to read: ${reason}`,
    hint: 'Set `value.format` to the format that the topic holds. A single bad message goes to the dead letters with `errors.tolerance: all`, or look at it at the position that the log names.',
  },
  FORMAT_VALUE_UNREADABLE: {
    retryable: false,
    message: ({ table, column, type }: { readonly table: string; readonly column: string; readonly type: string }) =>
      `a value of column ${column} of table ${table} is none that ${type} can hold as the format writes it`,
    hint: 'Declare the column with the type that its values have, or set the handling modes (decimals, times, binaries) that the writer used. Nothing was rounded or cut.',
  },
  FORMAT_FIELD_UNKNOWN: {
    retryable: false,
    message: ({ table, field }: { readonly table: string; readonly field: string }) =>
      `a message has the field ${field}, which the declared table ${table} has no column for`,
    hint: 'Add the column to the declaration, or let such fields go with `value.unknown-fields: ignore`.',
  },
  FORMAT_TABLE_UNKNOWN: {
    retryable: false,
    message: ({ table }: { readonly table: string }) => `a message is of table ${table}, which is not declared`,
    hint: 'Declare the table, read fewer topics, or leave the declarations out so that messages describe their tables.',
  },
  FORMAT_KEY_MISSING: {
    retryable: false,
    message: ({ table, column }: { readonly table: string; readonly column: string }) =>
      `the key column ${column} is not among the fields of table ${table}`,
    hint: 'Set `primary-key` to fields that every message has, or `key.fields` to what the keys of the messages hold.',
  },
  FORMAT_SCHEMA_UNUSABLE: {
    retryable: false,
    message: ({ id, reason }: { readonly id: number; readonly reason: string }) =>
      `a message names the schema ${id}, which cannot be used: ${reason}`,
    hint: 'Check that `schema.registry.url` is the registry that the writer uses, and GET /schemas/ids/ID there. Messages whose schema is lost go to the dead letters with `errors.tolerance: all`.',
  },
  FORMAT_NO_AVRO_VALUE: {
    retryable: false,
    message: (d: { readonly table: string; readonly column: string; readonly reason: string }) =>
      `column ${d.column} of table ${d.table} has no value that Avro can write: ${d.reason}`,
    hint: 'Set binlog_row_image = FULL on the server where values are not logged. Where a time or shape has no equal in Java, make the column nullable, or write `debezium-json`.',
  },
} as const satisfies Record<string, ErrorEntry>;
