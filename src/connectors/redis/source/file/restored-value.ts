import { dumpedTypeAt } from '../../../../protocol/redis/rdb/key-facts.ts';
import { RdbReader } from '../../../../protocol/redis/rdb/rdb-reader.ts';
import type { RdbVisitor } from '../../../../protocol/redis/rdb/rdb-visitor.ts';

const selectDatabase = 254;
const end = 255;
/** Behind the value stand its version, two bytes, and a checksum of eight. */
const tailBytes = 10;
/** Valkey's own numbering begins here. */
const firstOfValkey = 80;

/**
 * Tells `visitor` of the key that a `RESTORE` makes. Its value is what a saved file holds behind a key's name, so it is read as a file of
 * this one key:
 *
 *     REDIS0011 ┬ FE db ┬ type ┬ name ┬ value ┬ FF ┬ checksum: none
 *
 * What modules keep of the key stands before its type in both.
 * Throws what RdbReader does.
 */
export const readRestored = (visitor: RdbVisitor, database: number, name: Uint8Array, dumped: Uint8Array): void => {
  const bytes = Buffer.from(dumped);
  const version = bytes.length > tailBytes ? bytes.readUInt16LE(bytes.length - tailBytes) : 0;
  const magic =
    version >= firstOfValkey ? `VALKEY${String(version).padStart(3, '0')}` : `REDIS${String(version).padStart(4, '0')}`;
  const value = bytes.subarray(0, Math.max(0, bytes.length - tailBytes));
  const nameAt = dumpedTypeAt(value) + 1;
  const reader = new RdbReader(visitor);
  reader.write(
    Buffer.concat([
      Buffer.from(magic, 'latin1'),
      Buffer.from([selectDatabase, ...longLength(database)]),
      value.subarray(0, nameAt),
      Buffer.from(longLength(name.length)),
      name,
      value.subarray(nameAt),
      Buffer.from([end, 0, 0, 0, 0, 0, 0, 0, 0]),
    ]),
  );
  reader.end();
};

/** A length in its form of four bytes. */
const longLength = (length: number): readonly number[] => [
  0x80,
  (length >>> 24) & 255,
  (length >>> 16) & 255,
  (length >>> 8) & 255,
  length & 255,
];
