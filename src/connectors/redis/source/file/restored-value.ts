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
 * Throws what RdbReader does.
 */
export const readRestored = (visitor: RdbVisitor, database: number, name: Uint8Array, dumped: Uint8Array): void => {
  const bytes = Buffer.from(dumped);
  const version = bytes.length > tailBytes ? bytes.readUInt16LE(bytes.length - tailBytes) : 0;
  const magic =
    version >= firstOfValkey ? `VALKEY${String(version).padStart(3, '0')}` : `REDIS${String(version).padStart(4, '0')}`;
  const reader = new RdbReader(visitor);
  reader.write(
    Buffer.concat([
      Buffer.from(magic, 'latin1'),
      Buffer.from([selectDatabase, ...longLength(database)]),
      bytes.subarray(0, 1),
      Buffer.from(longLength(name.length)),
      name,
      bytes.subarray(1, Math.max(1, bytes.length - tailBytes)),
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
