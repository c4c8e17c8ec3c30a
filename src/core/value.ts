/**
 * One column's value as every part of millrace sees it. The column's type (core/table.ts) says how to read it:
 *
 * | column                            | value                                                                        |
 * |-----------------------------------|------------------------------------------------------------------------------|
 * | integer, year, bit up to 53 bits  | number; bigint where the value is beyond ±(2^53 - 1)                         |
 * | float, double                     | number (a FLOAT is exactly its 32-bit value)                                 |
 * | decimal                           | string, all digits of its scale: '-0.0500'                                   |
 * | text, enum, uuid, inet4, inet6    | string; an ENUM's error value is ''                                          |
 * | set                               | string, members joined by ',' in their declared order                        |
 * | date, time, datetime              | string as MySQL prints it: '2024-02-29', '-838:59:59.000000', zero dates too |
 * | timestamp                         | string as datetime, in UTC                                                   |
 * | json                              | string, the document as MySQL prints it                                      |
 * | binary, geometry, vector          | Uint8Array; BINARY(n) is padded to n bytes, GEOMETRY is SRID + WKB           |
 *
 * A value read by a snapshot and the same value read from the binlog are equal.
 */
export type Value = null | number | bigint | string | Uint8Array;

/** A row image by column position. `undefined` means the server did not log the column, which is never the same as NULL. */
export type Row = readonly (Value | undefined)[];
