/**
 * A row's key as bytes that sort as the key does, each part behind the other:
 *
 *     integer, year   9 bytes: the value + 2^63, the highest first
 *     anything else   its bytes, a 0 as 0 255, and 0 0 behind the last
 *
 * Keys of other values have other bytes, so a key is found by its very values.
 */
import type { Key } from '../../../core/reader.ts';
import type { ColumnType, Table } from '../../../core/table.ts';
import type { Value } from '../../../core/value.ts';

/** In the words of `Reader.order`. */
export const sortOrder = (table: Table): readonly string[] =>
  table.primaryKey.map((at) => {
    const { type } = table.columns[at]!;
    if (isWhole(type)) return 'number';
    if (type.kind === 'binary' || isBinaryText(type)) return 'bytes';
    if (type.kind === 'date' || type.kind === 'datetime' || type.kind === 'timestamp') return 'date';
    return `bytes of ${type.kind}`;
  });

/** `key`: in the order of the table's primary key. */
export const sortKey = (table: Table, key: Key): Buffer => {
  const parts = table.primaryKey.map((at, i) => sortPart(table.columns[at]!.type, key[i]!));
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
};

const isWhole = ({ kind }: ColumnType): boolean => kind === 'integer' || kind === 'year';

const isBinaryText = (type: ColumnType): boolean =>
  type.kind === 'text' && (type.collation === 'utf8mb4_0900_bin' || type.collation === 'utf8mb4_nopad_bin');

const sortPart = (type: ColumnType, value: Value): Buffer => {
  if (isWhole(type)) return wholeNumber(value as number | bigint);
  const bytes = value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value), 'utf8');
  if (!bytes.includes(0)) return Buffer.concat([bytes, end]);
  return Buffer.concat([Buffer.from(bytes.toString('latin1').replaceAll('\0', '\0\xff'), 'latin1'), end]);
};

const end = Buffer.from([0, 0]);

const wholeNumber = (value: number | bigint): Buffer => {
  const bytes = Buffer.allocUnsafe(9);
  const shifted = BigInt(value) + 0x8000000000000000n;
  bytes[0] = Number(shifted >> 64n);
  bytes.writeBigUInt64BE(shifted & 0xffffffffffffffffn, 1);
  return bytes;
};
