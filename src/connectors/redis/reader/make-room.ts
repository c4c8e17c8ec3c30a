import type { Buffer } from 'node:buffer';
import type { KeyStore } from '../key-store.ts';
import type { Command } from './kept-rows.ts';
import { refused } from './refused-reply.ts';

/**
 * Commands to run before what is at keys is repaired piece by piece: what is of another type there goes, and the rest stays for ever.
 * `type` as TYPE names it.
 */
export const makeRoomFor = async (
  store: KeyStore,
  keys: readonly Buffer[],
  type: string,
): Promise<readonly Command[]> => {
  const each = [...new Map(keys.map((key) => [key.toString('latin1'), key])).values()];
  const types = await store.ask(each, (commands, key) => void commands.add('TYPE', key));
  return each.map((key, i) => {
    refused(store, types[i]!);
    const found = String(types[i]);
    return [found === type || found === 'none' ? 'PERSIST' : 'UNLINK', key];
  });
};
