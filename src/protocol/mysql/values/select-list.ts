import type { Column } from '../../../core/table.ts';

/**
 * What to select so that the text protocol gives a column's value without loss, in the form text-columns.ts reads:
 *
 * - FLOAT prints six digits; multiplied by 1e0 it becomes the DOUBLE of the same value, printed in full (adding 0e0 would turn
 *   -0 into 0). DOUBLE(M,D) would be rounded to its D digits.
 * - ENUM and SET come as their numbers, so that the '' of the error value differs from a member ''. CAST keeps all 64 bits of a
 *   SET; arithmetic would pass through a DOUBLE.
 * - Everything else is text or raw bytes already.
 */
export const selectExpression = (column: Column): string => {
  const name = `\`${column.name.replaceAll('`', '``')}\``;
  switch (column.type.kind) {
    case 'float':
    case 'double':
      return `${name} * 1e0`;
    case 'enum':
    case 'set':
      return `CAST(${name} AS UNSIGNED)`;
    default:
      return name;
  }
};

/**
 * What the session that selects must be set to: UTC, because TIMESTAMP is printed in the session's zone; results in utf8mb4;
 * and a mode without PAD_CHAR_TO_FULL_LENGTH, which would add spaces that the binlog does not have.
 */
export const selectSession = "SET SESSION time_zone = '+00:00', character_set_results = 'utf8mb4', sql_mode = ''";
