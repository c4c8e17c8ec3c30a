import type { Log } from '../../../core/log.ts';
import type { Command } from '../../../protocol/redis/command-decoder.ts';
import type { RedisServerConfig } from './config.ts';
import type { DirtyKeys } from './dirty-keys.ts';
import type { ForeignWrites } from './foreign-writes.ts';
import type { KeyRows } from './key-rows.ts';
import type { KeyTable } from './key-tables.ts';
import type { LinkPlace } from './link-place.ts';
import { addedEntry, namedElements, namedFields } from './named-elements.ts';

interface Options {
  readonly rows: KeyRows;
  readonly dirty: DirtyKeys;
  /** The database that is read. */
  readonly database: number;
  /** What the keys of a sink's positions and writers begin with, whose transactions are passed over; null: none are. */
  readonly own: string | null;
  /** The key by which somebody confirms that the database was emptied on purpose; null: nobody may. */
  readonly confirmation: string | null;
  readonly foreign: ForeignWrites;
  readonly pipeline: string;
  readonly log: Log;
}

/** Commands after which a key of theirs may be gone. A server sends expiries and evictions as DEL or UNLINK. */
const removing = new Set([
  ...['DEL', 'UNLINK', 'RENAME', 'RENAMENX', 'MOVE', 'RESTORE', 'PEXPIREAT', 'HDEL', 'HPEXPIREAT', 'HGETDEL'],
  ...['LPOP', 'RPOP', 'LREM', 'LTRIM', 'LMOVE', 'RPOPLPUSH', 'SPOP', 'SREM', 'SMOVE', 'SINTERSTORE', 'SDIFFSTORE'],
  ...['SUNIONSTORE', 'ZREM', 'ZPOPMIN', 'ZPOPMAX', 'ZREMRANGEBYRANK', 'ZREMRANGEBYSCORE', 'ZREMRANGEBYLEX'],
  ...['ZRANGESTORE', 'ZINTERSTORE', 'ZDIFFSTORE', 'ZUNIONSTORE', 'SORT', 'GEORADIUS', 'GEOSEARCHSTORE', 'BITOP'],
]);
const emptying = new Set(['FLUSHALL', 'FLUSHDB']);
/** What the names of a sink's keys that it writes with rows go on with; in a cluster each node has a record. */
const marks = ['position', 'writer', 'node'];

/** The key by which somebody says that rows without a key may go, also where no key of a table is left; null: nobody may. */
export const confirmationKey = (
  {
    'flushes.policy': policy,
    'position.prefix': prefix,
  }: Pick<RedisServerConfig, 'flushes.policy' | 'position.prefix'>,
  pipeline: string,
): string | null => (policy === 'confirm' ? `${prefix}:empty:${pipeline}` : null);

/** What that key holds. */
export const confirmed = 'yes';

/**
 * Finds the rows' keys that commands are about. Any text of a command that is such a key counts: what is not meant as one is read once
 * more for nothing, and a command nobody has heard of yet is understood.
 */
export class StreamCommands {
  /** Databases were swapped, or an emptied one was confirmed, so all keys have to be read again. Commands behind that count no more. */
  startsAnew = false;
  readonly #options: Options;
  readonly #replicationId: string;
  /** The database that commands are about. */
  #database: number;
  /** The transaction under way is one of a sink. */
  #isOwn = false;
  /**
   * Keys of rows with two owners that the transaction under way makes; null: there is none. Where it is a sink's, what Redis owns of
   * them is read again: it may have been there before the row was.
   */
  #made: { readonly key: Buffer; readonly table: KeyTable }[] | null = null;

  constructor(options: Options, { replicationId, database }: LinkPlace) {
    this.#options = options;
    this.#replicationId = replicationId;
    this.#database = database;
  }

  take(command: Command): void {
    // The place stays before, so that a restart meets the command again.
    if (this.startsAnew) return;
    const { dirty, database, foreign } = this.#options;
    const name = command.textOf(0).toUpperCase();
    if (name === 'SELECT') this.#database = Number(command.textOf(1));
    else if (name === 'MULTI') {
      dirty.begin();
      foreign.begin();
      this.#isOwn = false;
      this.#made = [];
    } else if (name === 'EXEC') {
      if (this.#isOwn) {
        dirty.forget();
        for (const { key, table } of this.#made ?? []) dirty.add(key, table, false);
      } else dirty.commit();
      this.#made = null;
      foreign.end(this.#isOwn);
    } else if (this.#isMark(command, name)) this.#isOwn = true;
    else if (name === 'SWAPDB') this.#swap(command);
    else if (this.#isConfirmation(command, name)) this.startsAnew = true;
    else if (emptying.has(name)) this.#emptied(name);
    else if (this.#database === database || name === 'MOVE' || name === 'COPY') this.#find(command, name);
    if (this.startsAnew) return;
    dirty.passed({ replicationId: this.#replicationId, offset: command.end, database: this.#database });
  }

  /** Whether a sink of millrace says with this command that the transaction is its own. */
  #isMark(command: Command, name: string): boolean {
    const { own } = this.#options;
    if (own === null || (name !== 'HSET' && name !== 'SET')) return false;
    const key = command.textOf(1);
    return marks.some((mark) => key.startsWith(`${own}:${mark}:`));
  }

  #isConfirmation(command: Command, name: string): boolean {
    const { confirmation, database } = this.#options;
    if (name !== 'SET' || confirmation === null || this.#database !== database) return false;
    return command.textOf(1) === confirmation && command.textOf(2) === confirmed;
  }

  #find(command: Command, name: string): void {
    const { rows, dirty, foreign } = this.#options;
    const mayBeGone = removing.has(name);
    foreign.look(command, name);
    for (let i = 1; i < command.length; i += 1) {
      const text = command.bytesOf(i);
      const table = rows.tableOf(text);
      if (table === null) continue;
      if (i === 1 && table.isChildren && this.#findElements(command, name, text, table)) continue;
      if (i === 1 && table.shared !== null && this.#findFields(command, name, text, table)) continue;
      dirty.add(text, table, mayBeGone);
    }
  }

  /** Whether the command says which elements of the key it changes, or none. */
  #findElements(command: Command, name: string, key: Buffer, table: KeyTable): boolean {
    const { dirty } = this.#options;
    if (table.shape === 'stream') {
      if (!name.startsWith('X')) return false;
      const entry = name === 'XADD' ? addedEntry(command) : null;
      if (entry !== null) dirty.addEntry(key, table, entry);
      // Trimming and deleting entries, and what groups do, change no row.
      return entry !== null || name !== 'XADD';
    }
    const found = namedElements(command, name, table.shape);
    for (const index of found ?? []) dirty.addElement(key, table, command.bytesOf(index));
    return found !== null;
  }

  /** Whether the command says which fields it changes of a row with two owners. */
  #findFields(command: Command, name: string, key: Buffer, table: KeyTable): boolean {
    const { document, keys, shared, fieldExpiries } = table;
    const named = namedFields(command, name);
    if (named === null) return false;
    const columns = named.map((at) => document.columnOf(command.bytesOf(at)));
    if (name === 'HSET' && columns.some((column) => keys.columns.includes(column)))
      this.#made?.push({ key: Buffer.from(key), table });
    // What is no column's is refused or passed over where the key is read.
    if (columns.every((column) => column >= 0 && !shared!.own.includes(column))) return true;
    if (fieldExpiries.length > 0) return false;
    for (const [i, at] of named.entries())
      if (!shared!.foreign.has(columns[i]!)) this.#options.dirty.addElement(key, table, command.bytesOf(at));
    return true;
  }

  #swap(command: Command): void {
    const { database } = this.#options;
    if (Number(command.textOf(1)) === database || Number(command.textOf(2)) === database) this.startsAnew = true;
  }

  #emptied(name: string): void {
    const { pipeline, database, log, confirmation } = this.#options;
    if (name === 'FLUSHDB' && this.#database !== database) return;
    log.warn('the database was emptied at once; its rows are kept', {
      pipeline,
      command: name,
      ...(confirmation === null ? {} : { toDeleteThem: `SET ${confirmation} ${confirmed}` }),
    });
  }
}
