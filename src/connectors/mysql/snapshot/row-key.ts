import type { Row } from '../../../core/value.ts';

/**
 * Names a row by its key columns' canonical values, for sets and maps; null: the image did not log all of them. A row read by a
 * SELECT and its images in the binlog hold equal values, so byte-equal names suffice: no collation is asked.
 */
export const rowKey = (row: Row, columns: readonly number[]): string | null => {
  let name = '';
  for (const column of columns) {
    const value = row[column];
    if (value === undefined || value === null) return null;
    const text =
      value instanceof Uint8Array
        ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).latin1Slice(0, value.byteLength)
        : String(value);
    // The length keeps ('a', 'bc') and ('ab', 'c') apart.
    name += columns.length === 1 ? text : `${text.length}:${text}`;
  }
  return name;
};
