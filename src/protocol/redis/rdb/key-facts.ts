import { MillraceError } from '../../../core/errors.ts';
import { skipModulePart } from './module-value.ts';
import { incomplete, RdbCursor } from './rdb-cursor.ts';
import type { RdbDialect } from './rdb-types.ts';

/**
 * Begins what modules keep of a key, which stands before its type since Redis 8.6:
 *
 *     243 ┬ modules ┬ name, version and flags in 4 bytes ┬ parts as in a module's value … ┬ type ┬ name ┬ value
 */
export const keyFactsCode = 243;

/** Whether the code means that. Valkey 9 means something else by it. */
export const hasKeyFacts = (dialect: RdbDialect, version: number): boolean => dialect === 'redis' && version >= 13;

/** Redis knows facts of seven modules about a key. */
const mostModules = 7;

/** The letters of modules' names; of their values' the last two stand the other way round. */
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-';

/** How many modules have facts of the key. */
export const keyFactsModules = (cursor: RdbCursor): number => {
  const modules = cursor.length();
  if (modules > mostModules) throw cursor.damaged(`facts of ${modules} modules about a key`);
  return modules;
};

/** The name before a module's facts: four characters of 6 bits, behind what Redis puts before them. */
export const keyFactsName = (cursor: RdbCursor): string => {
  const bits = cursor.view(4).readUInt32LE(0);
  let name = 'META-';
  for (let shift = 26; shift >= 8; shift -= 6) name += alphabet[(bits >>> shift) & 63];
  return name;
};

/** Where the type stands in what DUMP gave, behind facts of the key. Throws REDIS_RDB_CUT and REDIS_RDB_DAMAGED. */
export const dumpedTypeAt = (bytes: Buffer): number => {
  if (bytes[0] !== keyFactsCode) return 0;
  const cursor = new RdbCursor();
  cursor.append(bytes);
  try {
    cursor.u8();
    for (let left = keyFactsModules(cursor); left > 0; left -= 1) {
      keyFactsName(cursor);
      while (skipModulePart(cursor));
    }
  } catch (error) {
    throw error === incomplete ? new MillraceError('REDIS_RDB_CUT', { offset: bytes.length }) : error;
  }
  return cursor.at;
};
