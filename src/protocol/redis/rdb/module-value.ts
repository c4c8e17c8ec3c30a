import type { RdbCursor } from './rdb-cursor.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The name in a module's 64-bit id: nine characters of 6 bits, then 10 bits of a version. */
export const moduleName = (id: number | bigint): string => {
  const bits = BigInt(id) >> 10n;
  let name = '';
  for (let shift = 48n; shift >= 0n; shift -= 6n) name += alphabet[Number((bits >> shift) & 63n)];
  return name;
};

/** Skips the next part of what a module keeps: each says of what kind it is. false: that was the end. */
export const skipModulePart = (cursor: RdbCursor): boolean => {
  const kind = cursor.length();
  switch (kind) {
    case 0:
      return false;
    case 1:
    case 2:
      cursor.bigLength();
      return true;
    case 3:
      cursor.view(4);
      return true;
    case 4:
      cursor.view(8);
      return true;
    case 5:
      cursor.string();
      return true;
    default:
      throw cursor.damaged(`a module's part of kind ${kind}`);
  }
};
