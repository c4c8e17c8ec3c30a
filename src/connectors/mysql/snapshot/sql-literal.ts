import assert from 'node:assert/strict';
import type { ColumnType } from '../../../core/table.ts';
import type { Value } from '../../../core/value.ts';

/** A key column's value: never NULL. */
export type KeyValue = Exclude<Value, null>;

/**
 * The literal that, compared with a column of `type`, stands for exactly `value`, under the sessions that connection.ts makes
 * (UTC, no sql_mode, backslash escapes). Text goes as hex with its charset named: no quoting, and the server compares in the
 * column's own collation, because a column's is stronger than a literal's.
 *
 *     integer  -5, 18446744073709551615      text      _utf8mb4 x'c3a9'        enum, set    an integer: the ordinal, the member mask
 *     decimal  -0.0500                       binary    x'00ff'                 date … time  '2024-02-29'
 *     double   1.1e+0                        bit       5                       uuid, inet   'text'
 */
export const sqlLiteral = (value: KeyValue, type: ColumnType): string => {
  switch (type.kind) {
    case 'integer':
    case 'bit':
    case 'year':
      assert(typeof value === 'bigint' || Number.isSafeInteger(value), 'an integer key holds an integer');
      return String(value);
    case 'float':
    case 'double':
      assert(typeof value === 'number', 'a floating-point key holds a number');
      // The exponent makes it an approximate literal. A decimal one would be compared after another rounding.
      return value.toExponential();
    case 'decimal':
      assert(typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value), 'a decimal key holds digits');
      return value;
    case 'date':
    case 'time':
    case 'datetime':
    case 'timestamp':
      assert(typeof value === 'string' && /^[-0-9: .]+$/.test(value), 'a temporal key holds digits and separators');
      return `'${value}'`;
    case 'uuid':
    case 'inet4':
    case 'inet6':
      assert(
        typeof value === 'string' && /^[0-9A-Fa-f:.-]+$/.test(value),
        'an address key holds hex digits and separators',
      );
      return `'${value}'`;
    case 'text':
      assert(typeof value === 'string', 'a text key holds text');
      return `_utf8mb4 x'${Buffer.from(value, 'utf8').toString('hex')}'`;
    case 'binary':
      assert(value instanceof Uint8Array, 'a binary key holds bytes');
      return `x'${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}'`;
    case 'enum':
      assert(typeof value === 'string', 'an enum key holds a member');
      return String(type.values.indexOf(value) + 1);
    case 'set':
      assert(typeof value === 'string', 'a set key holds members');
      return String(setMask(value, type.values));
    case 'json':
    case 'geometry':
    case 'vector':
      assert.fail(`${type.kind} columns are no keys`);
  }
};

const setMask = (members: string, values: readonly string[]): bigint => {
  if (members === '') return 0n;
  return members.split(',').reduce((mask, member) => {
    const bit = values.indexOf(member);
    assert(bit >= 0, 'a set key holds declared members');
    return mask | (1n << BigInt(bit));
  }, 0n);
};
