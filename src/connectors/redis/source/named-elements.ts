import type { Command } from '../../../protocol/redis/command-decoder.ts';
import type { KeyShape } from './key-tables.ts';

/** Where a command names elements of the key in its second text: from a text on, each so many texts. */
interface Elements {
  readonly from: number;
  readonly step: number;
  readonly shape: KeyShape;
}

const elements: Readonly<Record<string, Elements>> = {
  HSET: { from: 2, step: 2, shape: 'fields' },
  HMSET: { from: 2, step: 2, shape: 'fields' },
  HDEL: { from: 2, step: 1, shape: 'fields' },
  HSETNX: { from: 2, step: 2, shape: 'fields' },
  HINCRBY: { from: 2, step: 2, shape: 'fields' },
  HINCRBYFLOAT: { from: 2, step: 2, shape: 'fields' },
  SADD: { from: 2, step: 1, shape: 'set' },
  SREM: { from: 2, step: 1, shape: 'set' },
  ZREM: { from: 2, step: 1, shape: 'zset' },
  ZINCRBY: { from: 3, step: 2, shape: 'zset' },
};

const zaddOptions = new Set(['NX', 'XX', 'GT', 'LT', 'CH', 'INCR']);

/**
 * The texts of a command that name elements of the key it is about, whose other elements stay as they are; null: not known, so that
 * all of the key has to be looked at. `name`: the command's, in capitals.
 */
export const namedElements = (command: Command, name: string, shape: KeyShape): readonly number[] | null => {
  if (name === 'ZADD' && shape === 'zset') {
    let from = 2;
    while (from < command.length && zaddOptions.has(command.textOf(from).toUpperCase())) from += 1;
    return every(command, from + 1, 2);
  }
  const found = Object.hasOwn(elements, name) ? elements[name]! : null;
  return found === null || found.shape !== shape ? null : every(command, found.from, found.step);
};

/** The same of the fields of a hash, where fields expire, too. */
export const namedFields = (command: Command, name: string): readonly number[] | null => {
  if (!withFieldsWord.has(name)) return namedElements(command, name, 'fields');
  for (let at = 2; at + 1 < command.length; at += 1) {
    if (command.textOf(at).toUpperCase() !== 'FIELDS') continue;
    const count = Number(command.textOf(at + 1));
    const step = name === 'HSETEX' ? 2 : 1;
    const found = every(command, at + 2, step);
    return found.length === count ? found : null;
  }
  return null;
};

/** `… FIELDS 2 one two`, and with values `… FIELDS 1 one 1`. */
const withFieldsWord = new Set([
  'HPEXPIREAT',
  'HPEXPIRE',
  'HEXPIRE',
  'HEXPIREAT',
  'HPERSIST',
  'HGETDEL',
  'HGETEX',
  'HSETEX',
]);

const every = (command: Command, from: number, step: number): readonly number[] => {
  const found: number[] = [];
  for (let i = from; i < command.length; i += step) found.push(i);
  return found;
};

/** The entry that an `XADD` adds: its id, then names and values, copied; null: it is not written as servers replicate it. */
export const addedEntry = (command: Command): readonly Buffer[] | null => {
  let at = 2;
  for (; at < command.length; at += 1) {
    const word = command.textOf(at).toUpperCase();
    if (word === 'MAXLEN' || word === 'MINID') {
      if (/^[=~]$/.test(command.textOf(at + 1))) at += 1;
      at += 1;
    } else if (word === 'LIMIT') at += 1;
    else if (!flags.has(word)) break;
  }
  if (!/^\d+-\d+$/.test(command.textOf(at)) || (command.length - at) % 2 !== 1) return null;
  return Array.from({ length: command.length - at }, (_, i) => Buffer.from(command.bytesOf(at + i)));
};

const flags = new Set(['NOMKSTREAM', 'KEEPREF', 'DELREF', 'ACKED']);
