import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { Lane, Position } from '../../../core/batch.ts';
import type { Context } from '../../../core/connector.ts';
import type {
  HeldForm,
  Key,
  KeyPage,
  KeyRange,
  Reader,
  RowAudit,
  RowPage,
  RowRepairs,
  TableName,
} from '../../../core/reader.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import type { Row } from '../../../core/value.ts';
import { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import { keySlot } from '../../../protocol/redis/key-slot.ts';
import { ReplyError } from '../../../protocol/redis/reply.ts';
import type { RedisSinkConfig } from '../sink/config.ts';
import { nestPrefix } from '../sink/own-keys.ts';
import { type TableSettings, tableSettings } from '../sink/table-settings.ts';
import { exactly, HashAudit, rowsOf } from './hash-audit.ts';
import { HashTable } from './hash-table.ts';
import { KeyScan } from './key-scan.ts';
import { repairCommand, repairLine } from './repair-lines.ts';
import { openSessions, type Sessions } from './sessions.ts';
import { countWithin, heldValues, keysWithin, makeRoom } from './value-reads.ts';
import { ValueTable } from './value-table.ts';

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

interface ValueWalk {
  readonly pieces: AsyncGenerator<readonly Key[]>;
  readonly found: Key[];
  last: Key | null;
  ended: boolean;
}

/**
 * Reads back what the sink writes: hashes, JSON, strings, sets and sorted sets. Redis holds no definitions, so a table is read by the one that the source has; and no
 * order, so whoever walks along the keys does it from the first to the last with one reader.
 */
export class RedisReader implements Reader {
  readonly name: string;
  readonly repairs: RowRepairs;
  readonly #config: RedisSinkConfig;
  readonly #context: Context;
  readonly #options: { readonly now: () => number; readonly nest: string };
  readonly #settingsOf: (table: Table) => TableSettings;
  readonly #tables = new Map<string, HashTable>();
  readonly #walks = new Map<string, Walk>();
  /** Those that are no hashes. */
  readonly #values = new Map<string, ValueTable>();
  readonly #valueWalks = new Map<string, ValueWalk>();
  #sessions: Sessions | null = null;

  constructor(config: RedisSinkConfig, context: Context) {
    this.name = `redis ${config.hostname}:${config.port}`;
    this.#config = config;
    this.#context = context;
    this.#options = { now: () => context.clock.now(), nest: nestPrefix(config['position.prefix']) };
    this.#settingsOf = tableSettings(config);
    this.repairs = {
      lines: true,
      statements: async (table, repairs) => {
        const values = this.#values.get(qualifiedName(table));
        if (values !== undefined) {
          const now = this.#context.clock.now();
          const room = await this.#guarded(({ store }) =>
            makeRoom(
              store,
              values,
              repairs.map(({ key }) => key),
            ),
          );
          return [...room, ...repairs.flatMap(({ key, row }) => values.repair(key, row, now))].map(repairLine);
        }
        return repairs.flatMap(({ key, row }) => {
          const commands = this.#of(table).repair(key, row, this.#context.clock.now());
          return commands.map(repairLine);
        });
      },
      apply: (lines) => this.#apply(lines),
    };
  }

  async tables(): Promise<readonly TableName[]> {
    return [...this.#tables.values(), ...this.#values.values()].map(({ table }) => table);
  }

  async describe(database: string, name: string): Promise<Table | null> {
    const label = qualifiedName({ database, name });
    return this.#tables.get(label)?.table ?? this.#values.get(label)?.table ?? null;
  }

  async describeAs(table: Table): Promise<Table | null> {
    const known = this.#tables.get(qualifiedName(table)) ?? this.#values.get(qualifiedName(table));
    if (known?.source.id === table.id) return known.table;
    const settings = this.#settingsOf(table);
    if (settings.shape.kind !== 'hash') {
      const described = new ValueTable(table, settings, this.#options);
      this.#values.set(qualifiedName(table), described);
      return described.table;
    }
    const described = new HashTable(table, settings, this.#options);
    this.#tables.set(qualifiedName(table), described);
    return described.table;
  }

  /** Of a cache, and of rows that live for a time. */
  holdsSome(table: Table): boolean {
    const values = this.#values.get(qualifiedName(table));
    if (values !== undefined) return values.expires;
    return this.#of(table).expires;
  }

  heldForm(table: Table): HeldForm | null {
    const values = this.#values.get(qualifiedName(table));
    if (values !== undefined) return values;
    const hashes = this.#of(table);
    return hashes.hasForm ? hashes : null;
  }

  async order(table: Table): Promise<readonly string[] | null> {
    if (this.#values.has(qualifiedName(table))) return table.primaryKey.map(() => 'no order');
    return this.#of(table).isKeyed ? table.primaryKey.map(() => 'no order') : null;
  }

  async page(table: Table, range: KeyRange, limit: number, signal: AbortSignal): Promise<RowPage> {
    const values = this.#values.get(qualifiedName(table));
    if (values !== undefined) return await this.#valuePage(values, range.after, limit, signal);
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

  /** Rows of which the keys alone are said: whoever walks along them looks the rows up. */
  async #valuePage(values: ValueTable, after: Key | null, limit: number, signal: AbortSignal): Promise<RowPage> {
    const { id } = values.table;
    let walk = this.#valueWalks.get(id);
    if (walk === undefined || after === null || String(walk.last) !== String(after)) {
      walk = { pieces: this.#valueKeys(values, signal), found: [], last: null, ended: false };
      this.#valueWalks.set(id, walk);
    }
    while (walk.found.length < limit && !walk.ended) {
      signal.throwIfAborted();
      const { pieces } = walk;
      // One that failed has ended, and must not be taken for one that found nothing more.
      const { value, done } = await this.#guarded(() => pieces.next());
      if (done) walk.ended = true;
      else walk.found.push(...value);
    }
    const rows = walk.found.splice(0, limit);
    walk.last = rows.at(-1) ?? walk.last;
    return { rows, last: walk.ended && walk.found.length === 0 };
  }

  async *#valueKeys(values: ValueTable, signal: AbortSignal): AsyncGenerator<readonly Key[]> {
    for await (const fresh of this.#freshKeys(values, signal)) {
      for (const redisKey of fresh) {
        const { store } = await this.#guarded(async (sessions) => sessions);
        yield* keysWithin(store, values, redisKey);
      }
    }
  }

  async *scan(table: Table, signal: AbortSignal): AsyncGenerator<readonly Row[], void, undefined> {
    const values = this.#values.get(qualifiedName(table));
    if (values !== undefined) {
      for await (const keys of this.#valueKeys(values, signal)) {
        const held = await this.#guarded(({ store }) => heldValues(store, values, keys));
        yield held.filter((row) => row !== null);
      }
      return;
    }
    const hashes = this.#of(table);
    for await (const fresh of this.#freshKeys(hashes, signal)) {
      const rows = await this.#guarded((sessions) => this.#read(sessions, hashes, fresh));
      const there = rows.filter((row) => row !== null);
      if (there.length > 0) yield there;
    }
  }

  async lookup(table: Table, keys: readonly Key[], signal: AbortSignal): Promise<readonly (Row | null)[]> {
    const values = this.#values.get(qualifiedName(table));
    const rows: (Row | null)[] = [];
    for (let at = 0; at < keys.length; at += rowsAtOnce) {
      signal.throwIfAborted();
      const some = keys.slice(at, at + rowsAtOnce);
      rows.push(
        ...(await this.#guarded(async (sessions) => {
          if (values !== undefined) return await heldValues(sessions.store, values, some);
          const hashes = this.#of(table);
          return await this.#read(
            sessions,
            hashes,
            some.map((key) => hashes.redisKey(key)),
          );
        })),
      );
    }
    return rows;
  }

  audit(table: Table): RowAudit | null {
    if (this.#values.has(qualifiedName(table))) return null;
    return new HashAudit(this.#of(table), (use) => this.#guarded(use));
  }

  async count(table: Table, signal: AbortSignal): Promise<number> {
    const values = this.#values.get(qualifiedName(table));
    let count = 0;
    if (values !== undefined) {
      for await (const fresh of this.#freshKeys(values, signal)) {
        count += await this.#guarded(({ store }) => countWithin(store, values, fresh));
      }
      return count;
    }
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
  async *#freshKeys({ keys }: HashTable | ValueTable, signal: AbortSignal): AsyncGenerator<readonly Buffer[]> {
    const seen = new Set<string>();
    const walk = await this.#guarded(async ({ store }) => new KeyScan(store, keys));
    for (;;) {
      signal.throwIfAborted();
      const found = await this.#guarded(() => walk.next());
      if (found === null) return;
      yield found.filter((key) => {
        const name = key.toString('latin1');
        return keys.matches(key) && !seen.has(name) && seen.add(name);
      });
    }
  }

  async #read({ store }: Sessions, hashes: HashTable, redisKeys: readonly Buffer[]): Promise<readonly (Row | null)[]> {
    const ask = (commands: CommandWriter, key: Buffer): void => hashes.ask(commands, key, exactly);
    return rowsOf(await store.ask(redisKeys, ask, hashes.width(exactly)), store, hashes, exactly);
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
    this.#valueWalks.clear();
  }
}

/** A script's first key stands behind its text and the number of its keys. */
const keyOf = (command: readonly Buffer[]): Buffer => command[String(command[0]) === 'EVAL' ? 3 : 1]!;
