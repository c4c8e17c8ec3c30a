import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { Lane, Position } from '../../../core/batch.ts';
import type { Context } from '../../../core/connector.ts';
import type {
  HeldForm,
  Key,
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
import type { KeptOptions, KeptRows, Keyspace } from './kept-rows.ts';
import { keptIndexes, keptRows } from './kept-tables.ts';
import { KeyScan } from './key-scan.ts';
import { repairCommand, repairLine } from './repair-lines.ts';
import { openSessions, type Sessions } from './sessions.ts';

/** Rows that are asked for at once. */
const rowsAtOnce = 500;

/** Where a walk over a table's rows is: SCAN knows no key to go on from. */
interface Walk {
  readonly rows: ReturnType<KeptRows['walk']>;
  /** Keys that were found and not given yet. */
  readonly found: Key[];
  last: Key | null;
  ended: boolean;
}

/**
 * Reads back what the sink writes, but streams. Redis holds no definitions, so a table is read by the one that the source has; and no
 * order, so whoever walks along the keys does it from the first to the last with one reader.
 */
export class RedisReader implements Reader {
  readonly name: string;
  readonly repairs: RowRepairs;
  readonly #config: RedisSinkConfig;
  readonly #context: Context;
  readonly #options: KeptOptions;
  readonly #settingsOf: (table: Table) => TableSettings;
  /** By what they are called: rows of tables, and their indexes. */
  readonly #kept = new Map<string, KeptRows>();
  readonly #walks = new Map<string, Walk>();
  readonly #space: Keyspace;
  #sessions: Sessions | null = null;

  constructor(config: RedisSinkConfig, context: Context) {
    this.name = `redis ${config.hostname}:${config.port}`;
    this.#config = config;
    this.#context = context;
    this.#options = { now: () => context.clock.now(), nest: nestPrefix(config['position.prefix']) };
    this.#settingsOf = tableSettings(config);
    this.#space = {
      use: (work) => this.#guarded(work),
      keys: (prefix, signal, once) => this.#keys(prefix, signal, once === 'once'),
    };
    this.repairs = {
      lines: true,
      statements: async (table, repairs) => {
        const commands = await this.#guarded(({ store }) =>
          this.#of(table).repairs(store, repairs, context.clock.now()),
        );
        // So that whoever runs them later does so where they belong.
        const select = config.database === 0 || commands.length === 0 ? [] : [['SELECT', String(config.database)]];
        return [...select, ...commands].map(repairLine);
      },
      apply: (lines) => this.#apply(lines),
    };
  }

  async tables(): Promise<readonly TableName[]> {
    return [...this.#kept.values()].map(({ table }) => table);
  }

  async describe(database: string, name: string): Promise<Table | null> {
    return this.#kept.get(qualifiedName({ database, name }))?.table ?? null;
  }

  /** Throws VERIFY_NOTHING for what is not read back. */
  async describeAs(table: Table): Promise<Table | null> {
    const name = qualifiedName(table);
    const known = this.#kept.get(name);
    if (known?.source.id === table.id) return known.table;
    const kept = keptRows(table, this.#settingsOf(table), this.#options);
    this.#kept.set(name, kept);
    return kept.table;
  }

  async indexesOf(table: Table): Promise<readonly Table[]> {
    const kept = keptIndexes(table, this.#settingsOf(table));
    for (const index of kept) this.#kept.set(qualifiedName(index.table), index);
    return kept.map((index) => index.table);
  }

  /** Of a cache, and of rows that live for a time. */
  holdsSome(table: Table): boolean {
    return this.#of(table).expires;
  }

  heldForm(table: Table): HeldForm | null {
    return this.#of(table).form;
  }

  async order(table: Table): Promise<readonly string[] | null> {
    return this.#of(table).isKeyed ? table.primaryKey.map(() => 'no order') : null;
  }

  async page(table: Table, { after }: KeyRange, limit: number, signal: AbortSignal): Promise<RowPage> {
    let walk = this.#walks.get(table.id);
    if (walk === undefined || after === null || String(walk.last) !== String(after)) {
      walk = { rows: this.#of(table).walk(this.#space, signal), found: [], last: null, ended: false };
      this.#walks.set(table.id, walk);
    }
    while (walk.found.length < limit && !walk.ended) {
      signal.throwIfAborted();
      const { value, done } = await walk.rows.next();
      if (done) walk.ended = true;
      else walk.found.push(...value.keys);
    }
    const keys = walk.found.splice(0, limit);
    walk.last = keys.at(-1) ?? walk.last;
    // A row that went meanwhile is not there; a page that holds none is none.
    const rows = await this.lookup(table, keys, signal);
    return { rows: rows.filter((row) => row !== null), last: walk.ended && walk.found.length === 0 };
  }

  async *scan(table: Table, signal: AbortSignal): AsyncGenerator<readonly Row[], void, undefined> {
    const kept = this.#of(table);
    if (kept.scan !== undefined) {
      yield* kept.scan(this.#space, signal);
      return;
    }
    const seen = new Set<string>();
    for await (const { keys } of kept.walk(this.#space, signal)) {
      const fresh = keys.filter((key) =>
        isFresh(
          seen,
          JSON.stringify(key, (_, part) => (typeof part === 'bigint' ? `${part}` : part)),
        ),
      );
      const rows = await this.lookup(table, fresh, signal);
      yield rows.filter((row) => row !== null);
    }
  }

  async lookup(table: Table, keys: readonly Key[], signal: AbortSignal): Promise<readonly (Row | null)[]> {
    const rows: (Row | null)[] = [];
    for (let at = 0; at < keys.length; at += rowsAtOnce) {
      signal.throwIfAborted();
      const some = keys.slice(at, at + rowsAtOnce);
      rows.push(...(await this.#guarded(({ store }) => this.#of(table).lookup(store, some))));
    }
    return rows;
  }

  audit(table: Table): RowAudit {
    return this.#of(table).audit(this.#space);
  }

  count(table: Table, signal: AbortSignal): Promise<number> {
    return this.#of(table).count(this.#space, signal);
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

  #of(table: Table): KeptRows {
    const kept = this.#kept.get(qualifiedName(table));
    assert(kept?.table.id === table.id, 'a table is described before it is read');
    return kept;
  }

  async *#keys(prefix: Buffer, signal: AbortSignal, once: boolean): AsyncGenerator<readonly Buffer[]> {
    const seen = new Set<string>();
    const walk = await this.#guarded(async ({ store }) => new KeyScan(store, prefix));
    for (;;) {
      signal.throwIfAborted();
      const found = await this.#guarded(() => walk.next());
      if (found === null) return;
      yield once ? found.filter((key) => isFresh(seen, key.toString('latin1'))) : found;
    }
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

const isFresh = (seen: Set<string>, name: string): boolean => {
  if (seen.has(name)) return false;
  seen.add(name);
  return true;
};

/** A script's first key stands behind its text and the number of its keys. */
const keyOf = (command: readonly Buffer[]): Buffer => command[String(command[0]) === 'EVAL' ? 3 : 1]!;
