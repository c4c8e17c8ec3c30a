import type { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import { type Reply, ReplyError } from '../../../protocol/redis/reply.ts';
import type { DirtyKey } from './dirty-keys.ts';
import type { KeyReader } from './key-reader.ts';
import type { KeyRows } from './key-rows.ts';
import type { KeyTable } from './key-tables.ts';
import { type BigKey, readElements, sizeCommand } from './read-elements.ts';

/** Elements that one command asks for. */
const elementsAtOnce = 1_000;

/**
 * Reads keys as they are now and takes their rows; yields where a big key has given some, and at the end. What is read may be newer than
 * the command that named the key; the same rows are then read again when that newer command has come. Throws REDIS_KEY_UNREADABLE, where such keys are not put aside.
 */
export async function* rereadKeys(
  reader: KeyReader,
  keys: readonly DirtyKey[],
  rows: KeyRows,
  deletes: boolean,
): AsyncGenerator<void> {
  const replies = await reader.ask(keys.length, (commands, index) => ask(commands, keys[index]!));
  const wholes: BigKey[] = [];
  let at = 0;
  /** Undefined: the key is of another kind, and was put aside. */
  const next = (dirty: DirtyKey): Reply | undefined => {
    const reply = replies[at++]!;
    if (!(reply instanceof ReplyError)) return reply;
    if (reply.code === 'WRONGTYPE') {
      rows.wrongKind(dirty.table, dirty.key);
      return undefined;
    }
    throw reader.failure(reply, 'a command that reads a key');
  };
  for (const dirty of keys) {
    const { key, table, mayBeGone } = dirty;
    const expiry = table.expiryColumn >= 0 ? Number(next(dirty)) : -1;
    const expiresAtMs = expiry >= 0 ? expiry : null;
    if (!table.isChildren && dirty.isWhole) {
      const reply = next(dirty);
      const untils = table.fieldExpiries.length === 0 ? null : replies[at++]!;
      if (untils instanceof ReplyError && untils.code !== 'WRONGTYPE') throw reader.failure(untils, 'HPEXPIRETIME');
      const isThere = reply === undefined || takeRow(rows, dirty, reply, { expiresAtMs, untils });
      if (!isThere && deletes && mayBeGone) rows.gone(table, key);
      continue;
    }
    if (table.shared !== null) {
      takeFields(rows, dirty, () => next(dirty));
      continue;
    }
    rows.begin(table, key, expiresAtMs, 'create');
    for (const [id, ...pairs] of dirty.entries ?? []) rows.entry(id!, pairs);
    if (dirty.isWhole) {
      const size = next(dirty);
      if (size !== undefined) wholes.push({ key, table, mayBeGone, expiresAtMs, size: Number(size) });
    } else takeElements(rows, dirty, deletes, () => next(dirty));
  }
  yield* readElements(reader, wholes, rows, deletes);
}

const ask = (commands: CommandWriter, dirty: DirtyKey): void => {
  const { key, table } = dirty;
  if (table.expiryColumn >= 0) commands.add('PEXPIRETIME', key);
  if (table.shape === 'hash' && dirty.isWhole) {
    commands.add('HGETALL', key);
    const fields = table.fieldExpiries.map(({ field }) => field);
    if (fields.length > 0) commands.add('HPEXPIRETIME', key, 'FIELDS', String(fields.length), ...fields);
  } else if (table.shape === 'string') commands.add('GET', key);
  else if (dirty.isWhole) commands.add(sizeCommand[table.kind as keyof typeof sizeCommand], key);
  else {
    const command = table.shape === 'set' ? 'SMISMEMBER' : table.shape === 'zset' ? 'ZMSCORE' : 'HMGET';
    const elements = [...(dirty.elements?.values() ?? [])];
    for (let from = 0; from < elements.length; from += elementsAtOnce) {
      commands.add(command, key, ...elements.slice(from, from + elementsAtOnce));
    }
  }
};

interface Expiries {
  readonly expiresAtMs: number | null;
  /** When the fields of `fieldExpiries` expire, below 0 where they do not; a refusal or null: none of them does. */
  readonly untils: Reply;
}

/** Answers whether there is such a key. */
const takeRow = (rows: KeyRows, { key, table }: DirtyKey, reply: Reply, expiries: Expiries): boolean => {
  const { expiresAtMs, untils } = expiries;
  const fields = table.shape === 'hash' ? (reply as readonly Buffer[]) : null;
  if (fields === null ? reply === null : fields.length === 0) return false;
  rows.begin(table, key, expiresAtMs, 'create');
  if (fields === null) rows.text(reply as Buffer);
  else
    for (let i = 0; i < fields.length; i += 2)
      rows.field(fields[i]!, fields[i + 1]!, untilOf(table, fields[i]!, untils));
  rows.end();
  return true;
};

const untilOf = ({ fieldExpiries }: KeyTable, field: Buffer, untils: Reply): number | null => {
  if (!Array.isArray(untils)) return null;
  const until = Number(untils[fieldExpiries.findIndex((each) => each.field.equals(field))] ?? -1);
  return until < 0 ? null : until;
};

/** The fields of a row with two owners that commands named. */
const takeFields = (rows: KeyRows, { key, table, elements }: DirtyKey, next: () => Reply | undefined): void => {
  const names = [...(elements?.values() ?? [])];
  rows.begin(table, key, null, 'create');
  for (let from = 0; from < names.length; from += elementsAtOnce) {
    const values = next() as readonly (Buffer | null)[] | undefined;
    // Of another kind, and put aside.
    if (values === undefined) return;
    for (const [i, value] of values.entries()) if (value !== null) rows.field(names[from + i]!, value);
  }
  rows.endFields(names);
};

const takeElements = (
  rows: KeyRows,
  { table, elements }: DirtyKey,
  deletes: boolean,
  next: () => Reply | undefined,
): void => {
  let values: readonly (Reply | null)[] | undefined;
  let at = 0;
  for (const element of elements?.values() ?? []) {
    if (at % elementsAtOnce === 0) values = next() as readonly (Reply | null)[] | undefined;
    const value = values?.[at % elementsAtOnce];
    at += 1;
    if (value === undefined) continue;
    if (value === null || value === 0) {
      if (deletes) rows.elementGone(element);
    } else if (table.shape === 'set') rows.element(element);
    else if (table.shape === 'zset') rows.scored(element, value as Buffer);
    else rows.field(element, value as Buffer);
  }
};
