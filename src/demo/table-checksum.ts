import { createHash } from 'node:crypto';

/**
 * One number for all rows of a table, which MySQL computes over its rows and we compute over the mirror's, each without the other:
 *
 *   value   NULL is `-`; anything else is the upper-case hex of its bytes: those of a binary, geometry or vector value as they
 *           are; else the UTF-8 of its text as MySQL prints it (time zone UTC, FLOAT with the digits of its DOUBLE)
 *   row     the values in column order, joined by commas
 *   table   SHA-256 of each row; its first four groups of 32 bits, each summed over all rows; the sums in decimal, joined by dots
 *
 * Sums do not depend on the order of rows, and unlike an exclusive or they notice a row that is there twice.
 */
export interface TableChecksum {
  readonly rows: number;
  readonly checksum: string;
}

/** A column and its DATA_TYPE in information_schema. */
export interface ChecksumColumn {
  readonly name: string;
  readonly dataType: string;
}

/** The statement that makes a server compute it: answers one row, the count and the four sums. Needs `time_zone = '+00:00'`. */
export const checksumStatement = (database: string, table: string, columns: readonly ChecksumColumn[]): string => {
  const values = columns.map(({ name, dataType }) => `IFNULL(HEX(${printed(`\`${name}\``, dataType)}), '-')`);
  const group = (n: number): string =>
    `CAST(IFNULL(SUM(CAST(CONV(SUBSTRING(h, ${1 + 8 * n}, 8), 16, 10) AS UNSIGNED)), 0) AS CHAR)`;
  return `SELECT COUNT(*), ${[0, 1, 2, 3].map(group).join(', ')} FROM (SELECT SHA2(CONCAT_WS(',', ${values.join(', ')}), 256) AS h FROM \`${database}\`.\`${table}\`) AS hashes`;
};

/** The same over rows read from a mirror: integers as number or bigint, text as string, bytes as Uint8Array. */
export class ChecksumOfRows {
  readonly #sums = [0n, 0n, 0n, 0n];
  #rows = 0;

  add(row: readonly (null | number | bigint | string | Uint8Array)[]): void {
    const text = row.map((value) => (value === null ? '-' : bytesOf(value).toString('hex').toUpperCase())).join(',');
    const hash = createHash('sha256').update(text).digest();
    for (let i = 0; i < 4; i += 1) this.#sums[i]! += BigInt(hash.readUInt32BE(4 * i));
    this.#rows += 1;
  }

  result(): TableChecksum {
    return { rows: this.#rows, checksum: this.#sums.join('.') };
  }
}

const bytesOf = (value: number | bigint | string | Uint8Array): Buffer =>
  value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value));

/** Types whose bytes count as they are. */
const binaryTypes = new Set([
  ...['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob', 'vector'],
  ...['geometry', 'point', 'linestring', 'polygon', 'multipoint', 'multilinestring', 'multipolygon', 'geomcollection'],
  'geometrycollection',
]);

const printed = (column: string, dataType: string): string => {
  if (binaryTypes.has(dataType)) return `CAST(${column} AS BINARY)`;
  if (dataType === 'bit') return `CAST(${column} + 0 AS CHAR)`;
  if (dataType === 'float') return `CAST(CAST(${column} AS DOUBLE) AS CHAR)`;
  return `CONVERT(CAST(${column} AS CHAR) USING utf8mb4)`;
};
