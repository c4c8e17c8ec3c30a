import { Buffer } from 'node:buffer';
import type { Column, ColumnType, Table } from '../../core/table.ts';
import { keyColumnsOf } from '../key-columns.ts';
import { adjustedFieldName } from './adjusted-name.ts';
import { jsonString } from './json-string.ts';
import type { DebeziumOptions } from './options.ts';
import { adjustedYear, epochDay, epochSecond, putDateText, putInstantText, putMicros, putNanos } from './temporal.ts';

/** How a column's values are written, where its kind leaves a choice. */
export const form = {
  plain: 0,
  /** BIT(1), and TINYINT(1) where it is asked for, as true or false. */
  boolean: 1,
  /** BIT(n): little-endian bytes. */
  bits: 2,
  /** Unsigned BIGINT as a Java long: beyond 2^63 - 1 it wraps. */
  wrapped: 3,
  /** The unscaled bytes of a Connect Decimal. */
  unscaled: 4,
  /** A DECIMAL's digits, or a document's text, as a string. */
  text: 5,
  double: 6,
  millis: 7,
  micros: 8,
  iso: 9,
  base64: 10,
  base64Url: 11,
  hex: 12,
  /** A geometry that is a point, with its coordinates. */
  point: 13,
  nanos: 14,
} as const;

/** What encoding one table version needs, worked out once. */
export interface TablePlan {
  readonly table: Table;
  /** `form` of each column. */
  readonly forms: Uint8Array;
  /**
   * `,"name":` of all columns, four bytes a word (little-endian), each filled up to whole words: a quarter of the steps to copy.
   * The prefix of column i is from word `prefixStarts[i]` on, and takes `prefixLengths[i]` bytes.
   */
  readonly prefixWords: Int32Array;
  readonly prefixStarts: Int32Array;
  readonly prefixLengths: Int32Array;
  /** What a zero date becomes: `null`, or for a column that cannot be NULL its default or 1970. */
  readonly zeros: readonly Uint8Array[];
  /** The members of ENUM and SET columns as JSON strings; empty for others. */
  readonly members: readonly (readonly Uint8Array[])[];
  /** BIT lengths in bytes, and fraction digits of temporal columns. */
  readonly sizes: Uint8Array;
  /** What stands for a value the server did not log; null: the field is left out. */
  readonly unavailable: readonly (Uint8Array | null)[];
  /** Positions of the columns that make the record's key: the primary key, else the first unique key that has no NULL. */
  readonly keyColumns: readonly number[];
  /** Bytes that a row needs beside its texts, binaries, documents, vectors, shapes and sets. */
  readonly rowReserve: number;
}

/** The most bytes a value of bounded size takes: a DECIMAL of 65 digits as text. */
const maxValueBytes = 72;

export const planTable = (table: Table, options: DebeziumOptions): TablePlan => {
  const prefixes = table.columns.map(({ name }) =>
    Buffer.concat([
      Buffer.from(','),
      jsonString(adjustedFieldName(name, options.fieldNames ?? 'none')),
      Buffer.from(':'),
    ]),
  );
  const prefixStarts = new Int32Array(prefixes.length);
  const words: number[] = [];
  prefixes.forEach((prefix, column) => {
    prefixStarts[column] = words.length;
    const filled = Buffer.concat([prefix, Buffer.alloc(3)]);
    for (let at = 0; at < prefix.length; at += 4) words.push(filled.readInt32LE(at));
  });
  return {
    table,
    forms: Uint8Array.from(table.columns, (column) =>
      isBoolean(table, column, options) ? form.boolean : formOf(column, options),
    ),
    prefixWords: Int32Array.from(words),
    prefixStarts,
    prefixLengths: Int32Array.from(prefixes, (prefix) => prefix.length),
    zeros: table.columns.map((column) => zeroOf(column, options)),
    members: table.columns.map(({ type }) => ('values' in type ? type.values.map(jsonString) : [])),
    sizes: Uint8Array.from(table.columns, ({ type }) => sizeOf(type)),
    unavailable: table.columns.map(({ type }) => unavailableOf(type, options)),
    keyColumns: options.keyColumns?.(table) ?? keyColumnsOf(table),
    rowReserve: words.length * 4 + table.columns.length * maxValueBytes + 16,
  };
};

/** TINYINT(1), which MySQL prints with its length only as long as it is signed. */
const isBoolean = (table: Table, column: Column, { booleans }: DebeziumOptions): boolean =>
  booleans !== undefined && /^tinyint\(1\)/i.test(column.declaration ?? '') && booleans(table, column);

const formOf = ({ type, declaration }: Column, options: DebeziumOptions): number => {
  const times = options.times ?? 'adaptive_time_microseconds';
  switch (type.kind) {
    case 'integer':
      if (!type.unsigned || type.bits !== 64) return form.plain;
      return options.unsignedBigints === 'precise' ? form.unscaled : form.wrapped;
    case 'decimal':
      return options.decimals === 'string' ? form.text : options.decimals === 'double' ? form.double : form.unscaled;
    case 'bit':
      return type.length === 1 ? form.boolean : form.bits;
    case 'date':
      return times === 'isostring' ? form.iso : form.plain;
    case 'time':
      return timeForms[times];
    case 'datetime':
      return times === 'adaptive_time_microseconds' && type.fsp <= 3 ? form.millis : timeForms[times];
    case 'binary':
      return binaryForms[options.binaries ?? 'bytes'];
    case 'json':
      // MariaDB's JSON is LONGTEXT, and its text is the user's own.
      return /text/i.test(declaration ?? '') ? form.text : form.plain;
    case 'geometry':
      return type.shape === 1 ? form.point : form.plain;
    default:
      return form.plain;
  }
};

/** Of times, and of moments without a zone. */
const timeForms = {
  adaptive_time_microseconds: form.micros,
  microseconds: form.micros,
  nanoseconds: form.nanos,
  connect: form.millis,
  isostring: form.iso,
} as const;

const binaryForms = {
  bytes: form.base64,
  base64: form.base64,
  'base64-url-safe': form.base64Url,
  hex: form.hex,
} as const;

const sizeOf = (type: ColumnType): number => {
  if (type.kind === 'bit') return (type.length + 7) >> 3;
  return 'fsp' in type ? type.fsp : 0;
};

const nullBytes = Buffer.from('null');

/**
 * Java has no zero dates. Debezium writes null; where the column cannot be NULL, its default when that is a date, else 1970.
 */
const zeroOf = (column: Column, options: DebeziumOptions): Uint8Array => {
  if (column.nullable) return nullBytes;
  const { kind } = column.type;
  if (kind !== 'date' && kind !== 'datetime' && kind !== 'timestamp') return nullBytes;
  const match = /^'?(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?'?$/.exec(
    column.defaultExpression ?? '',
  );
  const [year, month, day, hours, minutes, seconds] = (match ?? ['', '1970', '01', '01'])
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const micros = Number((match?.[7] ?? '').padEnd(6, '0'));
  const bytes = Buffer.alloc(64);
  if (month === 0 || day === 0) return zeroOf({ ...column, defaultExpression: null }, options);
  const days = epochDay(adjustedYear(year!), month!, day!);
  const whole = epochSecond(days, hours ?? 0, minutes ?? 0, seconds ?? 0);
  const how = formOf(column, options);
  if (kind === 'timestamp' || how === form.iso) {
    const clock =
      kind === 'date' ? putDateText(bytes, 1, adjustedYear(year!), month!, day!) : putInstantText(bytes, 1, whole);
    return Buffer.from(`"${bytes.latin1Slice(1, clock)}Z"`);
  }
  if (kind === 'date') return Buffer.from(String(days));
  if (how === form.millis) return Buffer.from(String(whole * 1_000 + Math.floor(micros / 1_000)));
  const put = how === form.nanos ? putNanos : putMicros;
  return Buffer.from(bytes.subarray(0, put(bytes, 0, whole, micros)));
};

/**
 * Debezium knows this case from other databases only (TOAST columns of PostgreSQL), and writes its placeholder where the field is a
 * string or bytes. Other types have no room for one, and null would say NULL: there the field is left out.
 */
const unavailableOf = (type: ColumnType, options: DebeziumOptions): Uint8Array | null => {
  switch (type.kind) {
    case 'text':
    case 'json':
    case 'enum':
    case 'set':
    case 'uuid':
    case 'inet4':
    case 'inet6':
      return Buffer.from(`"${placeholder}"`);
    case 'binary': {
      const encoding = binaryEncodings[options.binaries ?? 'bytes'];
      return Buffer.from(`"${Buffer.from(placeholder).toString(encoding)}"`);
    }
    default:
      return null;
  }
};

/** `unavailable.value.placeholder`. */
const placeholder = '__debezium_unavailable_value';

const binaryEncodings = { bytes: 'base64', base64: 'base64', 'base64-url-safe': 'base64url', hex: 'hex' } as const;
