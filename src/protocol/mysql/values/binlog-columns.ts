/**
 * Which reader a column's values need, from its wire type and meta bytes in the table map, and what only its definition tells.
 *
 *   type            meta bytes                          value
 *   VARCHAR 15      max length u2                       length u1, u2 when the maximum is over 255
 *   STRING 254      real type u1, max length u1         the same; bits 4 and 5 of the real type are length bits 8 and 9, inverted
 *   ENUM, SET       real type u1, bytes u1 (as STRING)  little-endian number
 *   BIT 16          bits over whole bytes u1, bytes u1  big-endian
 *   NEWDECIMAL 246  precision u1, scale u1              packed digits
 *   *2 temporal     fraction digits u1                  big-endian
 *   BLOB, JSON, GEOMETRY, VECTOR  length bytes u1       length, bytes
 *
 * MySQL libs/mysql/binlog/event/rows_event.h (class Table_map_event).
 */

import assert from 'node:assert/strict';
import { MillraceError } from '../../../core/errors.ts';
import { type Column, type ColumnType, qualifiedName, type Table } from '../../../core/table.ts';
import { columnType, realStringType } from '../column-type.ts';
import type { TableMap } from '../events/table-map.ts';
import { charsetOf } from './charsets/charset.ts';
import type { Collations } from './collations.ts';
import { inet4Column, inet6Column, uuidColumn } from './columns/address-columns.ts';
import { binaryColumn, paddedBinaryColumn } from './columns/binary-column.ts';
import type { ColumnReader } from './columns/column-reader.ts';
import { compressedColumn } from './columns/compressed-column.ts';
import { decimalColumn } from './columns/decimal-column.ts';
import { enumColumn, setColumn } from './columns/member-columns.ts';
import { bitColumn, doubleColumn, floatColumn, integerColumn, yearColumn } from './columns/number-columns.ts';
import { oldDatetimeColumn, oldTimeColumn, oldTimestampColumn } from './columns/old-temporal-columns.ts';
import { dateColumn, datetimeColumn, timeColumn, timestampColumn } from './columns/temporal-columns.ts';
import { textColumn } from './columns/text-column.ts';
import { jsonColumn } from './json/json-column.ts';

/** A reader for each column. `table` fits `map`: `tableFromMap` has seen to that. */
export const columnReaders = (table: Table, map: TableMap, collations: Collations): ColumnReader[] => {
  assert.equal(table.columns.length, map.columnCount, 'the table was not made for this table map');
  return table.columns.map((column, i) => columnReader(table, column, map, i, collations));
};

/** The wire type behind STRING, and the most bytes that a STRING value can have. */
export const wireType = (map: TableMap, i: number): number =>
  map.types[i] === columnType.STRING ? realStringType(map.meta[i]!) : map.types[i]!;

export const stringMaxBytes = (meta: number): number => (meta >> 8) | (((meta & 0x30) ^ 0x30) << 4);

/** Whether a type's meta bytes are any that a server writes: damaged ones must not become layouts. */
export const isPossibleMeta = (wire: number, meta: number): boolean => {
  const low = meta & 0xff;
  const high = meta >> 8;
  switch (wire) {
    case columnType.NEWDECIMAL:
      return low >= 1 && low <= 65 && high <= 30 && high <= low;
    case columnType.BIT:
      return low < 8 && meta > 0 && high * 8 + low <= 64;
    case columnType.TIME2:
    case columnType.DATETIME2:
    case columnType.TIMESTAMP2:
      return low <= 6;
    case columnType.ENUM:
      return high === 1 || high === 2;
    case columnType.SET:
      return high >= 1 && high <= 8;
    case columnType.BLOB:
    case columnType.BLOB_COMPRESSED:
    case columnType.JSON:
    case columnType.GEOMETRY:
    case columnType.VECTOR:
      return low >= 1 && low <= 4;
    default:
      return true;
  }
};

const columnReader = (table: Table, column: Column, map: TableMap, i: number, collations: Collations): ColumnReader => {
  const { type } = column;
  const meta = map.meta[i]!;
  const low = meta & 0xff;
  const high = meta >> 8;
  const wire = wireType(map, i);
  switch (wire) {
    case columnType.TINY:
    case columnType.SHORT:
    case columnType.INT24:
    case columnType.LONG:
    case columnType.LONGLONG:
      assert(type.kind === 'integer');
      return integerColumn(type.bits, type.unsigned);
    case columnType.FLOAT:
      return floatColumn;
    case columnType.DOUBLE:
      return doubleColumn;
    case columnType.NEWDECIMAL:
      return decimalColumn(low, high);
    case columnType.BIT:
      return bitColumn(high * 8 + low);
    case columnType.YEAR:
      return yearColumn;
    case columnType.DATE:
    case columnType.NEWDATE:
      return dateColumn();
    case columnType.TIME2:
      return timeColumn(low);
    case columnType.DATETIME2:
      return datetimeColumn(low);
    case columnType.TIMESTAMP2:
      return timestampColumn(low);
    case columnType.TIME:
      return oldTimeColumn(fractionDigits(type));
    case columnType.DATETIME:
      return oldDatetimeColumn(fractionDigits(type));
    case columnType.TIMESTAMP:
      return oldTimestampColumn(fractionDigits(type));
    case columnType.ENUM:
      assert(type.kind === 'enum');
      return enumColumn(high, type.values);
    case columnType.SET:
      assert(type.kind === 'set');
      return setColumn(high, type.values);
    case columnType.JSON:
      return jsonColumn(low);
    case columnType.GEOMETRY:
      return binaryColumn(low, 'geometry');
    case columnType.VECTOR:
      return binaryColumn(low, 'vector');
    case columnType.STRING: {
      const maxBytes = stringMaxBytes(meta);
      return bytesReader(column, maxBytes > 255 ? 2 : 1, maxBytes, loggedCharset(map, i, collations));
    }
    case columnType.VARCHAR:
      return bytesReader(column, meta > 255 ? 2 : 1, 0, loggedCharset(map, i, collations));
    case columnType.BLOB:
      return bytesReader(column, low, 0, loggedCharset(map, i, collations));
    case columnType.VARCHAR_COMPRESSED: {
      const lengthBytes = meta > 255 ? 2 : 1;
      return compressedColumn(
        lengthBytes,
        bytesReader(column, lengthBytes, 0, loggedCharset(map, i, collations)),
        meta,
      );
    }
    case columnType.BLOB_COMPRESSED:
      return compressedColumn(low, bytesReader(column, low, 0, loggedCharset(map, i, collations)), 2 ** (8 * low) - 1);
    default:
      throw new MillraceError('VALUES_COLUMN_UNREADABLE', {
        table: qualifiedName(table),
        column: column.name,
        type: wire,
      });
  }
};

/** What CHAR, VARCHAR and BLOB carry on the wire is many types; the definition tells which. `fixedBytes` is 0 unless CHAR or BINARY. */
const bytesReader = (column: Column, lengthBytes: number, fixedBytes: number, charset: string | null): ColumnReader => {
  const { type } = column;
  switch (type.kind) {
    case 'text':
      return textColumn(lengthBytes, charsetOf(charset ?? type.charset, column.name));
    case 'json':
      // MariaDB's JSON is LONGTEXT.
      return mariadbJson(lengthBytes);
    case 'binary':
      return fixedBytes > 0 ? paddedBinaryColumn(lengthBytes, fixedBytes) : binaryColumn(lengthBytes, 'binary');
    case 'vector':
      return binaryColumn(lengthBytes, 'vector');
    case 'geometry':
      return binaryColumn(lengthBytes, 'geometry');
    case 'uuid':
      return uuidColumn(lengthBytes);
    case 'inet4':
      return inet4Column(lengthBytes);
    case 'inet6':
      return inet6Column(lengthBytes);
    default:
      return assert.fail(`a ${type.kind} column is logged as bytes`);
  }
};

const mariadbJson = (lengthBytes: number): ColumnReader => {
  const text = textColumn(lengthBytes, charsetOf('utf8mb4', 'json'));
  return {
    ...text,
    write: (writer, column, bytes, start, end) => writer.json(column, bytes, start, end),
    writeSource: (column) => `w.json(${column}, b, s, e);`,
  };
};

/** The charset the log itself names, where it does: it is that of the rows that follow, whatever a definition says. */
const loggedCharset = (map: TableMap, i: number, collations: Collations): string | null => {
  const id = map.collations?.[i];
  return id == null ? null : (collations.get(id)?.charset ?? null);
};

const fractionDigits = (type: ColumnType): number => {
  assert(type.kind === 'time' || type.kind === 'datetime' || type.kind === 'timestamp');
  return type.fsp;
};
