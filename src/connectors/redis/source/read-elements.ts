import { type Reply, ReplyError } from '../../../protocol/redis/reply.ts';
import type { KeyReader } from './key-reader.ts';
import type { KeyRows } from './key-rows.ts';
import type { KeyTable } from './key-tables.ts';

export const sizeCommand = { set: 'SCARD', zset: 'ZCARD', list: 'LLEN', hash: 'HLEN', stream: 'XLEN' } as const;

/** A key whose elements are all to be read. */
export interface BigKey {
  readonly key: Buffer;
  readonly table: KeyTable;
  readonly mayBeGone: boolean;
  readonly expiresAtMs: number | null;
  /** Elements that it had; 0: it is not there. */
  readonly size: number;
}

/** Up to so many elements are read by one command; more in pieces. */
const pieceElements = 5_000;
/** Elements of small keys that are asked for together. */
const togetherElements = 20_000;

/**
 * Reads all elements of keys and takes their rows; with `deletes`, in place of those that were there. Yields where there are some. A key
 * that changes while it is read in pieces is named by the command that changes it, and read again.
 */
export async function* readElements(
  reader: KeyReader,
  keys: readonly BigKey[],
  rows: KeyRows,
  deletes: boolean,
): AsyncGenerator<void> {
  let together: BigKey[] = [];
  let elements = 0;
  for (const big of keys) {
    if (big.size > pieceElements) {
      yield* readInPieces(reader, big, rows, deletes);
      continue;
    }
    together.push(big);
    elements += big.size;
    if (elements < togetherElements) continue;
    await readTogether(reader, together, rows, deletes);
    yield;
    together = [];
    elements = 0;
  }
  await readTogether(reader, together, rows, deletes);
  yield;
}

const readTogether = async (
  reader: KeyReader,
  keys: readonly BigKey[],
  rows: KeyRows,
  deletes: boolean,
): Promise<void> => {
  const replies = await reader.ask(keys.length, (commands, index) => {
    const { key, table } = keys[index]!;
    if (table.shape === 'set') commands.add('SMEMBERS', key);
    else if (table.shape === 'zset') commands.add('ZRANGE', key, '0', '-1', 'WITHSCORES');
    else if (table.shape === 'list') commands.add('LRANGE', key, '0', '-1');
    else if (table.shape === 'stream') commands.add('XRANGE', key, '-', '+');
    else commands.add('HGETALL', key);
  });
  for (const [index, big] of keys.entries()) {
    const found = elementsOf(reader, rows, big, replies[index]!);
    if (found === null) continue;
    begin(rows, big, deletes, found.length);
    if (found.length > 0) take(rows, big, found);
  }
};

async function* readInPieces(reader: KeyReader, big: BigKey, rows: KeyRows, deletes: boolean): AsyncGenerator<void> {
  const { key, table } = big;
  const ask = async (...args: readonly (string | Buffer)[]): Promise<Reply> => {
    const [reply] = await reader.ask(1, (commands) => void commands.add(...args));
    return reply!;
  };
  begin(rows, big, deletes, big.size);
  const count = String(pieceElements);
  if (table.shape === 'list') {
    for (let from = 0; ; from += pieceElements) {
      const reply = await ask('LRANGE', key, String(from), String(from + pieceElements - 1));
      const found = elementsOf(reader, rows, big, reply);
      if (found === null) return;
      take(rows, big, found);
      yield;
      if (found.length < pieceElements) return;
    }
  }
  if (table.shape === 'stream') {
    for (let from = '-'; ; ) {
      const found = elementsOf(reader, rows, big, await ask('XRANGE', key, from, '+', 'COUNT', count));
      if (found === null) return;
      take(rows, big, found);
      yield;
      if (found.length < pieceElements) return;
      from = `(${String((found.at(-1) as readonly Buffer[])[0])}`;
    }
  }
  const command = table.shape === 'set' ? 'SSCAN' : table.shape === 'zset' ? 'ZSCAN' : 'HSCAN';
  for (let cursor = '0'; ; ) {
    const found = elementsOf(reader, rows, big, await ask(command, key, cursor, 'COUNT', count));
    if (found === null) return;
    const [next, reply] = found;
    take(rows, big, reply as readonly Reply[]);
    yield;
    cursor = String(next);
    if (cursor === '0') return;
  }
}

/** Null: the key has become one of another kind, and was put aside. */
const elementsOf = (
  reader: KeyReader,
  rows: KeyRows,
  { table, key }: BigKey,
  reply: Reply,
): readonly Reply[] | null => {
  if (!(reply instanceof ReplyError)) return reply as readonly Reply[];
  if (reply.code === 'WRONGTYPE') {
    rows.wrongKind(table, key);
    return null;
  }
  throw reader.failure(reply, 'a command that reads a key');
};

/** Entries of a stream stay though they were trimmed, so only those of one that is gone go. */
const begin = (rows: KeyRows, { key, table, mayBeGone, expiresAtMs }: BigKey, deletes: boolean, size: number): void => {
  const replaces = size === 0 ? mayBeGone : table.shape !== 'stream';
  if (deletes && replaces) rows.gone(table, key);
  rows.begin(table, key, expiresAtMs, 'create');
};

const take = (rows: KeyRows, { table }: BigKey, found: readonly Reply[]): void => {
  const texts = found as readonly Buffer[];
  switch (table.shape) {
    case 'zset':
      for (let i = 0; i < texts.length; i += 2) rows.scored(texts[i]!, texts[i + 1]!);
      return;
    case 'fields':
      for (let i = 0; i < texts.length; i += 2) rows.field(texts[i]!, texts[i + 1]!);
      return;
    case 'stream':
      for (const [id, pairs] of found as readonly (readonly [Buffer, readonly Buffer[]])[]) rows.entry(id, pairs);
      return;
    default:
      for (const text of texts) rows.element(text);
  }
};
