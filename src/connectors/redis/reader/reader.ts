import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { Lane, Position } from '../../../core/batch.ts';
import type { Context } from '../../../core/connector.ts';
import { MillraceError } from '../../../core/errors.ts';
import type { Key, KeyPage, KeyRange, Reader, RowAudit, RowPage, RowRepairs, TableName } from '../../../core/reader.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import type { Row } from '../../../core/value.ts';
import { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import { keySlot } from '../../../protocol/redis/key-slot.ts';
import { ReplyError } from '../../../protocol/redis/reply.ts';
import type { RedisSinkConfig } from '../sink/config.ts';
import { refill } from '../sink/nest-commands.ts';
import { nestOf } from '../sink/nest-names.ts';
import { nestPrefix } from '../sink/own-keys.ts';
import { type TableSettings, tableSettings } from '../sink/table-settings.ts';
import { exactly, HashAudit, rowsOf } from './hash-audit.ts';
import { HashTable } from './hash-table.ts';
import { KeyScan } from './key-scan.ts';
import { repairCommand, repairLine } from './repair-lines.ts';
import { openSessions, type Sessions } from './sessions.ts';

/** Rows that are asked for at once. */
const rowsAtOnce = 500;

/** Where a walk over a table's keys is: SCAN knows no key to go on from. */
interface Walk {
  readonly scan: KeyScan;
  /** Keys that were found and not given yet. */
  readonly found: Key[];
  last: Key | null;
  ended: boolean;
}

/**
 * Reads back the hashes that the sink writes. Redis holds no definitions, so a table is read by the one that the source has; and no
 * order, so whoever walks along the keys does it from the first to the last with one reader.
 */
export class RedisReader implements Reader {
  readonly name: string;
  readonly repairs: RowRepairs;
  readonly #config: RedisSinkConfig;
  readonly #context: Context;
  readonly #settingsOf: (table: Table) => TableSettings;
  readonly #tables = new Map<string, HashTable>();
  readonly #walks = new Map<string, Walk>();
  #sessions: Sessions | null = null;

  constructor(config: RedisSinkConfig, context: Context) {
    this.name = `redis ${config.hostname}:${config.port}`;
    this.#config = config;
    this.#context = context;
    this.#settingsOf = tableSettings(config);
    this.repairs = {
      lines: true,
      statements: async (table, repairs) =>
        repairs.flatMap(({ key, row }) => {
          const commands = this.#of(table).repair(key, row);
          return [...commands, ...(row === null ? [] : this.#within(table, key))].map(repairLine);
        }),
      apply: (lines) => this.#apply(lines),
    };
  }

  async tables(): Promise<readonly TableName[]> {
    return [...this.#tables.values()].map(({ table }) => table);
  }

  async describe(database: string, name: string): Promise<Table | null> {
    return this.#tables.get(qualifiedName({ database, name }))?.table ?? null;
  }

  async describeAs(table: Table): Promise<Table | null> {
    const known = this.#tables.get(qualifiedName(table));
    if (known?.table.id === table.id) return table;
    const { shape, keys, mode, expiry, fieldExpiries, nullText } = this.#settingsOf(table);
    if (shape.kind !== 'hash') {
      const reason = `rows of ${qualifiedName(table)} are kept as ${shape.kind} in Redis, and hashes alone are read back`;
      throw new MillraceError('VERIFY_NOTHING', { reason });
    }
    if (fieldExpiries.length > 0 || nullText !== null) {
      const what = nullText === null ? 'with fields that leave by themselves' : 'with a text for NULL';
      const reason = `rows of ${qualifiedName(table)} are kept ${what}, so that it cannot be told what MySQL holds`;
      throw new MillraceError('VERIFY_NOTHING', { reason });
    }
    this.#tables.set(qualifiedName(table), new HashTable(table, keys, mode !== 'mirror' || expiry !== null));
    return table;
  }

  /** Of a cache, and of rows that live for a time. */
  holdsSome(table: Table): boolean {
    return this.#of(table).expires;
  }

  async order(table: Table): Promise<readonly string[] | null> {
    return this.#of(table).isKeyed ? table.primaryKey.map(() => 'no order') : null;
  }

  async page(table: Table, range: KeyRange, limit: number, signal: AbortSignal): Promise<RowPage> {
    const { keys, last } = await this.#keys(table, range.after, Math.min(limit, rowsAtOnce), signal);
    const rows = await this.lookup(table, keys, signal);
    // A row that went meanwhile is not there; a page that holds none is none.
    return { rows: rows.filter((row) => row !== null), last };
  }

  async #keys(table: Table, after: Key | null, limit: number, signal: AbortSignal): Promise<KeyPage> {
    return await this.#guarded(async ({ store }) => {
      const hashes = this.#of(table);
      let walk = this.#walks.get(table.id);
      if (walk === undefined || after === null || String(walk.last) !== String(after)) {
        walk = { scan: new KeyScan(store, hashes.keys), found: [], last: null, ended: false };
        this.#walks.set(table.id, walk);
      }
      while (walk.found.length < limit && !walk.ended) {
        signal.throwIfAborted();
        const found = await walk.scan.next();
        for (const redisKey of found ?? []) {
          const key = hashes.keyOf(redisKey);
          if (key !== null) walk.found.push(key);
        }
        walk.ended = found === null;
      }
      const keys = walk.found.splice(0, limit);
      walk.last = keys.at(-1) ?? walk.last;
      return { keys, last: walk.ended && walk.found.length === 0 };
    });
  }

  async *scan(table: Table, signal: AbortSignal): AsyncGenerator<readonly Row[], void, undefined> {
    const hashes = this.#of(table);
    for await (const fresh of this.#freshKeys(hashes, signal)) {
      const rows = await this.#guarded((sessions) => this.#read(sessions, hashes, fresh));
      const there = rows.filter((row) => row !== null);
      if (there.length > 0) yield there;
    }
  }

  async lookup(table: Table, keys: readonly Key[], signal: AbortSignal): Promise<readonly (Row | null)[]> {
    const hashes = this.#of(table);
    const rows: (Row | null)[] = [];
    for (let at = 0; at < keys.length; at += rowsAtOnce) {
      signal.throwIfAborted();
      const redisKeys = keys.slice(at, at + rowsAtOnce).map((key) => hashes.redisKey(key));
      rows.push(...(await this.#guarded((sessions) => this.#read(sessions, hashes, redisKeys))));
    }
    return rows;
  }

  audit(table: Table): RowAudit {
    return new HashAudit(this.#of(table), (use) => this.#guarded(use));
  }

  async count(table: Table, signal: AbortSignal): Promise<number> {
    let count = 0;
    for await (const fresh of this.#freshKeys(this.#of(table), signal)) count += fresh.length;
    return count;
  }

  async held(lane: Lane): Promise<readonly Position[]> {
    return await this.#guarded(async ({ store, own }) => {
      const place = await store.home.command('HGET', own.position, lane);
      return Buffer.isBuffer(place) ? [place.toString() as Position] : [];
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#drop();
  }

  #of(table: Table): HashTable {
    const hashes = this.#tables.get(qualifiedName(table));
    assert(hashes?.table.id === table.id, 'a table is described before it is read');
    return hashes;
  }

  /** Keys of a table, each once. */
  async *#freshKeys(hashes: HashTable, signal: AbortSignal): AsyncGenerator<readonly Buffer[]> {
    const seen = new Set<string>();
    const walk = await this.#guarded(async ({ store }) => new KeyScan(store, hashes.keys));
    for (;;) {
      signal.throwIfAborted();
      const found = await this.#guarded(() => walk.next());
      if (found === null) return;
      yield found.filter((key) => {
        const name = key.toString('latin1');
        return hashes.keys.matches(key) && !seen.has(name) && seen.add(name);
      });
    }
  }

  async #read({ store }: Sessions, hashes: HashTable, redisKeys: readonly Buffer[]): Promise<readonly (Row | null)[]> {
    const ask = (commands: CommandWriter, key: Buffer): void => hashes.ask(commands, key, exactly);
    return rowsOf(await store.ask(redisKeys, ask, 2), store, hashes, exactly);
  }

  /** What gives a row that is written anew the rows within it back. */
  #within(table: Table, key: Key): readonly (readonly (string | Uint8Array)[])[] {
    if (this.#settingsOf(table).nests.length === 0) return [];
    const redisKey = this.#of(table).redisKey(key);
    return [refill(redisKey, nestOf(nestPrefix(this.#config['position.prefix']), redisKey))];
  }

  /** All or nothing, in a cluster of each slot, but for a command that is refused: Redis rolls nothing back. */
  async #apply(lines: readonly string[]): Promise<void> {
    await this.#guarded(async ({ store }) => {
      if (lines.length === 0) return;
      const commands = lines.map(repairCommand);
      const groups = store.isCluster
        ? Map.groupBy(commands, (command) => keySlot(keyOf(command))).values()
        : [commands];
      for (const group of groups) {
        const server = await store.of(keyOf(group[0]!));
        const block = new CommandWriter(64 * 1024);
        block.add('MULTI');
        for (const command of group) block.add(...command);
        block.add('EXEC');
        for (const reply of await server.send(block.view(), block.commands)) {
          for (const each of Array.isArray(reply) ? reply : [reply]) {
            if (each instanceof ReplyError) throw server.failure(each, 'a repair');
          }
        }
      }
    });
  }

  async #guarded<Result>(use: (sessions: Sessions) => Promise<Result>): Promise<Result> {
    try {
      this.#sessions ??= await openSessions(this.#config, this.#context);
      return await use(this.#sessions);
    } catch (error) {
      this.#drop();
      throw error;
    }
  }

  #drop(): void {
    this.#sessions?.close();
    this.#sessions = null;
    this.#walks.clear();
  }
}

/** A script's first key stands behind its text and the number of its keys. */
const keyOf = (command: readonly Buffer[]): Buffer => command[String(command[0]) === 'EVAL' ? 3 : 1]!;
