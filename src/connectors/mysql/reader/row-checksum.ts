import type { Column } from '../../../core/table.ts';
import { quoteName } from '../statements.ts';

/**
 * The expressions that let a server count and sum up rows, so that MySQL and MariaDB of any version answer alike for equal rows:
 *
 *   value   NULL is `N`. Numbers and times are their text, in UTC, a FLOAT with the digits of its DOUBLE. Everything else is its
 *           bytes, text in UTF-8, quoted by QUOTE(), so that no two rows run together
 *   row     the values, joined by commas
 *   sum     SHA-256 of each row; its first two groups of 64 bits, each summed over all rows
 *
 * Sums do not depend on the order of rows, and unlike an exclusive or they notice a row that is there twice. MD5 would be faster,
 * but MySQL 9.6 moved it into a component that may be missing.
 */
export const checksumExpressions = (columns: readonly Column[]): readonly string[] => {
  const row = `SHA2(CONCAT_WS(',', ${columns.map(printed).join(', ')}), 256)`;
  const group = (n: number): string =>
    `IFNULL(SUM(CAST(CONV(SUBSTRING(${row}, ${1 + 16 * n}, 16), 16, 10) AS UNSIGNED)), 0)`;
  return ['COUNT(*)', group(0), group(1)];
};

const printed = ({ name, type }: Column): string => {
  const column = quoteName(name);
  switch (type.kind) {
    case 'integer':
    case 'decimal':
    case 'year':
    case 'date':
    case 'time':
    case 'datetime':
    case 'timestamp':
    case 'uuid':
    case 'inet4':
    case 'inet6':
      return `IFNULL(CAST(${column} AS CHAR), 'N')`;
    case 'bit':
      return `IFNULL(CAST(${column} + 0 AS CHAR), 'N')`;
    case 'float':
    case 'double':
      return `IFNULL(CAST(${column} * 1e0 AS CHAR), 'N')`;
    case 'binary':
    case 'geometry':
    case 'vector':
      return `IFNULL(QUOTE(HEX(${column})), 'N')`;
    case 'text':
    case 'enum':
    case 'set':
    case 'json':
      // Of NULL, QUOTE makes the word NULL, which no quoted text is.
      return `QUOTE(CONVERT(${column} USING utf8mb4))`;
  }
};
